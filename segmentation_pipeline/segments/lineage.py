"""What became of each segment since the refresh before: born, continued, retired, split, merged, and by what evidence.

Add here: another kind of event in the life of a segment.
Keep out: who gets which id (identity.py), users who change segment (moves.py), and tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from segmentation_pipeline.clustering.judging import LEAST_SHARE
from segmentation_pipeline.clustering.matching import LEAST_COMMON

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from segmentation_pipeline.clustering.rows import Indexes
    from segmentation_pipeline.segments.identity import Succession

Kind: TypeAlias = Literal["born", "continued", "retired", "split", "merged"]
MatchedBy: TypeAlias = Literal["users", "profile", "none"]

MAIN_SHARE = 0.5
"""A segment comes out of another (or goes into it) when at least half of its users do."""

PART_SHARE = 0.2
"""... and when they are at least a fifth of that other one: a handful of stragglers of a segment that fades is no
merger, and a handful of its former users does not make a new segment part of an old one."""


@dataclass(frozen=True, slots=True)
class LineageEvent:
    """A row of `cluster_lineage`: one event in the life of one segment.

    `cluster_id` is the segment born (born, split), living on (continued) or ended (retired, merged); `other_cluster_id`
    the one it came out of (split) or went into (merged). `user_count` and `share`: users at risk in it at this refresh;
    of an ended one, those its old model would still put there. `jaccard` and `distance` compare it with itself
    (continued) or with the other one (split, merged); None where not measured.
    """

    kind: Kind
    cluster_id: str
    other_cluster_id: str | None
    user_count: int
    share: float
    jaccard: float | None
    distance: float | None
    matched_by: MatchedBy
    matched_against: date | None
    reason: str


def lineage(
    cluster_ids: Sequence[str], user_counts: Sequence[int], user_count: int, succession: Succession | None
) -> list[LineageEvent]:
    """Return the events of a refresh: segments of today in the order of their ids, then those that ended.

    `user_counts` are those of today's segments, `user_count` that of all users at risk.
    """
    if succession is None:
        return [
            _born(cluster_id, count, count / user_count, None, "there is no earlier refresh with segments")
            for cluster_id, count in zip(cluster_ids, user_counts, strict=True)
        ]
    living = [
        _living(succession, number, cluster_ids[number], count, count / user_count)
        for number, count in enumerate(user_counts)
    ]
    ended = [
        _ended(succession, old, cluster_ids, user_count)
        for old in range(len(succession.previous.model.cluster_ids))
        if old not in succession.carried_from
    ]
    return [*living, *ended]


def _living(succession: Succession, number: int, cluster_id: str, count: int, share: float) -> LineageEvent:
    old = succession.carried_from[number]
    if old is not None:
        return _continued(succession, old, number, cluster_id, count, share)
    common = succession.matching.common
    parent = _main_part(common[:, number], common.sum(axis=1))
    against = succession.previous.month
    if parent is None:
        return _born(cluster_id, count, share, against, _why_born(common[:, number]))
    came, had = int(common[parent, number]), int(common[parent].sum())
    parent_id = succession.previous.model.cluster_ids[parent]
    return LineageEvent(
        kind="split",
        cluster_id=cluster_id,
        other_cluster_id=parent_id,
        user_count=count,
        share=share,
        jaccard=float(succession.matching.jaccards[parent, number]),
        distance=float(succession.matching.distances[parent, number]),
        matched_by="users",
        matched_against=against,
        reason=f"{came} of its {int(common[:, number].sum())} users known before come from {parent_id}, of {had} there",
    )


def _continued(
    succession: Succession, old: int, number: int, cluster_id: str, count: int, share: float
) -> LineageEvent:
    match = succession.matching.new_of()[number]
    shared = int(succession.matching.common[old, number])
    if match.matched_by == "rows":
        reason = f"{shared} users are in it as before (Jaccard {match.jaccard or 0.0:.2f})"
    else:
        reason = (
            f"its centre moved by {match.distance or 0.0:.2f} of the way to the nearest other segment;"
            f" {shared} users are in it as before"
        )
    return LineageEvent(
        kind="continued",
        cluster_id=cluster_id,
        other_cluster_id=None,
        user_count=count,
        share=share,
        jaccard=match.jaccard,
        distance=match.distance,
        matched_by="users" if match.matched_by == "rows" else "profile",
        matched_against=succession.previous.month,
        reason=reason,
    )


def _born(cluster_id: str, count: int, share: float, against: date | None, reason: str) -> LineageEvent:
    return LineageEvent("born", cluster_id, None, count, share, None, None, "none", against, reason)


def _why_born(came_from: Indexes) -> str:
    known = int(came_from.sum())
    if known < LEAST_COMMON:
        return f"{known} of its users were in a segment before, and no earlier segment has its profile"
    return f"its {known} users known before come from several segments, none of which it continues"


def _ended(succession: Succession, old: int, cluster_ids: Sequence[str], user_count: int) -> LineageEvent:
    cluster_id = succession.previous.model.cluster_ids[old]
    share_now = float(succession.shares_now[old])
    common = succession.matching.common
    heir = _main_part(common[old], common.sum(axis=0)) if share_now >= LEAST_SHARE else None
    known = int(common[old].sum())
    if heir is not None:
        reason = f"{int(common[old, heir])} of its {known} users who are still at risk are in {cluster_ids[heir]} now"
    else:
        reason = _why_retired(share_now, known)
    return LineageEvent(
        kind="retired" if heir is None else "merged",
        cluster_id=cluster_id,
        other_cluster_id=None if heir is None else cluster_ids[heir],
        user_count=round(share_now * user_count),
        share=share_now,
        jaccard=None if heir is None else float(succession.matching.jaccards[old, heir]),
        distance=None if heir is None else float(succession.matching.distances[old, heir]),
        matched_by="none" if heir is None else "users",
        matched_against=succession.previous.month,
        reason=reason,
    )


def _why_retired(share_now: float, known: int) -> str:
    if share_now < LEAST_SHARE:
        return f"{share_now:.1%} of the users are still like its own, under the {LEAST_SHARE:.0%} a segment needs"
    if known == 0:
        return "none of its users is still at risk, and no segment has its profile"
    return f"its {known} users who are still at risk are in several segments, none of which has its profile"


def _main_part(shared: Indexes, other_totals: Indexes) -> int | None:
    """Return the other segment that shares at least half of a segment's users, a fifth of its own; None for none."""
    known = int(shared.sum())
    if known < LEAST_COMMON:
        return None
    main = int(shared.argmax())
    is_main = shared[main] >= MAIN_SHARE * known and shared[main] >= PART_SHARE * other_totals[main]
    return main if is_main else None
