"""Matching: by rows where they stayed together, by profile where they could not be followed, never by order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation_pipeline.clustering.matching import match_clusters

CORNERS = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]])


def pairs(matching):
    return {(match.old, match.new): match.matched_by for match in matching.matches}


def test_jaccards_are_of_the_rows_clustered_both_times():
    old = np.repeat([0, 0, 0, 0, 1, 1, -1, 1], 10)
    new = np.repeat([1, 1, 1, 0, 0, 0, 0, -1], 10)
    matching = match_clusters(old, new, CORNERS[:2], CORNERS[:2])
    assert matching.common.tolist() == [[10, 30], [20, 0]]
    assert matching.jaccards == pytest.approx(np.array([[1 / 6, 3 / 4], [2 / 3, 0]]))
    assert pairs(matching) == {(0, 1): "rows", (1, 0): "rows"}


def test_a_handful_of_common_rows_is_no_evidence_beside_the_profiles():
    old, new = np.array([0, 0, 0, 1, 1, 1]), np.array([1, 1, 1, 0, 0, 0])
    assert pairs(match_clusters(old, new, CORNERS[:2], CORNERS[:2])) == {(0, 0): "profile", (1, 1): "profile"}


def test_without_a_common_row_the_nearest_profiles_are_the_same():
    nobody = np.array([], dtype=np.int64)
    matching = match_clusters(nobody, nobody, CORNERS[:3], CORNERS[[2, 0, 1]] + 1.0)
    assert pairs(matching) == {(0, 1): "profile", (1, 2): "profile", (2, 0): "profile"}
    assert {match.jaccard for match in matching.matches} == {None}
    assert [match.distance for match in matching.matches] == pytest.approx([2**0.5 / 10] * 3)


def test_a_profile_three_quarters_of_the_way_to_a_sibling_is_another_cluster():
    nobody = np.array([], dtype=np.int64)
    near, far = np.array([[-7.4, 0.0], [10.0, 0.0]]), np.array([[-7.6, 0.0], [10.0, 0.0]])
    assert set(pairs(match_clusters(nobody, nobody, CORNERS[:2], near))) == {(0, 0), (1, 1)}
    assert set(pairs(match_clusters(nobody, nobody, CORNERS[:2], far))) == {(1, 1)}


def test_rows_that_stayed_together_outweigh_profiles_that_say_otherwise():
    labels = np.repeat([0, 1], 30)
    swapped = match_clusters(labels, 1 - labels, CORNERS[:2], CORNERS[:2])
    assert pairs(swapped) == {(0, 1): "rows", (1, 0): "rows"}


def test_rows_that_change_cluster_by_chance_do_not_make_another_cluster_of_an_unmoved_centre():
    generator = np.random.default_rng(3)
    old, new = generator.integers(0, 3, (2, 300))
    matching = match_clusters(old, new, CORNERS[:3], CORNERS[:3] + 0.5)
    assert pairs(matching) == {(0, 0): "profile", (1, 1): "profile", (2, 2): "profile"}


def test_of_an_even_split_the_nearer_half_continues_and_the_other_is_new():
    old = np.zeros(40, dtype=np.int64)
    new = np.repeat([0, 1], 20)
    for place, nearer in ((-4.0, 0), (4.0, 1)):
        parent = np.array([[place, 0.0]])
        matching = match_clusters(old, new, parent, np.array([[-9.0, 0.0], [9.0, 0.0]]))
        assert pairs(matching) == {(0, nearer): "rows"}


def test_a_cluster_that_is_gone_gives_its_id_to_none_though_a_new_one_has_no_rows_of_before():
    old = np.array([0] * 50 + [1] * 6)  # of the second cluster six rows are left, strewn
    new = np.array([0] * 50 + [0, 0, 0, 1, 1, -1])
    matching = match_clusters(old, new, CORNERS[:2], CORNERS[[0, 2]])
    assert pairs(matching) == {(0, 0): "rows"}


def test_renumbering_follows_the_new_clusters():
    old, new = np.repeat([0, 1, 2], 10), np.repeat([2, 0, 1], 10)
    matching = match_clusters(old, new, CORNERS[:3], CORNERS[[1, 2, 0]])
    moved = matching.renumbered([2, 0, 1])
    assert pairs(moved) == {(0, 0): "rows", (1, 1): "rows", (2, 2): "rows"}
    assert moved.common.tolist() == (10 * np.eye(3)).tolist()
    assert np.diag(moved.distances).tolist() == [0, 0, 0]


@st.composite
def partitions(draw):
    count = draw(st.integers(0, 60))
    old_count, new_count = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    generator = np.random.default_rng(draw(st.integers(0, 10_000)))
    old = generator.integers(-1, old_count, count)
    follows = generator.random(count) < draw(st.sampled_from([0.0, 0.6, 0.95]))
    new = np.where(follows & (old < new_count), old, generator.integers(-1, new_count, count))
    return old, new, generator.normal(size=(old_count, 3)), generator.normal(size=(new_count, 3)), generator


@given(partitions())
@settings(max_examples=80, deadline=None)
def test_neither_row_order_nor_the_numbers_of_clusters_change_who_is_matched(given_partitions):
    old, new, old_centres, new_centres, generator = given_partitions
    plain = match_clusters(old, new, old_centres, new_centres)
    rows = generator.permutation(len(old))
    old_numbers, new_numbers = generator.permutation(len(old_centres)), generator.permutation(len(new_centres))
    moved_old, moved_new = np.append(old_numbers, -1)[old[rows]], np.append(new_numbers, -1)[new[rows]]
    moved = match_clusters(
        moved_old, moved_new, old_centres[np.argsort(old_numbers)], new_centres[np.argsort(new_numbers)]
    )
    assert pairs(moved) == {
        (int(old_numbers[one]), int(new_numbers[other])): kind for (one, other), kind in pairs(plain).items()
    }


@given(partitions())
@settings(max_examples=80, deadline=None)
def test_nothing_is_matched_twice_and_a_partition_matches_itself(given_partitions):
    old, new, old_centres, new_centres, _ = given_partitions
    matching = match_clusters(old, new, old_centres, new_centres)
    assert len({match.old for match in matching.matches}) == len(matching.matches)
    assert len({match.new for match in matching.matches}) == len(matching.matches)
    itself = match_clusters(old, old, old_centres, old_centres)
    assert {(match.old, match.new) for match in itself.matches} == {
        (number, number) for number in range(len(old_centres))
    }
