"""The guard finds what tells the outcome, judges ids by what they say of others, and is silent on too little."""

import numpy as np
import pytest

from segmentation_pipeline.leads.guard import area_under_curve, column_auc
from segmentation_pipeline_tests.leads.lead_samples import column


def test_the_area_is_the_share_of_pairs_in_the_right_order_and_half_of_the_ties():
    """Converted .8 and .5, not converted .5 and .1: pairs 1, 1, .5, 1 of 4."""
    scores = np.array([0.8, 0.5, 0.5, 0.1])
    assert area_under_curve(scores, np.array([True, True, False, False])) == pytest.approx(0.875)


def test_a_column_filled_in_after_the_outcome_is_found_whatever_its_values_are_called():
    generator = np.random.default_rng(3)
    converted = generator.random(2_000) < 0.3
    closed = np.where(converted, "Closed by", "Ringing").astype(object)
    closed[generator.random(2_000) < 0.05] = "Other"
    assert column_auc(column("Tags", closed), converted, seed=1) > 0.95


@pytest.mark.parametrize("seed", range(4))
def test_noise_is_worth_about_a_half_however_many_values_it_has(seed):
    generator = np.random.default_rng(seed)
    converted = generator.random(2_000) < 0.3
    for levels in (2, 50, 2_000):
        values = [f"v{number}" for number in generator.integers(levels, size=2_000)]
        assert 0.43 < column_auc(column("x", values), converted, seed=1) < 0.57


def test_an_id_explains_every_lead_and_predicts_none():
    converted = np.random.default_rng(1).random(1_000) < 0.4
    assert column_auc(column("Lead Number", [f"id{n}" for n in range(1_000)]), converted, seed=1) == pytest.approx(
        0.5, abs=0.01
    )


def test_a_number_with_thousands_of_values_is_judged_by_its_course_even_when_that_turns():
    generator = np.random.default_rng(2)
    seconds = generator.integers(0, 2_000, size=4_000)
    converted = np.abs(seconds - 1_000) > 600
    assert column_auc(column("Time spent", seconds), converted, seed=1) > 0.95


def test_nothing_is_said_of_a_column_when_hardly_anybody_converted():
    converted = np.zeros(500, dtype=bool)
    converted[:9] = True
    assert column_auc(column("x", ["a", "b"] * 250), converted, seed=1) is None
