"""The choice: right where the shape is plain, solved or called weak where k-means must fail, never order-dependent."""

from __future__ import annotations

import numpy as np
import pytest

from segmentation_pipeline.clustering.choice import ChoiceOptions, TooFewRows, choose
from segmentation_pipeline.clustering.judging import contradiction, share_outside
from segmentation_pipeline_tests.clustering.blobs import agreement, benchmark, blobs

PLAIN = [[0.0, 0.0, 0.0], [9.0, 0.0, 0.0], [0.0, 9.0, 0.0], [9.0, 9.0, 3.0]]


def choice_of(rows, **options):
    return choose(rows, {"pca": rows}, ChoiceOptions(**options))


@pytest.mark.parametrize(("name", "k"), [("hepta", None), ("tetra", None), ("twodiamonds", 2)])
@pytest.mark.parametrize("method", ["auto", "kmeans"])
def test_plain_shapes_are_found(shared_data, name, k, method):
    rows, truth = benchmark(shared_data, name)
    choice = choice_of(rows, k=k, method=method)
    assert agreement(choice.chosen.labels, truth) > 0.99
    assert not choice.is_weak


@pytest.mark.parametrize(("name", "k"), [("lsun", None), ("lsun", 3), ("target", None)])
@pytest.mark.parametrize("method", ["auto", "kmeans"])
def test_shapes_k_means_cannot_see_are_solved_or_called_weak(shared_data, name, k, method):
    rows, truth = benchmark(shared_data, name)
    choice = choice_of(rows, k=k, method=method)
    assert choice.is_weak or agreement(choice.chosen.labels, truth) > 0.99


@pytest.mark.parametrize("name", ["chainlink", "atom"])
@pytest.mark.parametrize("k", [None, 2])
@pytest.mark.parametrize("method", ["auto", "kmeans"])
def test_rings_and_shells_cut_in_pieces_are_never_called_good(shared_data, name, k, method):
    rows, truth = benchmark(shared_data, name)
    choice = choice_of(rows, k=k, method=method)
    is_solved = agreement(choice.chosen.labels, truth) > 0.99
    assert is_solved != choice.is_weak
    assert is_solved == (method == "auto" and k == 2)  # only density sees them, and only two groups are there


def test_silhouette_and_jaccard_alone_would_have_called_a_cut_ring_good(shared_data):
    rows, truth = benchmark(shared_data, "chainlink")
    choice = choice_of(rows, method="kmeans")
    assert choice.chosen.silhouette > 0.5
    assert (choice.chosen.min_jaccard or 0) > 0.9
    assert agreement(choice.chosen.labels, truth) < 0.5
    assert choice.weakness == "density separates 2 groups, so some borders cut a group in pieces"


def test_structureless_rows_are_weak():
    choice = choice_of(np.random.default_rng(0).normal(size=(300, 6)))
    assert choice.is_weak
    assert choice.chosen.cluster_count >= 3
    assert "bootstrap Jaccard" in (choice.weakness or "")


def test_shuffled_rows_give_the_same_partition_of_the_same_rows():
    rows, _ = blobs(centres=[[0.0, 0.0], [1.5, 0.0], [0.0, 1.5]], each=40, spread=0.6)
    shuffle = np.random.default_rng(9).permutation(len(rows))
    given, shuffled = choice_of(rows), choice_of(rows[shuffle])
    assert np.array_equal(shuffled.chosen.labels, given.chosen.labels[shuffle])
    assert [one.silhouette for one in shuffled.table] == [one.silhouette for one in given.table]


def test_the_same_seed_gives_the_same_table():
    rows, _ = blobs(centres=PLAIN, each=30, spread=2.0)
    first, second = choice_of(rows), choice_of(rows)
    assert [(one.candidate_id, one.silhouette, one.min_jaccard, one.reason) for one in first.table] == [
        (one.candidate_id, one.silhouette, one.min_jaccard, one.reason) for one in second.table
    ]


def test_the_table_is_complete_and_every_candidate_has_its_reason():
    rows, _ = blobs(centres=PLAIN, each=30)
    choice = choose(rows, {"pca": rows, "umap": rows[:, :2]}, ChoiceOptions(k_max=5))
    ids = [one.candidate_id for one in choice.table]
    assert len(set(ids)) == len(ids)
    assert sum(one.is_chosen for one in choice.table) == 1
    assert all(one.reason for one in choice.table)
    assert {one.space for one in choice.table} == {"pca", "umap"}
    assert {one.method for one in choice.table if one.space == "umap"} == {"kmeans", "hdbscan"}
    assert [k for k in range(2, 6) if f"kmeans-{k}-pca" in ids] == [2, 3, 4, 5]
    assert all(one.dbcv is None for one in choice.table if one.method != "hdbscan")


def test_two_groups_are_no_segmentation_unless_forced():
    rows, truth = blobs(centres=PLAIN[:2], each=60)
    assert choice_of(rows).chosen.cluster_count >= 3
    forced = choice_of(rows, k=2)
    assert agreement(forced.chosen.labels, truth) == 1.0
    assert "k = 2" in forced.chosen.reason


@pytest.mark.parametrize("method", ["kmeans", "gaussian_mixture", "hdbscan"])
def test_a_forced_method_is_the_only_one_chosen_from(method):
    rows, truth = blobs(centres=PLAIN, each=40)
    choice = choice_of(rows, method=method)
    assert choice.chosen.method == method
    assert choice.chosen.reason.startswith(f"forced method {method}")
    assert agreement(choice.chosen.labels, truth) > 0.95


def test_fewer_than_three_clusters_means_fewer_dimensions_and_again():
    noise = np.random.default_rng(4).normal(0, 1.2, (200, 8))
    rows, _ = blobs(centres=[[0.0, 0.0], [14.0, 0.0]], each=100)
    choice = choice_of(np.column_stack([rows, noise]), method="hdbscan")
    assert {one.space for one in choice.table} >= {"pca", "pca-first-5", "pca-first-2"}
    assert choice.is_weak


def test_a_candidate_with_a_segment_too_small_to_live_is_passed_over():
    rows, _ = blobs(centres=PLAIN[:3], each=60)
    far = np.array([[500.0, 500.0, 500.0]] * 4)  # 2 % of the rows, and the best silhouette of all
    choice = choice_of(np.vstack([rows, far]))
    assert choice.chosen.smallest_share >= 0.05
    assert any("under 5 %" in one.reason for one in choice.table)


def test_too_few_rows_is_an_error_that_says_what_to_do():
    rows, _ = blobs(centres=PLAIN, each=2)
    with pytest.raises(TooFewRows, match=r"8 rows cannot hold 3 clusters of 3\. Next: more users"):
        choice_of(rows)
    with pytest.raises(TooFewRows, match="cannot hold 9 clusters"):
        choice_of(np.vstack([rows] * 2), k=9)


def test_contradiction_by_hand():
    groups = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    assert contradiction(groups, groups) == 0
    parts = np.array([0, 0, 2, 2, 1, 1, 1, 1])  # nested: a group in two pieces
    assert share_outside(parts, groups) == 0
    assert contradiction(parts, groups) == 2 / 8
    across = np.array([0, 0, 0, 1, 1, 1, 1, 1])  # one row on the wrong side
    assert contradiction(across, groups) == 1 / 8
    assert contradiction(np.full(8, -1), groups) == 0
