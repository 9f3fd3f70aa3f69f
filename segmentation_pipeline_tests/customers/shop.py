"""A shop's landing folders with their own in-memory warehouse, for tests of customers."""

from __future__ import annotations

import contextlib
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.config import InputSettings
from segmentation_pipeline.customer_settings import CustomerSettings
from segmentation_pipeline.customers.ingest import PurchaseReport, ingest_purchases
from segmentation_pipeline.customers.segmenting import Written, write_segments
from segmentation_pipeline.warehouse.database import Database, memory_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 6, 1)
HEADER = "customer_id,product_id,category,quantity,unit_price,order_id,purchased_at"


class Shop:
    """Folders of landing and the tables made of them."""

    def __init__(self, landing: Path, db: Database) -> None:
        self.landing = landing
        self.db = db

    def land(self, name: str, content: str | bytes) -> None:
        path = self.landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def ingest(
        self, settings: CustomerSettings | None = None, *, now: datetime = NOW, settle_s: float = 0.0, **reading: Any
    ) -> PurchaseReport:
        self.db.execute("BEGIN TRANSACTION")
        try:
            report = ingest_purchases(
                self.db,
                self.landing,
                settings or CustomerSettings(),
                InputSettings(**reading),
                now=now,
                settle_s=settle_s,
            )
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")
        return report

    def load(self, content: str | bytes, name: str = "purchases/lines.csv", **settings: Any) -> dict[str, Any]:
        """Land one file, ingest, return its row of purchase_files."""
        self.land(name, content)
        self.ingest(CustomerSettings(**settings))
        return self.file(name)

    def file(self, name: str) -> dict[str, Any]:
        return self.db.rows("SELECT * FROM purchase_files WHERE file_name = $name", {"name": name})[0]

    def counts(self, name: str = "purchases/lines.csv") -> tuple[int, ...]:
        """Read, accepted, rejected, duplicate, cancelled records of a file."""
        row = self.file(name)
        return tuple(row[f"{what}_count"] for what in ("read", "accepted", "rejected", "duplicate", "cancelled"))

    def rejections(self) -> list[tuple[str, int, str]]:
        """File, record number and reason of every rejected record."""
        return self.db.execute(
            "SELECT file_name, record_number, reason FROM rejected_purchases ORDER BY ALL"
        ).fetchall()

    def lines(self, columns: str) -> list[tuple[Any, ...]]:
        return self.db.execute(f"SELECT {columns} FROM purchases ORDER BY ALL").fetchall()

    def segment(self, month: date, **settings: Any) -> Written:
        return write_segments(self.db, month, CustomerSettings(**settings))

    def segments(self) -> dict[str, dict[str, Any]]:
        """Customer -> row of customer_segments."""
        return {row["customer_id"]: row for row in self.db.rows("SELECT * FROM customer_segments ORDER BY customer_id")}


@contextlib.contextmanager
def open_shop(folder: Path) -> Iterator[Shop]:
    folder.mkdir(parents=True, exist_ok=True)
    with memory_database() as db:
        yield Shop(folder, db)


def csv(*rows: str, header: str = HEADER) -> str:
    return "\n".join((header, *rows)) + "\n"
