"""A persona keeps its id while its profile is the same: over new leads, other settings and a file landed again."""

from segmentation_pipeline.lead_settings import LeadSettings
from segmentation_pipeline.leads.assembling import find_personas
from segmentation_pipeline.leads.continuity import PersonaModel
from segmentation_pipeline_tests.leads.lead_samples import simulated


def by_seniority(found):
    return {persona.profile.seniority: persona.persona_id for persona in found.personas}


def test_other_leads_of_the_same_kinds_are_the_same_personas():
    first, second = (simulated(900, seed=seed)[0] for seed in (7, 21))
    before = find_personas(first, LeadSettings())
    after = find_personas(second, LeadSettings(), before.model)
    assert by_seniority(before) == by_seniority(after)
    assert all(persona.matched_distance < 0.4 for persona in after.personas)


def test_a_fifth_persona_has_an_id_of_its_own_and_the_others_keep_theirs():
    leads, _ = simulated(900)
    before = find_personas(leads, LeadSettings())
    after = find_personas(leads, LeadSettings(k=5), before.model)
    kept = set(before.identity.persona_ids) & set(after.identity.persona_ids)
    assert len(kept) >= 3
    assert len(set(after.identity.persona_ids)) == 5


def test_leads_of_another_kind_are_new_personas():
    leads, _ = simulated(900)
    before = find_personas(leads, LeadSettings())
    model = PersonaModel(before.encoding, before.grouping.centres + 5.0, before.identity.persona_ids)
    after = find_personas(leads, LeadSettings(), model)
    assert not set(after.identity.persona_ids) & set(model.persona_ids)


def test_everyone_together_takes_no_personas_id():
    leads, _ = simulated(900)
    before = find_personas(leads, LeadSettings())
    alone = find_personas(leads, LeadSettings(min_leads=1_000), before.model)
    assert not set(alone.identity.persona_ids) & set(before.identity.persona_ids)


def test_a_model_read_back_gives_the_same_ids():
    leads, _ = simulated(900)
    before = find_personas(leads, LeadSettings())
    again = PersonaModel.from_json(before.model.to_json())
    assert (
        find_personas(leads, LeadSettings(), again).identity
        == find_personas(leads, LeadSettings(), before.model).identity
    )
