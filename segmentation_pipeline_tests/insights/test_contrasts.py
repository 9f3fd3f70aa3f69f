"""Intervals and directions of differences, against published and independently computed figures."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from segmentation_pipeline.insights.contrasts import (
    Interval,
    combine,
    contrast_direction,
    mean_interval,
    moments_by_group,
    mover_difference,
    outcome_by_day,
    proportion,
    retention_on_day,
    welch_difference,
)


def test_difference_of_proportions_is_newcombes_published_example() -> None:
    # Newcombe (1998), table II, 56/70 - 48/80 by method 10.
    left, right = proportion(56, 70), proportion(48, 80)
    assert left is not None
    assert right is not None
    difference = mover_difference(left, right)
    assert (round(difference.low, 4), round(difference.high, 4)) == (0.0524, 0.3339)


def test_difference_of_means_is_scipys_welch_interval() -> None:
    rng = np.random.default_rng(3)
    values, groups = rng.gamma(2.0, 3.0, 60), np.array([0] * 17 + [1] * 43)
    group, rest = moments_by_group(values, groups, 2)
    expected = stats.ttest_ind(values[:17], values[17:], equal_var=False).confidence_interval(0.95)
    difference = welch_difference(group, rest)
    assert difference is not None
    assert difference.low == pytest.approx(expected.low)
    assert difference.high == pytest.approx(expected.high)


def test_mean_interval_of_three_values_is_the_textbook_one() -> None:
    # mean 2, sd 1, t(2, .975) = 4.302653: 2 +- 4.302653 / sqrt(3).
    (group,) = moments_by_group(np.array([1.0, 2.0, 3.0]), np.zeros(3, dtype=np.int64), 1)
    interval = mean_interval(group)
    assert interval is not None
    assert interval.high == pytest.approx(2 + 4.302653 / math.sqrt(3), abs=1e-5)


@given(st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=40), st.integers(1, 3))
def test_moments_of_parts_combine_to_those_of_the_whole(values: list[float], parts: int) -> None:
    numbers = np.array(values)
    split = moments_by_group(numbers, np.arange(len(numbers)) % parts, parts)
    whole = combine(split)
    assert whole.count == len(numbers)
    assert whole.mean == pytest.approx(numbers.mean(), rel=1e-9, abs=1e-6)
    assert whole.variance == pytest.approx(numbers.var(ddof=1), rel=1e-6, abs=1e-3)


def test_missing_values_belong_to_no_group() -> None:
    first, second = moments_by_group(np.array([1.0, math.nan, 5.0]), np.array([0, 0, 1]), 2)
    assert (first.count, first.mean, second.count) == (1, 1.0, 1)
    assert welch_difference(first, second) is None


@pytest.mark.parametrize(
    ("difference", "direction"),
    [
        (Interval(0.2, 0.01, 0.4), "higher"),
        (Interval(-0.2, -0.4, -0.01), "lower"),
        (Interval(0.2, 0.0, 0.4), "none"),
        (Interval(0.2, -0.1, 0.5), "none"),
        (None, "none"),
    ],
)
def test_a_direction_needs_an_interval_that_excludes_no_difference(difference: Interval | None, direction: str) -> None:
    assert contrast_direction(difference) == direction


def test_outcome_of_fully_followed_users_is_a_plain_proportion() -> None:
    outcome = outcome_by_day(
        np.array([1.0, 3.0, 9.0, 10.0]), np.array(["churn", "conversion", "churn", "censored"]), "churn", 5.0
    )
    assert outcome is not None
    assert outcome.value == 0.25


def test_outcome_of_censored_users_is_an_incidence_by_hand() -> None:
    # Day 1: 1 of 4 drops off (S = 3/4); day 2 one is censored; day 3: 1 of 2 drops off: 1/4 + 3/4 * 1/2.
    outcome = outcome_by_day(
        np.array([1.0, 2.0, 3.0, 6.0]), np.array(["churn", "censored", "churn", "censored"]), "churn", 5.0
    )
    assert outcome is not None
    assert outcome.value == pytest.approx(0.625)


def test_nothing_seen_in_a_few_users_is_not_certainty() -> None:
    few = retention_on_day(np.full(30, 4.0), np.full(30, "censored"), 3.0)
    assert few is not None
    assert (few.value, few.high) == (1.0, 1.0)
    assert few.low == pytest.approx(1 - 0.11351, abs=1e-4)  # Wilson upper end of 0/30
