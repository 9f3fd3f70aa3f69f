"""Assets of activation: what was told to each destination, or would be, and what became of it.

Add here: a thin asset for another destination. Keep out: planning (planning.py) and sending (delivery.py).
"""

import os
from typing import Any

import dagster as dg

from segmentation_pipeline.activation.syncing import TABLES, SyncReport, destination_of, sync
from segmentation_pipeline.activation.tables import AttioAttributes, PosthogPersonProperties, SegmentDeliveries
from segmentation_pipeline.insights.discovery.tables import LlmAssignments
from segmentation_pipeline.llm.clock import SystemClock
from segmentation_pipeline.markdown import code, table
from segmentation_pipeline.orchestration.activation_requests import ASKED_UNTIL, ENDED
from segmentation_pipeline.orchestration.table_assets import table_asset
from segmentation_pipeline.segments.tables import CurrentSegments
from segmentation_pipeline.state.database import open_state
from segmentation_pipeline.warehouse.contracts import table_name
from segmentation_pipeline.warehouse.resource import Warehouse

SHOWN_ROWS = 20
"""Rows of each kind shown in metadata; the table holds all."""


@table_asset(
    PosthogPersonProperties, reads=[CurrentSegments, LlmAssignments], group="activation", kinds={"duckdb", "posthog"}
)
def posthog_person_properties(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, Any]:
    """`behavior_segment_id`, `_label` and `_confidence` as person properties; only what changed is sent."""
    return _synced(context, warehouse, "posthog")


@table_asset(AttioAttributes, reads=[CurrentSegments, LlmAssignments], group="activation", kinds={"duckdb", "attio"})
def attio_attributes(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, Any]:
    """The same three as attributes of records, asserted by a matching attribute at 25 writes a second."""
    return _synced(context, warehouse, "attio")


@table_asset(SegmentDeliveries, reads=[CurrentSegments, LlmAssignments], group="activation", kinds={"duckdb", "file"})
def segment_deliveries(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, Any]:
    """The same three to a signed webhook, or everybody's in one CSV file."""
    return _synced(context, warehouse, "delivery")


def _synced(context: dg.AssetExecutionContext, warehouse: Warehouse, name: str) -> dict[str, Any]:
    settings = warehouse.settings.activation
    written = TABLES[name]
    if name not in settings.used:
        with warehouse.transaction() as db:
            db.ensure(written)
            db.execute(f"DELETE FROM {table_name(written)}")
            db.record_write(written)
        return {"why_empty": f"[activation.{name}] is not set up in pipeline.toml", "remaining_count": 0}
    destination = destination_of(name, settings)
    # The time of a run is shared, so that a slow destination never keeps the others from theirs.
    seconds = settings.max_minutes * 60 / len(settings.used)
    report = sync(
        warehouse,
        open_state(warehouse.home, warehouse.settings),
        destination,
        environment=os.environ,
        clock=SystemClock(),
        seconds=seconds,
    )
    if report.reason:
        context.log.info(report.reason)
    with warehouse.read() as db:
        examples = db.rows(
            f"SELECT * FROM {table_name(written)} QUALIFY row_number() OVER (PARTITION BY action ORDER BY user_id)"
            f" <= {SHOWN_ROWS} ORDER BY action, user_id"
        )
    return {"destination": destination.title, **_figures(report), "plan": _shown(examples)}


def _figures(report: SyncReport) -> dict[str, Any]:
    counts = report.plan.counts
    told: dict[str, Any] = {
        "adds": counts.get("add", 0),
        "changes": counts.get("change", 0),
        "clears": counts.get("clear", 0),
        "withheld": counts.get("withheld", 0),
        "unchanged": report.plan.unchanged_count,
        "why": table(("what", "rows:"), [(what, f"{rows:,}") for what, rows in report.plan.reasons.items()]),
        "remaining_count": report.remaining_count,
        ENDED: report.delivery.ending if report.delivery else "dry_run",
    }
    if not report.plan.has_segments:
        told["why_empty"] = "no refresh has segments yet; nobody is cleared for that"
    if report.reason:
        told["reason"] = report.reason
    if report.delivery is not None:
        if report.delivery.asked_until is not None:
            told[ASKED_UNTIL] = report.delivery.asked_until.isoformat()
        told |= {
            "confirmed": report.confirmed_count,
            "failed": len(report.refused or {}),
            "requests": report.delivery.request_count,
            "waited_s": report.delivery.waited_s,
        }
    return told


def _shown(rows: list[dict[str, Any]]) -> Any:
    return table(
        ("do", "user", "id there", "segment", "was", "why", "status"),
        [
            (
                row["action"],
                code(row["user_id"]),
                code(row["external_id"]) if row["external_id"] else "none",
                row["label"] or "none",
                row["previous_segment_id"] or "none",
                row["reason"],
                row["problem"] or row["status"],
            )
            for row in rows
        ],
    )
