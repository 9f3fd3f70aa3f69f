"""Assets of customers: what was bought, who everyone is, and whether the tiers foretell anything.

Add here: a thin asset: read, call, write, report.
Keep out: reading files (`ingest.py`), computing (`segmenting.py`, `backtest.py`) and the rules (`sql/segments.sql`).
"""

from datetime import UTC, datetime
from typing import Any

import dagster as dg

from segmentation_pipeline.customer_settings import CODES
from segmentation_pipeline.customers.backtest import write_backtest
from segmentation_pipeline.customers.ingest import TABLES, ingest_purchases
from segmentation_pipeline.customers.pictures import draw_dimensions
from segmentation_pipeline.customers.segmenting import write_segments
from segmentation_pipeline.customers.tables import (
    Customers,
    CustomerSegments,
    Purchases,
    Regions,
    RegionSegments,
    TierBacktests,
)
from segmentation_pipeline.markdown import code, plain, table
from segmentation_pipeline.orchestration.landing import settle_s
from segmentation_pipeline.orchestration.pictures import png_metadata
from segmentation_pipeline.orchestration.table_assets import refresh_month, table_asset
from segmentation_pipeline.warehouse.resource import Warehouse


@table_asset(*TABLES, group="customers", kinds={"duckdb", "sql"})
def landed_purchases(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, dict[str, Any]]:
    """Files of landing/purchases, landing/customers and landing/regions are read in one transaction.

    Files as before cost only their hash. A line in two files is one purchase; cancellations are kept apart and
    subtracted from nothing; a record that cannot be used is kept with its reason.
    """
    with warehouse.transaction() as db:
        report = ingest_purchases(
            db,
            warehouse.home.landing,
            warehouse.settings.customers,
            warehouse.settings.input,
            now=datetime.now(UTC).replace(tzinfo=None),
            settle_s=settle_s(context, warehouse),
            scratch=warehouse.home.warehouse_file.parent / "incoming_purchases",
        )
        files = db.rows("SELECT * FROM purchase_files ORDER BY landed_recorded_at DESC, file_name LIMIT 50")
        reasons = db.rows("SELECT reason, count(*) AS n FROM rejected_purchases GROUP BY reason ORDER BY reason")
        customers, lines, orders, total = db.one(
            "SELECT count(DISTINCT customer_id), count(*), count(DISTINCT order_key), coalesce(sum(line_total), 0)"
            " FROM purchases"
        )
        cancelled, matched = db.one("SELECT count(*), count(*) FILTER (is_matched) FROM cancelled_purchases")
    for error in report.errors:
        context.log.warning(error)
    files_shown = table(
        ["file", "status", "read:", "accepted:", "rejected:", "duplicate:", "cancelled:", "mapping"],
        [
            (
                plain(row["file_name"]),
                row["status"],
                *(f"{row[f'{kind}_count']:,}" for kind in ("read", "accepted", "rejected", "duplicate", "cancelled")),
                code(str(row["mapping"])),
            )
            for row in files
        ],
    )
    return {
        "purchases": {"lines": lines, "orders": orders, "buyers": customers, "total": float(total)},
        "cancelled_purchases": {"lines": cancelled, "matched": matched},
        "rejected_purchases": {row["reason"]: row["n"] for row in reasons},
        "purchase_files": {
            "read_now": len(report.read_files),
            "unchanged": len(report.unchanged_files),
            "may_still_be_written": ", ".join(report.waiting_files) or "none",
            "errors": len(report.errors),
            "files": files_shown,
        },
    }


@table_asset(
    CustomerSegments,
    RegionSegments,
    reads=[Purchases, Customers, Regions],
    group="customers",
    kinds={"duckdb", "sql"},
    monthly=True,
)
def customer_segments(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, dict[str, Any]]:
    """Rules over purchases up to the end of the month, or up to the last purchase where that is earlier."""
    month = refresh_month(context)
    with warehouse.transaction() as db:
        written = write_segments(db, month, warehouse.settings.customers)
        counts = {
            dimension: {
                row["label"]: int(row["n"])
                for row in db.rows(
                    f"SELECT {dimension} AS label, count(*) AS n FROM customer_segments WHERE refresh_month = $month"
                    " GROUP BY ALL ORDER BY n DESC, label",
                    {"month": month},
                )
            }
            for dimension in CODES
        }
        told = {
            row["recommended_strategy"]: int(row["n"])
            for row in db.rows(
                "SELECT recommended_strategy, count(*) AS n FROM customer_segments WHERE refresh_month = $month"
                " GROUP BY ALL ORDER BY ALL",
                {"month": month},
            )
        }
        sources = db.rows(
            "SELECT count(*) AS regions, count(*) FILTER (climate_source = 'unknown') AS climate_unknown,"
            " count(*) FILTER (median_source <> 'given') AS median_computed FROM region_segments"
            " WHERE refresh_month = $month",
            {"month": month},
        )[0]
    if written.as_of is None:
        return {"customer_segments": {"status": "no customers up to this month"}, "region_segments": {}}
    return {
        "customer_segments": {
            "as_of": str(written.as_of),
            "rule_version": warehouse.settings.customers.rule_version,
            **{f"strategy_{name}": count for name, count in told.items()},
            "dimensions": png_metadata(draw_dimensions(counts)),
        },
        "region_segments": {name: int(count) for name, count in sources.items()},
    }


@table_asset(
    TierBacktests,
    reads=[Purchases, Customers, CustomerSegments],
    group="customers",
    kinds={"duckdb", "sql"},
    monthly=True,
)
def tier_backtests(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, Any]:
    """Tiers as they were `backtest_days` earlier, against what their customers did since."""
    month = refresh_month(context)
    with warehouse.transaction() as db:
        rows = write_backtest(db, month, warehouse.settings.customers)
    if not rows:
        return {"status": "too few customers before the landmark: nothing to compare yet"}
    lifts = table(
        ["dimension", "tier", "outcome", "customers:", "value:", "lift over all others (95 %):"],
        [
            (
                row.dimension,
                plain(row.tier),
                row.outcome,
                f"{row.customer_count:,}",
                f"{row.value:,.3g}",
                f"{row.lift:.2f} ({row.lift_low:.2f} to {row.lift_high:.2f})" if row.lift is not None else "-",
            )
            for row in rows
        ],
    )
    return {"landmark_at": str(rows[0].landmark_at), "lifts": lifts}
