"""The copula null: draws keep what is no group, and lose what is; p-values are those of a test."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from segmentation_pipeline.clustering.copula import COUNTS, GaussianCopula, best_partition, null_test
from segmentation_pipeline_tests.clustering.blobs import blobs


def continuum(seed, rows=300):
    """Skewed, correlated columns, one of them a count with many zeros; no groups."""
    rng = np.random.default_rng(seed)
    activity = rng.normal(size=rows)
    noise = rng.normal(size=(rows, 3))
    return np.column_stack(
        [
            np.exp(0.5 * activity),
            0.8 * activity + noise[:, 0],
            -0.5 * activity + noise[:, 1],
            np.maximum(np.round(activity + noise[:, 2]), 0.0),
        ]
    )


def test_a_draw_holds_every_value_of_every_column_exactly():
    rows = continuum(0)
    rng = np.random.default_rng(1)
    drawn = GaussianCopula.of(rows).draw(rng)
    assert np.array_equal(np.sort(drawn, axis=0), np.sort(rows, axis=0))
    assert not np.array_equal(drawn, rows)


def test_rank_correlations_survive_on_average_ties_included():
    rows = continuum(0, rows=1000)
    rng = np.random.default_rng(1)
    copula = GaussianCopula.of(rows)
    drawn = np.mean([spearmanr(copula.draw(rng)).statistic for _ in range(30)], axis=0)
    assert np.abs(drawn - spearmanr(rows).statistic).max() < 0.05


def test_constant_and_single_columns_can_be_drawn():
    rng = np.random.default_rng(1)
    one = np.arange(20.0)[:, None]
    assert np.array_equal(np.sort(GaussianCopula.of(one).draw(rng), axis=0), one)
    doubled = np.hstack([one, one])
    drawn = GaussianCopula.of(doubled).draw(rng)
    assert spearmanr(drawn).statistic > 0.9


def test_groups_beat_every_draw_and_a_continuum_stops_after_three_that_do_as_well():
    there, _ = blobs(centres=[[0.0, 0.0, 0.0], [4.0, 0.0, 1.0], [0.0, 4.0, 0.0]], each=60)
    found = null_test(there, seed=1, draws=99)
    assert (found.p, len(found.draws), found.best.k) == (0.01, 99, 3)
    nothing = null_test(continuum(0), seed=1, draws=99)
    as_large = sum(draw >= nothing.best.silhouette for draw in nothing.draws)
    assert as_large == 3
    assert nothing.draws[-1] >= nothing.best.silhouette
    assert nothing.p == (1 + 3) / (len(nothing.draws) + 1)


def test_p_values_are_no_smaller_than_a_test_allows_on_a_continuum():
    # 40 data sets, 9 draws each: P(p <= .1) is .1 under the null; 10 or more of 40 has probability .006.
    found = np.array([null_test(continuum(seed, rows=120), seed=seed, draws=9).p for seed in range(40)])
    assert (found <= 0.1).sum() < 10
    assert found.mean() > 0.35


def test_the_search_covers_two_to_eight_and_no_more_clusters_than_distinct_rows_allow():
    rows, _ = blobs(centres=[[0.0], [5.0], [10.0], [15.0]], each=30)
    assert [k for k, _ in best_partition(rows, seed=1).each] == list(COUNTS)
    few = np.repeat([[0.0], [1.0], [9.0], [10.0]], 10, axis=0)
    assert [k for k, _ in best_partition(few, seed=1).each] == [2, 3]


def test_order_of_rows_changes_nothing_and_the_seed_does():
    rows = continuum(3)
    shuffled = rows[np.random.default_rng(5).permutation(len(rows))]
    first = null_test(rows, seed=1, draws=5)
    assert null_test(shuffled, seed=1, draws=5) == first
    assert null_test(rows, seed=2, draws=5).draws != first.draws


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_the_unit_of_the_space_does_not_matter_for_p(scale):
    rows = continuum(3)
    assert null_test(scale * rows, seed=1, draws=5).p == null_test(rows, seed=1, draws=5).p
