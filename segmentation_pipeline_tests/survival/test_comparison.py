"""The global log-rank test against a published figure, and when it is not made."""

from __future__ import annotations

import numpy as np
import pytest

from segmentation_pipeline.survival.comparison import holm_adjusted, log_rank


def test_log_rank_of_lung_by_sex_is_the_published_one() -> None:
    from lifelines.datasets import load_lung

    lung = load_lung()
    outcomes = np.where(lung["status"] == 1, "churn", "censored")
    tested = log_rank(lung["time"].to_numpy(float), outcomes, lung["sex"].astype(str).to_numpy())
    assert tested.statistic == pytest.approx(10.33, abs=0.005)  # survdiff(Surv(time, status) ~ sex, lung) in R
    assert tested.p == pytest.approx(0.00131, abs=5e-6)
    assert (tested.degrees_of_freedom, tested.group_count) == (1, 2)


def test_log_rank_by_hand() -> None:
    # Days 1..4 with one churn each, a: 1, 2; b: 3, 4. Expected in a: 2/4 + 1/3; variance 1/4 + 2/9.
    tested = log_rank([1, 2, 3, 4], ["churn"] * 4, ["a", "a", "b", "b"])
    assert tested.statistic == pytest.approx((2 - 5 / 6) ** 2 / (1 / 4 + 2 / 9))


def test_equal_groups_are_not_told_apart() -> None:
    tested = log_rank([1, 2, 3, 1, 2, 3], ["churn"] * 6, ["a"] * 3 + ["b"] * 3)
    assert tested.statistic == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("outcomes", "groups", "reason"),
    [
        (["churn", "churn"], ["a", "a"], "only one segment"),
        (["censored", "conversion"], ["a", "b"], "nobody dropped off"),
    ],
)
def test_a_test_that_cannot_be_made_says_why(outcomes: list[str], groups: list[str], reason: str) -> None:
    tested = log_rank([1.0, 2.0], outcomes, groups)
    assert (tested.statistic, tested.p) == (None, None)
    assert reason in str(tested.reason)


def test_holm_multiplies_by_those_left_and_never_falls() -> None:
    assert holm_adjusted([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm_adjusted([0.9, 0.6]) == [1.0, 1.0]
    assert holm_adjusted([]) == []
