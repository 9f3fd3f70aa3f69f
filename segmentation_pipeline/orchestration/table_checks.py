"""The factory that makes an asset check of a function: what a contract on single rows cannot say.

Add here: what every such check must carry. Keep out: the checks themselves (each stage's checks.py).
"""

import inspect
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import dagster as dg

from segmentation_pipeline.orchestration.check_results import CheckResult, record_checks
from segmentation_pipeline.warehouse.contracts import Table, table_name
from segmentation_pipeline.warehouse.resource import Warehouse
from segmentation_pipeline.warehouse.unpublished import tell_unpublished


@dataclass(frozen=True)
class CheckOutcome:
    """What a check found; severity ERROR stops what follows in the same run, WARN only tells."""

    passed: bool
    description: str
    values: Mapping[str, Any] = field(default_factory=dict)
    severity: Literal["ERROR", "WARN"] = "ERROR"


CheckFunction = Callable[[Warehouse, date | None], CheckOutcome]


@dataclass(frozen=True)
class TableCheck:
    """A check function with the table it is about, not yet bound to a home's partitions."""

    function: CheckFunction
    table: type[Table]
    is_monthly: bool

    @property
    def name(self) -> str:
        """Name of the check: that of its function."""
        return str(getattr(self.function, "__name__", "check"))

    def definition(self, partitions: dg.PartitionsDefinition[str]) -> dg.AssetChecksDefinition:
        """Return the Dagster check; blocking, so a red ERROR stops what follows in the same run."""
        with warnings.catch_warnings():
            # Partitioned checks are marked as preview; each Dagster release this pins was tried with them.
            warnings.simplefilter("ignore", dg.PreviewWarning)
            return self._checked(partitions)

    def _checked(self, partitions: dg.PartitionsDefinition[str]) -> dg.AssetChecksDefinition:
        @dg.asset_check(
            asset=table_name(self.table),
            name=self.name,
            blocking=True,
            description=inspect.cleandoc(self.function.__doc__ or ""),
            partitions_def=partitions if self.is_monthly else None,
            required_resource_keys={"warehouse"},
        )
        def check(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
            month = date.fromisoformat(context.partition_key) if self.is_monthly else None
            warehouse: Warehouse = context.resources.warehouse
            found = self.run(warehouse, month)
            if not found.passed and found.severity is dg.AssetCheckSeverity.ERROR:
                tell_unpublished(
                    warehouse.home,
                    context.run.run_id,
                    table=table_name(self.table),
                    check=self.name,
                    month=month,
                    message=found.description or self.name,
                )
            return found

        return check

    def run(self, warehouse: Warehouse, month: date | None) -> dg.AssetCheckResult:
        """Run the check and record its result in `check_results`."""
        outcome = self.function(warehouse, month)
        result = CheckResult(
            table=table_name(self.table),
            check=self.name,
            month=month,
            is_passed=outcome.passed,
            severity=outcome.severity,
            description=outcome.description,
            values=outcome.values,
        )
        record_checks(warehouse, [result])
        return dg.AssetCheckResult(
            passed=outcome.passed,
            severity=dg.AssetCheckSeverity[outcome.severity],
            description=outcome.description,
            metadata=dict(outcome.values),
        )


def table_check(table: type[Table], *, monthly: bool = False) -> Callable[[CheckFunction], TableCheck]:
    """Make a blocking asset check of a function of the warehouse and the month (None when not monthly)."""

    def decorate(function: CheckFunction) -> TableCheck:
        return TableCheck(function, table, monthly)

    return decorate
