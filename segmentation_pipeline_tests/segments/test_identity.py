"""Ids: birth month and letter, never ending, given by size, kept while a segment lives, never given again."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from segmentation_pipeline.clustering.matching import match_clusters
from segmentation_pipeline.clustering.scaling import Scaling
from segmentation_pipeline.segments.identity import birth_order, held_segments, identify, new_cluster_ids
from segmentation_pipeline_tests.segments.successions import MARCH, PLAIN, model_of, previous_refresh, users


def test_ids_are_month_and_letter():
    assert new_cluster_ids(date(2026, 3, 1), 3) == ["2026-03-a", "2026-03-b", "2026-03-c"]


def test_after_z_comes_aa():
    ids = new_cluster_ids(date(2026, 3, 1), 26 * 27 + 1)
    assert ids[25:28] == ["2026-03-z", "2026-03-aa", "2026-03-ab"]
    assert ids[51:53] == ["2026-03-az", "2026-03-ba"]
    assert ids[-2:] == ["2026-03-zz", "2026-03-aaa"]
    assert len(set(ids)) == len(ids)


def test_the_largest_is_born_first_and_equals_by_their_centre():
    assert birth_order([5, 9, 5], [(1.0,), (0.0,), (-1.0,)]) == [1, 2, 0]


def matching_of(old_labels, new_labels, old_count, new_count):
    far = 100.0 * np.arange(1.0, old_count + 1)[:, None], -100.0 * np.arange(1.0, new_count + 1)[:, None]
    return match_clusters(np.repeat(old_labels, 20), np.repeat(new_labels, 20), *far)


def test_without_an_earlier_refresh_all_are_born_in_the_order_of_birth():
    born = identify(MARCH, [2, 0, 1])
    assert born.cluster_ids == ("2026-03-a", "2026-03-b", "2026-03-c")
    assert born.numbers == (2, 0, 1)
    assert born.carried_from == (None, None, None)


def test_matched_segments_keep_their_ids_and_new_ones_come_after_them():
    matching = matching_of([0, 1], [2, 0], 2, 4)
    found = identify(MARCH, [3, 0, 1, 2], ["2026-01-b", "2025-12-aa"], matching)
    assert found.cluster_ids == ("2025-12-aa", "2026-01-b", "2026-03-a", "2026-03-b")
    assert found.numbers == (0, 2, 3, 1)
    assert found.carried_from == (1, 0, None, None)


def test_ids_are_in_the_order_of_their_age_after_z_too():
    ids = ["2026-01-z", "2026-01-aa", "2025-11-b"]
    matching = matching_of([0, 1, 2], [0, 1, 2], 3, 3)
    assert identify(MARCH, [0, 1, 2], ids, matching).cluster_ids == ("2025-11-b", "2026-01-z", "2026-01-aa")


def test_a_month_written_again_gives_the_same_ids_and_never_those_of_another_month():
    matching = matching_of([0, 1], [0, 1], 3, 3)  # the third of before has ended, the third of today is new
    previous = ["2026-01-a", "2026-02-a", "2026-02-b"]
    first, again = identify(MARCH, [0, 1, 2], previous, matching), identify(MARCH, [0, 1, 2], previous, matching)
    assert first.cluster_ids == again.cluster_ids == ("2026-01-a", "2026-02-a", "2026-03-a")


def test_users_hold_the_segment_that_lives_on_and_none_that_ended():
    assert held_segments((1, None, 0), np.array([0, 1, 2, -1])).tolist() == [2, 0, -1, -1]


def test_an_earlier_refresh_knows_who_was_where_and_who_was_not_there():
    previous = previous_refresh(
        model_of({"2026-01-a": 0.0, "2026-01-b": 9.0}), {"u1": "2026-01-b", "u2": "unclassified"}
    )
    asked = np.array(["u3", "u2", "u1"], dtype=object)
    assert previous.segments_of(asked).tolist() == [-1, -1, 1]


def test_centres_are_translated_through_natural_units_and_a_missing_column_is_the_centre():
    then = Scaling(("kept", "gone"), (10.0, 5.0), (2.0, 1.0), {})
    previous = previous_refresh(
        model_of({"2026-01-a": 1.0, "2026-01-b": -1.0}, scaling=then), users(a=(1, "2026-01-a"))
    )
    now = Scaling(("new", "kept"), (3.0, 11.0), (1.0, 0.5), {})
    # 10 + 2 * 1 = 12 and 10 - 2 = 8 in natural units; today (12 - 11) / .5 and (8 - 11) / .5.
    assert previous.centres_in(now).tolist() == pytest.approx(np.array([[0.0, 2.0], [0.0, -6.0]]))


def test_centres_follow_what_another_months_population_makes_of_the_same_behaviour_and_not_who_is_there():
    previous = previous_refresh(model_of({"2026-01-a": 0.0, "2026-01-b": 9.0}), {})
    # Thirty users are where they were and twenty newcomers are taken for the second segment; as February would have
    # told it, the same thirty's features are 1 less (first segment) and 2 less (second), the newcomers' 2.
    before = np.array([0.0] * 15 + [9.0] * 15 + [12.0] * 20)[:, None]
    today = before + np.array([1.0] * 15 + [2.0] * 35)[:, None]
    segments = previous.model.score(("x",), before).segments
    shifts = previous.shifts(("x",), today, (("x",), before), segments)
    assert shifts.tolist() == [[1.0], [2.0]]
    assert previous.centres_in(PLAIN, shifts).tolist() == [[1.0], [11.0]], "not the mean of who is near, 13"
    few = previous.shifts(("x",), today[10:], (("x",), before[10:]), segments[10:])
    assert few[0].tolist() == pytest.approx([75 / 40]), "five users' mean is chance: all users' is taken"
    gone = previous.shifts(("y",), today, (("x",), before), segments)
    assert gone.tolist() == [[0.0], [0.0]], "a column gone moves nothing"
