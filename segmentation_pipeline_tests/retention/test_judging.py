"""From judged users to fits and curves: every group has a row, and every missing figure a reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from segmentation_pipeline.config import Roles
from segmentation_pipeline.retention.judging import compare_segments, competing_endings, judge
from segmentation_pipeline.segments.tables import OVERALL
from segmentation_pipeline.survival.intervals import wilson_interval
from segmentation_pipeline_tests.retention.refresh_samples import RETENTION, SEGMENTS, judged

COMPETING = ("conversion",)


def test_everyone_and_every_segment_has_a_row_in_order() -> None:
    fits = judge(judged(), RETENTION, COMPETING).fits
    assert [fit.cluster_id for fit in fits] == [OVERALL, *SEGMENTS, "unclassified"]
    assert sum(fit.user_count for fit in fits[1:]) == fits[0].user_count == 305


def test_drop_off_is_the_share_of_all_users_with_wilsons_interval_where_all_are_followed() -> None:
    fit = judge(judged(), RETENTION, COMPETING).fits[3]
    assert (fit.drop_off_rate, fit.drop_off_days, fit.drop_off_method) == (0.7, 14.0, "proportion")
    assert (fit.drop_off_low, fit.drop_off_high) == wilson_interval(70, 100)
    assert (fit.churn_count, fit.conversion_count, fit.end_count, fit.censored_count) == (70, 20, 0, 10)


def test_a_segment_too_small_is_not_fitted_and_says_why() -> None:
    judgement = judge(judged(), RETENTION, COMPETING)
    small = judgement.fits[-1]
    assert (small.status, small.reason) == ("not_fitted", "5 users at risk, fewer than 20")
    assert small.drop_off_rate is None
    points = [point for point in judgement.points if point.cluster_id == "unclassified"]
    assert [point.day for point in points] == list(RETENTION.curve_days)
    assert {point.status for point in points} == {"not_observed"}


def test_a_segment_nobody_left_is_not_fitted_but_its_curve_is_shown() -> None:
    users = judged()
    outcomes = np.where((users.cluster_ids == SEGMENTS[0]) & (users.outcomes == "churn"), "censored", users.outcomes)
    judgement = judge(replace(users, outcomes=outcomes), RETENTION, COMPETING)
    fit = judgement.fits[1]
    assert fit.status == "not_fitted"
    assert "nobody dropped off" in str(fit.reason)
    assert (fit.drop_off_rate, fit.drop_off_low) == (0.0, 0.0)
    curve = [p for p in judgement.points if p.cluster_id == SEGMENTS[0] and p.curve == "retention_km" and p.day == 7]
    assert curve[0].estimate == 1.0
    assert float(curve[0].low or 1) < 1


def test_days_beyond_the_follow_up_are_not_observed() -> None:
    points = judge(judged(), RETENTION, COMPETING).points
    beyond = [point for point in points if point.day == 30]
    assert beyond
    assert {point.status for point in beyond} == {"not_observed"}
    assert {point.estimate for point in beyond} == {None}


def test_incidences_and_the_still_open_add_up_to_one_on_every_day() -> None:
    points = judge(judged(), RETENTION, COMPETING).points
    for name in (OVERALL, *SEGMENTS):
        shares = [p for p in points if p.cluster_id == name and p.curve != "retention_km" and p.status == "observed"]
        for day in {point.day for point in shares}:
            of_day = [point for point in shares if point.day == day]
            assert {point.curve for point in of_day} == {"still_open", "incidence_churn", "incidence_conversion"}
            assert sum(float(point.estimate or 0) for point in of_day) == pytest.approx(1, abs=1e-12)


def test_retention_is_called_cause_specific_only_beside_competing_endings() -> None:
    with_conversion = judge(judged(), RETENTION, COMPETING)
    assert {p.curve for p in with_conversion.points if p.is_cause_specific} == {"retention_km"}
    users = judged()
    outcomes = np.where(users.outcomes == "conversion", "censored", users.outcomes)
    alone = judge(replace(users, outcomes=outcomes), RETENTION, ())
    assert {p.curve for p in alone.points} == {"retention_km"}
    assert not any(p.is_cause_specific for p in alone.points)
    assert not any(fit.is_cause_specific for fit in alone.fits)


def test_the_log_rank_test_leaves_the_unclassified_out_and_stands_on_the_overall_row_alone() -> None:
    overall, *segments = judge(judged(), RETENTION, COMPETING).fits
    assert overall.logrank_degrees == 2
    assert overall.logrank_p is not None
    assert overall.logrank_p < 1e-10
    assert all(fit.logrank_p is None and fit.logrank_reason is None for fit in segments)


def test_what_cannot_be_judged_has_rows_with_the_reason_and_no_figures() -> None:
    users = judged(unusable="no churn action is configured")
    judgement = judge(users, RETENTION, ())
    assert {fit.reason for fit in judgement.fits} == {"no churn action is configured"}
    assert {fit.drop_off_rate for fit in judgement.fits} == {None}
    assert {point.reason for point in judgement.points} == {"no churn action is configured"}
    assert compare_segments(users).reason == "no churn action is configured"


def test_without_segments_there_is_the_overall_row_alone() -> None:
    users = judged(drop_off_days=None)
    judgement = judge(replace(users, cluster_ids=np.full(305, "unclassified")), RETENTION, COMPETING)
    assert [fit.cluster_id for fit in judgement.fits] == [OVERALL]
    assert judgement.fits[0].drop_off_days == 14.0
    assert judgement.fits[0].logrank_reason is not None


def test_a_median_beyond_enough_users_at_risk_is_not_reported() -> None:
    users = judged()
    fits = judge(users, RETENTION, COMPETING).fits
    assert fits[1].median_days is None
    leaving = fits[3]
    assert leaving.median_days is not None
    members = users.cluster_ids == SEGMENTS[2]
    assert np.sum(users.durations_days[members] >= leaving.median_days) >= RETENTION.min_at_risk


def test_the_order_of_users_never_matters() -> None:
    users = judged()
    order = np.random.default_rng(0).permutation(305)
    shuffled = replace(
        users,
        **{
            name: getattr(users, name)[order]
            for name in ("cluster_ids", "durations_days", "outcomes", "followed_days", "tenure_days", "cohort_weeks")
        },
    )
    first, second = judge(users, RETENTION, COMPETING), judge(shuffled, RETENTION, COMPETING)
    assert first.points == second.points
    assert [fit.drop_off_rate for fit in first.fits] == [fit.drop_off_rate for fit in second.fits]


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        (Roles(churn=("a",)), ()),
        (Roles(churn=("a",), conversion=("b",)), ("conversion",)),
        (Roles(churn=("a",), conversion=("b",), end=("c",)), ("conversion", "end")),
    ],
)
def test_competing_endings_follow_the_roles(roles: Roles, expected: tuple[str, ...]) -> None:
    assert competing_endings(roles) == expected


def test_days_kept_are_means_of_those_not_lost_to_drop_off_against_all_others() -> None:
    users = judged()
    fits = judge(users, RETENTION, COMPETING).fits
    lost = np.where(users.outcomes == "churn", 14 - users.durations_days, 0.0)
    for fit in fits[1:4]:
        own = users.cluster_ids == fit.cluster_id
        assert (fit.rmst_tau_days, fit.is_mechanical) == (14.0, False)
        assert fit.rmst_days == pytest.approx(14 - lost[own].mean())
        assert fit.rmst_difference_days == pytest.approx(lost[~own].mean() - lost[own].mean())
        assert float(fit.rmst_difference_low or 0) < float(fit.rmst_difference_days or 0)
    assert fits[0].rmst_days == pytest.approx(14 - lost.mean())
    assert fits[0].rmst_difference_days is None
    assert fits[-1].rmst_days is None  # five users


def test_a_group_not_followed_to_the_day_of_the_others_has_no_mean_by_it() -> None:
    users = judged()
    own = users.cluster_ids == SEGMENTS[0]
    followed = np.where(own, 7.0, users.followed_days)
    cut = replace(
        users,
        durations_days=np.minimum(users.durations_days, followed),
        outcomes=np.where(users.durations_days > followed, "censored", users.outcomes),
        followed_days=followed,
    )
    fits = {fit.cluster_id: fit for fit in judge(cut, RETENTION, COMPETING).fits}
    assert fits[SEGMENTS[0]].rmst_days is None
    assert fits[SEGMENTS[1]].rmst_days is not None
