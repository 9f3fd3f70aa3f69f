"""Lineage: births, continuations, retirements, splits and mergers from users written out by hand."""

from __future__ import annotations

import pytest

from segmentation_pipeline.segments.lineage import lineage
from segmentation_pipeline_tests.segments.successions import (
    FEBRUARY,
    model_of,
    previous_refresh,
    succession,
    users,
)

THREE = model_of({"2026-01-a": 0.0, "2026-01-b": 10.0, "2026-02-a": 20.0})


def told(before, today, centres, shares_now, model=THREE):
    """Return kind, segment, other and evidence of every event, and the events."""
    identities, followed = succession(previous_refresh(model, before), today, centres, shares_now)
    counts = [sum(number == segment for number in today.values()) for segment in identities.numbers]
    events = lineage(identities.cluster_ids, counts, len(today), followed)
    return [(one.kind, one.cluster_id, one.other_cluster_id, one.matched_by) for one in events], events


def test_in_the_first_refresh_everything_is_born():
    events = lineage(("2026-01-a", "2026-01-b"), (30, 10), 50, None)
    assert [(one.kind, one.cluster_id, one.share, one.matched_against) for one in events] == [
        ("born", "2026-01-a", 0.6, None),
        ("born", "2026-01-b", 0.2, None),
    ]


def test_segments_whose_users_stay_continue():
    before = users(a=(20, "2026-01-a"), b=(20, "2026-01-b"), c=(20, "2026-02-a"))
    today = users(a=(20, 0), b=(20, 1), c=(20, 2))
    kinds, events = told(before, today, [0.0, 10.0, 20.0], [1 / 3] * 3)
    assert kinds == [("continued", one, None, "users") for one in ("2026-01-a", "2026-01-b", "2026-02-a")]
    assert [one.jaccard for one in events] == [1, 1, 1]
    assert {one.matched_against for one in events} == {FEBRUARY}
    assert events[0].reason == "20 users are in it as before (Jaccard 1.00)"


def test_segments_of_strangers_continue_by_profile():
    before = users(a=(20, "2026-01-a"), b=(20, "2026-01-b"), c=(20, "2026-02-a"))
    today = users(x=(20, 0), y=(20, 1), z=(20, 2))
    kinds, events = told(before, today, [1.0, 11.0, 21.0], [1 / 3] * 3)
    assert kinds == [("continued", one, None, "profile") for one in ("2026-01-a", "2026-01-b", "2026-02-a")]
    assert [one.distance for one in events] == pytest.approx([0.1, 0.1, 0.1])


def test_a_segment_of_newcomers_is_born_and_one_under_five_percent_retires_in_the_same_month():
    before = users(a=(40, "2026-01-a"), b=(40, "2026-01-b"), c=(40, "2026-02-a"))
    # Three of the third segment's users are left and went to the second; newcomers are at a new place.
    today = users(a=(40, 0), b=(40, 1), c=(3, 1), new=(30, 2))
    kinds, events = told(before, today, [0.0, 10.0, 45.0], [0.4, 0.57, 0.03])
    assert kinds == [
        ("continued", "2026-01-a", None, "users"),
        ("continued", "2026-01-b", None, "users"),
        ("born", "2026-03-a", None, "none"),
        ("retired", "2026-02-a", None, "none"),
    ]
    assert events[3].reason == "3.0% of the users are still like its own, under the 5% a segment needs"
    assert (events[3].user_count, events[3].share) == (3, 0.03)


def test_a_segment_that_splits_lives_on_in_the_larger_part_and_the_other_is_told_to_come_out_of_it():
    before = users(a=(40, "2026-01-a"), b=(40, "2026-01-b"), c=(40, "2026-02-a"))
    today = {**users(a=(40, 0), b=(40, 1), c=(24, 2)), **{f"c{number}": 3 for number in range(24, 40)}}
    kinds, events = told(before, today, [0.0, 10.0, 15.5, 24.5], [1 / 3] * 3)
    assert kinds == [
        ("continued", "2026-01-a", None, "users"),
        ("continued", "2026-01-b", None, "users"),
        ("continued", "2026-02-a", None, "users"),
        ("split", "2026-03-a", "2026-02-a", "users"),
    ]
    assert events[3].jaccard == pytest.approx(0.4)
    assert events[3].reason == "16 of its 16 users known before come from 2026-02-a, of 40 there"


def test_segments_that_become_one_are_told_as_a_merger_of_the_smaller():
    before = users(a=(40, "2026-01-a"), b=(40, "2026-01-b"), c=(20, "2026-02-a"))
    today = users(a=(40, 0), b=(40, 1), c=(20, 1))
    kinds, events = told(before, today, [0.0, 13.0], [0.4, 0.4, 0.2])
    assert kinds == [
        ("continued", "2026-01-a", None, "users"),
        ("continued", "2026-01-b", None, "users"),
        ("merged", "2026-02-a", "2026-01-b", "users"),
    ]
    assert events[2].reason == "20 of its 20 users who are still at risk are in 2026-01-b now"


def test_stragglers_of_a_fading_segment_are_no_merger():
    before = users(a=(100, "2026-01-a"), b=(100, "2026-01-b"), c=(20, "2026-02-a"))
    today = users(a=(100, 0), b=(100, 1), c=(12, 1))
    kinds, _ = told(before, today, [0.0, 10.0], [0.45, 0.45, 0.06])
    assert kinds[-1] == ("retired", "2026-02-a", None, "none")


def test_a_new_segment_gathered_from_all_over_is_born_not_split():
    before = users(a=(40, "2026-01-a"), b=(40, "2026-01-b"), c=(40, "2026-02-a"))
    today = {
        **users(a=(28, 0), b=(28, 1), c=(28, 2)),
        **{f"{name}{number}": 3 for name in "abc" for number in range(28, 40)},
    }
    kinds, events = told(before, today, [0.0, 10.0, 20.0, 45.0], [1 / 3] * 3)
    assert kinds[-1] == ("born", "2026-03-a", None, "none")
    assert events[-1].reason == "its 36 users known before come from several segments, none of which it continues"
