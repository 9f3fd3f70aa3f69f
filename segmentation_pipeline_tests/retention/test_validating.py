"""Models of a refresh are judged on the later third of its users, or say why not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from segmentation_pipeline.retention.validating import validation_rows
from segmentation_pipeline_tests.retention.refresh_samples import RETENTION, SEGMENTS, judged


def test_the_later_third_is_tested_and_segments_that_differ_help() -> None:
    users = judged()
    km, cox = validation_rows(users, RETENTION)
    later = users.split_order >= np.quantile(users.split_order, 2 / 3)
    # Ten drop-offs in all leave too few among the train users for a level of their own.
    known = np.isin(users.cluster_ids, SEGMENTS[1:])
    assert cox.test_user_count == km.test_user_count == int((later & known).sum())
    assert (cox.train_user_count, cox.split) == (int((~later & known).sum()), "hash")
    assert (km.concordance, km.brier_difference) == (0.5, None)
    assert float(cox.concordance or 0) > 0.6
    assert float(cox.brier_difference or 0) == pytest.approx(
        float(cox.integrated_brier or 0) - float(km.integrated_brier or 0)
    )
    assert float(cox.brier_difference or 0) < 0


def test_users_who_entered_at_one_moment_cannot_be_split() -> None:
    users = judged()
    rows = validation_rows(replace(users, split_order=np.zeros(len(users.cluster_ids))), RETENTION)
    assert {row.status for row in rows} == {"not_fitted"}
    assert all("train users" in str(row.reason) for row in rows)


@pytest.mark.parametrize(
    ("users", "said"),
    [
        (judged(unusable="no churn action"), "no churn action"),
        (replace(judged(), cluster_ids=np.full(305, "unclassified")), "no segments were formed"),
        (replace(judged(), outcomes=np.full(305, "censored")), "no model of the train users"),
    ],
)
def test_without_something_to_predict_both_rows_say_why(users, said: str) -> None:
    rows = validation_rows(users, RETENTION)
    assert [row.model for row in rows] == ["km", "cox"]
    assert all(said in str(row.reason) and row.concordance is None for row in rows)


def test_segments_are_known_by_name_not_by_place() -> None:
    users = judged()
    order = np.random.default_rng(4).permutation(len(users.cluster_ids))
    shuffled = replace(
        users,
        **{
            name: getattr(users, name)[order]
            for name in (
                "cluster_ids",
                "durations_days",
                "outcomes",
                "followed_days",
                "tenure_days",
                "cohort_weeks",
                "split_order",
            )
        },
    )
    first, second = validation_rows(users, RETENTION)[1], validation_rows(shuffled, RETENTION)[1]
    assert second.integrated_brier == pytest.approx(first.integrated_brier, abs=1e-9)
