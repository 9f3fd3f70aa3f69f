"""Checks of segments beyond their contracts: nobody lost, nobody twice, not too many between segments.

Add here: a law over several rows or tables, or a warning with its threshold.
Keep out: constraints on single rows (tables.py).
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from segmentation_pipeline.clustering.assigner import LEAST_HELD_OUT
from segmentation_pipeline.orchestration.table_checks import CheckOutcome, table_check
from segmentation_pipeline.segments.identity_tables import ClusterLineage, UserMoves
from segmentation_pipeline.segments.tables import UNCLASSIFIED, Clusters, CurrentSegments, StaleRefreshes, UserClusters
from segmentation_pipeline.segments.verdict_tables import FeatureDrift, RefreshVerdicts
from segmentation_pipeline.warehouse.resource import Warehouse

MOST_UNCLASSIFIED = 0.15
"""Share of users between segments above which the segments no longer describe the users (product rule)."""

SHARE_TOLERANCE = 1e-9


@table_check(UserClusters, monthly=True)
def everyone_at_risk_has_one_segment(warehouse: Warehouse, month: date | None) -> CheckOutcome:
    """Every user at risk of a ready refresh has exactly one row, and nobody else has any."""
    with warehouse.read() as db:
        missing, surplus = db.one(
            "WITH at_risk AS (SELECT user_id FROM user_features JOIN refreshes USING (refresh_month)"
            "   WHERE refresh_month = $month AND user_features.status = 'at_risk' AND refreshes.status = 'ready'),"
            " assigned AS (SELECT user_id FROM user_clusters WHERE refresh_month = $month)"
            " SELECT (SELECT count(*) FROM (FROM at_risk EXCEPT ALL FROM assigned)),"
            " (SELECT count(*) FROM (FROM assigned EXCEPT ALL FROM at_risk))",
            {"month": month},
        )
    return CheckOutcome(
        missing == 0 and surplus == 0,
        f"{missing:,} users at risk have no segment row, {surplus:,} rows are of nobody at risk",
        {"missing": missing, "surplus": surplus},
    )


@table_check(Clusters, monthly=True)
def shares_sum_to_one(warehouse: Warehouse, month: date | None) -> CheckOutcome:
    """Shares of all segments and of the unclassified sum to one, and sizes are those of the users assigned."""
    with warehouse.read() as db:
        total, segments, users = db.one(
            "SELECT (SELECT coalesce(sum(share), 0) FROM clusters WHERE refresh_month = $month),"
            " (SELECT count(*) FROM clusters WHERE refresh_month = $month),"
            " (SELECT count(*) FROM user_clusters WHERE refresh_month = $month)",
            {"month": month},
        )
        unclassified, different = db.one(
            "WITH sizes AS (SELECT cluster_id, count(*) AS users FROM user_clusters"
            "   WHERE refresh_month = $month GROUP BY cluster_id),"
            " stated AS (SELECT cluster_id, user_count FROM clusters WHERE refresh_month = $month)"
            " SELECT coalesce(sum(users) FILTER (WHERE cluster_id = $none), 0),"
            " count(*) FILTER (WHERE cluster_id <> $none AND users IS DISTINCT FROM user_count)"
            " FROM sizes FULL JOIN stated USING (cluster_id)",
            {"month": month, "none": UNCLASSIFIED},
        )
    if users == 0:
        return CheckOutcome(segments == 0, "no users at risk were assigned, so there are no segments", {"users": 0})
    whole = total + unclassified / users
    return CheckOutcome(
        abs(whole - 1) <= SHARE_TOLERANCE and different == 0,
        f"shares sum to {whole:.6f} with the unclassified; {different} segments state another size than they have",
        {"sum_of_shares": float(whole), "sizes_that_differ": int(different)},
    )


@table_check(Clusters, monthly=True)
def labels_are_unique(warehouse: Warehouse, month: date | None) -> CheckOutcome:
    """No two segments of a refresh share a label or a slug."""
    with warehouse.read() as db:
        repeated = db.one(
            "SELECT count(*) - least(count(DISTINCT label), count(DISTINCT slug)) FROM clusters"
            " WHERE refresh_month = $month",
            {"month": month},
        )[0]
    return CheckOutcome(repeated == 0, f"{repeated} segments share a label or slug", {"repeated": int(repeated)})


@table_check(UserClusters, monthly=True)
def few_are_unclassified(warehouse: Warehouse, month: date | None) -> CheckOutcome:
    """At most 15 % of users at risk are between segments."""
    with warehouse.read() as db:
        share = db.one(
            "SELECT coalesce(avg((cluster_id = $none)::INTEGER), 0) FROM user_clusters WHERE refresh_month = $month",
            {"month": month, "none": UNCLASSIFIED},
        )[0]
    return _unclassified_outcome(float(share))


@table_check(CurrentSegments)
def few_live_users_are_unclassified(warehouse: Warehouse, month: date | None) -> CheckOutcome:  # noqa: ARG001
    """At most 15 % of live users are between the segments of the latest model."""
    with warehouse.read() as db:
        share = db.one(
            "SELECT coalesce(avg((cluster_id = $none)::INTEGER), 0) FROM current_segments WHERE membership IS NOT NULL",
            {"none": UNCLASSIFIED},
        )[0]
    return _unclassified_outcome(float(share))


@table_check(ClusterLineage, monthly=True)
def every_segment_has_one_past(warehouse: Warehouse, month: date | None) -> CheckOutcome:
    """Every segment of the refresh was born, continued or split off, once; ended ones are none of its segments."""
    with warehouse.read() as db:
        different = db.one(
            "WITH living AS (SELECT cluster_id FROM cluster_lineage"
            "   WHERE refresh_month = $month AND kind IN ('born', 'continued', 'split')),"
            " ended AS (SELECT cluster_id FROM cluster_lineage"
            "   WHERE refresh_month = $month AND kind IN ('retired', 'merged')),"
            " found AS (SELECT cluster_id FROM clusters WHERE refresh_month = $month)"
            " SELECT (SELECT count(*) FROM (FROM found EXCEPT ALL FROM living)),"
            " (SELECT count(*) FROM (FROM living EXCEPT ALL FROM found)),"
            " (SELECT count(*) FROM (FROM ended INTERSECT FROM found))",
            {"month": month},
        )
    missing, surplus, undead = different
    return CheckOutcome(
        different == (0, 0, 0),
        f"{missing} segments have no past, {surplus} pasts have no segment, {undead} segments live after their end",
        {"without_past": missing, "without_segment": surplus, "ended_but_there": undead},
    )


@table_check(UserMoves, monthly=True)
def moves_lose_nobody(warehouse: Warehouse, month: date | None) -> CheckOutcome:
    """Users who stayed in a segment or came to it are all its users, where moves were told."""
    with warehouse.read() as db:
        different = db.rows(
            "SELECT c.cluster_id, c.user_count, coalesce(sum(m.user_count), 0) AS arrived FROM clusters AS c"
            " LEFT JOIN user_moves AS m ON m.refresh_month = c.refresh_month AND m.to_cluster_id = c.cluster_id"
            " WHERE c.refresh_month = $month"
            " AND EXISTS (SELECT 1 FROM user_moves WHERE refresh_month = $month)"
            " GROUP BY ALL HAVING c.user_count <> coalesce(sum(m.user_count), 0) ORDER BY c.cluster_id",
            {"month": month},
        )
    names = [row["cluster_id"] for row in different]
    return CheckOutcome(
        not names,
        f"moves do not add up to the users of {', '.join(names)}" if names else "every user came from somewhere",
        {"segments_that_differ": len(names)},
    )


@table_check(RefreshVerdicts, monthly=True)
def unseen_users_are_assigned_as_fitted(warehouse: Warehouse, month: date | None) -> CheckOutcome:
    """The stored model puts users it was not learned from where the chosen method would."""
    figures = ("held_out_agreement", "outside_agreement", "is_assigner_trusted")
    held_out, outside, is_trusted = _of_verdict(warehouse, month, figures)
    if is_trusted is None:
        return CheckOutcome(passed=True, description="There is no fitted model to judge.", severity="WARN")
    told = "" if outside is None else f", and {outside:.0%} outside the fit as their neighbours"
    return CheckOutcome(
        is_trusted,
        f"Of users held out, {held_out:.0%} are assigned as fitted (at least {LEAST_HELD_OUT:.0%}){told}."
        + ("" if is_trusted else " Next: force another method or number of segments, or take tomorrow's with care."),
        {"held_out_agreement": held_out, "outside_agreement": outside, "threshold": LEAST_HELD_OUT},
        severity="WARN",
    )


@table_check(RefreshVerdicts, monthly=True)
def models_agree_as_without_drift(warehouse: Warehouse, month: date | None) -> CheckOutcome:
    """The earlier model and this one agree on the users of this refresh as two models of an unchanged population."""
    figures = ("model_agreement", "expected_model_agreement", "least_model_agreement", "matched_against")
    agreement, expected, least, against = _of_verdict(warehouse, month, figures)
    if agreement is None:
        return CheckOutcome(passed=True, description="There is no earlier model to compare with.", severity="WARN")
    return CheckOutcome(
        agreement >= least,
        f"The models of {against:%Y-%m} and {month:%Y-%m} agree by {agreement:.2f} (adjusted Rand) on the same users; "
        f"{expected:.2f} is usual without drift, under {least:.2f} something has changed.",
        {"agreement": agreement, "expected": expected, "threshold": least},
        severity="WARN",
    )


@table_check(FeatureDrift, monthly=True)
def behaviour_has_not_drifted(warehouse: Warehouse, month: date | None) -> CheckOutcome:
    """No behaviour moved by more than its threshold since the refresh matched against."""
    with warehouse.read() as db:
        drifting = db.rows(
            "SELECT feature, psi, threshold FROM feature_drift WHERE refresh_month = $month AND is_drifting"
            " ORDER BY psi DESC, feature",
            {"month": month},
        )
    told = ", ".join(f"{row['feature']} ({row['psi']:.2f} over {row['threshold']:.2f})" for row in drifting[:5])
    return CheckOutcome(
        not drifting,
        f"The stability index of {len(drifting)} behaviours is above its threshold: {told}."
        if drifting
        else "No behaviour has drifted.",
        {"drifting": {row["feature"]: row["psi"] for row in drifting}},
        severity="WARN",
    )


def _of_verdict(warehouse: Warehouse, month: date | None, columns: Sequence[str]) -> tuple[Any, ...]:
    """Return columns of the month's verdict; None each where there is none."""
    with warehouse.read() as db:
        row = db.one(
            f"SELECT {', '.join(columns)} FROM refresh_verdicts WHERE refresh_month = $month", {"month": month}
        )
    return row or (None,) * len(columns)


