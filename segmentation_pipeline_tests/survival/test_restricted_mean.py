"""Restricted means: areas and errors by hand, against lifelines, and a mean where nobody is lost from sight."""

from __future__ import annotations

import math

import numpy as np
import pytest

from segmentation_pipeline.survival.restricted_mean import difference, restricted_mean


def test_area_and_greenwood_error_by_hand() -> None:
    # Survival 1 until day 1, 3/4 until 3, then 3/8: lost by day 4 are 1/4 x 3 + 3/8 x 1 days.
    found = restricted_mean([1, 2, 3, 5], ["churn", "censored", "churn", "censored"], 4)
    assert found.days == pytest.approx(4 - 0.75 - 0.375)
    # Greenwood: area left after day 1 is 2 x 3/4 + 3/8, after day 3 it is 3/8; squared over n (n - d).
    variance = (1.5 + 0.375) ** 2 / (4 * 3) + 0.375**2 / (2 * 1)
    assert found.standard_error == pytest.approx(math.sqrt(variance))
    assert (found.low, found.high) == (
        pytest.approx(found.days - 1.959964 * found.standard_error),
        4.0,  # nobody keeps more days than there are
    )


def test_the_area_is_that_of_lifelines() -> None:
    from lifelines import KaplanMeierFitter
    from lifelines.datasets import load_lung
    from lifelines.utils import restricted_mean_survival_time

    lung = load_lung()
    found = restricted_mean(lung["time"].to_numpy(float), np.where(lung["status"] == 1, "churn", "censored"), 500.0)
    fitted = KaplanMeierFitter().fit(lung["time"], lung["status"])
    assert found.days == pytest.approx(restricted_mean_survival_time(fitted, 500), abs=1e-9)


def test_with_everyone_followed_it_is_the_mean_of_days_not_lost_to_drop_off() -> None:
    rng = np.random.default_rng(3)
    ends, cause = rng.exponential(5, 200), rng.choice(["churn", "conversion", "end"], 200)
    outcomes = np.where(ends <= 6, cause, "censored")
    lost = np.where(outcomes == "churn", 6 - ends, 0.0)  # who converted has lost nothing
    found = restricted_mean(np.minimum(ends, 6), outcomes, 6)
    assert found.days == pytest.approx(6 - lost.mean())
    assert found.standard_error == pytest.approx(lost.std() / math.sqrt(200))


def test_intervals_cover_the_truth_with_competing_endings_and_users_lost_from_sight() -> None:
    # Hazards .12 and .08: incidence of drop-off by t is .6 (1 - exp(-.2 t)), its integral up to 6 the time lost.
    truth = 6 - 0.6 * (6 - (1 - math.exp(-1.2)) / 0.2)
    rng = np.random.default_rng(8)
    covered = 0
    for _ in range(200):
        ends, seen = rng.exponential(5, 150), rng.uniform(2, 12, 150)
        outcomes = np.where(ends <= seen, rng.choice(["churn", "conversion"], 150, p=[0.6, 0.4]), "censored")
        found = restricted_mean(np.minimum(ends, seen), outcomes, 6)
        covered += found.low <= truth <= found.high
    assert 180 <= covered <= 199


def test_differences_add_variances_and_need_one_day() -> None:
    one = restricted_mean([1, 2, 3, 5], ["churn", "censored", "churn", "censored"], 4)
    other = restricted_mean([4, 4, 4, 2], ["censored"] * 3 + ["churn"], 4)
    found = difference(one, other)
    assert found.days == pytest.approx(one.days - other.days)
    assert found.high - found.days == pytest.approx(1.959964 * math.hypot(one.standard_error, other.standard_error))
    with pytest.raises(ValueError, match="restricted to day 4 and to day 3"):
        difference(one, restricted_mean([1, 5], ["churn", "censored"], 3))


def test_nobody_has_no_mean() -> None:
    with pytest.raises(ValueError, match="needs users"):
        restricted_mean([], [], 3)
