"""Ids: birth month and letter, never ending, given by size."""

from __future__ import annotations

from datetime import date

from segmentation_pipeline.segments.identity import birth_order, new_cluster_ids


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
