"""Assets of events: what came in, sessions, the dates of each refresh, features before the landmark, outcomes after.

Add here: a thin asset: read, call, write, report.
Keep out: reading files (`ingest.py`), dates (`clock.py`) and what a figure means (`sql/`).
"""

from datetime import UTC, datetime
from typing import Any

import dagster as dg

from segmentation_pipeline.events.feature_tables import (
    CurrentFeatures,
    EndedEarly,
    FeaturePriors,
    HalfFeatures,
    Refreshes,
    RefreshInputs,
    SessionRules,
    Sessions,
    UserFeatures,
    UserOutcomes,
)
from segmentation_pipeline.events.features import (
    write_current_features,
    write_refresh,
    write_user_features,
)
from segmentation_pipeline.events.halves import write_half_features
from segmentation_pipeline.events.ingest import ingest_landing
from segmentation_pipeline.events.outcomes import write_outcomes
from segmentation_pipeline.events.sessions import sessions_by_gap, update_sessions
from segmentation_pipeline.events.tables import LandedFiles, RawEvents, RejectedEvents, SessionBacklog
from segmentation_pipeline.markdown import code, table
from segmentation_pipeline.orchestration.landing import settle_s
from segmentation_pipeline.orchestration.table_assets import refresh_month, table_asset
from segmentation_pipeline.warehouse.resource import Warehouse


@table_asset(RawEvents, RejectedEvents, LandedFiles, SessionBacklog, group="events", kinds={"duckdb", "sql"})
def landed_events(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, dict[str, Any]]:
    """Files that are new or changed in landing are read in one transaction; the others cost only their hash.

    Equal events are kept once, for the file first in name order; a record that is no event is kept with its reason.
    """
    scratch = warehouse.home.warehouse_file.parent / "incoming"
    with warehouse.transaction() as db:
        report = ingest_landing(
            db,
            warehouse.home.landing,
            warehouse.settings.input,
            now=datetime.now(UTC).replace(tzinfo=None),
            settle_s=settle_s(context, warehouse),
            scratch=scratch,
        )
        files = db.rows("SELECT * FROM landed_files ORDER BY landed_recorded_at DESC, file_name LIMIT 50")
        reasons = db.rows("SELECT reason, count(*) AS records FROM rejected_events GROUP BY reason ORDER BY reason")
    for error in report.errors:
        context.log.warning(error)
    counts = ("read", "accepted", "rejected", "duplicate")
    return {
        "raw_events": {"accepted_now": report.accepted_count, "duplicates_now": report.duplicate_count},
        "rejected_events": {row["reason"]: row["records"] for row in reasons},
        "landed_files": {
            "read_now": len(report.read_files),
            "unchanged": len(report.unchanged_files),
            "may_still_be_written": ", ".join(report.waiting_files) or "none",
            "errors_now": len(report.errors),
            "files": table(
                ("file", "status", *(f"{count}:" for count in counts), "mapping"),
                [
                    (
                        code(row["file_name"]),
                        row["status"],
                        *(f"{row[f'{count}_count']:,}" for count in counts),
                        code(row["mapping"]),
                    )
                    for row in files
                ],
            ),
        },
    }


@table_asset(Sessions, SessionRules, reads=[RawEvents, SessionBacklog], group="events", kinds={"duckdb", "sql"})
def sessions(_context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, dict[str, Any]]:
    """Only users whose events changed are cut anew, from the first visit the change can touch.

    The result equals a full rebuild, which happens when the gap, the runaway limits or the roles change.
    """
    settings = warehouse.settings
    with warehouse.transaction() as db:
        written = update_sessions(db, settings.sessions, settings.roles)
        by_gap = sessions_by_gap(db)
    return {
        "sessions": {
            "rebuilt": "everything" if written.is_full else f"{written.backlog_user_count:,} users",
            "runaway_sessions": written.runaway_count,
            **{f"sessions_per_user_at_{gap.replace(' ', '_')}": value for gap, value in by_gap.items()},
        },
        "session_rules": {"gap_minutes": settings.sessions.gap_minutes},
    }


