"""The table `check_results`: the last result of every check, in a transaction of its own.

Add here: nothing; who runs a check calls `record_check`. Keep out: what a check finds.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.warehouse.tables import CheckResults

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from segmentation_pipeline.warehouse.warehouse import Warehouse


def record_check(
    warehouse: Warehouse,
    *,
    table: str,
    check: str,
    month: date | None,
    is_passed: bool,
    severity: str,
    description: str,
    values: Mapping[str, Any],
) -> None:
    """Store a check's result over its previous one, so that readers see it whatever becomes of the run.

    The table's own contract is validated when it is published, not at each of its many one-row writes.
    """
    key = {"table": table, "check": check, "month": month}
    with warehouse.transaction() as db:
        db.ensure(CheckResults)
        db.execute(
            "DELETE FROM check_results WHERE table_name = $table AND check_name = $check"
            " AND refresh_month IS NOT DISTINCT FROM $month",
            key,
        )
        db.append(
            CheckResults,
            "SELECT $table AS table_name, $check AS check_name, $month::DATE AS refresh_month,"
            " $is_passed AS is_passed, $severity AS severity, $description AS description,"
            " $values AS values_found, (now() AT TIME ZONE 'UTC')::TIMESTAMP AS checked_recorded_at",
            {
                **key,
                "is_passed": is_passed,
                "severity": severity,
                "description": description,
                "values": json.dumps(values, sort_keys=True, default=str),
            },
        )
