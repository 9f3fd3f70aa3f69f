"""The factory that makes an asset check of a function: what a contract on single rows cannot say.

Add here: what every such check must carry. Keep out: the checks themselves (each stage's checks.py).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import dagster as dg

from segmentation_pipeline.orchestration.check_results import record_check
from segmentation_pipeline.orchestration.partitions import monthly_partitions
from segmentation_pipeline.warehouse.contracts import Table, table_name
from segmentation_pipeline.warehouse.resource import Warehouse


@dataclass(frozen=True)
class CheckOutcome:
    """What a check found; severity ERROR stops what follows in the same run, WARN only tells."""

    passed: bool
    description: str
    values: Mapping[str, Any] = field(default_factory=dict)
    severity: Literal["ERROR", "WARN"] = "ERROR"


CheckFunction = Callable[[Warehouse, date | None], CheckOutcome]


def table_check(table: type[Table], *, monthly: bool = False) -> Callable[[CheckFunction], dg.AssetChecksDefinition]:
    """Make a blocking asset check of a function of the warehouse and the month (None when not monthly)."""

    def decorate(function: CheckFunction) -> dg.AssetChecksDefinition:
        name: str = getattr(function, "__name__", "check")

        @dg.asset_check(
            asset=table_name(table),
            name=name,
            blocking=True,
            description=(function.__doc__ or "").strip(),
            partitions_def=monthly_partitions() if monthly else None,
            required_resource_keys={"warehouse"},
        )
        def check(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
            warehouse: Warehouse = context.resources.warehouse
            month = date.fromisoformat(context.partition_key) if monthly else None
            outcome = function(warehouse, month)
            record_check(
                warehouse,
                table=table_name(table),
                check=name,
                month=month,
                is_passed=outcome.passed,
                severity=outcome.severity,
                description=outcome.description,
                values=outcome.values,
            )
            return dg.AssetCheckResult(
                passed=outcome.passed,
                severity=dg.AssetCheckSeverity[outcome.severity],
                description=outcome.description,
                metadata=dict(outcome.values),
            )

        return check

    return decorate
