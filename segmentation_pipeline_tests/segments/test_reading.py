"""What a refresh follows on: the latest earlier model of each kind, and none but these."""

from __future__ import annotations

from datetime import date

import pytest

from segmentation_pipeline.segments.presets import PresetModel
from segmentation_pipeline.segments.reading import read_previous
from segmentation_pipeline.segments.scoring import ModelUnreadable
from segmentation_pipeline.segments.tables import SegmentModels
from segmentation_pipeline.warehouse.database import memory_database
from segmentation_pipeline_tests.segments.successions import model_of

FOUND = model_of({"2026-01-a": 0.0, "2026-01-b": 9.0}).to_json()
BANDS = PresetModel(("2026-02-a", "2026-02-b"), ("Low", "High"), ("low", "high"), (10.0,)).to_json()
JANUARY, FEBRUARY, MARCH, APRIL = (date(2026, month, 1) for month in (1, 2, 3, 4))


def previous_of(month: date, stored: dict[date, str]):
    with memory_database() as db:
        db.ensure(SegmentModels)
        for earlier, text in stored.items():
            db.execute("INSERT INTO segment_models VALUES ($month, $text)", {"month": earlier, "text": text})
        return read_previous(db, month)


@pytest.mark.parametrize(
    ("stored", "months"),
    [
        ({}, (None, None)),
        ({JANUARY: FOUND, FEBRUARY: FOUND, MARCH: FOUND}, (MARCH, None)),
        ({JANUARY: BANDS, FEBRUARY: BANDS}, (None, FEBRUARY)),
        ({JANUARY: FOUND, FEBRUARY: BANDS, MARCH: FOUND, APRIL: BANDS}, (MARCH, FEBRUARY)),
        ({JANUARY: "no model at all", FEBRUARY: FOUND, MARCH: BANDS}, (FEBRUARY, MARCH)),
    ],
)
def test_a_refresh_follows_on_the_latest_earlier_model_of_each_kind(stored, months):
    assert tuple(one and one.month for one in previous_of(APRIL, stored)) == months


def test_a_latest_model_that_is_none_is_refused_and_not_passed_over():
    with pytest.raises(ModelUnreadable, match="refresh the month again"):
        previous_of(APRIL, {FEBRUARY: FOUND, MARCH: "no model at all"})
