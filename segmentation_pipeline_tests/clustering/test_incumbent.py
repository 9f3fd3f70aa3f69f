"""The partition in office: its centres follow the rows, small clusters are given up, and the rule by hand."""

from __future__ import annotations

import numpy as np
import pytest

from segmentation_pipeline.clustering.choice import ChoiceOptions, choose
from segmentation_pipeline.clustering.incumbent import Incumbent, WarmKMeans, contest
from segmentation_pipeline_tests.clustering.blobs import agreement, benchmark, blobs

PLAIN = [[0.0, 0.0, 0.0], [9.0, 0.0, 0.0], [0.0, 9.0, 0.0]]
MORE = [*PLAIN, [9.0, 9.0, 3.0]]


def contested(rows, centres, *, repeat_of=None, **options):
    incumbent = Incumbent(np.asarray(centres, dtype=np.float64), repeat_of)
    return choose(rows, {"pca": rows}, ChoiceOptions(**options), incumbent)


def row_of(choice, start):
    return next(one for one in choice.table if one.candidate_id.startswith(start))


def test_borders_follow_their_rows_but_only_once():
    rows = np.array([[0.0], [2.0], [4.0], [6.0], [8.0], [30.0]])
    # Nearest of 0 and 5: {0, 2} and the rest, whose mean is 12: then 6 is nearer to the first centre (1) than to it.
    assert WarmKMeans(np.array([[0.0], [5.0]]), 0.05).fit(rows, seed=0, starts=1).tolist() == [0, 0, 0, 0, 1, 1]


def test_a_cluster_under_its_least_share_is_given_up_and_its_rows_go_to_the_others():
    rows, _ = blobs(centres=PLAIN, each=40)
    far = np.vstack([rows, [[50.0, 50.0, 50.0]] * 3])
    labels = WarmKMeans(np.array([*PLAIN, [50.0, 50.0, 50.0]]), 0.05).fit(far, seed=0, starts=1)
    assert len(set(labels.tolist())) == 3
    assert labels[-1] in labels[:120]


@pytest.mark.parametrize(
    ("gain", "repeats", "is_replaced"),
    [
        (0.019, None, False),
        (0.021, None, True),
        (0.3, (0.9, 0.86), True),
        (0.3, (0.9, 0.84), False),
        (0.01, (0.1, 0.9), False),
    ],
)
def test_a_challenger_needs_silhouette_and_must_not_be_less_repeatable(gain, repeats, is_replaced):
    assert contest(gain, repeats).is_replaced == is_replaced


def test_a_partition_in_office_stays_where_nothing_better_is_found_and_the_table_says_so():
    rows, truth = blobs(centres=PLAIN, each=40)
    choice = contested(rows, np.array(PLAIN) + 0.8)
    assert choice.chosen.candidate_id == "incumbent-3-features"
    assert agreement(choice.chosen.labels, truth) == 1.0
    assert choice.chosen.reason.startswith("incumbent, kept: the best challenger is ")
    assert not choice.is_weak
    assert sum(one.is_chosen for one in choice.table) == 1
    challenger = [one for one in choice.table if one.reason.startswith("challenger: ")]
    assert len(challenger) == 1
    assert "less than the 0.02 asked" in challenger[0].reason


def test_a_new_group_lets_the_challenger_in_and_both_rows_say_why():
    rows, truth = blobs(centres=MORE, each=40)
    choice = contested(rows, PLAIN, repeat_of=lambda k: {3: 0.9, 4: 0.95}[k], method="kmeans")
    assert choice.chosen.cluster_count == 4
    assert agreement(choice.chosen.labels, truth) == 1.0
    assert "replaces the incumbent: silhouette +0." in choice.chosen.reason
    assert "repeat 0.90 -> 0.95" in row_of(choice, "incumbent-3").reason
    assert not row_of(choice, "incumbent-3").is_chosen


def test_a_challenger_that_users_do_not_repeat_is_refused_however_well_it_separates():
    rows, _ = blobs(centres=MORE, each=40)
    choice = contested(rows, PLAIN, repeat_of=lambda k: {3: 0.9, 4: 0.6}[k], method="kmeans")
    assert choice.chosen.candidate_id == "incumbent-3-features"
    assert "less repeatable" in choice.chosen.reason


def test_structureless_rows_keep_the_borders_in_office_and_are_weak_all_the_same():
    rows = np.random.default_rng(0).normal(size=(300, 6))
    first = choose(rows, {"pca": rows}, ChoiceOptions(k_max=5))
    centres = np.vstack(
        [rows[first.chosen.labels == label].mean(axis=0) for label in range(first.chosen.cluster_count)]
    )
    choice = contested(rows, centres, k_max=5, seed=8)
    assert choice.chosen.method == "kmeans"
    assert choice.chosen.space == "features"
    assert agreement(choice.chosen.labels, first.chosen.labels) > 0.7
    assert choice.is_weak, "stability is measured without the memory of centres"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"k": 4}, "k = 4 is forced"),
        ({"method": "gaussian_mixture"}, "the method gaussian_mixture is forced"),
    ],
)
def test_what_settings_force_is_not_overruled_by_the_partition_in_office(options, why):
    rows, _ = blobs(centres=MORE, each=40)
    choice = contested(rows, PLAIN, **options)
    assert row_of(choice, "incumbent").reason == f"incumbent, not kept: {why}"
    assert choice.chosen.cluster_count == options.get("k", choice.chosen.cluster_count)
    assert options.get("method", choice.chosen.method) == choice.chosen.method


def test_two_clusters_that_are_left_do_not_stay_in_office_unless_proven():
    rows, _ = blobs(centres=PLAIN[:2], each=60)
    choice = contested(rows, PLAIN)
    assert row_of(choice, "incumbent").reason == "incumbent, not kept: only 2 of its clusters are left"
    assert choice.chosen.cluster_count >= 3
    proven = contested(rows, PLAIN, is_two_proven=True)
    assert proven.chosen.cluster_count == 2


def test_shapes_that_density_separates_replace_centres_that_cut_them(shared_data):
    rows, truth = benchmark(shared_data, "chainlink")
    cut = choose(rows, {"pca": rows}, ChoiceOptions(method="kmeans", k=2)).chosen.labels
    choice = contested(rows, [rows[cut == label].mean(axis=0) for label in (0, 1)], k=2)
    assert agreement(choice.chosen.labels, truth) > 0.99
    assert "density separates the challenger's groups" in choice.chosen.reason
    assert row_of(choice, "incumbent").silhouette > choice.chosen.silhouette, "which silhouette would not have done"


def test_row_order_has_no_influence_on_who_stays_in_office():
    rows, _ = blobs(centres=MORE, each=30, spread=2.5)
    shuffle = np.random.default_rng(9).permutation(len(rows))
    given, shuffled = contested(rows, PLAIN), contested(rows[shuffle], PLAIN)
    assert np.array_equal(shuffled.chosen.labels, given.chosen.labels[shuffle])
    assert [one.reason for one in shuffled.table] == [one.reason for one in given.table]
