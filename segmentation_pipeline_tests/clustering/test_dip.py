"""The dip against its definition solved as a linear programme, and its p against uniform samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from segmentation_pipeline.clustering.dip import LEAST_VALUES, QUANTILES, TAILS, dip, dip_p


def dip_by_definition(values):
    """Minimise, over distribution functions with a mode at any of the values, the largest distance from the sample's.

    Left of the mode the function is convex, right of it concave; only at the mode it may jump.
    """
    places, counts = np.unique(values, return_counts=True)
    after = np.cumsum(counts) / counts.sum()
    before = after - counts / counts.sum()
    return min(_distance_with_mode(places, before, after, mode) for mode in range(len(places)))


def _distance_with_mode(places, before, after, mode):
    size = len(places)
    left = list(range(mode + 1))  # values up to the mode, just before it
    right = list(range(mode, size))  # from the mode on, just after it
    width = len(left) + len(right) + 1
    limits, bounds = [], []

    def limit(bound, *terms):
        row = np.zeros(width)
        for column, weight in terms:
            row[column] += weight
        limits.append(row)
        bounds.append(bound)

    distance = width - 1
    for column, place in enumerate([*left, *right]):
        is_mode = place == mode
        low, high = before[place], after[place]
        if is_mode:
            low, high = (before[place], before[place]) if column < len(left) else (after[place], after[place])
        limit(low, (column, 1.0), (distance, -1.0))
        limit(-high, (column, -1.0), (distance, -1.0))
    for side, sign in ((range(len(left)), 1.0), (range(len(left), width - 1), -1.0)):
        at = [places[place] for place in (left if sign > 0 else right)]
        for middle in range(1, len(at) - 1):
            one, two = at[middle] - at[middle - 1], at[middle + 1] - at[middle]
            column = side[middle]
            limit(0.0, (column, sign * (1 / one + 1 / two)), (column - 1, -sign / one), (column + 1, -sign / two))
    for column in range(width - 2):
        limit(0.0, (column, 1.0), (column + 1, -1.0))
    goal = np.zeros(width)
    goal[distance] = 1.0
    found = linprog(goal, A_ub=np.array(limits), b_ub=bounds, bounds=[(-1, 2)] * (width - 1) + [(0, 1)])
    return found.fun


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["one mode", "two modes", "ties"])
def test_the_dip_is_the_distance_its_definition_asks_for(kind, seed):
    rng = np.random.default_rng(seed)
    values = {
        "one mode": rng.normal(size=18),
        "two modes": np.concatenate([rng.normal(size=9), rng.normal(5, 1, 9)]),
        "ties": rng.integers(0, 6, 24).astype(float),
    }[kind]
    assert dip(values) == pytest.approx(dip_by_definition(values), abs=1e-9)


def test_dips_known_by_hand():
    # Two atoms of a half each: the nearest single mode takes one of them whole and half of the other away.
    assert dip(np.array([0.0, 0.0, 1.0, 1.0])) == pytest.approx(0.25)
    assert dip(np.full(12, 3.0)) == 0.0
    # Evenly spread values are as flat as a sample can be: half a step of a twentieth away from the uniform.
    assert dip(np.arange(20.0)) == pytest.approx(1 / 40)


@given(
    values=st.lists(st.integers(min_value=-50, max_value=50), min_size=2, max_size=40),
    shift=st.integers(min_value=-9, max_value=9),
)
@hypothesis_settings(max_examples=40, deadline=None)
def test_neither_order_nor_unit_nor_direction_of_the_values_changes_the_dip(values, shift):
    given_values = np.array(values, dtype=float)
    found = dip(given_values)
    assert 0.0 <= found <= 0.25
    for same in (given_values[::-1], 4.0 * given_values + shift, -given_values):
        assert dip(same) == pytest.approx(found, abs=1e-12)


@pytest.mark.parametrize("count", [40, 300])
def test_one_mode_is_called_two_no_more_often_than_promised(count):
    rng = np.random.default_rng(count)
    found = np.array([dip_p(dip(rng.uniform(size=count)), count) for _ in range(400)])
    for level in (0.05, 0.2, 0.5):
        assert (found <= level).mean() == pytest.approx(level, abs=3.5 * np.sqrt(level * (1 - level) / 400))
    normal = [dip_p(dip(rng.normal(size=count)), count) for _ in range(100)]
    assert np.mean(np.array(normal) <= 0.05) <= 0.02


def test_two_modes_are_seen_and_too_few_values_are_not_judged():
    rng = np.random.default_rng(1)
    apart = np.concatenate([rng.normal(size=100), rng.normal(5, 1, 100)])
    assert dip_p(dip(apart), 200) <= 0.001
    assert dip_p(0.25, LEAST_VALUES - 1) == 1.0


def test_the_p_falls_with_the_dip_and_meets_the_table():
    for count, limits in QUANTILES.items():
        assert list(limits) == sorted(limits)
        found = [dip_p(limit / np.sqrt(count), count) for limit in limits]
        assert found == pytest.approx(list(TAILS))
    assert dip_p(0.0, 100) == 1.0
