"""Which months the purchases of a home span.

Keep out: what a month computes (segmenting.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segmentation_pipeline.customers.tables import Purchases

if TYPE_CHECKING:
    from datetime import date

    from segmentation_pipeline.warehouse.database import Database


def purchase_months(db: Database) -> tuple[date, date] | None:
    """Return the months of the first and the last purchase; None where there is none (or no table of them)."""
    if not db.exists(Purchases):
        return None
    first, last = db.one("SELECT min(purchased_at), max(purchased_at) FROM purchases")
    return (first.date().replace(day=1), last.date().replace(day=1)) if first is not None else None
