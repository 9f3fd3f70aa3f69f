"""Rows no method saw: labels by vote, and agreement figures that tell a model that fits from one that does not."""

from __future__ import annotations

import numpy as np
import pytest

from segmentation_pipeline.clustering import assigner
from segmentation_pipeline.clustering.assigner import assigner_agreement, neighbour_labels
from segmentation_pipeline.clustering.candidates import KMeans
from segmentation_pipeline_tests.clustering.blobs import benchmark, blobs

CENTRES = [[0.0, 0.0], [6.0, 0.0], [0.0, 6.0]]


def test_a_row_takes_the_label_most_of_its_neighbours_have():
    fitted = np.array([[0.0], [0.1], [0.2], [9.0], [9.1], [9.2]])
    labels = np.array([1, 1, -1, 0, 0, 0])
    assert neighbour_labels(fitted[:3], labels[:3], np.array([[0.2]])).tolist() == [1]  # 1, 1 against noise
    assert neighbour_labels(fitted, labels, np.array([[0.2]])).tolist() == [0]  # six vote: three against two
    assert neighbour_labels(fitted[2:3], labels[2:3], np.array([[5.0]])).tolist() == [-1]
    assert neighbour_labels(fitted, labels, np.empty((0, 1))).tolist() == []


def test_batches_of_voters_change_nothing(monkeypatch):
    rows, truth = blobs(centres=CENTRES, each=60, spread=2.0)
    whole = neighbour_labels(rows, truth, rows)
    monkeypatch.setattr(assigner, "VOTED_ROWS", 7)
    assert np.array_equal(neighbour_labels(rows, truth, rows), whole)


def test_groups_that_are_normal_are_assigned_as_they_were_fitted():
    rows, truth = blobs(centres=CENTRES, each=200)
    unseen, _ = blobs(centres=CENTRES, each=300, seed=5)
    found = assigner_agreement(rows, truth, unseen)
    assert (found.fitted, found.held_out, found.neighbours, found.outside) == (1.0, 1.0, 1.0, 1.0)
    assert (found.fitted_count, found.outside_count) == (600, 900)
    assert found.is_trusted


def test_everybody_fitted_means_no_figure_outside():
    rows, truth = blobs(centres=CENTRES, each=40)
    found = assigner_agreement(rows, truth, np.empty((0, 2)))
    assert found.outside is None
    assert found.is_trusted


def test_a_model_that_only_remembers_its_own_rows_is_found_out_on_held_out_ones():
    rng = np.random.default_rng(0)
    rows, coins = rng.normal(size=(60, 12)), rng.integers(0, 3, 60)  # labels that say nothing about rows
    found = assigner_agreement(rows, coins, rng.normal(size=(50, 12)))
    assert found.fitted > found.held_out + 0.1
    assert not found.is_trusted


def test_what_matters_is_whether_normals_can_tell_the_groups_apart(shared_data):
    ball_in_shell, layer = benchmark(shared_data, "atom")  # a narrow normal within a wide one
    assert assigner_agreement(ball_in_shell, layer, ball_in_shell[:0]).is_trusted
    line = np.random.default_rng(0).uniform(0, 8, (800, 1))
    stripes = np.floor(line[:, 0]).astype(np.int64) % 2
    assert not assigner_agreement(line, stripes, line[:0]).is_trusted


def test_a_sample_unlike_the_rest_is_found_out_by_the_rest():
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(2_000, 4))
    labels = KMeans(4).fit(rows, seed=1, starts=3)
    alike, unlike = rng.normal(size=(1_000, 4)), rng.normal(size=(1_000, 4)) * 0.05
    assert assigner_agreement(rows, labels, alike).is_trusted
    assert not assigner_agreement(rows, labels, unlike).is_trusted


def test_order_of_rows_has_no_influence():
    rows, truth = blobs(centres=CENTRES, each=30, spread=3.0)
    unseen, _ = blobs(centres=CENTRES, each=20, spread=3.0, seed=2)
    shuffle = np.random.default_rng(0).permutation(len(rows))
    assert assigner_agreement(rows, truth, unseen) == assigner_agreement(rows[shuffle], truth[shuffle], unseen[::-1])


@pytest.mark.parametrize("labels", [[0, 0, 0, 0, 0, 1], [0] * 6, [0, 0, 1, 1, -1, -1]])
def test_lone_members_single_clusters_and_noise_are_no_error(labels):
    rows = np.arange(6.0)[:, None]
    found = assigner_agreement(rows, np.array(labels), rows[:0])
    assert 0 <= found.held_out <= 1
