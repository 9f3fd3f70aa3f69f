"""Bootstrap Jaccard: near one for groups that are there, low for cuts that are not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from segmentation_pipeline.clustering.candidates import KMeans
from segmentation_pipeline.clustering.stability import bootstrap_jaccard
from segmentation_pipeline_tests.clustering.blobs import blobs


@dataclass(frozen=True)
class HalfAtZero:
    """A method that always cuts at zero, whatever it was asked: its refits can be computed by hand."""

    method: str = "kmeans"
    name: str = "half"
    parameters: dict | None = None

    def fit(self, rows, *, seed, starts):
        return (rows[:, 0] > 0).astype(np.int64)


def test_similarity_by_hand_when_every_refit_is_the_same_cut():
    rows = np.array([[-1.0]] * 40 + [[1.0]] * 60)
    labels = np.array([0] * 40 + [1] * 40 + [2] * 20)  # 1 and 2 are two thirds and a third of what comes back
    found = bootstrap_jaccard(HalfAtZero(), rows, labels, draws=200, seed=1)
    assert found[0] == 1.0
    assert found[1] == pytest.approx(2 / 3, abs=0.02)
    assert found[2] == pytest.approx(1 / 3, abs=0.02)


def test_groups_that_are_there_come_back_and_cuts_of_one_group_do_not():
    there, truth = blobs(centres=[[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]], each=50)
    nothing = np.random.default_rng(0).normal(size=(150, 4))
    cut = KMeans(5).fit(nothing, seed=1, starts=5)
    assert min(bootstrap_jaccard(KMeans(3), there, truth, draws=10, seed=1).values()) == 1.0
    assert min(bootstrap_jaccard(KMeans(5), nothing, cut, draws=10, seed=1).values()) < 0.75


def test_noise_has_no_stability_and_the_same_seed_gives_the_same_figures():
    rows, truth = blobs(centres=[[0.0], [2.0]], each=50, spread=1.0)
    labels = np.where(np.arange(100) % 10 == 0, -1, truth)
    first = bootstrap_jaccard(KMeans(2), rows, labels, draws=5, seed=3)
    assert set(first) == {0, 1}
    assert first == bootstrap_jaccard(KMeans(2), rows, labels, draws=5, seed=3)
