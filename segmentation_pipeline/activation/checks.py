"""Checks of activation: whether a destination refused rows.

Add here: another way a sync can be wrong without failing. Keep out: sending again (the next sync does).
"""

from datetime import date

from segmentation_pipeline.activation.tables import AttioAttributes, PosthogPersonProperties, SegmentDeliveries
from segmentation_pipeline.orchestration.table_checks import CheckOutcome, table_check
from segmentation_pipeline.warehouse.contracts import Table, table_name
from segmentation_pipeline.warehouse.resource import Warehouse


@table_check(PosthogPersonProperties)
def posthog_took_every_row(warehouse: Warehouse, _month: date | None) -> CheckOutcome:
    """WARN with the most frequent reason where PostHog refused rows; they are tried again in the next sync."""
    return _took_every_row(warehouse, PosthogPersonProperties)


@table_check(AttioAttributes)
def attio_took_every_row(warehouse: Warehouse, _month: date | None) -> CheckOutcome:
    """WARN with the most frequent reason where Attio refused rows; they are tried again in the next sync."""
    return _took_every_row(warehouse, AttioAttributes)


@table_check(SegmentDeliveries)
def receiver_took_every_row(warehouse: Warehouse, _month: date | None) -> CheckOutcome:
    """WARN with the most frequent reason where the receiver refused rows; they are tried again in the next sync."""
    return _took_every_row(warehouse, SegmentDeliveries)


def _took_every_row(warehouse: Warehouse, table: type[Table]) -> CheckOutcome:
    name = table_name(table)
    with warehouse.read() as db:
        failed = db.rows(
            f"SELECT problem, count(*) AS rows FROM {name} WHERE status = 'failed'"
            " GROUP BY problem ORDER BY rows DESC, problem"
        )
    if not failed:
        return CheckOutcome(passed=True, description="No row was refused.", severity="WARN")
    total = sum(row["rows"] for row in failed)
    return CheckOutcome(
        passed=False,
        severity="WARN",
        description=f"{total:,} rows were refused, most often with: {failed[0]['problem']}. They are tried again in "
        f"the next sync. Next: look at status and problem in {name}.",
        values={"refused": total, "reasons": {row["problem"]: row["rows"] for row in failed[:10]}},
    )
