"""Hazard ratios between segments as rows: what each compares, and why it is missing where it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from segmentation_pipeline.retention.hazards import MOST_RESIDUALS, judge_hazards
from segmentation_pipeline_tests.retention.refresh_samples import SEGMENTS, judged


def test_every_segment_and_adjustment_has_a_row_and_the_reference_has_most_drop_offs() -> None:
    rows = {row.term: row for row in judge_hazards(judged(), 0.05).rows}
    assert list(rows) == [*SEGMENTS, "unclassified", "tenure_days", "cohort_weeks"]
    assert rows[SEGMENTS[2]].status == "reference"
    assert rows[SEGMENTS[0]].description == f"Hazard of dropping off of users of {SEGMENTS[0]}, against {SEGMENTS[2]}."
    assert float(rows[SEGMENTS[0]].high or 9) < float(rows[SEGMENTS[1]].hazard_ratio or 0) < 1
    assert rows["unclassified"].reason == "1 drop-offs, fewer than 10: left out"
    assert {row.penalizer for row in rows.values()} == {0.0}


def test_with_one_landmark_for_all_the_cohort_is_the_tenure_reversed_and_left_out() -> None:
    users = judged()
    users = replace(users, cohort_weeks=(40 - users.tenure_days) / 7)
    rows = {row.term: row for row in judge_hazards(users, 0.05).rows}
    assert rows["tenure_days"].status == "fitted"
    assert "collinear" in str(rows["cohort_weeks"].reason)


def test_with_the_same_lead_in_for_all_the_tenure_is_constant_and_left_out() -> None:
    rows = {row.term: row for row in judge_hazards(replace(judged(), tenure_days=np.ones(305)), 0.05).rows}
    assert "constant" in str(rows["tenure_days"].reason)
    assert rows["cohort_weeks"].status == "fitted"


def test_a_shrunken_fit_says_so() -> None:
    users = judged()
    separated = np.where(users.outcomes == "churn", 5.0, 1.0)
    rows = judge_hazards(replace(users, tenure_days=separated), 0.05).rows
    fitted = [row for row in rows if row.status == "fitted"]
    assert fitted
    assert all("shrunk" in str(row.reason) and float(row.penalizer or 0) > 0 for row in fitted)


def test_nothing_to_judge_is_one_row_with_the_reason() -> None:
    (row,) = judge_hazards(judged(unusable="insufficient data: 4 users"), 0.05).rows
    assert (row.term, row.kind, row.status) == ("model", "model", "not_fitted")
    assert row.reason == "insufficient data: 4 users"


def test_without_segments_there_is_nothing_to_compare() -> None:
    (row,) = judge_hazards(replace(judged(), cluster_ids=np.full(305, "unclassified")), 0.05).rows
    assert "no segments were formed" in str(row.reason)


def test_residuals_are_those_of_the_fitted_terms_in_order_and_bounded() -> None:
    hazards = judge_hazards(judged(), 0.05)
    fitted = [row.term for row in hazards.rows if row.status == "fitted"]
    assert list(dict.fromkeys(row.term for row in hazards.residuals)) == fitted
    own = [row for row in hazards.residuals if row.term == fitted[0]]
    assert [row.event_number for row in own] == list(range(1, 121))  # 10 + 40 + 70 drop-offs of fitted segments
    assert [row.day for row in own] == sorted(row.day for row in own)
    assert len(own) <= MOST_RESIDUALS
