"""Counting who is at risk, and the last day that may be judged."""

from __future__ import annotations

import numpy as np
import pytest

from segmentation_pipeline.survival.follow_up import (
    as_follow_up,
    at_risk_on,
    count_events,
    is_fully_followed,
    longest_followed_day,
)


def test_a_user_censored_on_a_day_is_still_at_risk_on_it() -> None:
    counts = count_events([1.0, 2.0, 2.0, 3.0], ["churn", "conversion", "censored", "churn"])
    assert counts.days.tolist() == [1.0, 2.0, 3.0]
    assert counts.at_risk.tolist() == [4, 3, 1]
    assert counts.ended["churn"].tolist() == [1, 0, 1]
    assert counts.ended["conversion"].tolist() == [0, 1, 0]
    assert counts.ended["end"].tolist() == [0, 0, 0]
    assert counts.any_ended.tolist() == [1, 1, 1]


def test_a_day_missed_by_floating_point_dust_still_counts_as_followed() -> None:
    assert at_risk_on(np.array([14 - 1e-10, 14.0, 13.9]), [14]).tolist() == [2]


@pytest.mark.parametrize(
    ("durations", "outcomes", "message"),
    [
        ([1.0, 2.0], ["churn"], "one of each per user"),
        ([-1.0], ["churn"], "not negative"),
        ([float("nan")], ["churn"], "finite"),
        ([1.0], ["dead"], "unknown outcomes"),
    ],
)
def test_unusable_follow_up_is_refused(durations: list[float], outcomes: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        as_follow_up(durations, outcomes)


def test_early_endings_do_not_break_full_follow_up_but_early_censoring_does() -> None:
    durations = np.array([2.0, 5.0, 14.0])
    assert is_fully_followed(durations, np.array(["churn", "conversion", "censored"]), 14)
    assert not is_fully_followed(durations, np.array(["churn", "censored", "censored"]), 14)
    assert is_fully_followed(durations, np.array(["churn", "censored", "censored"]), 5)


def test_the_last_day_is_the_horizon_when_all_are_followed_to_it_however_few_remain() -> None:
    assert longest_followed_day(np.array([1.0, 2.0, 14.0]), np.full(3, 14.0), min_at_risk=3) == 14.0


def test_the_last_day_of_a_short_log_is_the_last_with_enough_at_risk() -> None:
    durations = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    assert longest_followed_day(durations, durations, min_at_risk=2) == 5.0
    assert longest_followed_day(durations, durations, min_at_risk=20) == 1.0
    assert longest_followed_day(np.empty(0), np.empty(0), min_at_risk=2) == 0.0
