"""Moves: counted by hand, the gone and the unclassified apart, chance measured by halves."""

from __future__ import annotations

import numpy as np
import pytest

from segmentation_pipeline.clustering.verdict import SessionHalves
from segmentation_pipeline.segments.moves import user_moves
from segmentation_pipeline_tests.segments.successions import FEBRUARY, model_of, previous_refresh, users

MODEL = model_of({"2026-01-a": 0.0, "2026-01-b": 10.0})
BEFORE = users(a=(8, "2026-01-a"), b=(4, "2026-01-b"), c=(2, "unclassified"), gone=(3, "2026-01-a"))
NOW = {
    **users(a=(6, "2026-01-a"), b=(4, "2026-01-b"), c=(2, "2026-01-a"), new=(5, "2026-01-b")),
    "a06": "2026-01-b",
    "a07": "unclassified",
}


def moves_of(halves=None, names=("x",)):
    return user_moves(
        previous_refresh(MODEL, BEFORE),
        np.array(list(NOW), dtype=object),
        np.array(list(NOW.values())),
        MODEL,
        names,
        halves,
    )


def halves_of(a, b):
    first, second = (np.array(side, dtype=np.float64)[:, None] for side in (a, b))
    return SessionHalves(np.arange(len(first)), first, second)


def test_every_user_of_either_month_is_in_one_row_and_shares_are_of_those_at_risk_both_times():
    overall, *rows = moves_of()
    assert [(one.from_cluster_id, one.to_cluster_id, one.user_count, one.share) for one in rows] == [
        ("2026-01-a", "2026-01-a", 6, 6 / 8),
        ("2026-01-a", "2026-01-b", 1, 1 / 8),
        ("2026-01-a", "not_at_risk", 3, None),
        ("2026-01-a", "unclassified", 1, 1 / 8),
        ("2026-01-b", "2026-01-b", 4, 1.0),
        ("not_at_risk", "2026-01-b", 5, None),
        ("unclassified", "2026-01-a", 2, 1.0),
    ]
    assert sum(one.user_count for one in rows) == len(BEFORE.keys() | NOW.keys())
    # Of the 11 with a segment both times, one has another.
    assert (overall.from_cluster_id, overall.to_cluster_id) == ("overall", "moved")
    assert (overall.user_count, overall.share) == (1, 1 / 11)
    assert {one.matched_against for one in rows} == {FEBRUARY}


def test_without_halves_chance_is_unknown_not_zero():
    assert {one.expected_share for one in moves_of()} == {None}
    assert {one.excess_share for one in moves_of()} == {None}


def test_chance_is_how_many_the_other_half_of_their_visits_puts_elsewhere():
    # Of twenty users one seems of the second segment by the first half of its visits alone.
    overall, *rows = moves_of(halves_of([0.0] * 19 + [10.0], [0.0] * 20))
    by_pair = {(one.from_cluster_id, one.to_cluster_id): one for one in rows}
    # Both ways: 39 sightings in the first segment, of which one is in the second by the other half.
    assert by_pair["2026-01-a", "2026-01-b"].expected_share == pytest.approx(1 / 39)
    assert by_pair["2026-01-a", "2026-01-b"].excess_share == pytest.approx(1 / 8 - 1 / 39)
    assert by_pair["2026-01-a", "unclassified"].expected_share == 0
    assert by_pair["2026-01-b", "2026-01-b"].expected_share is None, "one sighting tells nothing"
    assert by_pair["2026-01-a", "not_at_risk"].expected_share is None
    assert overall.expected_share == pytest.approx(2 / 40)
    assert overall.excess_share == pytest.approx(1 / 11 - 2 / 40)


def test_halves_are_held_in_their_segment_as_users_are_from_month_to_month():
    # 5.01 lies just beyond the border: not enough to leave the first segment, nor from there to leave the second.
    overall, *_ = moves_of(halves_of([4.99] * 20, [5.01] * 20))
    assert overall.expected_share == 0
