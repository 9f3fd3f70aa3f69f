"""Reading the users a refresh judges, and saying why none can be judged."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pytest

from segmentation_pipeline.config import Roles
from segmentation_pipeline.retention.judged_users import read_judged_users
from segmentation_pipeline_tests.retention.refresh_samples import MONTH, ROLES, SEGMENTS, judged, sample_warehouse

if TYPE_CHECKING:
    from pathlib import Path


def test_users_come_back_with_segment_follow_up_tenure_and_cohort(tmp_path: Path) -> None:
    with sample_warehouse(tmp_path).read() as db:
        users = read_judged_users(db, MONTH, ROLES)
    expected = judged()
    assert users.unusable is None
    assert users.drop_off_days == 14.0
    assert users.segments == [*SEGMENTS, "unclassified"]
    assert np.array_equal(users.cluster_ids, expected.cluster_ids)
    assert np.array_equal(users.durations_days, expected.durations_days)
    assert np.array_equal(users.tenure_days, expected.tenure_days)
    hours = (expected.cohort_weeks * 168).astype(int)
    assert users.cohort_weeks == pytest.approx((hours - hours.min()) / 168)


@pytest.mark.parametrize(
    ("status", "roles", "month", "reason"),
    [
        ("ready", Roles(), MONTH, "roles] in pipeline.toml"),
        ("insufficient_data", ROLES, MONTH, "insufficient data: 4 users"),
        ("ready", ROLES, date(2026, 2, 1), "no refresh of 2026-02"),
    ],
)
def test_what_cannot_be_judged_says_why(tmp_path: Path, status: str, roles: Roles, month: date, reason: str) -> None:
    with sample_warehouse(tmp_path, status=status).read() as db:
        assert reason in str(read_judged_users(db, month, roles).unusable)
