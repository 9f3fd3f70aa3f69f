"""Frames keep the table's columns and types, rows or none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from segmentation_pipeline.warehouse.contracts import columns
from segmentation_pipeline.warehouse.database import memory_database
from segmentation_pipeline.warehouse.frames import typed_frame
from segmentation_pipeline_tests.warehouse.toys import ToyRows

JANUARY = date(2026, 1, 1)


@dataclass
class Toy:
    toy_id: str
    share: float
    low: float | None
    kind: str = "ball"
    bought_at: None = None
    counts: None = None


def test_an_all_null_column_stays_a_number():
    with memory_database() as db:
        db.replace(ToyRows, typed_frame(ToyRows, [Toy("ball-1", 0.5, None)], month=JANUARY), month=JANUARY)
        assert db.rows("SELECT toy_id, share, low FROM toy_rows") == [{"toy_id": "ball-1", "share": 0.5, "low": None}]


def test_no_rows_are_an_empty_frame_with_every_column():
    frame = typed_frame(ToyRows, [], month=JANUARY)
    assert list(frame.columns) == list(columns(ToyRows))
    with memory_database() as db:
        assert db.replace(ToyRows, frame, month=JANUARY) == 0
