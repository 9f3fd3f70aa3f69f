"""Membership: posteriors computed by hand, shrinkage between linear and own borders, a floor, JSON."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation_pipeline.clustering import membership
from segmentation_pipeline.clustering.membership import Membership, fit_membership
from segmentation_pipeline_tests.clustering.blobs import blobs


def line(*, shares=(0.5, 0.5), variances=(1.0, 1.0)):
    """Two normals on a line, around 0 and 4."""
    return Membership(np.array(shares), np.array([[0.0], [4.0]]), np.array(variances).reshape(2, 1, 1))


@pytest.mark.parametrize(
    ("model", "at", "first"),
    [
        (line(), 2.0, 0.5),
        (line(), 1.0, 1 / (1 + math.exp(-4))),  # distances 1 and 9: log odds (9 - 1) / 2
        (line(shares=(0.8, 0.2)), 2.0, 0.8),
        (line(variances=(1.0, 4.0)), 0.0, 1 / (1 + math.exp(-2) / 2)),  # densities 1 and exp(-16/8)/2
    ],
)
def test_posteriors_of_two_normals_by_hand(model, at, first):
    assert model.posteriors(np.array([[at]]))[0] == pytest.approx([first, 1 - first])


def test_two_columns_that_go_together_count_once_for_distance():
    covariance = np.array([[[1.0, 0.5], [0.5, 1.0]]] * 2)
    model = Membership(np.array([0.5, 0.5]), np.array([[0.0, 0.0], [2.0, 2.0]]), covariance)
    # Mahalanobis distance of (2, 2) under this covariance: 2 * 4 / 1.5
    assert model.posteriors(np.zeros((1, 2)))[0, 0] == pytest.approx(1 / (1 + math.exp(-(16 / 3) / 2)))


def test_under_the_floor_a_row_is_unclassified_but_keeps_its_likeliest():
    model = line(shares=(0.5, 0.5))
    rows = np.array([[0.0], [1.99], [4.0]])
    assigned = model.assign(rows, floor=0.6)
    assert assigned.segment.tolist() == [0, -1, 1]
    assert assigned.likeliest.tolist() == [0, 0, 1]
    assert assigned.runner_up.tolist() == [1, 1, 0]
    assert assigned.membership[1] == pytest.approx(1 / (1 + math.exp(-0.04)))  # (2.01**2 - 1.99**2) / 2


def test_a_membership_of_exactly_the_floor_is_enough():
    assert line().assign(np.array([[2.0]]), floor=0.5).segment.tolist() == [0]


@given(st.integers(0, 10_000))
@settings(max_examples=25)
def test_posteriors_are_probabilities_however_far_a_row_lies(seed):
    rng = np.random.default_rng(seed)
    rows, truth = blobs(centres=[[0.0, 0.0], [1.0, 1.0], [5.0, 0.0]], each=12, seed=seed)
    found = fit_membership(rows, truth).posteriors(np.vstack([rows, rng.normal(0, 1e3, (5, 2))]))
    assert found.sum(axis=1) == pytest.approx(1.0)
    assert found.min() >= 0


def test_fitted_means_and_shares_leave_noise_out():
    rows = np.array([[0.0], [1.0], [2.0], [10.0], [11.0], [12.0], [13.0], [900.0]])
    model = fit_membership(rows, np.array([0, 0, 0, 1, 1, 1, 1, -1]))
    assert model.means[:, 0].tolist() == [1.0, 11.5]
    assert model.shares == pytest.approx([3 / 7, 4 / 7])


def test_in_one_dimension_nothing_is_shrunk_away_between_equal_segments():
    rows = np.array([[-1.0], [0.0], [1.0], [9.0], [10.0], [11.0]])
    model = fit_membership(rows, np.array([0, 0, 0, 1, 1, 1]))
    assert model.covariances[:, 0, 0] == pytest.approx([2 / 3, 2 / 3], rel=1e-5)


def test_small_segments_share_their_shape_and_large_ones_keep_their_own():
    def ratio_of_variances(each):
        rng = np.random.default_rng(5)
        wide, narrow = rng.normal(0, 3, (each, 6)), rng.normal(20, 1, (each, 6))
        model = fit_membership(np.vstack([wide, narrow]), np.repeat([0, 1], each))
        return float(np.trace(model.covariances[0]) / np.trace(model.covariances[1]))

    assert ratio_of_variances(2_000) == pytest.approx(9, rel=0.1)
    assert ratio_of_variances(4) < ratio_of_variances(20) < ratio_of_variances(2_000)


def test_a_column_without_spread_inside_the_segments_is_no_error():
    rows = np.column_stack([np.repeat([0.0, 5.0], 10), np.random.default_rng(0).normal(size=20)])
    assert fit_membership(rows, np.repeat([0, 1], 10)).assign(rows, floor=0.5).segment.tolist() == [0] * 10 + [1] * 10


def test_a_segment_of_one_row_is_no_error():
    rows = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [9.0, 9.0]])
    assert fit_membership(rows, np.array([0, 0, 0, 1])).assign(rows, floor=0.5).segment.tolist() == [0, 0, 0, 1]


def test_batches_change_nothing(monkeypatch):
    rows, truth = blobs(centres=[[0.0, 0.0], [2.0, 2.0]], each=50)
    model = fit_membership(rows, truth)
    whole = model.posteriors(rows)
    monkeypatch.setattr(membership, "SCORING_ROWS", 7)
    assert model.posteriors(rows) == pytest.approx(whole, rel=1e-12)


def test_json_gives_back_the_same_scores_to_the_last_bit():
    rows, truth = blobs(centres=[[0.0, 0.0], [2.0, 2.0]], each=50)
    model = fit_membership(rows, truth)
    again = Membership.from_json(json.loads(json.dumps(model.to_json())))
    assert np.array_equal(again.posteriors(rows), model.posteriors(rows))


def test_a_subset_reorders_segments_and_its_shares_sum_to_one():
    rows, truth = blobs(centres=[[0.0], [5.0], [9.0]], each=10)
    model = fit_membership(rows, truth).subset([2, 0])
    assert model.shares == pytest.approx([0.5, 0.5])
    assert model.means[0, 0] > model.means[1, 0]
