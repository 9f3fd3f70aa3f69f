"""Concordance: pairs counted by hand, and against lifelines on ties of every kind."""

from __future__ import annotations

import numpy as np
import pytest

from segmentation_pipeline.survival.concordance import concordance


@pytest.mark.parametrize(
    ("risks", "days", "happened", "expected"),
    [
        ([3, 2, 1], [1, 2, 3], [1, 1, 1], 1.0),
        ([1, 2, 3], [1, 2, 3], [1, 1, 1], 0.0),
        ([1, 1, 1], [1, 2, 3], [1, 1, 1], 0.5),
        ([3, 1, 2], [1, 2, 3], [1, 1, 1], 2 / 3),
        ([2, 1], [1, 1], [1, 0], 1.0),  # last seen on the day of the event: still there after it
        ([2, 1], [1, 1], [1, 1], None),  # both on one day: nobody was first
        ([2, 1], [1, 2], [0, 1], None),  # lost from sight before: nobody knows
    ],
)
def test_pairs_of_known_order_are_counted(risks, days, happened, expected) -> None:
    found = concordance(np.array(risks, float), np.array(days, float), np.array(happened, bool))
    assert found == (expected if expected is None else pytest.approx(expected))


def test_ties_in_risk_and_time_count_as_in_lifelines() -> None:
    from lifelines.utils import concordance_index

    rng = np.random.default_rng(1)
    for size in (20, 65, 300):
        days, happened = np.ceil(rng.exponential(5, size)), rng.random(size) < 0.6
        risks = np.round(rng.normal(size=size), 1)
        assert concordance(risks, days, happened) == pytest.approx(concordance_index(days, -risks, happened), abs=1e-12)
