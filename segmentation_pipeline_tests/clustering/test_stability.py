"""Bootstrap Jaccard: near one for groups that are there, low for cuts that are not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from segmentation_pipeline.clustering import stability
from segmentation_pipeline.clustering.candidates import Hdbscan, KMeans
from segmentation_pipeline.clustering.stability import (
    bootstrap_jaccard,
    jaccard_draws,
    mean_jaccards,
    refit_agreement,
    seed_agreement,
    stability_word,
)
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


def test_every_draw_is_kept_and_the_mean_is_theirs():
    rows, truth = blobs(centres=[[0.0], [2.0]], each=50, spread=1.0)
    draws = jaccard_draws(KMeans(2), rows, truth, draws=6, seed=3)
    assert {cluster: len(each) for cluster, each in draws.items()} == {0: 6, 1: 6}
    assert len(set(draws[0])) > 1
    assert mean_jaccards(draws) == bootstrap_jaccard(KMeans(2), rows, truth, draws=6, seed=3)
    assert mean_jaccards({0: (0.5, 1.0)}) == {0: 0.75}


def test_groups_that_are_there_do_not_depend_on_the_seed_and_cuts_of_nothing_do():
    there, truth = blobs(centres=[[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]], each=50)
    nothing = np.random.default_rng(0).normal(size=(300, 6))
    cut = KMeans(7).fit(nothing, seed=1, starts=10)
    found = seed_agreement(KMeans(3), there, truth, seeds=(1, 2, 3))
    assert (found.each, found.mean, found.seeds) == ((1.0, 1.0, 1.0), 1.0, (1, 2, 3))
    assert seed_agreement(KMeans(7), nothing, cut, seeds=(1, 2, 3)).mean < 0.9


def test_agreement_over_seeds_by_hand_and_beyond_the_limit_on_a_sample(monkeypatch):
    rows = np.repeat([[-1.0], [1.0]], 50, axis=0)
    halves = np.repeat([0, 1], 50)
    quarters = np.repeat([0, 1, 2, 3], 25)
    assert seed_agreement(HalfAtZero(), rows, halves, seeds=(5,)).each == (1.0,)
    # pairs together: 4 * C(25,2) = 1200 in both, 2450 in halves; chance 1200 * 2450 / 4950
    chance = 1200 * 2450 / 4950
    assert seed_agreement(HalfAtZero(), rows, quarters, seeds=(5,)).each == pytest.approx(
        ((1200 - chance) / ((1200 + 2450) / 2 - chance),)
    )
    monkeypatch.setattr(stability, "SEED_ROWS", 20)
    assert seed_agreement(HalfAtZero(), rows, halves, seeds=(5, 6)).each == (1.0, 1.0)


def test_density_has_no_seed():
    rows, _ = blobs(centres=[[0.0, 0.0], [4.0, 0.0]], each=60, spread=1.0)
    method = Hdbscan(0.12, 3)
    assert seed_agreement(method, rows, method.fit(rows, seed=0, starts=1), seeds=(1, 2)).each == (1.0, 1.0)


@pytest.mark.parametrize(
    ("jaccard", "separated", "without"),
    [
        (1.0, "highly stable", "valid"),
        (0.86, "highly stable", "valid"),
        (0.85, "valid", "valid"),
        (0.75, "valid", "valid"),
        (0.74, "pattern", "pattern"),
        (0.6, "pattern", "pattern"),
        (0.59, "weak", "weak"),
        (0.5, "dissolved", "dissolved"),
        (0.0, "dissolved", "dissolved"),
    ],
)
def test_words_for_stability_never_highly_stable_without_gaps(jaccard, separated, without):
    assert stability_word(jaccard, is_separated=True) == separated
    assert stability_word(jaccard, is_separated=False) == without


@dataclass(frozen=True)
class NothingButNoise(HalfAtZero):
    """A density method that finds nothing dense."""

    def fit(self, rows, *, seed, starts):
        return np.full(len(rows), -1)


def test_models_of_redrawn_rows_agree_on_groups_that_are_there_and_noise_is_no_error():
    rows, _ = blobs(centres=[[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]], each=50)
    nothing = np.random.default_rng(0).normal(size=(150, 6))
    options = {"sizes": (40, 150), "draws": 4, "floor": 0.5, "seed": 1}
    assert refit_agreement(KMeans(3), rows, rows, **options) == (1.0,) * 4
    assert np.mean(refit_agreement(KMeans(3), nothing, nothing, **options)) < 0.7
    assert refit_agreement(NothingButNoise(), rows, rows, **options) == (1.0,) * 4  # nobody anywhere, twice
    shuffle = np.random.default_rng(1).permutation(150)
    assert refit_agreement(KMeans(3), nothing[shuffle], nothing[shuffle], **options) == refit_agreement(
        KMeans(3), nothing, nothing, **options
    )
