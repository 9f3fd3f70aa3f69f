"""Ids of segments: month of birth and a letter, so that rewriting a month needs no counter.

Add here: how segments keep or get an id.
Keep out: names for people (labels.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def new_cluster_ids(month: date, count: int) -> list[str]:
    """Return ids for segments born in a month: `2026-03-a` ... `2026-03-z`, `2026-03-aa` ..."""
    return [f"{month:%Y-%m}-{_letters(number)}" for number in range(count)]


def birth_order(user_counts: list[int], centres: list[tuple[float, ...]]) -> list[int]:
    """Return segment numbers, largest first, ties by centre: the order in which new ids are given."""
    return sorted(range(len(user_counts)), key=lambda number: (-user_counts[number], centres[number]))


def _letters(number: int) -> str:
    letters = ""
    number += 1
    while number > 0:
        number, place = divmod(number - 1, len(LETTERS))
        letters = LETTERS[place] + letters
    return letters
