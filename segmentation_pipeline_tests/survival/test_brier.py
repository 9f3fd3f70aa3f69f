"""Integrated Brier: scores worked out by hand, with and without users lost from sight."""

from __future__ import annotations

import numpy as np
import pytest

from segmentation_pipeline.survival.brier import GRID_DAYS, followed_share, integrated_brier

FIRST_TRAPEZOID = 1 - 0.5 / GRID_DAYS
"""A constant prediction below 1 is wrong from the first day of the grid on, half a step after day 0."""


def test_without_censoring_it_is_the_mean_squared_error_over_time() -> None:
    days, everyone = np.array([1.0, 2.0, 3.0, 4.0]), np.ones(4, dtype=bool)
    assert integrated_brier(lambda _: 0.5, days, everyone, 4.0).mean() == pytest.approx(0.25 * FIRST_TRAPEZOID)
    # Predicting that all stay is wrong for the 3, 2, 1 and 0 days each is gone.
    parts = integrated_brier(lambda _: 1.0, days, everyone, 4.0)
    assert parts == pytest.approx(np.array([3, 2, 1, 0]) / 4, abs=0.01)


def test_those_still_followed_stand_for_who_was_lost_from_sight() -> None:
    days, happened = np.array([1.0, 2.0, 3.0]), np.array([True, False, True])
    unseen = followed_share(days, happened)
    assert unseen.after(np.array([1.9, 2.0, 9.0])).tolist() == [1.0, 0.5, 0.5]
    assert unseen.up_to(np.array([2.0, 3.0])).tolist() == [1.0, 0.5]
    parts = integrated_brier(lambda _: 0.5, days, happened, 4.0)
    # From day 2 on the second is not counted, and the third is counted twice.
    assert parts == pytest.approx([0.25, 0.25 * 2 / 4, 0.25 * (2 / 4 + 2 * 2 / 4)], abs=0.01)
    assert parts.mean() == pytest.approx(0.25 * FIRST_TRAPEZOID, abs=1e-9)


def test_an_event_on_the_day_of_a_loss_comes_before_it() -> None:
    unseen = followed_share(np.array([1.0, 1.0, 2.0]), np.array([True, False, False]))
    assert unseen.share.tolist() == [0.5, 0.0]


def test_on_average_censoring_leaves_the_score_where_it_was() -> None:
    rng = np.random.default_rng(5)
    ends, lost = rng.exponential(8, 40_000), rng.exponential(12, 40_000)
    whole = integrated_brier(lambda day: np.exp(-day / 8), ends, np.ones(40_000, dtype=bool), 10.0).mean()
    seen = integrated_brier(lambda day: np.exp(-day / 8), np.minimum(ends, lost), ends <= lost, 10.0).mean()
    assert seen == pytest.approx(whole, abs=0.003)
