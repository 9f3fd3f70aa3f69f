"""`build_defs()`: the only place that assembles assets, checks, jobs, schedules, sensors and resources.

Add here: a stage's assets and checks modules, a view, a job, a schedule, a sensor. Keep out: what any of them does.
"""

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import dagster as dg

import segmentation_pipeline.activation.assets as activation_assets
import segmentation_pipeline.activation.checks as activation_checks
import segmentation_pipeline.customers.assets as customers_assets
import segmentation_pipeline.customers.checks as customers_checks
import segmentation_pipeline.events.assets as events_assets
import segmentation_pipeline.events.checks as events_checks
import segmentation_pipeline.experiments.assets as experiments_assets
import segmentation_pipeline.experiments.checks as experiments_checks
import segmentation_pipeline.insights.assets as insights_assets
import segmentation_pipeline.insights.checks as insights_checks
import segmentation_pipeline.insights.discovery.assets as discovery_assets
import segmentation_pipeline.insights.discovery.checks as discovery_checks
import segmentation_pipeline.leads.assets as leads_assets
import segmentation_pipeline.leads.checks as leads_checks
import segmentation_pipeline.retention.assets as retention_assets
import segmentation_pipeline.retention.checks as retention_checks
import segmentation_pipeline.segments.assets as segments_assets
import segmentation_pipeline.segments.checks as segments_checks
from segmentation_pipeline.config import Settings, find_home
from segmentation_pipeline.customers.months import customer_months
from segmentation_pipeline.errors import PipelineError
from segmentation_pipeline.events.clock import log_months
from segmentation_pipeline.orchestration.activation_requests import activation_sensor
from segmentation_pipeline.orchestration.alerting import alert_sensor
from segmentation_pipeline.orchestration.dead_runs import dead_runs_sensor
from segmentation_pipeline.orchestration.landing import landing_sensor
from segmentation_pipeline.orchestration.partitions import monthly_partitions
from segmentation_pipeline.orchestration.policies import catch_up_sensor, drift_sensor, monthly_schedule
from segmentation_pipeline.orchestration.published import PUBLISHED_WAREHOUSE, published_warehouse
from segmentation_pipeline.orchestration.refresh_requests import (
    ACTIVATION_SYNC,
    DAILY_UPDATE,
    MONTHLY_REFRESH,
    daily_schedule,
    newest_month_sensor,
)
from segmentation_pipeline.orchestration.table_assets import OWNERS, TableAsset
from segmentation_pipeline.orchestration.table_checks import TableCheck
from segmentation_pipeline.report.assets import REPORT, report_asset
from segmentation_pipeline.warehouse.contracts import table_name
from segmentation_pipeline.warehouse.resource import warehouse_resource
from segmentation_pipeline.warehouse.views import View

ASSET_MODULES: tuple[ModuleType, ...] = (
    events_assets,
    segments_assets,
    retention_assets,
    insights_assets,
    discovery_assets,
    customers_assets,
    experiments_assets,
    leads_assets,
    activation_assets,
)
CHECK_MODULES: tuple[ModuleType, ...] = (
    events_checks,
    segments_checks,
    retention_checks,
    insights_checks,
    discovery_checks,
    customers_checks,
    experiments_checks,
    leads_checks,
    activation_checks,
)
VIEWS = (
    View("segmentation_pipeline.segments", "refresh_summary"),
    View("segmentation_pipeline.leads", "lead_trends"),
)

INGEST = "ingest"
CUSTOMERS_REFRESH = "customers_refresh"
LEADS_UPDATE = "leads_update"
INGESTED = ("raw_events", "sessions", "purchases", "stale_refreshes")
CUSTOMERS = ("purchases", "customer_segments", "tier_backtests")
LEADS = ("leads", "lead_personas", "lead_exports")
ACTIVATION = ("posthog_person_properties", "attio_attributes", "segment_deliveries")
CURRENT = ("current_features", "current_segments", "llm_assignments", "llm_calls")


