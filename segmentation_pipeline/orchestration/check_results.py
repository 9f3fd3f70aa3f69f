"""The table `check_results`: the last result of every check, in a transaction of its own.

Add here: nothing; who runs checks calls `record_checks`. Keep out: what a check finds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.warehouse.tables import CheckResults

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from segmentation_pipeline.warehouse.warehouse import Warehouse


@dataclass(frozen=True)
class CheckResult:
    """What a check found about a table, or one month of it."""

    table: str
    check: str
    month: date | None
    is_passed: bool
    severity: str
    description: str
    values: Mapping[str, Any] = field(default_factory=dict)


def record_checks(warehouse: Warehouse, results: Sequence[CheckResult]) -> None:
    """Store results over the previous ones of the same checks, so that readers see them whatever becomes of the run.

    The table's own contract is validated when it is published, not at each of its many one-row writes.
    """
    with warehouse.transaction() as db:
        db.ensure(CheckResults)
        for result in results:
            key = {"table": result.table, "check": result.check, "month": result.month}
            db.execute(
                "DELETE FROM check_results WHERE table_name = $table AND check_name = $check"
                " AND refresh_month IS NOT DISTINCT FROM $month",
                key,
            )
            db.execute(
                "INSERT INTO check_results BY NAME"
                " SELECT $table AS table_name, $check AS check_name, $month::DATE AS refresh_month,"
                " $is_passed AS is_passed, $severity AS severity, $description AS description,"
                " $values AS values_found, (now() AT TIME ZONE 'UTC')::TIMESTAMP AS checked_recorded_at",
                {
                    **key,
                    "is_passed": result.is_passed,
                    "severity": result.severity,
                    "description": result.description,
                    "values": json.dumps(result.values, sort_keys=True, default=str),
                },
            )
