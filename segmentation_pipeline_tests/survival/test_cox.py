"""Cox against the published rossi figures, the penaliser ladder, and every reason for no fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from segmentation_pipeline.survival.cox import PENALISERS, fit_cox, fit_groups
from segmentation_pipeline.survival.preflight import POOLED

ROSSI = {
    "fin": -0.3794,
    "age": -0.0574,
    "race": 0.3139,
    "wexp": -0.1498,
    "mar": -0.4337,
    "paro": -0.0849,
    "prio": 0.0915,
}


def _rossi() -> tuple[dict[str, Any], Any, Any]:
    from lifelines.datasets import load_rossi

    frame = load_rossi()
    outcomes = np.where(frame["arrest"] == 1, "churn", "censored")
    return {name: frame[name].to_numpy(float) for name in ROSSI}, frame["week"].to_numpy(float), outcomes


def test_rossi_coefficients_are_the_published_ones() -> None:
    fit = fit_cox(*_rossi())
    assert (fit.penaliser, fit.event_count, fit.user_count) == (0.0, 114, 432)
    assert {term.name: round(float(term.coefficient or 0), 4) for term in fit.terms} == ROSSI
    fin = fit.term("fin")
    assert (fin.hazard_ratio, fin.low, fin.high) == pytest.approx((0.684, 0.470, 0.996), abs=5e-4)
    assert fin.p == pytest.approx(0.047, abs=5e-4)


def test_age_and_work_experience_break_proportionality_in_rossi_and_the_others_do_not() -> None:
    fit = fit_cox(*_rossi())
    broken = {term.name for term in fit.terms if term.proportional_p is not None and term.proportional_p < 0.05}
    assert broken == {"age", "wexp"}


def test_a_dropped_covariate_keeps_a_row_with_its_reason_and_changes_nothing_else() -> None:
    covariates, durations, outcomes = _rossi()
    fit = fit_cox(covariates | {"again": covariates["age"], "same": np.ones(432)}, durations, outcomes)
    assert fit.term("again").status == "not_fitted"
    assert "duplicate" in str(fit.term("again").reason)
    assert "constant" in str(fit.term("same").reason)
    assert round(float(fit.term("age").coefficient or 0), 4) == ROSSI["age"]


def test_too_few_events_leave_no_fit_and_say_how_many_are_needed() -> None:
    covariates, durations, outcomes = _rossi()
    outcomes[np.flatnonzero(outcomes == "churn")[69:]] = "censored"
    fit = fit_cox(covariates, durations, outcomes)
    assert not fit.is_fitted
    assert fit.reason == "69 events for 7 parameters; at least 70 are needed"
    assert {term.status for term in fit.terms} == {"not_fitted"}


def test_complete_separation_climbs_the_ladder_and_the_step_is_recorded() -> None:
    rng = np.random.default_rng(2)
    never = np.arange(200) % 2 == 0
    durations = rng.exponential(5, 200)
    outcomes = np.where(never, "censored", "churn")
    fit = fit_cox({"never": never * 1.0, "noise": rng.normal(size=200)}, durations, outcomes)
    assert fit.is_fitted
    assert fit.penaliser in PENALISERS[1:]
    assert float(fit.term("never").coefficient or 0) < -1


def _planted(seed: int = 4) -> tuple[Any, dict[str, Any], Any, Any]:
    """Three groups whose hazards are 1, 2 and 4 times .03 a day, followed for 14 days."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(["2026-01-a", "2026-01-b", "2026-01-c"], 1_500)
    rates = np.repeat([0.03, 0.06, 0.12], 1_500)
    ending = rng.exponential(1 / rates)
    adjustments = {"tenure_days": rng.uniform(0, 300, 4_500)}
    return groups, adjustments, np.minimum(ending, 14), np.where(ending < 14, "churn", "censored")


def test_planted_hazard_ratios_lie_within_their_intervals() -> None:
    fit = fit_groups(*_planted())
    assert fit.term("2026-01-c").status == "reference"
    assert fit.term("2026-01-c").hazard_ratio == 1.0
    for name, truth in (("2026-01-a", 0.25), ("2026-01-b", 0.5)):
        term = fit.term(name)
        assert float(term.low or 0) <= truth <= float(term.high or 0)
    assert float(fit.term("tenure_days").low or 0) <= 1 <= float(fit.term("tenure_days").high or 0)