def table_assets() -> list[TableAsset]:
    """Return every table asset of every stage, in stage order."""
    return [found for module in ASSET_MODULES for found in vars(module).values() if isinstance(found, TableAsset)]


def table_checks() -> list[TableCheck]:
    """Return every check beyond the contracts, in stage order."""
    return [found for module in CHECK_MODULES for found in vars(module).values() if isinstance(found, TableCheck)]


def monthly_upstream() -> dict[str, list[str]]:
    """Return each monthly table with the monthly tables it is computed from."""
    monthly = {table_name(table) for asset in table_assets() if asset.is_monthly for table in asset.tables}
    return {
        table_name(table): [table_name(source) for source in asset.reads if table_name(source) in monthly]
        for asset in table_assets()
        if asset.is_monthly
        for table in asset.tables
    }


def build_defs(*, home_root: Path | None = None, overrides: Mapping[str, Any] | None = None) -> dg.Definitions:
    """Assemble everything for one home; `overrides` replaces resources by key, as tests do."""
    settings = _settings_or_defaults(home_root)
    partitions = monthly_partitions(settings)
    assets = [asset.definition(partitions) for asset in table_assets()]
    written = [table_name(table) for asset in table_assets() for table in asset.tables]
    jobs = [
        dg.define_asset_job(
            MONTHLY_REFRESH,
            selection=dg.AssetSelection.all() - dg.AssetSelection.assets(*ACTIVATION),
            description="One refresh, whole: ingest, segments, retention, advice, publish, report. Checks gate.",
        ),
        dg.define_asset_job(
            CUSTOMERS_REFRESH,
            selection=_whole(*CUSTOMERS, PUBLISHED_WAREHOUSE, REPORT),
            description="One refresh of customers alone: ingest purchases, segments, publish; of homes without events.",
        ),
        dg.define_asset_job(
            DAILY_UPDATE,
            selection=_whole(*INGESTED, *CURRENT, *LEADS, PUBLISHED_WAREHOUSE),
            description="What changed today: ingest, sessions, current segments by the stored model, "
            "users who still wait for a discovered segment, new imports of leads, publish.",
        ),
        dg.define_asset_job(
            LEADS_UPDATE,
            selection=_whole(*LEADS, PUBLISHED_WAREHOUSE, REPORT),
            description="New and changed imports of leads: read, personas, files for people, publish.",
        ),
        dg.define_asset_job(
            ACTIVATION_SYNC,
            selection=_whole(*ACTIVATION, PUBLISHED_WAREHOUSE),
            description="Segments to the tools where people act: a plan, then only what changed, at most 10 minutes; "
            "the next sync goes on where this one stopped.",
        ),
        dg.define_asset_job(
            INGEST,
            selection=_whole(*INGESTED),
            description="Load landed files of events and purchases and recompute the sessions they touch.",
        ),
    ]
    return dg.Definitions(
        assets=[
            *assets,
            published_warehouse(written, monthly_upstream(), VIEWS),
            report_asset(PUBLISHED_WAREHOUSE, OWNERS),
        ],
        asset_checks=[check.definition(partitions) for check in table_checks()],
        jobs=jobs,
        schedules=[monthly_schedule(settings.first_month, home_root), daily_schedule()],
        sensors=[
            dead_runs_sensor(),
            newest_month_sensor((log_months, customer_months)),
            landing_sensor(home_root, settings.refresh.landing_poll_s),
            catch_up_sensor(home_root),
            drift_sensor(home_root),
            activation_sensor(home_root),
            alert_sensor(home_root),
        ],
        resources={"warehouse": warehouse_resource(home_root), **(overrides or {})},
        executor=dg.in_process_executor,
    )


def _whole(*names: str) -> dg.AssetSelection:
    """Select assets with all tables that are written in the same transactions."""
    return dg.AssetSelection.assets(*names).required_multi_asset_neighbors()


def _settings_or_defaults(home_root: Path | None) -> Settings:
    """Settings of the home; defaults when they cannot be read, so the UI opens and each run says what is wrong."""
    try:
        return find_home(home_root).settings()
    except PipelineError:
        return Settings()


defs = build_defs()
