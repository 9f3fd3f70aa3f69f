"""Which months the customers of a home span: those of its purchases, or of its registrations.

Keep out: what a month computes (segmenting.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segmentation_pipeline.customers.tables import Customers, PurchaseFiles, Purchases

if TYPE_CHECKING:
    from datetime import date

    from segmentation_pipeline.warehouse.database import Database


def customer_months(db: Database) -> tuple[date, date] | None:
    """Return the months of the first and the last purchase; None where there are no customers (or no tables of them).

    Where nobody bought yet, the one month of the last registration, or else of the day the files were first seen.
    """
    if not all(db.exists(table) for table in (Purchases, Customers, PurchaseFiles)):
        return None
    first, last = db.one("SELECT min(purchased_at), max(purchased_at) FROM purchases")
    if first is None:
        (first,) = db.one(
            "SELECT coalesce(max(member_since), (SELECT max(landed_recorded_at) FROM purchase_files))"
            " FROM customers HAVING count(*) > 0"
        ) or (None,)
        last = first
    return (first.date().replace(day=1), last.date().replace(day=1)) if first is not None else None
