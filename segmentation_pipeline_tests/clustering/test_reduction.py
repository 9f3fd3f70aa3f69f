"""Fewer axes: components keep the variance asked for, the map does not import UMAP unless told to."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from segmentation_pipeline.clustering.reduction import (
    fit_principal_components,
    map_coordinates,
    nearest_rows,
    placed_among,
    umap_coordinates,
)
from segmentation_pipeline_tests.clustering.blobs import blobs


def test_components_are_the_fewest_that_keep_the_variance():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(4_000, 4)) * [3.0, 2.0, 1.0, 0.1]  # variances 9, 4, 1, .01 of 14.01
    found = fit_principal_components(rows, kept_variance=0.9)
    assert found.variance_shares == pytest.approx([9 / 14.01, 4 / 14.01], abs=0.03)
    assert fit_principal_components(rows, kept_variance=0.99).axes.shape == (3, 4)
    assert fit_principal_components(rows, kept_variance=0.5).axes.shape == (2, 4)  # a map needs two
    assert fit_principal_components(rows, kept_variance=0.99, most=1).axes.shape == (1, 4)


def test_components_point_the_same_way_whatever_sign_the_solver_returns():
    rows = np.random.default_rng(1).normal(size=(100, 3))
    axes = fit_principal_components(rows).axes
    largest = np.abs(axes).argmax(axis=1)
    assert np.all(axes[np.arange(len(axes)), largest] > 0)


def test_transforming_is_centring_and_turning():
    rows = np.array([[0.0, 0.0], [2.0, 2.0], [4.0, 4.0]])
    found = fit_principal_components(rows)
    assert found.transform(rows)[:, 0] == pytest.approx([-2 * 2**0.5, 0, 2 * 2**0.5])


def test_rows_without_any_variance_still_have_coordinates():
    assert np.all(fit_principal_components(np.ones((5, 2))).transform(np.ones((5, 2))) == 0)


def test_a_row_outside_the_sample_is_placed_among_its_neighbours():
    fitted = np.array([[0.0], [0.1], [0.2], [0.3], [0.4], [10.0]])
    coordinates = np.array([[1.0, 1.0]] * 5 + [[99.0, 99.0]])
    assert placed_among(fitted, coordinates, np.array([[0.15]])).tolist() == [[1.0, 1.0]]
    assert nearest_rows(fitted, np.array([[9.0]]), count=2).tolist() == [[5, 4]]


def test_the_pca_map_is_the_first_two_components():
    components = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert map_coordinates(components, method="pca", seed=1).tolist() == [[1.0, 2.0], [4.0, 5.0]]
    assert map_coordinates(components[:, :1], method="pca", seed=1).tolist() == [[1.0, 0.0], [4.0, 0.0]]


def test_umap_repeats_itself_and_keeps_groups_apart():
    rows, truth = blobs(centres=[[0, 0, 0], [20, 0, 0]], each=40)
    first = umap_coordinates(rows, dimensions=2, min_dist=0.1, seed=3)
    assert np.array_equal(first, umap_coordinates(rows, dimensions=2, min_dist=0.1, seed=3))
    nearest = nearest_rows(first, first, count=2)[:, 1]
    assert np.array_equal(truth[nearest], truth)


def test_without_umap_in_the_settings_it_is_never_imported():
    program = (
        "import sys, numpy as np\n"
        "from segmentation_pipeline.config import SegmentSettings\n"
        "from segmentation_pipeline.segments.embedding import embed\n"
        "settings = SegmentSettings(reductions=('pca',), map_method='pca')\n"
        "embed(['a', 'b'], np.random.default_rng(0).normal(size=(60, 2)), settings)\n"
        "print('umap' in sys.modules)\n"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
