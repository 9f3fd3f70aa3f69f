"""Constraints over whole rows of the ingest tables, from both sides; those of single columns are proved elsewhere."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from segmentation_pipeline.errors import ContractBroken
from segmentation_pipeline.events.tables import LandedFiles, RawEvents, RejectedEvents, SessionBacklog
from segmentation_pipeline.warehouse.contracts import columns
from segmentation_pipeline.warehouse.database import memory_database

AT = datetime(2024, 1, 1)
EVENT = {
    "user_id": "u", "event_at": AT, "action": "a", "metadata": None, "event_id": None, "event_key": 1, "file_name": "f",
}  # fmt: skip
REJECTED = {
    "file_name": "f", "record_number": 2, "reason": "blank_user", "column_name": "user_id", "message": "m",
    "record": "r",
}  # fmt: skip
FILE = {
    "file_name": "f", "sha256": "0" * 64, "byte_count": 10, "format": "csv", "compression": "none", "encoding": "utf-8",
    "delimiter": ",", "status": "loaded", "error": None, "read_count": 6, "accepted_count": 3, "rejected_count": 2,
    "duplicate_count": 1, "first_event_at": AT, "last_event_at": AT, "mapping": "{}", "duplicate_of": "{}",
    "settings_fingerprint": "0" * 16, "landed_recorded_at": AT,
}  # fmt: skip
USER = {"user_id": "u", "from_at": AT}


def write(table, *rows):
    with memory_database() as db:
        return db.replace(table, pd.DataFrame(rows, columns=list(columns(table))))


@pytest.mark.parametrize(
    ("table", "row"), [(RawEvents, EVENT), (RejectedEvents, REJECTED), (LandedFiles, FILE), (SessionBacklog, USER)]
)
def test_true_rows_keep_their_contracts(table, row):
    assert write(table, row) == 1


@pytest.mark.parametrize(
    ("table", "row", "violation"),
    [
        (RawEvents, EVENT, {"event_at": datetime(1899, 12, 31)}),
        (RejectedEvents, REJECTED, {"record": "x" * 1_001}),
        (LandedFiles, FILE, {"read_count": 7}),
        (LandedFiles, FILE, {"status": "error"}),
        (LandedFiles, FILE, {"error": "why"}),
        (LandedFiles, FILE, {"first_event_at": None}),
        (LandedFiles, FILE, {"accepted_count": 0, "read_count": 3}),
        (LandedFiles, FILE, {"last_event_at": datetime(2023, 1, 1)}),
    ],
)
def test_a_row_that_contradicts_itself_is_refused(table, row, violation):
    with pytest.raises(ContractBroken):
        write(table, row | violation)


@pytest.mark.parametrize(("table", "row"), [(RejectedEvents, REJECTED), (LandedFiles, FILE), (SessionBacklog, USER)])
def test_a_row_twice_is_refused(table, row):
    with pytest.raises(ContractBroken):
        write(table, row, row)
