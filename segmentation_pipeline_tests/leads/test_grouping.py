"""Groups: planted personas found, whatever the order of rows; system E reproduced; k chosen with evidence."""

import json
import subprocess
import sys

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from segmentation_pipeline.lead_settings import LeadSettings
from segmentation_pipeline.leads.assembling import Leads, find_personas
from segmentation_pipeline.leads.evidence import judge_leads
from segmentation_pipeline.leads.grouping import mean_places, nearest_centres
from segmentation_pipeline_tests.leads.lead_samples import column, leads_csv, simulated


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_planted_personas_and_their_rates_are_found(seed):
    leads, truth = simulated(2_000, seed=seed)
    found = find_personas(leads, LeadSettings())
    assert adjusted_rand_score(truth, found.grouping.labels) > 0.9
    assert [persona.profile.seniority for persona in found.personas] == [
        "C-Suite",
        "Management",
        "Professional",
        "Entry-Level",
    ]
    for persona, rate in zip(found.personas, (0.55, 0.30, 0.12, 0.03), strict=True):
        assert persona.rate_low - 0.03 < rate < persona.rate_high + 0.03


def test_the_order_of_rows_has_no_influence():
    order = np.random.default_rng(1).permutation(800)
    here, _ = simulated(800)
    there, _ = simulated(800, order=order)
    one, other = (find_personas(leads, LeadSettings()) for leads in (here, there))
    assert np.array_equal(one.grouping.labels[order], other.grouping.labels)
    assert [persona.name for persona in one.personas] == [persona.name for persona in other.personas]


def test_a_fit_on_a_sample_is_polished_on_everyone():
    leads, _ = simulated(6_000)
    sampled = find_personas(leads, LeadSettings(fit_sample=1_000))
    whole = find_personas(leads, LeadSettings(fit_sample=10_000))
    assert adjusted_rand_score(sampled.grouping.labels, whole.grouping.labels) > 0.97
    tables = sampled.encoding.tables(leads.columns)
    assert np.array_equal(nearest_centres(tables, sampled.grouping.centres, 6_000), sampled.grouping.labels)
    assert mean_places(tables, sampled.grouping.labels, 4) == pytest.approx(sampled.grouping.centres)


def test_label_encoding_gives_the_clusters_of_the_plain_script(shared_data, tmp_path):
    """The peer reads the CSV with pandas; ours gets the same texts and must give every lead the same number."""
    import pandas as pd

    peer = shared_data.parent / "peers" / "leads_plain.py"
    if not peer.is_file():
        pytest.skip("needs the plain script beside the public data sets")
    path = tmp_path / "leads.csv"
    path.write_text(leads_csv(1_500), encoding="utf-8")
    subprocess.run([sys.executable, str(peer), str(path), str(tmp_path / "out")], check=True, capture_output=True)
    theirs = pd.read_csv(tmp_path / "out" / "clustered.csv")["Cluster"].to_numpy()
    leads, _ = simulated(1_500)
    ours = find_personas(leads, LeadSettings(encoding="label"))
    assert np.array_equal(ours.grouping.labels, theirs)


def test_label_encoding_is_scikit_learns_own_steps():
    from sklearn.cluster import KMeans
    from sklearn.preprocessing import LabelEncoder, StandardScaler

    leads, _ = simulated(600)
    texts = [[found.levels[code] for code in found.codes] for found in leads.columns]
    codes = np.column_stack([LabelEncoder().fit_transform(values) for values in texts])
    scaled = StandardScaler().fit_transform(codes)
    wanted = KMeans(4, n_init=10, random_state=42).fit_predict(scaled)
    assert np.array_equal(find_personas(leads, LeadSettings(encoding="label")).grouping.labels, wanted)


