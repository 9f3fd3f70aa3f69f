"""Every pair of segments has a row: tested and adjusted, or with the reason why not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from segmentation_pipeline.retention.comparing import compare_pairs
from segmentation_pipeline.survival.comparison import log_rank
from segmentation_pipeline_tests.retention.refresh_samples import RETENTION, SEGMENTS, judged


def test_pairs_are_tested_each_for_itself_and_adjusted_for_all() -> None:
    users = judged()
    rows = compare_pairs(users, RETENTION)
    assert [(row.cluster_id, row.other_cluster_id) for row in rows] == [
        (SEGMENTS[0], SEGMENTS[1]),
        (SEGMENTS[0], SEGMENTS[2]),
        (SEGMENTS[1], SEGMENTS[2]),
    ]
    both = np.isin(users.cluster_ids, [SEGMENTS[1], SEGMENTS[2]])
    alone = log_rank(users.durations_days[both], users.outcomes[both], users.cluster_ids[both].tolist())
    assert rows[2].logrank_p == alone.p
    ordered = sorted(float(row.logrank_p or 0) for row in rows)
    assert sorted(float(row.holm_p or 0) for row in rows) == pytest.approx(
        [3 * ordered[0], max(3 * ordered[0], 2 * ordered[1]), max(2 * ordered[1], ordered[2])]
    )
    assert {row.pair_count for row in rows} == {3}


def test_days_kept_longer_are_those_of_the_first() -> None:
    rows = compare_pairs(judged(), RETENTION)
    assert {row.rmst_tau_days for row in rows} == {14.0}
    assert all(float(row.rmst_difference_low or 0) > 0 for row in rows)  # 10, 40 and 70 of 100 drop off
    first = rows[0].rmst_difference_days
    assert rows[1].rmst_difference_days == pytest.approx((first or 0) + (rows[2].rmst_difference_days or 0))


def test_a_segment_too_small_is_a_row_and_the_others_are_adjusted_for_the_tested_alone() -> None:
    users = judged()
    small = np.flatnonzero(users.cluster_ids == SEGMENTS[0])[15:]
    ids = users.cluster_ids.copy()
    ids[small] = "unclassified"
    rows = compare_pairs(replace(users, cluster_ids=ids), RETENTION)
    assert [row.status for row in rows] == ["not_fitted", "not_fitted", "fitted"]
    assert rows[0].reason == f"15 users at risk in {SEGMENTS[0]}, fewer than 20"
    assert (rows[2].pair_count, rows[2].holm_p) == (1, rows[2].logrank_p)


def test_a_segment_nobody_left_is_tested_but_its_days_have_no_interval() -> None:
    users = judged()
    outcomes = np.where((users.cluster_ids == SEGMENTS[0]) & (users.outcomes == "churn"), "censored", users.outcomes)
    rows = compare_pairs(replace(users, outcomes=outcomes), RETENTION)
    assert float(rows[0].logrank_p or 1) < 0.001
    assert rows[0].rmst_difference_days is None


def test_what_cannot_be_judged_is_said_of_every_pair() -> None:
    rows = compare_pairs(judged(unusable="no churn action"), RETENTION)
    assert [row.reason for row in rows] == ["no churn action"] * 3
    assert {row.holm_p for row in rows} == {None}
