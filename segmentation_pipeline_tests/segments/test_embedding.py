"""Coordinates: bounded, the same whatever the order of users, and back again from their axes."""

from __future__ import annotations

import numpy as np
import pytest

from segmentation_pipeline.clustering import reduction
from segmentation_pipeline.config import SegmentSettings
from segmentation_pipeline.segments import embedding
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


NAMED = ("daypart:evening", "intensity:sessions_per_week")


def test_the_sample_is_of_content_not_of_position():
    rows = np.random.default_rng(2).normal(size=(1_500, 2)).round(1)  # with repetitions
    shuffle = np.random.default_rng(3).permutation(1_500)
    settings = QUICK.model_copy(update={"fit_sample": 1_000})
    given, shuffled = fitted_rows(NAMED, rows, settings), fitted_rows(NAMED, rows[shuffle], settings)
    assert np.array_equal(rows[given], rows[shuffle][shuffled])
    assert len(np.unique(given)) == 1_000


@pytest.mark.parametrize("seed", range(5))
def test_heavy_and_rare_users_are_in_the_sample_in_proportion(seed):
    rng = np.random.default_rng(seed)
    activity = np.concatenate([rng.normal(1, 0.3, 9_900), rng.normal(5, 0.1, 70), rng.normal(-3, 0.1, 30)])
    rows = np.column_stack([rng.normal(size=10_000), activity])
    settings = QUICK.model_copy(update={"fit_sample": 1_000, "seed": seed})
    drawn = activity[fitted_rows(NAMED, rows, settings)]
    assert abs(int((drawn > 4).sum()) - 7) <= 1  # drawn blindly it would be 2 to 12
    assert abs(int((drawn < -2).sum()) - 3) <= 1
    assert np.abs(np.quantile(drawn, [0.1, 0.5, 0.9]) - np.quantile(activity, [0.1, 0.5, 0.9])).max() < 0.01


def test_a_sample_without_an_activity_feature_is_still_one():
    rows = np.random.default_rng(2).normal(size=(1_500, 2))
    drawn = fitted_rows(("a", "b"), rows, QUICK.model_copy(update={"fit_sample": 1_000}))
    assert len(np.unique(drawn)) == 1_000


def test_neighbours_are_looked_for_once_for_all_coordinates(monkeypatch):
    asked = []
    monkeypatch.setattr(embedding, "UMAP_ROWS", 60)
    monkeypatch.setattr(
        embedding, "placed_among", lambda *arguments: asked.append(1) or reduction.placed_among(*arguments)
    )
    found = embed(NAMES, feature_rows(), SegmentSettings())
    assert asked == [1]
    assert found.spaces["umap"].shape == (len(feature_rows()), 5)
    assert found.places.shape == (len(feature_rows()), 2)
    assert np.isfinite(found.places).all()
