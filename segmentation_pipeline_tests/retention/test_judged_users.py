"""Reading the users a refresh judges, and saying why none can be judged."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pytest

from segmentation_pipeline.retention.judged_users import read_judged_users
from segmentation_pipeline_tests.retention.refresh_samples import MONTH, SEGMENTS, judged, sample_warehouse

if TYPE_CHECKING:
    from pathlib import Path


def test_users_come_back_with_segment_follow_up_tenure_and_cohort(tmp_path: Path) -> None:
    with sample_warehouse(tmp_path).read() as db:
        users = read_judged_users(db, MONTH)
    expected = judged()
    assert users.unusable is None
    assert users.drop_off_days == 14.0
    assert users.segments == [*SEGMENTS, "unclassified"]
    assert np.array_equal(users.cluster_ids, expected.cluster_ids)
    assert np.array_equal(users.durations_days, expected.durations_days)
    assert np.array_equal(users.tenure_days, expected.tenure_days)
    hours = (expected.cohort_weeks * 168).astype(int)
    assert users.cohort_weeks == pytest.approx((hours - hours.min()) / 168)


def test_one_landmark_for_all_is_split_by_a_hash_that_never_changes(tmp_path: Path) -> None:
    with sample_warehouse(tmp_path).read() as db:
        users = read_judged_users(db, MONTH)
    assert users.split == "hash"
    assert users.split_order[0] == int(hashlib.md5(b"u000").hexdigest()[:8], 16) / 2**32
    assert 0.55 < float(np.mean(users.split_order < 2 / 3)) < 0.78


def test_landmarks_of_their_own_split_users_by_entry(tmp_path: Path) -> None:
    with sample_warehouse(tmp_path, clock="entry").read() as db:
        users = read_judged_users(db, MONTH)
    assert users.split == "entry"
    assert np.array_equal(users.split_order, users.cohort_weeks)


def test_drop_off_by_silence_is_mechanical(tmp_path: Path) -> None:
    with sample_warehouse(tmp_path, definition="inactivity").read() as db:
        users = read_judged_users(db, MONTH)
    assert (users.is_mechanical, users.unusable) == (True, None)


@pytest.mark.parametrize(
    ("status", "unjudged", "month", "reason"),
    [
        ("ready", "no churn action is configured", MONTH, "no churn action is configured"),
        ("insufficient_data", None, MONTH, "insufficient data: 4 users"),
        ("ready", None, date(2026, 2, 1), "no refresh of 2026-02"),
    ],
)
def test_what_cannot_be_judged_says_why(
    tmp_path: Path, status: str, unjudged: str | None, month: date, reason: str
) -> None:
    with sample_warehouse(tmp_path, status=status, unjudged=unjudged).read() as db:
        assert reason in str(read_judged_users(db, month).unusable)
