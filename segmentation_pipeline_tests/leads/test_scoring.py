"""New leads beside the personas of an import: those of the import itself come back where they are."""

import json

import pytest

from segmentation_pipeline import client
from segmentation_pipeline.answers.reading import Answers
from segmentation_pipeline.errors import InvalidPayload
from segmentation_pipeline.leads.known_columns import FEATURES
from segmentation_pipeline.leads.scoring import LeadScorer
from segmentation_pipeline.warehouse.publish import publish
from segmentation_pipeline_tests.leads.lead_samples import land, leads_csv, refresh, rows, warehouse_of


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    found = warehouse_of(land(tmp_path_factory.mktemp("scored") / "home", leads_csv=leads_csv(400)))
    found.home.settings_file.touch()
    refresh(found)
    publish(found, "leads", {})
    return found


@pytest.fixture(scope="module")
def scorer(warehouse):
    scoring = client.open(warehouse.home).lead_scoring()
    return LeadScorer(scoring.model, scoring.mapping)


def test_every_lead_of_the_import_is_placed_where_it_was_grouped(warehouse, scorer):
    stored = rows(warehouse, "SELECT * FROM leads JOIN lead_clusters USING (import_id, record_number)")
    assert len(stored) == 400
    for lead in stored:
        given = {name: lead[name] for name in FEATURES if lead[name] is not None}
        assert scorer.place(given, "lead").persona_id == lead["persona_id"]


def test_headers_roles_and_well_known_names_mean_the_same(scorer):
    by_role = {"job_title": "CEO", "state": "Texas", "experience": 12}
    by_header = {"Job Title": " CEO ", "State": "Texas", "Years of Experience": "12"}
    by_alias = {"unvan": "ceo", "eyalet": "TEXAS", "deneyim": 12.0, "Shoe size": 43}
    first, second, third = (scorer.place(lead, "lead") for lead in (by_role, by_header, by_alias))
    assert (first.persona_id, first.margin) == (second.persona_id, second.margin) == (third.persona_id, third.margin)
    assert third.ignored == ("Shoe size",)


def test_what_is_not_known_of_a_lead_is_told(scorer):
    nothing = scorer.place({}, "lead")
    assert set(nothing.unknown) >= {"state", "industry", "job_title"}
    assert nothing.unseen == ()
    odd = scorer.place({"state": "Atlantis", "industry": "n/a", "age": "25-34"}, "lead")
    assert odd.unseen == ("state",)
    assert "industry" in odd.unknown
    assert 0 <= odd.margin <= 1


@pytest.mark.parametrize(
    ("lead", "path"),
    [
        ({"age": 121}, "leads[0].age"),
        ({"experience": "-1"}, "leads[0].experience"),
        ({"state": ["Texas"]}, "leads[0].state"),
        ({"state": True}, "leads[0].state"),
        ({"state": "x" * 501}, "leads[0].state"),
        ({"state": "Texas", "State": "Ohio"}, "leads[0].State"),
        ({"age": float("nan")}, "leads[0].age"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_its_path_and_not_repeated(scorer, lead, path):
    with pytest.raises(InvalidPayload) as refused:
        scorer.place(lead, "leads[0]")
    assert refused.value.path == path
    assert "Texas" not in str(refused.value)


def test_rate_interval_and_tier_are_those_of_the_persona(warehouse):
    told = Answers(warehouse.home).scored_leads([{"job_title": "CEO"}]).leads[0]
    (persona,) = rows(warehouse, "SELECT * FROM lead_personas WHERE persona_id = $id", id=told.persona_id)
    assert (told.rate, told.rate_low, told.rate_high) == (
        persona["shrunken_rate"],
        persona["rate_low"],
        persona["rate_high"],
    )
    assert (told.tier, told.is_tier_uncertain) == (persona["value_tier"], persona["is_tier_uncertain"])


def test_everyone_together_has_no_runner_up(tmp_path):
    warehouse = warehouse_of(land(tmp_path / "home", leads_csv=leads_csv(10)))
    refresh(warehouse)
    ((model,),) = [list(row.values()) for row in rows(warehouse, "SELECT model FROM lead_models")]
    placed = LeadScorer(json.dumps(json.loads(model)), {}).place({"state": "Texas"}, "lead")
    assert (placed.runner_up, placed.margin) == (None, None)
