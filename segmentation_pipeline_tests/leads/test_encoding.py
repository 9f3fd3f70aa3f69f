"""Blocks: none louder than another, order kept, rare values pooled; label codes are scikit-learn's."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation_pipeline.leads.columns import UNKNOWN
from segmentation_pipeline.leads.encoding import POOLED, Encoding, fit_label, fit_one_hot
from segmentation_pipeline_tests.leads.lead_samples import column, simulated


def main_variance(rows):
    return np.linalg.eigvalsh(np.cov(rows.T, bias=True))[-1] if rows.shape[1] > 1 else rows.var()


@given(st.lists(st.sampled_from(["a", "b", "c", "d", ""]), min_size=4, max_size=60), st.booleans())
@settings(max_examples=60, deadline=None)
def test_every_block_varies_by_one_in_its_main_direction_whatever_its_levels(values, is_ordered):
    texts = [{"a": "1", "b": "2", "c": "5", "d": "9", "": ""}[value] for value in values] if is_ordered else values
    found = column("experience" if is_ordered else "source", texts)
    encoding = fit_one_hot([found], rare_share=0.0)
    for block in encoding.blocks:
        assert main_variance(block.table(found)[found.codes]) == pytest.approx(1.0)
    assert bool(encoding.blocks) == (len(set(texts)) > 1) or is_ordered


def test_ordered_values_keep_their_order_and_a_number_between_two_lies_between_them():
    found = column("experience", ["1", "1", "5", "20", "20", ""])
    block = fit_one_hot([found], rare_share=0.0).blocks[0]
    assert block.kind == "ordered"
    asked = column("experience", ["1", "5", "12", "20", "400"])
    place = dict(zip(asked.levels, block.table(asked)[:, 0], strict=True))
    assert place["1"] < place["5"] < place["12"] < place["20"] == place["400"]


def test_one_extreme_number_does_not_stretch_the_axis():
    usual = [str(number) for number in range(20)]
    tame, wild = (
        fit_one_hot([column("TotalVisits", [*usual, last])], rare_share=0.0).blocks[0].places[:20, 0]
        for last in ("20", "1000000")
    )
    assert tame == pytest.approx(wild)


def test_rare_values_are_pooled_and_rare_job_titles_by_their_seniority():
    sources = ["Web"] * 60 + ["Event"] * 38 + ["Fax", "Pigeon"]
    titles = ["Engineer"] * 60 + ["Clerk"] * 36 + ["CFO", "CTO", "Wizard", "Bard"]
    web, job = fit_one_hot([column("source", sources), column("job_title", titles)], rare_share=0.05).blocks
    assert web.levels == ("Event", POOLED, "Web")
    assert web.pooled_share == pytest.approx(0.02)
    assert job.levels == ("C-Suite (rare titles)", "Clerk", "Engineer", POOLED)


def test_a_value_never_seen_lies_where_rare_ones_lie_and_spelling_does_not_matter():
    found = column("source", ["Web"] * 60 + ["Event"] * 38 + ["Fax", "Pigeon"])
    block = fit_one_hot([found], rare_share=0.05).blocks[0]
    asked = column("source", ["Owl", "WEB"])
    assert block.table(asked)[0] == pytest.approx(block.places[1])
    assert block.table(asked)[1] == pytest.approx(block.places[2])


def test_identifiers_and_constants_have_no_block_and_say_why():
    ids = column("Lead Number", [f"x{number}" for number in range(200)])
    alike = column("Magazine", ["No"] * 200)
    encoding = fit_one_hot([ids, alike], rare_share=0.01)
    assert encoding.blocks == ()
    assert encoding.unused == {
        "Lead Number": "nearly every lead has a value of its own",
        "Magazine": "all leads have the same value, or only rare ones",
    }


def test_consecutive_numbers_of_leads_are_identifiers_and_amounts_are_not():
    numbers = column("Lead Number", [str(660_000 + number) for number in range(300)])
    amounts = column("Revenue", [str(number % 120) for number in range(300)])
    encoding = fit_one_hot([numbers, amounts], rare_share=0.01)
    assert [block.name for block in encoding.blocks] == ["Revenue"]


def test_an_encoding_read_back_from_json_places_leads_alike():
    leads, _ = simulated(200)
    encoding = fit_one_hot(leads.columns, rare_share=0.01)
    again = Encoding.from_json(json.loads(json.dumps(encoding.to_json())))
    assert np.array_equal(again.matrix(leads.columns, 200), encoding.matrix(leads.columns, 200))


def test_label_codes_are_those_of_scikit_learn_bit_for_bit():
    from sklearn.preprocessing import LabelEncoder, StandardScaler

    values = ["b", "", "Ä", "a", "B", "b", "10", "9"]
    constant = ["x"] * len(values)
    columns = [column("state", values), column("gender", constant)]
    codes = np.column_stack(
        [
            LabelEncoder().fit_transform([value or UNKNOWN for value in values]),
            LabelEncoder().fit_transform(constant),
        ]
    )
    assert np.array_equal(fit_label(columns).matrix(columns, len(values)), StandardScaler().fit_transform(codes))