@table_asset(
    Refreshes, EndedEarly, RefreshInputs, reads=[RawEvents], group="events", kinds={"duckdb", "sql"}, monthly=True
)
def refreshes(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, dict[str, Any]]:
    """Dates follow the clock of pipeline.toml; at risk is who was seen before the landmark and had not ended by it."""
    month = refresh_month(context)
    with warehouse.transaction() as db:
        dates = write_refresh(db, month, warehouse.settings)
        refresh = db.rows("SELECT * FROM refreshes WHERE refresh_month = $month", {"month": month})[0]
        ended = db.rows("SELECT * FROM ended_early WHERE refresh_month = $month ORDER BY outcome", {"month": month})
    endings = [
        (
            row["outcome"],
            f"{row['user_count']:,}",
            f"{row['share']:.1%}",
            f"{row['share_low']:.1%} to {row['share_high']:.1%}",
        )
        for row in ended
    ]
    return {
        "refreshes": {
            "status": refresh["status"],
            "reason": refresh["status_reason"] or "enough users at risk",
            "clock": f"{dates.clock}: {dates.rule}",
            "window_start": str(dates.window_start),
            "landmark_at": str(dates.landmark_at),
            "as_of": str(dates.as_of),
            "at_risk": refresh["at_risk_count"],
            "ended_early": refresh["ended_early_count"],
            "running_at_start": refresh["running_at_start_count"],
            "drop_off_is": refresh["unjudged_reason"] or refresh["churn_definition"],
            **_silence_metadata(refresh),
        },
        "ended_early": {"ended_early": table(("ending", "users:", "share:", "95 % interval"), endings)},
    }


def _silence_metadata(refresh: dict[str, Any]) -> dict[str, Any]:
    if refresh["inactivity_days"] is None:
        return {}
    return {
        "inactivity_days": refresh["inactivity_days"],
        "return_share": "too few to tell" if refresh["return_share"] is None else refresh["return_share"],
        "seen_again_in_the_last_7_days": "not judged"
        if refresh["seen_again_count"] is None
        else f"{refresh['seen_again_count']:,} of {refresh['drop_off_count']:,} counted as dropped off",
    }


@table_asset(
    UserFeatures, FeaturePriors, reads=[RawEvents, Refreshes], group="events", kinds={"duckdb", "sql"}, monthly=True
)
def user_features(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, dict[str, Any]]:
    """Nothing at or after a user's landmark is seen; model features are shrunk to the population at risk."""
    month = refresh_month(context)
    with warehouse.transaction() as db:
        write_user_features(db, month, warehouse.settings)
        users = db.rows(
            "SELECT status, count(*) AS user_count, sum(event_count) AS event_count,"
            " sum(runaway_session_count) AS runaway FROM user_features WHERE refresh_month = $month"
            " GROUP BY status ORDER BY status",
            {"month": month},
        )
        priors = db.rows(
            "SELECT feature, prior FROM feature_priors WHERE refresh_month = $month ORDER BY feature", {"month": month}
        )
    return {
        "user_features": {
            **{row["status"]: row["user_count"] for row in users},
            "events_seen": sum(int(row["event_count"]) for row in users),
            "runaway_sessions_left_out": sum(int(row["runaway"]) for row in users),
        },
        "feature_priors": {
            "priors": table(
                ("feature", "population:"), [(code(row["feature"]), f"{row['prior']:.4g}") for row in priors]
            )
        },
    }


@table_asset(
    HalfFeatures,
    reads=[RawEvents, Refreshes, UserFeatures, FeaturePriors],
    group="events",
    kinds={"duckdb", "sql"},
    monthly=True,
)
def half_features(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, Any]:
    """Each visit goes to half a or b by a hash of its id: whether users differ lastingly shows between the halves.

    At most 1,000 users with at least 2 visits and 10 events; none where most users at risk come once.
    """
    with warehouse.transaction() as db:
        written = write_half_features(db, refresh_month(context), warehouse.settings)
    return {
        "users_halved": written.user_count,
        "share_with_a_single_visit": written.single_visit_share,
        "basis_of_the_verdict": "halves of users" if written.is_one_shot else "halves of each user's visits",
    }


@table_asset(
    UserOutcomes, reads=[RawEvents, Refreshes, UserFeatures], group="events", kinds={"duckdb", "sql"}, monthly=True
)
def user_outcomes(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, Any]:
    """The first churn, conversion or end action after the landmark closes a case; without one it is censored.

    Where no churn action is configured but a silence was measured that means leaving, the moment silence reaches
    it is the drop-off.
    """
    month = refresh_month(context)
    with warehouse.transaction() as db:
        write_outcomes(db, month, warehouse.settings)
        found = db.rows(
            "SELECT outcome, count(*) AS user_count FROM user_outcomes WHERE refresh_month = $month"
            " GROUP BY outcome ORDER BY outcome",
            {"month": month},
        )
    return {row["outcome"]: row["user_count"] for row in found}


@table_asset(CurrentFeatures, reads=[RawEvents, Refreshes, FeaturePriors], group="events", kinds={"duckdb", "sql"})
def current_features(_context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, Any]:
    """Features as of the latest event, shrunk by the priors of the latest ready refresh, for today's scores."""
    with warehouse.transaction() as db:
        model_month = write_current_features(db, warehouse.settings)
        found = db.rows("SELECT status, count(*) AS user_count FROM current_features GROUP BY status ORDER BY status")
    return {
        "priors_of": f"{model_month:%Y-%m}" if model_month else "no ready refresh yet: nobody can be scored",
        **{row["status"]: row["user_count"] for row in found},
    }
