"""Intervals of proportions and of curves, against published and hand-computed figures."""

from __future__ import annotations

import math

import numpy as np
import pytest

from segmentation_pipeline.survival.intervals import log_log_interval, wilson_interval


@pytest.mark.parametrize(
    ("events", "users", "low", "high"),
    [
        (15, 148, 0.0624, 0.1605),  # Newcombe 1998, table I, method 3
        (81, 263, 0.2553, 0.3662),  # the same table
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_interval_gives_the_published_figures(events: int, users: int, low: float, high: float) -> None:
    assert wilson_interval(events, users) == pytest.approx((low, high), abs=5e-5)


def test_wilson_interval_of_nobody_says_nothing() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_log_log_interval_follows_its_formula_by_hand() -> None:
    survival, variance = 0.8, 0.0032  # 40 of 50 left, nobody censored
    width = 1.959963984540054 * math.sqrt(variance) / (survival * -math.log(survival))
    low, high = log_log_interval(np.array([survival]), np.array([variance]), np.array([50.0]))
    assert low[0] == pytest.approx(survival ** math.exp(width))
    assert high[0] == pytest.approx(survival ** math.exp(-width))


def test_nobody_gone_yet_is_not_reported_as_certainty() -> None:
    low, high = log_log_interval(np.array([1.0]), np.array([0.0]), np.array([20.0]))
    assert (low[0], high[0]) == pytest.approx((1 - 0.1611, 1.0), abs=5e-5)


def test_rounding_dust_at_zero_counts_as_zero() -> None:
    low, high = log_log_interval(np.array([2e-16]), np.array([1e-9]), np.array([20.0]))
    assert (low[0], high[0]) == pytest.approx((0.0, 0.1611), abs=5e-5)