def test_a_chosen_number_of_personas_comes_with_its_candidates_and_evidence():
    leads, truth = simulated(700)
    found = find_personas(leads, LeadSettings(k="auto", k_max=4))
    assert adjusted_rand_score(truth, found.grouping.labels) > 0.85
    assert sum(one.is_chosen for one in found.grouping.choice.table) == 1
    assert found.grouping.evidence.verdict == "repeatable"
    assert [test.name for test in found.grouping.evidence.tests] == ["null", "prediction_strength"]


@pytest.mark.parametrize("seed", range(3))
def test_columns_that_tell_nothing_of_each_other_are_no_structure(seed):
    generator = np.random.default_rng(seed)
    columns = tuple(
        column(name, [f"v{value}" for value in generator.integers(levels, size=500)])
        for name, levels in (("state", 8), ("industry", 6), ("gender", 2), ("source", 4))
    )
    found = find_personas(Leads("x", columns, np.zeros(500, dtype=np.int8)), LeadSettings())
    evidence = judge_leads(found.encoding, columns, 500, k=4, seed=1, draws=19)
    assert evidence.verdict == "no_structure"


def test_a_leaking_column_is_kept_out_and_named_and_the_outcome_is_no_feature():
    leads, _ = simulated(800)
    told = column("Tags", ["won" if value else "lost" for value in leads.converted])
    found = find_personas(Leads("x", (*leads.columns, told), leads.converted), LeadSettings())
    judged = {one.column.name: one for one in found.judged}
    assert judged["Tags"].status == "leaking"
    assert judged["Tags"].auc > 0.99
    assert "Tags" not in {block.name for block in found.encoding.blocks}
    assert np.array_equal(found.grouping.labels, find_personas(leads, LeadSettings()).grouping.labels)


@pytest.mark.parametrize(
    ("values", "why"),
    [(["a"] * 60, "every lead has the same values"), (["a", "b"] * 5, "30 are needed")],
)
def test_leads_that_cannot_be_told_apart_are_one_persona_that_says_why(values, why):
    leads = Leads("x", (column("source", values),), np.ones(len(values), dtype=np.int8))
    found = find_personas(leads, LeadSettings())
    assert [persona.label for persona in found.personas] == ["All leads"]
    assert why in found.why_one


def test_fewer_different_leads_than_personas_asked_for_are_as_many_personas():
    leads = Leads("x", (column("source", ["a", "b"] * 30),), np.array([0, 0, 1, 1] * 15, dtype=np.int8))
    assert len(find_personas(leads, LeadSettings()).personas) == 2


def test_ten_thousand_categories_are_no_feature_and_the_others_still_are():
    titles = column("job_title", [f"Title {number}" for number in range(10_000)])
    sources = column("source", ["Web", "Ads", "Event", "Mail"] * 2_500)
    found = find_personas(Leads("x", (titles, sources), np.zeros(10_000, dtype=np.int8)), LeadSettings())
    assert {one.column.name: one.status for one in found.judged} == {"job_title": "unused", "source": "used"}


def test_only_matured_leads_count_for_rates_where_ages_are_known():
    leads, _ = simulated(200)
    ages = np.where(np.arange(200) < 50, 3.0, 40.0)
    ages[199] = np.nan
    settings = LeadSettings(matured_after_days=30)
    dated = find_personas(Leads("x", leads.columns, leads.converted, ages), settings)
    assert (int(dated.counts_for_rates.sum()), dated.maturity) == (149, "judged")
    undated = find_personas(leads, settings)
    assert (int(undated.counts_for_rates.sum()), undated.maturity) == (200, "no_date_column")


def test_without_any_known_outcome_there_are_personas_and_no_rates():
    leads, _ = simulated(200)
    found = find_personas(Leads("x", leads.columns, np.full(200, -1, dtype=np.int8)), LeadSettings())
    assert len(found.personas) == 4
    assert {(persona.shrunken_rate, persona.value_tier) for persona in found.personas} == {(None, "UNKNOWN")}
    assert json.dumps(found.model.to_json())
