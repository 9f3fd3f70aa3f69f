"""The asset at the end of each run: the published copy of the warehouse.

Add here: what a publish reports. Keep out: how the copy is made (warehouse/publish.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import dagster as dg

from segmentation_pipeline.errors import PublishRefused
from segmentation_pipeline.orchestration.table_assets import OWNERS
from segmentation_pipeline.warehouse.publish import publish
from segmentation_pipeline.warehouse.unpublished import tell_unpublished
from segmentation_pipeline.warehouse.views import View

if TYPE_CHECKING:
    from segmentation_pipeline.warehouse.resource import Warehouse

PUBLISHED_WAREHOUSE = "published_warehouse"
CONSISTENCY_CHECK = "no_half_written_refresh"

FRESHNESS = dg.FreshnessPolicy.time_window(fail_window=timedelta(days=2), warn_window=timedelta(hours=30))
"""Each daily update publishes: one may be late behind a long refresh, two in a row mean that something is wrong."""


def published_warehouse(
    tables: Sequence[str], monthly_upstream: Mapping[str, Sequence[str]], views: Sequence[View] = ()
) -> dg.AssetsDefinition:
    """Return the publishing asset: downstream of every table, refusing while a refresh is half-written."""

    @dg.asset(
        name=PUBLISHED_WAREHOUSE,
        deps=list(tables),
        group_name="warehouse",
        kinds={"duckdb", "file"},
        owners=OWNERS,
        code_version="1",
        description="One DuckDB file per publish, behind the symlink `published/segments.duckdb`; the last 3 are kept.",
        required_resource_keys={"warehouse"},
        freshness_policy=FRESHNESS,
        output_required=False,
        check_specs=[
            dg.AssetCheckSpec(
                CONSISTENCY_CHECK,
                asset=PUBLISHED_WAREHOUSE,
                description="WARN while a refresh is failed or half-written: the previous copy stays published.",
            )
        ],
    )
    def asset(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
        warehouse: Warehouse = context.resources.warehouse
        try:
            published = publish(warehouse, context.run_id, monthly_upstream, views)
        except PublishRefused as refused:
            # Nothing is materialised, so that the copy ages: what is published is the previous one.
            context.log.warning(str(refused))
            tell_unpublished(warehouse.home, context.run_id, table=PUBLISHED_WAREHOUSE, message=str(refused))
            yield _consistency(passed=False, description=str(refused))
            return
        yield dg.MaterializeResult(
            metadata={
                "path": dg.MetadataValue.path(str(published.path)),
                "bytes": published.byte_count,
                "views": ", ".join(published.views) or "none",
                "removed": ", ".join(published.removed) or "none",
            },
            check_results=[_consistency(passed=True, description="Every refresh is complete.")],
        )

    return asset


def _consistency(*, passed: bool, description: str) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=passed,
        check_name=CONSISTENCY_CHECK,
        severity=dg.AssetCheckSeverity.WARN,
        description=description,
    )
