"""Ids of segments over refreshes: carried over where a segment is still the same, new by month of birth and letter.

Add here: how segments keep or get an id, and how users are held in theirs.
Keep out: names for people (labels.py), what is told of births and ends (lineage.py), and matching itself (clustering/).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

    from segmentation_pipeline.clustering.matching import Matching
    from segmentation_pipeline.clustering.rows import Labels, Matrix
    from segmentation_pipeline.clustering.scaling import Scaling
    from segmentation_pipeline.segments.scoring import SegmentModel

LETTERS = "abcdefghijklmnopqrstuvwxyz"

LEAST_MEMBERS = 10
"""Users whose mean stands for a segment's; that of fewer is chance."""

NOBODY = -1
"""Segment number of a user who had none, or was not at risk then."""


@dataclass(frozen=True, slots=True, eq=False)
class PreviousRefresh:
    """The refresh that ids are carried over from: its month, its model (ids, labels, slugs), and who was where.

    `user_ids` and `cluster_ids` are the users at risk then and the segment of each, `unclassified` among them.
    """

    month: date
    model: SegmentModel
    user_ids: NDArray[np.object_]
    cluster_ids: NDArray[np.str_]

    def segments_of(self, user_ids: NDArray[np.object_]) -> Labels:
        """Return the segment each of these users had, as a number into the model's ids; -1 for none."""
        numbers = {cluster_id: number for number, cluster_id in enumerate(self.model.cluster_ids)}
        held = {
            str(user_id): numbers.get(str(cluster_id), NOBODY)
            for user_id, cluster_id in zip(self.user_ids, self.cluster_ids, strict=True)
        }
        return np.array([held.get(str(user_id), NOBODY) for user_id in user_ids], dtype=np.int64)

    def centres_in(self, scaling: Scaling, shifts: Matrix | None = None) -> Matrix:
        """Return the centres of its segments in another month's feature space; a column it did not have counts as 0.

        `shifts` (segments x its columns, raw): how far the features of those who are where they were lie from what
        its month would have made of the same behaviour, because they are shrunk to another population.
        """
        own = self.model.scaling
        raw = np.asarray(own.centres) + self.model.membership.means * np.asarray(own.scales)
        return scaling.transform(own.columns, raw if shifts is None else raw + shifts)

    def shifts(
        self, names: Sequence[str], matrix: Matrix, as_before: tuple[Sequence[str], Matrix], segments: Labels
    ) -> Matrix:
        """Return per segment and column of its model the mean of today's raw features less those `as_before`.

        Over today's users whom its model puts into the segment (`segments`); where they are fewer than ten, over all
        users. Only the shrinking differs between the two, so that newcomers do not draw the centre of a segment to
        themselves.
        """
        columns = self.model.scaling.columns
        moved = np.nan_to_num(_columns_of(columns, names, matrix) - _columns_of(columns, *as_before))
        members = [segments == number for number in range(len(self.model.cluster_ids))]
        return np.vstack(
            [moved[own].mean(axis=0) if own.sum() >= LEAST_MEMBERS else moved.mean(axis=0) for own in members]
        )


@dataclass(frozen=True, slots=True, eq=False)
class Identities:
    """Ids of a refresh's segments in the order of the ids; `numbers` are the segments' numbers before it."""

    cluster_ids: tuple[str, ...]
    numbers: tuple[int, ...]
    carried_from: tuple[int | None, ...]
    """Per segment, the number of the previous refresh's segment it continues; None for a new one."""


@dataclass(frozen=True, slots=True, eq=False)
class Succession:
    """How a refresh's segments follow on those of an earlier one; arrays have one entry per user of today.

    `segments_now`: the earlier refresh's segment that its model puts each user into, -1 for none; `shares_now`: the
    share of the users in each of them.
    `held`: the number (among today's segments) each user brought with it, -1 for none that lives on.
    """

    previous: PreviousRefresh
    matching: Matching
    carried_from: tuple[int | None, ...]
    segments_now: Labels
    shares_now: Matrix
    held: Labels


def identify(
    month: date, birth_ranks: Sequence[int], previous_ids: Sequence[str] = (), matching: Matching | None = None
) -> Identities:
    """Return the ids of segments: matched ones keep theirs, the others are born in the order of `birth_ranks`.

    An id is the month of birth and a letter, so a month rewritten with the same segments gives the same ids, and
    none can be that of another month: what has ended never comes back under its id.
    """
    matched = {} if matching is None else matching.new_of()
    born = [number for number in birth_ranks if number not in matched]
    ids = dict(zip(born, new_cluster_ids(month, len(born)), strict=True))
    ids |= {number: previous_ids[match.old] for number, match in matched.items()}
    numbers = sorted(ids, key=lambda number: _by_age(ids[number]))
    return Identities(
        cluster_ids=tuple(ids[number] for number in numbers),
        numbers=tuple(numbers),
        carried_from=tuple(matched[number].old if number in matched else None for number in numbers),
    )


def held_segments(carried_from: Sequence[int | None], previous_segments: Labels) -> Labels:
    """Return for each user the number of the segment it holds among today's; -1 where it had none that lives on."""
    today = {old: number for number, old in enumerate(carried_from) if old is not None}
    return np.array([today.get(int(old), NOBODY) for old in previous_segments], dtype=np.int64)


def new_cluster_ids(month: date, count: int) -> list[str]:
    """Return ids for segments born in a month: `2026-03-a` ... `2026-03-z`, `2026-03-aa` ..."""
    return [f"{month:%Y-%m}-{_letters(number)}" for number in range(count)]


def birth_order(user_counts: list[int], centres: list[tuple[float, ...]]) -> list[int]:
    """Return segment numbers, largest first, ties by centre: the order in which new ids are given."""
    return sorted(range(len(user_counts)), key=lambda number: (-user_counts[number], centres[number]))


def _columns_of(columns: Sequence[str], names: Sequence[str], matrix: Matrix) -> Matrix:
    """Return these columns of a matrix, nan where it does not have them."""
    place = {name: number for number, name in enumerate(names)}
    chosen = np.full((len(matrix), len(columns)), np.nan)
    for number, name in enumerate(columns):
        if name in place:
            chosen[:, number] = matrix[:, place[name]]
    return chosen


def _by_age(cluster_id: str) -> tuple[str, int, str]:
    month, _, letters = cluster_id.rpartition("-")
    return month, len(letters), letters


def _letters(number: int) -> str:
    letters = ""
    number += 1
    while number > 0:
        number, place = divmod(number - 1, len(LETTERS))
        letters = LETTERS[place] + letters
    return letters
