"""Gaps between neighbouring clusters: there for types, not for cuts of a continuum, straight or bent."""

from __future__ import annotations

import numpy as np
import pytest

from segmentation_pipeline.clustering.centres import fit_centres
from segmentation_pipeline.clustering.gap import gap_between_halves, gap_between_users, neighbours
from segmentation_pipeline.clustering.repeatability import Halves
from segmentation_pipeline_tests.clustering.blobs import blobs

TRIANGLE = [[0.0, 0.0, 0.0], [7.0, 0.0, 0.0], [0.0, 7.0, 0.0]]


def seen_twice(lasting, noise, seed=0):
    rng = np.random.default_rng(seed)
    return Halves(*(lasting + rng.normal(0, noise, lasting.shape) for _ in range(2)))


def bend(users, seed=0):
    """Users anywhere on a right-angled way, from one end over the corner to the other."""
    way = np.random.default_rng(seed).uniform(0, 2, users)
    return np.column_stack([np.minimum(way, 1), np.maximum(way - 1, 0), np.zeros(users)]) * 10


def test_types_have_gaps_and_cuts_of_a_continuum_have_none():
    types, _ = blobs(centres=TRIANGLE, each=70, spread=1.0)
    found = gap_between_halves(seen_twice(types, 0.5), k=3, seed=1)
    assert found.p <= 0.01
    assert all(pair.value_count >= 135 for pair in found.pairs)
    straight = np.random.default_rng(0).uniform(0, 10, (300, 1)) * [[1.0, 0.3, 0.0]]
    for k in (2, 3, 4):
        assert gap_between_halves(seen_twice(straight, 1.0), k=k, seed=1).p > 0.05


@pytest.mark.parametrize("seed", range(3))
def test_the_ends_of_a_bent_continuum_are_no_neighbours(seed):
    # Between the two ends, across the bend, there is nobody: a gap, but not one between neighbours.
    halves = seen_twice(bend(400, seed), 1.0, seed)
    centres = fit_centres(halves.a, k=3, seed=1, starts=10)
    corner = int(np.linalg.norm(centres.places - [10.0, 0.0, 0.0], axis=1).argmin())
    assert all(corner in pair for pair in neighbours(centres, halves.a))
    assert gap_between_halves(halves, k=3, seed=1).p > 0.05


def test_the_half_that_made_the_clusters_would_dip_where_it_was_cut():
    # 300 columns of noise: k-means finds an axis on which its own half is cut in two; the other half is one heap.
    rng = np.random.default_rng(0)
    noise = Halves(rng.normal(size=(80, 300)), rng.normal(size=(80, 300)))
    assert gap_between_halves(Halves(noise.a, noise.a), k=2, seed=1).p <= 0.05
    assert gap_between_halves(noise, k=2, seed=1).p > 0.05


@pytest.mark.parametrize("seed", range(3))
def test_a_feature_that_is_zero_or_not_by_chance_in_each_half_is_no_gap(seed):
    # Visits at night: some in either half, but not the same users' habit. k-means cuts there, and each half dips.
    rng = np.random.default_rng(seed)
    lasting = rng.normal(size=(300, 2))
    looks = [
        np.column_stack([lasting + rng.normal(0, 1, lasting.shape), 8.0 * (rng.random(300) < 0.3)]) for _ in range(2)
    ]
    looks = [look + rng.normal(0, 0.3, look.shape) for look in looks]
    found = gap_between_halves(Halves(*looks), k=2, seed=1)
    assert found.p > 0.05
    habit = Halves(looks[0], np.column_stack([looks[1][:, :2], looks[0][:, 2] + rng.normal(0, 0.3, 300)]))
    assert gap_between_halves(habit, k=2, seed=1).p <= 0.01


def test_p_is_the_smallest_after_holm_of_the_worse_direction():
    types, _ = blobs(centres=TRIANGLE, each=40, spread=1.0)
    same_place = np.zeros_like(types) + np.random.default_rng(0).normal(0, 0.1, types.shape)
    assert gap_between_halves(Halves(types, same_place), k=3, seed=1).p > 0.05
    found = gap_between_halves(seen_twice(types, 1.0), k=3, seed=1)
    assert found.p == min(1.0, len(found.pairs) * min(pair.p for pair in found.pairs))
    assert found.largest_dip == min(found.pairs, key=lambda pair: pair.p).dip


def test_gaps_between_users_use_users_the_clusters_have_not_seen():
    types, _ = blobs(centres=TRIANGLE, each=80, spread=1.0)
    assert gap_between_users(types, k=3, seed=1).p <= 0.01
    assert gap_between_users(np.random.default_rng(0).normal(size=(240, 4)), k=3, seed=1).p > 0.05


def test_order_of_users_changes_nothing():
    types, _ = blobs(centres=TRIANGLE, each=40, spread=2.0)
    halves = seen_twice(types, 1.0)
    order = np.random.default_rng(5).permutation(len(types))
    again = gap_between_halves(Halves(halves.a[order], halves.b[order]), k=3, seed=1)
    assert again == gap_between_halves(halves, k=3, seed=1)
    assert gap_between_users(types[order], k=3, seed=1) == gap_between_users(types, k=3, seed=1)
