"""The asset at the very end of each run: the report of the refresh, written from the published copy.

Add here: what is told of a written report. Keep out: the report itself (building.py) and its forms.
"""

import time
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

import dagster as dg

from segmentation_pipeline.errors import PipelineError
from segmentation_pipeline.report.writing import WrittenReport, write_report

if TYPE_CHECKING:
    from segmentation_pipeline.warehouse.resource import Warehouse

REPORT = "report"
WRITTEN_CHECK = "report_is_written"
PARTITION_TAG = "dagster/partition"


def report_asset(published: str, owners: list[str]) -> dg.AssetsDefinition:
    """Return the asset, downstream of the published copy; a refresh never fails because of its report."""

    @dg.asset(
        name=REPORT,
        deps=[published],
        group_name="report",
        kinds={"pdf", "html", "powerpoint"},
        owners=owners,
        code_version="1",
        description="The report of the refresh as PDF, HTML and slides under `exports/reports` of the home.",
        required_resource_keys={"warehouse"},
        check_specs=[
            dg.AssetCheckSpec(
                WRITTEN_CHECK, asset=REPORT, description="WARN where the report could not be written; it says why."
            )
        ],
    )
    def asset(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any]]:
        warehouse: Warehouse = context.resources.warehouse
        if not warehouse.settings.report.formats:
            told = "pipeline.toml asks for none ([report] formats)."
            yield dg.MaterializeResult(
                metadata={"why_missing": told}, check_results=[_outcome(passed=True, description=told)]
            )
            return
        key = context.run.tags.get(PARTITION_TAG)
        started = time.perf_counter()
        try:
            written = write_report(warehouse.home, None if key is None else date.fromisoformat(key))
        except PipelineError as problem:
            context.log.warning(str(problem))
            yield _missing(str(problem))
            return
        except Exception as problem:  # the refresh is published: a defect here must not call it failed
            context.log.exception("the report could not be written")
            yield _missing(f"Something unforeseen happened ({type(problem).__name__}: {problem}).")
            return
        yield dg.MaterializeResult(
            metadata=_told(written) | {"seconds": round(time.perf_counter() - started, 1)},
            check_results=[_outcome(passed=True, description=f"{written.page_count} pages.")],
        )

    return asset


def _told(written: WrittenReport) -> dict[str, Any]:
    paths = {form: dg.MetadataValue.path(str(path)) for form, path in written.paths.items()}
    return {**paths, "month": f"{written.month:%Y-%m}", "language": written.locale, "pages": written.page_count}


def _missing(why: str) -> dg.MaterializeResult[Any]:
    return dg.MaterializeResult(metadata={"why_missing": why}, check_results=[_outcome(passed=False, description=why)])


def _outcome(*, passed: bool, description: str) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=passed, check_name=WRITTEN_CHECK, severity=dg.AssetCheckSeverity.WARN, description=description
    )
