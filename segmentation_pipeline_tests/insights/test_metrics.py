"""The evidence table: levels, overall and contrasts by hand, on users few enough to count."""

from __future__ import annotations

import math

import numpy as np
import pytest

from segmentation_pipeline.insights.contrasts import Interval
from segmentation_pipeline.insights.metrics import (
    Judged,
    MetricRow,
    Users,
    action_measures,
    action_metric_names,
    evidence_rows,
)

A, B = "2026-03-a", "2026-03-b"


def rows_of(
    measures: dict[str, list[float]] | None = None,
    flags: dict[str, list[float]] | None = None,
    clusters: list[str] | None = None,
    judged: dict[str, Judged] | None = None,
    outcomes: list[str] | None = None,
    is_mechanical: bool = False,
) -> dict[tuple[str, str], MetricRow]:
    clusters = clusters or [A, A, A, B, B, "unclassified"]
    ends = outcomes or ["censored"] * len(clusters)
    users = Users(
        np.array(clusters),
        {name: np.array(values) for name, values in (measures or {}).items()},
        {name: np.array(values) for name, values in (flags or {}).items()},
        np.array([1.0 if end != "censored" else 4.0 for end in ends]),
        np.array(ends),
    )
    rows = evidence_rows(users, judged or {A: Judged(), B: Judged()}, has_conversion=True, is_mechanical=is_mechanical)
    return {(row.cluster_id, row.metric_id): row for row in rows}


def test_sizes_and_shares_count_unclassified_users_only_in_all() -> None:
    rows = rows_of()
    assert rows[A, "size"].value == 3
    assert rows[A, "share"].value == 0.5
    assert rows[A, "size"].overall_value == 6
    assert rows["overall", "share"].value == 1.0
    assert "unclassified" not in {cluster_id for cluster_id, _ in rows}


def test_a_mean_is_contrasted_with_everyone_else_and_not_with_all() -> None:
    rows = rows_of({"session_depth": [10.0, 11.0, 12.0, 1.0, 2.0, 3.0]})
    row = rows[A, "session_depth"]
    # 11 against 2; both variances 1, n 3: 9 +- t(4, .975) * sqrt(2/3) = 9 +- 2.26689
    assert (row.value, row.overall_value) == (11.0, 6.5)
    assert row.contrast_low == pytest.approx(9 - 2.26689, abs=1e-4)
    assert row.contrast_high == pytest.approx(9 + 2.26689, abs=1e-4)
    assert row.contrast_direction == "higher"
    assert rows["overall", "session_depth"].contrast_direction == "none"


def test_a_missing_measure_counts_neither_here_nor_in_the_rest() -> None:
    row = rows_of({"recent_visit_share": [0.5, 0.7, math.nan, 0.1, math.nan, 0.2]})[A, "recent_visit_share"]
    assert row.user_count == 2
    assert row.value == pytest.approx(0.6)
    assert row.overall_value == pytest.approx(0.375)


def test_a_measure_nobody_of_a_segment_has_is_no_row() -> None:
    rows = rows_of({"pause_minutes": [1.0, 2.0, 3.0, math.nan, math.nan, 2.0]})
    assert (A, "pause_minutes") in rows
    assert (B, "pause_minutes") not in rows


def test_a_flag_is_a_proportion() -> None:
    row = rows_of(flags={"single_visit_share": [1.0, 1.0, 0.0, 0.0, 0.0, 0.0]})[A, "single_visit_share"]
    assert row.value == pytest.approx(2 / 3)
    assert row.low == pytest.approx(0.20766, abs=1e-5)  # Wilson 2 of 3


def test_outcomes_cite_the_segments_own_figure_and_contrast_it_with_the_rest() -> None:
    clusters = [A] * 40 + [B] * 40
    outcomes = ["churn"] * 30 + ["censored"] * 10 + ["churn"] * 10 + ["conversion"] * 20 + ["censored"] * 10
    cited = Interval(0.75, 0.6, 0.86)
    rows = rows_of(
        clusters=clusters,
        outcomes=outcomes,
        judged={A: Judged(cited, 4.0), B: Judged(Interval(0.25, 0.14, 0.4), 4.0)},
    )
    row = rows[A, "drop_off_rate"]
    assert (row.value, row.low, row.high, row.overall_value) == (0.75, 0.6, 0.86, 0.5)
    assert row.contrast_direction == "higher"
    assert rows["overall", "drop_off_rate"].value == 0.5
    assert rows[B, "conversion_rate"].value == 0.5
    assert rows[B, "conversion_rate"].contrast_direction == "higher"


def test_drop_off_that_is_silence_offers_no_direction() -> None:
    outcomes = ["churn"] * 40 + ["censored"] * 40
    judged = {A: Judged(None, 4.0, {3.0: Interval(0.0, 0.0, 0.1)}), B: Judged(None, 4.0)}
    rows = rows_of(clusters=[A] * 40 + [B] * 40, outcomes=outcomes, judged=judged, is_mechanical=True)
    assert rows[A, "drop_off_rate"].contrast_direction == "none"
    assert rows[A, "drop_off_rate"].contrast_low is None
    assert rows[A, "retention_day_3"].contrast_direction == "none"


def test_an_outcome_nobody_was_followed_to_is_no_row() -> None:
    rows = rows_of(judged={A: Judged(), B: Judged()})
    assert not [key for key in rows if key[1] in ("drop_off_rate", "conversion_rate")]


def test_actions_become_shares_of_events_and_reach() -> None:
    shares, reaches = action_measures(
        np.array([0, 0, 2]), ["login", "pay", "login"], np.array([3.0, 1.0, 5.0]), np.array([4.0, 0.0, 10.0])
    )
    assert shares["action_share:login"][[0, 2]].tolist() == [0.75, 0.5]
    assert math.isnan(shares["action_share:login"][1])
    assert reaches["action_reach:pay"].tolist() == [1.0, 0.0, 0.0]


def test_actions_that_clean_to_one_name_stay_apart() -> None:
    names = action_metric_names(["pay", "p`ay", "x" * 100, "x" * 101])
    assert len(set(names.values())) == 4
    assert max(map(len, names.values())) <= 60


def test_order_of_users_within_a_segment_does_not_change_what_is_said() -> None:
    values = [10.0, 11.0, 12.0, 1.0, 2.0, 3.0]
    forward = rows_of({"session_depth": values})[A, "session_depth"]
    backward = rows_of({"session_depth": [12.0, 11.0, 10.0, 2.0, 1.0, 3.0]})[A, "session_depth"]
    assert forward.value == backward.value
    assert forward.contrast_low == pytest.approx(backward.contrast_low)
