"""Figures of a partition: hand-computed silhouettes, noise charged for, validity of dense groups."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation_pipeline.clustering import quality
from segmentation_pipeline.clustering.quality import Judge, density_validity, noise_share, smallest_share
from segmentation_pipeline_tests.clustering.blobs import blobs


def judge_of(rows):
    return Judge.of(np.asarray(rows, dtype=np.float64), seed=1)


def test_a_silhouette_by_hand():
    # Two pairs on a line: a = 1; b = 10.5 for the outer, 9.5 for the inner rows.
    expected = np.mean([9.5 / 10.5, 8.5 / 9.5, 8.5 / 9.5, 9.5 / 10.5])
    assert judge_of([[0], [1], [10], [11]]).silhouette(np.array([0, 0, 1, 1])) == pytest.approx(expected)


def test_noise_is_charged_for_and_never_dropped_from_the_mean():
    rows = [[0], [1], [10], [11], [500]]
    kept = judge_of(rows[:4]).silhouette(np.array([0, 0, 1, 1]))
    assert judge_of(rows).silhouette(np.array([0, 0, 1, 1, -1])) == pytest.approx(kept * 4 / 5)


@pytest.mark.parametrize("labels", [[0, 0, 0, 0], [-1, -1, -1, -1], [0, 0, -1, -1]])
def test_under_two_clusters_there_is_nothing_to_compare(labels):
    assert judge_of([[0], [1], [10], [11]]).silhouette(np.array(labels)) == 0.0


def test_a_lone_row_counts_zero():
    with_lone = judge_of([[0], [1], [10]]).silhouette(np.array([0, 0, 1]))
    assert with_lone == pytest.approx((9 / 10 + 8 / 9) / 3)


@given(st.integers(0, 2**32 - 1), st.integers(2, 5))
def test_silhouettes_agree_with_an_independent_implementation(seed, clusters):
    from sklearn.metrics import silhouette_score

    rng = np.random.default_rng(seed)
    rows, labels = rng.normal(size=(30, 3)), np.append(np.arange(clusters), rng.integers(0, clusters, 30 - clusters))
    assert judge_of(rows).silhouette(labels) == pytest.approx(silhouette_score(rows, labels))


def test_many_rows_are_judged_on_a_fixed_sample(monkeypatch):
    rows, truth = blobs(centres=[[0.0], [9.0]], each=400)
    whole = judge_of(rows).silhouette(truth)
    monkeypatch.setattr(quality, "SILHOUETTE_ROWS", 100)
    assert judge_of(rows).silhouette(truth) == judge_of(rows).silhouette(truth) == pytest.approx(whole, abs=0.02)


def test_shares_count_all_rows():
    labels = np.array([0, 0, 0, 1, -1, -1, -1, -1])
    assert noise_share(labels) == 0.5
    assert smallest_share(labels) == 1 / 8
    assert smallest_share(np.array([-1, -1])) == 0.0


def test_density_validity_is_high_for_dense_groups_apart_and_low_for_a_cut_through_one():
    rows, truth = blobs(centres=[[0.0, 0.0], [9.0, 0.0]], each=60, spread=0.5)
    one_group, _ = blobs(centres=[[0.0, 0.0]], each=120)
    assert (density_validity(rows, truth, seed=1) or 0) > 0.6
    assert (density_validity(one_group, (one_group[:, 0] > 0).astype(int), seed=1) or 0) < 0


@pytest.mark.parametrize("labels", [[0] * 10, [-1] * 10, [0] * 8 + [1] * 2])
def test_density_validity_is_none_where_it_is_not_defined(labels):
    assert density_validity(np.random.default_rng(0).normal(size=(10, 2)), np.array(labels), seed=1) is None
