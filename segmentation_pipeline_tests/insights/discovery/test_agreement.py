"""Contingency, mutual information, shares and retention, against figures worked out by hand."""

import pytest

from segmentation_pipeline.insights.discovery.agreement import Followed, overlaps, segment_figures
from segmentation_pipeline.insights.discovery.assigning import Assignment

A, B, NONE = "2026-01-d-a", "2026-01-d-b", "unclassified"


def row(user, segment, confidence=0.8):
    if segment is None:
        return Assignment(user, "pending", None, None, None, "daily_limit: wait", "m", "m", "0" * 16)
    status = NONE if segment == NONE else "assigned"
    return Assignment(user, status, segment, segment, confidence, "why", "m", "m", "0" * 16)


def test_the_contingency_counts_answered_users_and_what_chance_would_give():
    rows = [row("1", A), row("2", A), row("3", A), row("4", B), row("5", NONE), row("6", None)]
    clusters = {"1": "x", "2": "x", "3": "y", "4": "y", "5": "y", "6": "x"}
    found = {(o.segment_id, o.cluster_id): o for o in overlaps(rows, clusters)}
    assert set(found) == {(A, "x"), (A, "y"), (B, "y"), (NONE, "y")}
    both = found[A, "x"]
    assert (both.user_count, both.share_of_segment, both.share_of_cluster) == (2, pytest.approx(2 / 3), 1.0)
    assert both.expected_count == pytest.approx(3 * 2 / 5)


@pytest.mark.parametrize(
    ("clusters", "agreement"),
    [({"1": "x", "2": "x", "3": "y", "4": "y"}, 1.0), ({"1": "x", "2": "y", "3": "x", "4": "y"}, -0.5)],
    ids=["the same partition", "as different as can be"],
)
def test_mutual_information_is_one_for_the_same_partition_and_under_zero_for_crossed_ones(clusters, agreement):
    # Crossed 2x2: MI 0, expected MI ln(2)/3, mean entropy ln(2): (0 - 1/3) / (1 - 1/3) = -1/2.
    rows = [row("1", A), row("2", A), row("3", B), row("4", B)]
    assert overlaps(rows, clusters)[0].adjusted_mutual_information == pytest.approx(agreement)


def test_pending_users_are_in_no_share_and_nobody_agrees_with_nothing():
    rows = [row("1", A, 0.6), row("2", A, 0.8), row("3", NONE, 0.1), *(row(str(n), None) for n in range(4, 40))]
    followed = Followed({}, {}, "followed for 2.2 days, 14 are needed")
    figures = {f.segment_id: f for f in segment_figures(rows, {A: "One", B: "Two"}, followed)}
    assert (figures[A].user_count, figures[A].share) == (2, pytest.approx(2 / 3))
    assert figures[A].mean_confidence == pytest.approx(0.7)
    assert (figures[B].user_count, figures[B].share, figures[B].mean_confidence) == (0, 0.0, None)
    assert figures[NONE].share == pytest.approx(1 / 3)
    assert {f.retention_status for f in figures.values()} == {"not_applicable"}
    assert overlaps([row("1", None)], {"1": "x"}) == []


def test_retention_is_what_has_not_dropped_off_by_day_fourteen():
    users = [str(number) for number in range(20)]
    durations = dict.fromkeys(users, 14.0) | dict.fromkeys(users[:5], 3.0)
    outcomes = dict.fromkeys(users, "censored") | dict.fromkeys(users[:5], "churn")
    found = segment_figures([row(user, A) for user in users], {A: "One"}, Followed(durations, outcomes, None))[0]
    assert (found.retention_status, found.retained_day_14) == ("observed", pytest.approx(0.75))
    assert found.retained_low < 0.75 < found.retained_high
