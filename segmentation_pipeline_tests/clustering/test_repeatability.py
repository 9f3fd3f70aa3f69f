"""Agreement between halves: by hand, for lasting types, and for users who differ by chance alone."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from segmentation_pipeline.clustering.centres import Centres
from segmentation_pipeline.clustering.repeatability import (
    PERMUTATIONS,
    Halves,
    adjusted_rand,
    prediction_strength,
    repeat_of,
    split_users,
)
from segmentation_pipeline_tests.clustering.blobs import blobs

TRIANGLE = [[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]]


def halves_of(centres, spread, seed=0, each=40):
    """Return two looks at the same users, whose lasting places are around the centres."""
    lasting, _ = blobs(centres=centres, each=each, seed=seed)
    rng = np.random.default_rng(seed + 100)
    return Halves(*(lasting + rng.normal(0, spread, lasting.shape) for _ in range(2)))


@pytest.mark.parametrize("seed", range(5))
def test_adjusted_rand_is_the_published_index(seed):
    rng = np.random.default_rng(seed)
    first, second = rng.integers(0, 4, 60), rng.integers(0, 3, 60)
    mixed = np.where(rng.random(60) < 0.5, first, second)
    assert adjusted_rand(first, mixed) == pytest.approx(adjusted_rand_score(first, mixed))
    assert adjusted_rand(first, (first + 1) % 4) == 1.0
    assert adjusted_rand(np.zeros(60, dtype=np.int64), np.zeros(60, dtype=np.int64)) == 1.0


def test_rows_go_to_the_nearest_centre():
    centres = Centres(np.array([[0.0, 0.0], [10.0, 0.0]]), np.array([0, 1]))
    assert centres.nearest(np.array([[4.0, 3.0], [6.0, -3.0], [10.0, 0.0]])).tolist() == [0, 1, 1]


def test_types_that_last_repeat_and_chance_does_not():
    lasting = repeat_of(halves_of(TRIANGLE, 0.5), k=3, seed=1)
    assert (lasting.value, lasting.p, lasting.k) == (1.0, 1 / (PERMUTATIONS + 1), 3)
    chance = repeat_of(halves_of([[0.0, 0.0]], 5.0, each=200), k=3, seed=1)
    assert abs(chance.value) < 0.05
    assert chance.p > 0.01


def test_the_mean_is_over_both_directions():
    # B sees the same two groups, but so near to each other that for A's centres (0 and 9) all of B is one group.
    rng = np.random.default_rng(0)
    first = np.repeat([0.0, 9.0], 50)[:, None] + rng.normal(0, 0.1, (100, 1))
    second = np.repeat([0.0, 3.0], 50)[:, None] + rng.normal(0, 0.1, (100, 1))
    # By B's centres (0 and 3) both groups are found again in A: index 1 this way, 0 the other.
    assert repeat_of(Halves(first, second), k=2, seed=1).value == pytest.approx((0.0 + 1.0) / 2)
    assert repeat_of(Halves(second, first), k=2, seed=1).value == pytest.approx((1.0 + 0.0) / 2)


def test_p_is_uniform_for_users_who_differ_by_chance_alone():
    found = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        halves = Halves(rng.normal(size=(80, 3)), rng.normal(size=(80, 3)))
        found.append(repeat_of(halves, k=3, seed=seed, permutations=19).p)
    # P(p <= .05) = .05: 7 or more of 40 has probability .003.
    assert (np.array(found) <= 0.05).sum() < 7
    assert 0.35 < np.mean(found) < 0.7


def test_draws_are_kept_and_p_counts_them():
    found = repeat_of(halves_of(TRIANGLE, 4.0), k=3, seed=1)
    assert len(found.draws) == PERMUTATIONS
    assert found.p == (1 + sum(draw >= found.value for draw in found.draws)) / (PERMUTATIONS + 1)


def test_order_of_users_changes_nothing():
    halves = halves_of(TRIANGLE, 4.0)
    order = np.random.default_rng(5).permutation(len(halves.a))
    assert repeat_of(Halves(halves.a[order], halves.b[order]), k=4, seed=1) == repeat_of(halves, k=4, seed=1)


def test_prediction_strength_is_one_for_groups_and_low_for_one_group_too_many():
    rows, _ = blobs(centres=TRIANGLE, each=60)
    assert prediction_strength(rows, k=3, seed=1).value == 1.0
    assert prediction_strength(rows, k=5, seed=1).value < 0.8
    assert len(prediction_strength(rows, k=3, seed=1, splits=4).splits) == 4


def test_prediction_strength_does_not_hang_on_the_order_of_rows():
    rows, _ = blobs(centres=TRIANGLE, each=30, spread=3.0)
    shuffled = rows[np.random.default_rng(5).permutation(len(rows))]
    assert prediction_strength(shuffled, k=4, seed=1) == prediction_strength(rows, k=4, seed=1)


def test_split_users_are_two_halves_of_all():
    first, second = split_users(11, np.random.default_rng(0))
    assert sorted([*first, *second]) == list(range(11))
    assert (len(first), len(second)) == (5, 6)
