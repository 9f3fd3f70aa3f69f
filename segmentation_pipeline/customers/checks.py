"""Checks of customers beyond the contracts: nothing is lost between files, purchases and segments.

Add here: a check over rows or tables. Keep out: constraints on single rows (`tables.py`).
"""

from datetime import date

from segmentation_pipeline.customers.segmenting import as_of_month
from segmentation_pipeline.customers.tables import Customers, CustomerSegments, PurchaseFiles
from segmentation_pipeline.orchestration.table_checks import CheckOutcome, table_check
from segmentation_pipeline.warehouse.database import load_sql
from segmentation_pipeline.warehouse.resource import Warehouse


@table_check(PurchaseFiles)
def no_line_is_lost(warehouse: Warehouse, _month: date | None) -> CheckOutcome:
    """Per file, purchase_files tells what the tables hold: read = accepted + rejected + duplicate + cancelled."""
    with warehouse.read() as db:
        wrong = db.rows(load_sql(__package__, "lost_lines"))
        files, read = db.one("SELECT count(*), coalesce(sum(read_count), 0) FROM purchase_files")
    names = ", ".join(str(row["file_name"]) for row in wrong[:5])
    return CheckOutcome(
        passed=not wrong,
        description=(
            f"Records of {len(wrong)} files do not add up: {names}. Next: delete the warehouse file, which reads every "
            "landed file again."
            if wrong
            else f"All {int(read):,} records of {files:,} files are accepted, rejected, duplicates or cancelled."
        ),
        values={"file_count": int(files), "read_count": int(read), "wrong_files": len(wrong)},
    )


@table_check(PurchaseFiles)
def every_purchase_file_is_readable(warehouse: Warehouse, _month: date | None) -> CheckOutcome:
    """Files that could not be read as a whole are named; the others are loaded without them."""
    with warehouse.read() as db:
        rows = db.rows("SELECT error FROM purchase_files WHERE status = 'error' ORDER BY file_name")
    return CheckOutcome(
        passed=not rows,
        severity="WARN",
        description="\n".join(str(row["error"]) for row in rows[:10]) if rows else "Every file was read.",
        values={"error_files": len(rows)},
    )


@table_check(Customers)
def everyone_who_bought_is_a_customer(warehouse: Warehouse, _month: date | None) -> CheckOutcome:
    """Customers with a purchase are exactly those of purchases."""
    with warehouse.read() as db:
        (different,) = db.one(
            "SELECT count(*) FROM (SELECT DISTINCT customer_id FROM purchases) AS p FULL JOIN"
            " (SELECT customer_id FROM customers WHERE first_purchase_at IS NOT NULL) AS c USING (customer_id)"
            " WHERE p.customer_id IS NULL OR c.customer_id IS NULL"
        )
    return CheckOutcome(
        passed=different == 0,
        description="Every buyer is a customer."
        if different == 0
        else f"{different:,} customers differ. Next: materialise purchases again.",
        values={"customers_that_differ": int(different)},
    )


@table_check(CustomerSegments, monthly=True)
def segments_add_up_to_purchases(warehouse: Warehouse, month: date | None) -> CheckOutcome:
    """Orders and money of all segments are those of the purchases up to as_of."""
    assert month is not None
    with warehouse.read() as db:
        now = as_of_month(db, month)
        bought = db.one(
            "SELECT count(DISTINCT customer_id), count(DISTINCT order_key), coalesce(sum(line_total), 0) FROM purchases"
            " WHERE purchased_at <= $now",
            {"now": now},
        )
        told = db.one(
            "SELECT count(*) FILTER (mode = 'regular'), coalesce(sum(order_count), 0),"
            " coalesce(sum(total_spent::DECIMAL(38, 4)), 0) FROM customer_segments WHERE refresh_month = $month",
            {"month": month},
        )
    return CheckOutcome(
        passed=tuple(map(float, bought)) == tuple(map(float, told)),
        description=f"Buyers, orders and money: {_shown(told)} in customer_segments, {_shown(bought)} in purchases.",
        values={"customer_segments": _shown(told), "purchases": _shown(bought)},
    )


def _shown(counts: tuple[object, ...]) -> str:
    return ", ".join(f"{count:,}" for count in counts)
