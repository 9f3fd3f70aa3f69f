"""Assets of leads: imports read, personas found in each, files for people.

Add here: a thin asset: read, call, write, report. Keep out: reading files (ingest.py) and finding (assembling.py).
"""

import base64
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from segmentation_pipeline.leads.exporting import write_exports
from segmentation_pipeline.leads.ingest import ingest_leads
from segmentation_pipeline.leads.refreshing import refresh_personas
from segmentation_pipeline.leads.tables import (
    LeadCandidates,
    LeadClusters,
    LeadColumns,
    LeadEvidence,
    LeadExports,
    LeadFiles,
    LeadImports,
    LeadModels,
    LeadPersonas,
    Leads,
    RejectedLeads,
)
from segmentation_pipeline.markdown import Markdown, code, table
from segmentation_pipeline.orchestration.landing import settle_s
from segmentation_pipeline.orchestration.table_assets import table_asset
from segmentation_pipeline.warehouse.resource import Warehouse

MOST_TOLD = 10
"""Imports, files and personas shown in metadata, the newest by name."""


@table_asset(Leads, RejectedLeads, LeadFiles, group="leads", kinds={"duckdb", "sql"})
def landed_leads(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, dict[str, Any]]:
    """Files that are new or changed in landing/leads are read, each an import; the others cost only their hash.

    A record that is no lead is kept with its reason; an outcome no word list knows is kept as unknown, in no rate.
    """
    scratch = warehouse.home.warehouse_file.parent / "incoming_leads"
    with warehouse.transaction() as db:
        report = ingest_leads(
            db,
            warehouse.home.landing,
            warehouse.settings.leads,
            warehouse.settings.input,
            now=datetime.now(UTC).replace(tzinfo=None),
            settle_s=settle_s(context, warehouse),
            scratch=scratch,
        )
        files = db.rows(f"SELECT * FROM lead_files ORDER BY import_id DESC LIMIT {MOST_TOLD}")
        reasons = db.rows("SELECT reason, count(*) AS records FROM rejected_leads GROUP BY reason ORDER BY reason")
    for error in report.errors:
        context.log.warning(error)
    rows = (
        (
            row["import_id"],
            row["status"],
            *(f"{row[f'{count}_count']:,}" for count in ("read", "accepted", "rejected", "duplicate")),
            code(row["mapping"]),
        )
        for row in files
    )
    return {
        "leads": {"accepted_now": report.accepted_count, "duplicates_now": report.duplicate_count},
        "rejected_leads": {row["reason"]: row["records"] for row in reasons},
        "lead_files": {
            "read_now": len(report.read_files),
            "unchanged": len(report.unchanged_files),
            "may_still_be_written": ", ".join(report.waiting_files) or "none",
            "errors_now": len(report.errors),
            "files": table(("import", "status", "read:", "accepted:", "rejected:", "duplicate:", "mapping"), rows),
        },
    }


@table_asset(
    LeadImports,
    LeadClusters,
    LeadPersonas,
    LeadColumns,
    LeadCandidates,
    LeadEvidence,
    LeadModels,
    reads=[Leads, LeadFiles],
    group="leads",
    kinds={"duckdb", "scikitlearn"},
)
def lead_personas(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, dict[str, Any]]:
    """Imports whose leads or settings changed are grouped, rated and named; personas keep their ids by profile.

    The outcome is never a feature, nor is a column that alone nearly tells it. Rates are drawn to everyone's
    (beta-binomial), ranked by that, with interval and the chance to be the best.
    """
    refreshed = refresh_personas(warehouse)
    for import_id, found in refreshed.found.items():
        context.log.info("%s: %s personas of %s leads", import_id, len(found.personas), len(found.leads))
    with warehouse.read() as db:
        personas = db.rows(
            "SELECT p.* FROM lead_personas AS p"
            " WHERE import_id = (SELECT max(import_id) FROM lead_imports) ORDER BY rank",
        )
        columns = db.rows(
            "SELECT * FROM lead_columns WHERE import_id = (SELECT max(import_id) FROM lead_imports) ORDER BY rowid",
        )
    return {
        "lead_imports": {"looked_at_now": len(refreshed.found), "unchanged": len(refreshed.unchanged)},
        "lead_personas": {"newest_import": _personas_table(personas)} if personas else {},
        "lead_columns": {"newest_import": _columns_table(columns)} if columns else {},
    }


@table_asset(
    LeadExports,
    reads=[LeadImports, LeadPersonas, LeadClusters, LeadFiles],
    group="leads",
    kinds={"file", "matplotlib"},
)
def lead_exports(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, Any]:
    """Personas as JSON, the landed file with its Cluster column, dashboard and map, under exports/leads/IMPORT.

    Written anew when an import or what people call its personas changes; each file takes its place whole.
    """
    report = write_exports(warehouse)
    for problem in report.problems:
        context.log.warning(problem)
    with warehouse.read() as db:
        rows = db.rows(
            "SELECT * FROM lead_exports WHERE import_id = (SELECT max(import_id) FROM lead_exports) ORDER BY kind",
        )
    paths = {str(row["kind"]): warehouse.home.root / row["path"] for row in rows}
    pictures = {f"{kind}_picture": _picture(paths[kind].read_bytes()) for kind in ("dashboard", "pca") if kind in paths}
    return {
        "written_now": len(report.written),
        "unchanged": len(report.unchanged),
        "problems": "\n".join(report.problems) or "none",
        **{kind: dg.MetadataValue.path(str(path)) for kind, path in paths.items()},
        **pictures,
    }


def _personas_table(personas: list[dict[str, Any]]) -> Markdown:
    rows = (
        (
            row["rank"],
            f"{row['name']}{' ?' if row['is_tier_uncertain'] else ''}",
            f"{row['size']:,}",
            _share(row["raw_rate"]),
            _share(row["shrunken_rate"]),
            f"{_share(row['rate_low'])} to {_share(row['rate_high'])}",
            _share(row["best_probability"]),
        )
        for row in personas
    )
    return table(("rank:", "persona", "leads:", "raw rate:", "rate:", "95 %:", "best:"), rows)


def _columns_table(columns: list[dict[str, Any]]) -> Markdown:
    rows = (
        (
            row["column_name"],
            row["header"],
            row["status"],
            row["kind"],
            f"{row['level_count']:,}",
            "–" if row["auc"] is None else f"{row['auc']:.2f}",
            row["reason"] or "",
        )
        for row in columns
    )
    return table(("column", "header", "status", "kind", "values:", "AUC:", "why"), rows)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _picture(content: bytes) -> dg.MarkdownMetadataValue:
    return dg.MetadataValue.md(f"![picture](data:image/png;base64,{base64.b64encode(content).decode('ascii')})")
