"""Checks of segments beyond their contracts: nobody lost, nobody twice, not too many between segments.

Add here: a law over several rows or tables, or a warning with its threshold.
Keep out: constraints on single rows (tables.py).
"""

from datetime import date

from segmentation_pipeline.orchestration.table_checks import CheckOutcome, table_check
from segmentation_pipeline.segments.tables import UNCLASSIFIED, Clusters, CurrentSegments, UserClusters
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


def _unclassified_outcome(share: float) -> CheckOutcome:
    return CheckOutcome(
        share <= MOST_UNCLASSIFIED,
        f"{share:.1%} of users are unclassified; above {MOST_UNCLASSIFIED:.0%} the segments need a refresh",
        {"share_unclassified": share, "threshold": MOST_UNCLASSIFIED},
        severity="WARN",
    )