def _unclassified_outcome(share: float) -> CheckOutcome:
    return CheckOutcome(
        share <= MOST_UNCLASSIFIED,
        f"{share:.1%} of users are unclassified; above {MOST_UNCLASSIFIED:.0%} the segments need a refresh",
        {"share_unclassified": share, "threshold": MOST_UNCLASSIFIED},
        severity="WARN",
    )


@table_check(StaleRefreshes)
def no_refresh_is_stale(warehouse: Warehouse, _month: date | None) -> CheckOutcome:
    """WARN while a refreshed month has late or withdrawn events, or goes back to a refresh that was made again."""
    with warehouse.read() as db:
        stale = db.rows("SELECT * FROM stale_refreshes ORDER BY refresh_month")
    told = ", ".join(f"{row['refresh_month']:%Y-%m} ({_why_stale(row)})" for row in stale[:12])
    return CheckOutcome(
        passed=not stale,
        severity="WARN",
        description=(
            f"{told}: these refreshes are out of date. Next: `segpipe run --stale` makes them again, in order."
            if stale
            else "Every refresh of a month that ended is that of its events."
        ),
        values={f"{row['refresh_month']:%Y-%m}": _why_stale(row) for row in stale},
    )


def _why_stale(row: dict[str, Any]) -> str:
    if row["reason"] == "earlier_rewritten":
        return "an earlier refresh was made again"
    counted = [
        f"{row[name]:,} events {word} than it saw"
        for name, word in (("late_event_count", "more"), ("withdrawn_event_count", "fewer"))
        if row[name]
    ]
    return " and ".join(counted) or "as many events as it saw, but others"
