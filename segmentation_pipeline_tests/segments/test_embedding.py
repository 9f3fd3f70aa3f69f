"""Coordinates: bounded, the same whatever the order of users, and back again from their axes."""

from __future__ import annotations

import numpy as np
import pytest

from segmentation_pipeline.config import SegmentSettings
from segmentation_pipeline.segments.embedding import embed, fitted_rows, spaces_of
from segmentation_pipeline_tests.segments.samples import NAMES, QUICK, feature_rows, kinds


def test_axes_are_numbered_components_and_give_the_spaces_back():
    found = embed(NAMES, feature_rows(), QUICK)
    assert list(found.axes()) == [f"pc{number + 1:02d}" for number in range(found.spaces["pca"].shape[1])]
    assert np.array_equal(spaces_of(found.axes())["pca"], found.spaces["pca"])
    assert found.kept_variance >= 0.9
    assert found.is_fitted.all()


def test_umap_has_its_own_axes_and_the_map_keeps_kinds_together():
    settings = SegmentSettings(reductions=("umap",), map_method="umap")
    found = embed(NAMES, feature_rows(), settings)
    assert list(found.axes()) == [f"umap{number:02d}" for number in range(1, 6)]
    centres = {kind: found.places[kinds() == kind].mean(axis=0) for kind in set(kinds())}
    for kind, centre in centres.items():
        within = np.linalg.norm(found.places[kinds() == kind] - centre, axis=1).mean()
        assert within < min(np.linalg.norm(centre - other) for name, other in centres.items() if name != kind)


@pytest.mark.parametrize("reduction", ["pca", "umap"])
def test_the_order_of_users_has_no_influence(reduction):
    rows = feature_rows()
    shuffle = np.random.default_rng(4).permutation(len(rows))
    settings = SegmentSettings(reductions=(reduction,), map_method=reduction)
    given, shuffled = embed(NAMES, rows, settings), embed(NAMES, rows[shuffle], settings)
    assert np.array_equal(shuffled.spaces[reduction], given.spaces[reduction][shuffle])
    assert np.array_equal(shuffled.places, given.places[shuffle])


def test_beyond_the_sample_users_are_placed_among_those_fitted():
    rng = np.random.default_rng(0)
    rows = np.vstack([rng.normal(size=(700, 3)), rng.normal(8, 1, size=(700, 3))])
    found = embed(("mix:a", "mix:b", "mix:c"), rows, QUICK.model_copy(update={"fit_sample": 1_000}))
    assert found.is_fitted.sum() == 1_000
    assert np.isfinite(found.places).all()
    side = found.places[:, 0] > found.places[:, 0].mean()
    assert set(map(tuple, np.column_stack([side, np.repeat([0, 1], 700)]).tolist())) in (
        {(True, 0), (False, 1)},
        {(False, 0), (True, 1)},
    )


def test_the_sample_is_of_content_not_of_position():
    rows = np.random.default_rng(2).normal(size=(1_500, 2))
    shuffle = np.random.default_rng(3).permutation(1_500)
    settings = QUICK.model_copy(update={"fit_sample": 1_000})
    assert np.array_equal(rows[fitted_rows(rows, settings)], rows[shuffle][fitted_rows(rows[shuffle], settings)])