def test_small_groups_share_one_ratio_and_keep_rows_that_say_so() -> None:
    groups, adjustments, durations, outcomes = _planted()
    groups = groups.copy()
    groups[np.flatnonzero(outcomes == "churn")[:7]] = "2026-01-d"
    groups[np.flatnonzero(outcomes == "churn")[7:15]] = "2026-01-e"
    fit = fit_groups(groups, adjustments, durations, outcomes)
    assert fit.term(POOLED).status == "fitted"
    assert "7 drop-offs, fewer than 10: part of the pooled level" in str(fit.term("2026-01-d").reason)
    assert [term.name for term in fit.terms] == [
        *(f"2026-01-{letter}" for letter in "abcde"),
        POOLED,
        "tenure_days",
    ]


def test_without_a_group_of_ten_events_nothing_is_compared() -> None:
    fit = fit_groups(["a"] * 9 + ["b"] * 9, {}, np.arange(1.0, 19.0), ["churn"] * 18)
    assert not fit.is_fitted
    assert "no segment has 10 drop-offs" in str(fit.reason)
    assert [term.status for term in fit.terms] == ["not_fitted", "not_fitted"]


def test_one_group_has_nothing_to_be_compared_with() -> None:
    fit = fit_groups(["a"] * 40, {"tenure_days": np.arange(40.0)}, np.arange(1.0, 41.0), ["churn"] * 40)
    assert not fit.is_fitted
    assert "only a has 10 drop-offs" in str(fit.reason)


def test_the_order_of_users_never_matters() -> None:
    groups, adjustments, durations, outcomes = _planted()
    order = np.random.default_rng(9).permutation(groups.size)
    first = fit_groups(groups, adjustments, durations, outcomes)
    second = fit_groups(
        groups[order], {"tenure_days": adjustments["tenure_days"][order]}, durations[order], outcomes[order]
    )
    for one, other in zip(first.terms, second.terms, strict=True):
        assert (one.name, one.status) == (other.name, other.status)
        if one.status == "fitted":
            assert one.coefficient == pytest.approx(other.coefficient, abs=1e-7)


@pytest.mark.parametrize("penaliser", [0.0, 0.1])
@pytest.mark.parametrize("is_tied", [True, False])
def test_coefficients_errors_and_tests_are_those_of_lifelines(
    monkeypatch: pytest.MonkeyPatch, is_tied: bool, penaliser: float
) -> None:
    from lifelines import CoxPHFitter
    from lifelines.datasets import load_rossi
    from lifelines.statistics import proportional_hazard_test

    frame = load_rossi()
    if not is_tied:
        frame["week"] += np.random.default_rng(0).uniform(0, 0.5, len(frame))
    peer = CoxPHFitter(penalizer=penaliser).fit(frame, "week", "arrest")
    expected = peer.summary
    tested = proportional_hazard_test(peer, frame, time_transform="rank").summary["p"]
    monkeypatch.setattr("segmentation_pipeline.survival.cox.PENALISERS", (penaliser,))
    covariates, _, outcomes = _rossi()
    fit = fit_cox(covariates, frame["week"].to_numpy(float), outcomes)
    near = 1e-3 if penaliser else 1e-5  # lifelines stops its ridge fit a little early
    assert fit.concordance == pytest.approx(peer.concordance_index_, abs=1e-12)
    for name in ROSSI:
        term = fit.term(name)
        figures = (term.coefficient, term.standard_error, term.low, term.high, term.p)
        columns = ("coef", "se(coef)", "exp(coef) lower 95%", "exp(coef) upper 95%", "p")
        assert figures == pytest.approx([expected.loc[name, column] for column in columns], rel=near, abs=1e-7)
        if not is_tied:  # on tied days lifelines ranks events in the order of the rows
            assert term.proportional_p == pytest.approx(tested[name], rel=1e-4)


def test_many_event_days_and_few_give_the_same_maximum(monkeypatch: pytest.MonkeyPatch) -> None:
    covariates, durations, outcomes = _rossi()
    few = fit_cox(covariates, durations, outcomes)
    monkeypatch.setattr("segmentation_pipeline.survival.partial_likelihood.FEW_DAYS", 0)
    monkeypatch.setattr("segmentation_pipeline.survival.partial_likelihood.BLOCK_ROWS", 7)
    many = fit_cox(covariates, durations, outcomes)
    assert [t.coefficient for t in many.terms] == pytest.approx([t.coefficient for t in few.terms], abs=1e-12)
