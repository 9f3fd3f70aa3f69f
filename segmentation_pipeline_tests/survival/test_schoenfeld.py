"""Residuals over time: a ratio that fades is seen, and thinning keeps the ends and the order."""

from __future__ import annotations

import numpy as np
import pytest

from segmentation_pipeline.survival.cox import fit_cox
from segmentation_pipeline.survival.schoenfeld import ScaledResiduals, proportionality


def _fit(fades: bool):
    rng = np.random.default_rng(3)
    exposed = np.arange(3_000) % 2 * 1.0
    days = rng.exponential(10 / np.where(exposed > 0, 4.0, 1.0))
    if fades:  # the exposed of the first four days go four times as fast, those left like the others
        days = np.where((exposed > 0) & (days > 2), 2 + rng.exponential(10, 3_000), days)
    outcomes = np.where(days < 14, "churn", "censored")
    return fit_cox({"exposed": exposed}, np.minimum(days, 14), outcomes)


def test_a_ratio_that_fades_is_told_from_one_that_stays() -> None:
    assert float(_fit(fades=True).term("exposed").proportional_p or 1) < 1e-6
    assert float(_fit(fades=False).term("exposed").proportional_p or 0) > 0.05


def test_residuals_average_to_nothing_and_show_the_course_of_the_coefficient() -> None:
    residuals = _fit(fades=True).residuals
    assert residuals is not None
    assert residuals.values.mean() == pytest.approx(0, abs=1e-6)
    early = residuals.days < 2
    assert residuals.values[early].mean() > 0.2 > -0.2 > residuals.values[~early].mean()


def test_thinning_keeps_first_and_last_in_order_and_is_the_same_every_time() -> None:
    days = np.sort(np.random.default_rng(0).uniform(0, 14, 1_234))
    whole = ScaledResiduals(("a",), days, np.arange(1_234.0)[:, None])
    thin = whole.thinned(100)
    assert (thin.days.size, thin.days[0], thin.days[-1]) == (100, days[0], days[-1])
    assert (np.diff(thin.values[:, 0]) > 0).all()
    assert np.array_equal(thin.values, whole.thinned(100).values)
    assert whole.thinned(1_234) is whole


def test_events_all_on_one_day_say_nothing_of_time() -> None:
    whole = ScaledResiduals(("a",), np.ones(5), np.arange(5.0)[:, None])
    assert proportionality(whole, np.ones(1)) == {}
