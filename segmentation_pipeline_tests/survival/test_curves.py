"""Kaplan-Meier against the published lung figures, lifelines' own intervals and the rules of reading a curve."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from segmentation_pipeline.survival.curves import (
    MAX_CHANGE_POINTS,
    Curve,
    days_to_store,
    kaplan_meier,
    median_days,
    read_curve,
)


@pytest.fixture(scope="module")
def lung() -> Any:
    from lifelines.datasets import load_lung

    return load_lung()


def _follow_up(frame: Any) -> tuple[Any, Any]:
    return frame["time"].to_numpy(float), np.where(frame["status"] == 1, "churn", "censored")


@pytest.mark.parametrize(("sex", "expected"), [(None, 310), (1, 270), (2, 426)])
def test_lung_medians_are_the_published_ones(lung: Any, sex: int | None, expected: float) -> None:
    group = lung if sex is None else lung[lung["sex"] == sex]
    assert median_days(kaplan_meier(*_follow_up(group))) == expected


def test_intervals_are_the_log_log_ones_of_lifelines(lung: Any) -> None:
    from lifelines import KaplanMeierFitter

    durations, outcomes = _follow_up(lung)
    fitter = KaplanMeierFitter().fit(durations, outcomes == "churn")
    curve = kaplan_meier(durations, outcomes)
    for day in (11, 100, 310, 500, 800):
        expected = fitter.confidence_interval_.loc[:day].iloc[-1].to_numpy()
        assert curve.at(day)[0] == pytest.approx(float(fitter.predict(day)), abs=1e-12)
        assert curve.at(day)[1:] == pytest.approx(tuple(expected), abs=1e-9)


def test_other_endings_count_as_censored_unless_asked_for() -> None:
    durations, outcomes = [1.0, 2.0, 3.0, 4.0], ["churn", "conversion", "churn", "censored"]
    # By hand: 3/4, then 1 of the 2 left; with conversions also 2/3 on day 2.
    assert kaplan_meier(durations, outcomes).estimate.tolist() == pytest.approx([0.75, 0.375])
    both = kaplan_meier(durations, outcomes, events=("churn", "conversion"))
    assert both.estimate.tolist() == pytest.approx([0.75, 0.5, 0.25])


def test_a_median_that_is_never_reached_is_none() -> None:
    assert median_days(kaplan_meier([1.0, 2.0, 2.0], ["churn", "censored", "censored"])) is None
    assert median_days(kaplan_meier([2.0, 2.0], ["censored", "censored"])) is None


def test_a_curve_is_a_right_continuous_step() -> None:
    curve = kaplan_meier([1.0, 2.0, 3.0, 4.0], ["churn"] * 4)
    assert [curve.at(day)[0] for day in (0, 0.999, 1, 1.5, 4)] == pytest.approx([1, 1, 0.75, 0.75, 0])


def test_days_beyond_what_was_followed_are_not_observed_and_never_extrapolated() -> None:
    durations = np.full(30, 14.0)
    curve = kaplan_meier(durations, ["censored"] * 30)
    inside, outside = read_curve(curve, [14, 30], durations, last_followed_day=14, min_at_risk=20)
    assert (inside.is_observed, inside.estimate, inside.at_risk_count) == (True, 1.0, 30)
    assert (outside.is_observed, outside.estimate, outside.low, outside.high) == (False, None, None, None)
    assert outside.reason is not None
    assert "nobody was followed to day 30" in outside.reason


def test_a_day_that_too_few_were_followed_to_is_not_told_as_one_nobody_was() -> None:
    durations = np.array([14.0] * 30 + [30.0] * 5)
    curve = kaplan_meier(durations, ["censored"] * 35)
    (point,) = read_curve(curve, [30], durations, last_followed_day=14, min_at_risk=20)
    assert point.reason == "5 users still at risk on day 30, fewer than 20"


def test_a_curve_is_cut_under_the_minimum_at_risk() -> None:
    durations = np.arange(1.0, 41.0)
    curve = kaplan_meier(durations, ["churn"] * 40)
    points = read_curve(curve, [21, 22], durations, last_followed_day=60, min_at_risk=20)
    assert [(point.at_risk_count, point.is_observed) for point in points] == [(20, True), (19, False)]


def test_a_user_still_there_before_the_first_event_has_an_interval_with_width() -> None:
    durations = np.array([5.0] * 20 + [3.0] * 5)
    curve = kaplan_meier(durations, ["censored"] * 20 + ["churn"] * 5)
    before, day_zero = read_curve(curve, [2, 0], durations, last_followed_day=5, min_at_risk=20)
    assert (before.estimate, before.high) == (1.0, 1.0)
    assert before.low == pytest.approx(25 / (25 + 1.959963984540054**2))
    assert (day_zero.low, day_zero.high) == (1.0, 1.0)


def test_stored_days_hold_the_wanted_and_the_last_and_a_bounded_number_of_changes() -> None:
    changes = np.linspace(0.01, 20, 5_000)
    flat = np.ones(5_000)
    days = days_to_store(Curve(1.0, changes, flat, flat, flat), (1, 3, 7, 14, 30), last_day=14)
    assert {0, 1, 3, 7, 14, 30} <= set(days)
    assert len(days) <= MAX_CHANGE_POINTS + 7
    assert days == sorted(days)
    assert not [day for day in days if 14 < day < 30]
