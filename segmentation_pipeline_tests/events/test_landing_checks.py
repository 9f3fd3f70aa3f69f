"""What landed_files tells is counted anew in the tables, and unreadable files are named."""

from __future__ import annotations

from datetime import datetime

import pytest

from segmentation_pipeline.config import Home, Settings
from segmentation_pipeline.events.checks import every_file_is_readable, no_record_is_lost
from segmentation_pipeline.events.ingest import ingest_landing
from segmentation_pipeline.warehouse.warehouse import Warehouse
from segmentation_pipeline_tests.events.landing import csv


@pytest.fixture
def warehouse(tmp_path):
    home = Home(tmp_path)
    home.landing.mkdir()
    (home.landing / "a.csv").write_text(csv("u,2024-01-01,a", "u,2024-01-01,a", "v,2024-01-01,a", ",2024-01-01,a"))
    (home.landing / "b.csv").write_text(csv("w,2024-01-01,a"))
    made = Warehouse(home, Settings())
    with made.transaction() as db:
        ingest_landing(db, home.landing, made.settings.input, now=datetime(2026, 6, 1))
    return made


def test_an_ingestion_accounts_for_every_record(warehouse):
    outcome = no_record_is_lost.function(warehouse, None)
    assert outcome.passed
    assert outcome.values["read_count"] == 5


@pytest.mark.parametrize(
    "loss",
    [
        "DELETE FROM raw_events WHERE user_id = 'v'",
        "DELETE FROM raw_events WHERE file_name = 'b.csv'",
        "DELETE FROM rejected_events",
        "DELETE FROM landed_files WHERE file_name = 'b.csv'",
        "UPDATE landed_files SET read_count = 5 WHERE file_name = 'a.csv'",
        "UPDATE raw_events SET file_name = 'c.csv' WHERE user_id = 'v'",
    ],
)
def test_a_lost_record_turns_the_check_red(warehouse, loss):
    with warehouse.transaction() as db:
        db.execute(loss)
    outcome = no_record_is_lost.function(warehouse, None)
    assert not outcome.passed
    assert outcome.severity == "ERROR"


def test_an_unreadable_file_is_a_warning_that_names_it(warehouse):
    assert every_file_is_readable.function(warehouse, None).passed
    (warehouse.home.landing / "b.csv").write_bytes(b"")
    with warehouse.transaction() as db:
        ingest_landing(db, warehouse.home.landing, warehouse.settings.input, now=datetime(2026, 6, 1))
    outcome = every_file_is_readable.function(warehouse, None)
    assert (outcome.passed, outcome.severity) == (False, "WARN")
    assert outcome.description.startswith("b.csv: holds nothing")
