"""Each method finds what lies plainly before it, and says what it was asked for."""

from __future__ import annotations

import numpy as np
import pytest

from segmentation_pipeline.clustering import candidates
from segmentation_pipeline.clustering.candidates import GaussianMixture, Hdbscan, KMeans, centroid_grid, density_grid
from segmentation_pipeline.clustering.fitting import one_quiet_thread
from segmentation_pipeline_tests.clustering.blobs import agreement, blobs

CENTRES = [[0.0, 0.0], [8.0, 0.0], [0.0, 8.0]]


@pytest.mark.parametrize(
    "method", [KMeans(3), GaussianMixture(3, "tied"), GaussianMixture(3, "diag"), Hdbscan(0.1, 3)], ids=lambda m: m.name
)
def test_every_method_finds_three_plain_groups_and_finds_them_again(method):
    rows, truth = blobs(centres=CENTRES, each=40)
    labels = method.fit(rows, seed=1, starts=3)
    assert agreement(labels[labels >= 0], truth[labels >= 0]) == 1.0
    assert np.mean(labels < 0) < 0.15
    assert np.array_equal(labels, method.fit(rows, seed=1, starts=3))


def test_a_tied_mixture_cuts_long_groups_that_k_means_cannot():
    rows, truth = blobs(centres=[[0.0, 0.0], [0.0, 3.0]], each=200, spread=1.0)
    rows = rows * [12.0, 0.4]
    tied = GaussianMixture(2, "tied").fit(rows, seed=1, starts=10)
    assert agreement(KMeans(2).fit(rows, seed=1, starts=10), truth) < 0.2
    assert agreement(tied, truth) > agreement(KMeans(2).fit(rows, seed=1, starts=10), truth) - 0.05


def test_rows_in_no_dense_region_are_noise():
    rows, _ = blobs(centres=[[0.0, 0.0], [8.0, 0.0]], each=50, spread=0.2)
    labels = Hdbscan(0.1, 5).fit(np.vstack([rows, [[4.0, 50.0]]]), seed=1, starts=1)
    assert labels[-1] == -1
    assert set(labels[:-1].tolist()) >= {0, 1}


def test_beyond_its_limit_hdbscan_labels_the_rest_by_their_neighbours(monkeypatch):
    rows, truth = blobs(centres=CENTRES, each=100, spread=0.3)
    monkeypatch.setattr(candidates, "DENSITY_ROWS", 90)
    labels = Hdbscan(0.1, 3).fit(rows, seed=1, starts=1)
    assert len(labels) == 300
    assert agreement(labels[labels >= 0], truth[labels >= 0]) == 1.0


def test_fewer_distinct_rows_than_clusters_is_no_error():
    rows = np.array([[0.0, 0.0]] * 20 + [[1.0, 1.0]] * 20)
    with one_quiet_thread():
        assert len(np.unique(GaussianMixture(4, "diag").fit(rows, seed=1, starts=2))) == 2


def test_the_grids_hold_what_was_asked_for_and_names_are_unique():
    grid = [*centroid_grid(["kmeans", "gaussian_mixture"], range(2, 5)), *density_grid(1_000)]
    assert len({one.name for one in grid}) == len(grid) == 3 * 3 + 9
    assert {one.method for one in centroid_grid(["kmeans"], [3])} == {"kmeans"}
    assert grid[0].parameters == {"k": 2}
    assert Hdbscan(0.05, 3).parameters == {"min_cluster_share": 0.05, "min_samples": 3}


def test_min_samples_stays_well_under_the_smallest_cluster():
    for one in density_grid(60):  # 5 % of 60 rows are 3: the smallest cluster is 5 rows
        assert 2 * one.parameters["min_samples"] <= max(10, one.parameters["min_cluster_share"] * 60 + 0.5)


def test_forced_parameters_leave_nothing_else_in_the_grids():
    tied = centroid_grid(["kmeans", "gaussian_mixture"], [3], "tied")
    assert [one.name for one in tied] == ["kmeans-3", "gaussian_mixture-tied-3"]
    assert [one.parameters for one in density_grid(1_000, 0.2, 4)] == [{"min_cluster_share": 0.2, "min_samples": 4}]
    assert {one.parameters["min_samples"] for one in density_grid(1_000, 0.2)} == {3, 5, 10}
    assert {one.parameters["min_cluster_share"] for one in density_grid(1_000, None, 7)} == {0.05, 0.08, 0.12}
