"""The drop-off of a group at a day: a proportion where all are followed, the estimator where not."""

from __future__ import annotations

import numpy as np
import pytest

from segmentation_pipeline.survival.drop_off import drop_off_at
from segmentation_pipeline.survival.incidence import aalen_johansen
from segmentation_pipeline.survival.intervals import wilson_interval


def test_where_all_are_followed_it_is_the_proportion_with_wilsons_interval() -> None:
    durations = [2.0] * 30 + [3.0] * 10 + [14.0] * 60
    found = drop_off_at(durations, ["churn"] * 30 + ["conversion"] * 10 + ["censored"] * 60, 14)
    assert (found.rate, found.method, found.event_count, found.user_count) == (0.3, "proportion", 30, 100)
    assert (found.low, found.high) == wilson_interval(30, 100)
    assert found.at_risk_count == 60


def test_a_conversion_is_not_a_drop_off_but_the_user_stays_in_the_denominator() -> None:
    assert drop_off_at([1.0, 1.0], ["churn", "conversion"], 5).rate == 0.5


def test_an_ending_after_the_day_does_not_count() -> None:
    found = drop_off_at([1.0, 6.0], ["churn", "churn"], 5)
    assert (found.rate, found.event_count) == (0.5, 1)


def test_where_some_were_lost_from_sight_it_is_the_incidence() -> None:
    durations, outcomes = [1, 2, 2, 3, 3], ["churn", "conversion", "censored", "churn", "conversion"]
    found = drop_off_at(durations, outcomes, 3)
    assert (found.rate, found.method) == (pytest.approx(0.5), "aalen_johansen")
    assert (found.rate, found.low, found.high) == aalen_johansen(durations, outcomes).by_cause["churn"].at(3)


def test_nobody_dropped_off_among_partly_followed_users_is_bounded_by_those_still_at_risk() -> None:
    found = drop_off_at([1.0] * 10 + [5.0] * 30, ["censored"] * 40, 5)
    assert (found.rate, found.low) == (0.0, 0.0)
    assert found.high == wilson_interval(0, 30)[1]


@pytest.mark.parametrize(("durations", "outcomes"), [([], []), ([2.0, 3.0], ["censored", "churn"])])
def test_a_day_nobody_was_followed_to_is_not_observed(durations: list[float], outcomes: list[str]) -> None:
    found = drop_off_at(durations, outcomes, 14)
    assert (found.rate, found.low, found.high, found.method) == (None, None, None, "not_observed")


def test_another_kind_of_ending_can_be_asked_for() -> None:
    outcomes = np.array(["conversion"] * 3 + ["churn"] + ["censored"] * 4)
    assert drop_off_at(np.array([1.0] * 4 + [9.0] * 4), outcomes, 9, event="conversion").rate == 3 / 8
