"""Who changed segment since the refresh before, and how many would have by chance alone.

Add here: another way to count moves.
Keep out: what became of whole segments (lineage.py), and tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.segments.tables import OVERALL, UNCLASSIFIED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

    from segmentation_pipeline.clustering.rows import Labels, Matrix
    from segmentation_pipeline.clustering.verdict import SessionHalves
    from segmentation_pipeline.segments.identity import PreviousRefresh
    from segmentation_pipeline.segments.scoring import SegmentModel

NOT_AT_RISK = "not_at_risk"
"""Stands for a segment where a user was not there at one of the two landmarks: not yet, or no more."""

MOVED = "moved"
"""To (from `overall`) of the one row that says how many of all users in a segment both times are in another one."""

LEAST_HALVED = 10
"""Fewer halved users of a segment do not tell how many of its users move by chance."""


@dataclass(frozen=True, slots=True)
class UserMove:
    """A row of `user_moves`: users of one segment of the refresh before, by where they are now.

    `share` is that of the from-segment's users at risk at both landmarks, None where one side is `not_at_risk`.
    `expected_share`: of as many users would be seen there without any change, from two halves of the same users'
    visits scored by this refresh's model; `excess_share` is what is beyond it. Both None where not measured.
    """

    from_cluster_id: str
    to_cluster_id: str
    user_count: int
    share: float | None
    expected_share: float | None
    excess_share: float | None
    matched_against: date


def user_moves(
    previous: PreviousRefresh,
    user_ids: NDArray[np.object_],
    cluster_ids: NDArray[np.str_],
    model: SegmentModel,
    names: Sequence[str],
    halves: SessionHalves | None,
) -> list[UserMove]:
    """Return the moves of all users at risk at either landmark, the overall row first, then by from and to.

    `cluster_ids` are today's of `user_ids`. Segments that nobody left or joined have their rows of stayers all the
    same; pairs without users are left out.
    """
    before = {str(user): str(cluster) for user, cluster in zip(previous.user_ids, previous.cluster_ids, strict=True)}
    now = {str(user): str(cluster) for user, cluster in zip(user_ids, cluster_ids, strict=True)}
    counts: dict[tuple[str, str], int] = {}
    for user in sorted(before.keys() | now.keys()):
        pair = (before.get(user, NOT_AT_RISK), now.get(user, NOT_AT_RISK))
        counts[pair] = counts.get(pair, 0) + 1
    seen = _seen_twice(model, names, halves)
    expected = _expected_shares(model, seen)
    totals: dict[str, int] = {}
    for (left, joined), count in counts.items():
        if NOT_AT_RISK not in (left, joined):
            totals[left] = totals.get(left, 0) + count
    rows = [
        _move(left, joined, count, _share(left, joined, count, totals), expected, previous.month)
        for (left, joined), count in sorted(counts.items())
    ]
    return [_overall(counts, _expected_to_move(seen), previous.month), *rows]


def _share(left: str, joined: str, count: int, totals: dict[str, int]) -> float | None:
    return None if NOT_AT_RISK in (left, joined) else count / totals[left]


def _move(
    left: str, joined: str, count: int, share: float | None, expected: dict[str, dict[str, float]], against: date
) -> UserMove:
    by_chance = expected[left].get(joined, 0.0) if share is not None and left in expected else None
    excess = None if share is None or by_chance is None else share - by_chance
    return UserMove(left, joined, count, share, by_chance, excess, against)


def _overall(counts: dict[tuple[str, str], int], by_chance: float | None, against: date) -> UserMove:
    in_both = {pair: count for pair, count in counts.items() if not {NOT_AT_RISK, UNCLASSIFIED} & set(pair)}
    moved = sum(count for (left, joined), count in in_both.items() if left != joined)
    total = sum(in_both.values())
    share = moved / total if total else None
    excess = None if share is None or by_chance is None else share - by_chance
    return UserMove(OVERALL, MOVED, moved, share, by_chance, excess, against)


def _expected_shares(model: SegmentModel, seen: Labels) -> dict[str, dict[str, float]]:
    """Return from-id -> to-id -> share of halved users that the other half of their visits puts there."""
    named = [*model.cluster_ids, UNCLASSIFIED]
    return {
        named[number]: {named[other]: float(joined[other] / joined.sum()) for other in np.flatnonzero(joined)}
        for number, joined in enumerate(seen)
        if joined.sum() >= 2 * LEAST_HALVED  # both directions are counted
    }


def _expected_to_move(seen: Labels) -> float | None:
    placed = seen[:-1, :-1]
    return float(1 - np.trace(placed) / placed.sum()) if placed.sum() >= 2 * LEAST_HALVED else None


def _seen_twice(model: SegmentModel, names: Sequence[str], halves: SessionHalves | None) -> Labels:
    """Return counts of halved users by segment in one half and in the other, both ways; the last is unclassified.

    Who is in a segment by one half is held in it in the other, as users are from one refresh to the next.
    """
    width = len(model.cluster_ids) + 1
    counts = np.zeros((width, width), dtype=np.int64)
    if halves is not None:
        for first, second in ((halves.a, halves.b), (halves.b, halves.a)):
            left, joined = _held_over(model, names, first, second)
            np.add.at(counts, (left, joined), 1)
    return counts


def _held_over(model: SegmentModel, names: Sequence[str], first: Matrix, second: Matrix) -> tuple[Labels, Labels]:
    left = model.score(names, first).segments
    return left, model.score(names, second, held=left).segments
