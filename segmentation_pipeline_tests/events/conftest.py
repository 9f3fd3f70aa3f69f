"""Logs that several test modules of this package read."""

from __future__ import annotations

import pytest

from segmentation_pipeline_tests.events.landing import landing_folder
from segmentation_pipeline_tests.events.logs import log_database


@pytest.fixture
def landing(tmp_path):
    """An empty landing folder with its own warehouse in memory."""
    with landing_folder(tmp_path / "landing") as made:
        yield made


@pytest.fixture(scope="module")
def loan_offers(shared_data):
    """The bank's loan log as `raw_events`, read by DuckDB alone: 262,200 events of 13,087 applications."""
    with log_database(is_checked=True) as db:
        db.execute(
            "INSERT INTO raw_events BY NAME SELECT user_id::VARCHAR AS user_id,"
            " \"timestamp\" AT TIME ZONE 'UTC' AS event_at, action, 1 AS event_key, 'loan_offers' AS file_name"
            " FROM read_csv($path)",
            {"path": str(shared_data / "events" / "loan_offers.csv.gz")},
        )
        yield db
