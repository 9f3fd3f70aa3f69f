"""Bands of activity: thirds, ties kept together, stored and read back, and refused where they cannot be."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation_pipeline.segments.presets import (
    ACTIVITY,
    PresetModel,
    activity_cuts,
    is_preset_model,
    preset_segments,
)
from segmentation_pipeline.segments.scoring import ModelUnreadable

MONTH = date(2026, 3, 1)


def rows(activity: list[float]) -> np.ndarray:
    return np.column_stack([activity, np.zeros(len(activity))])


@pytest.mark.parametrize(
    ("activity", "counts"),
    [
        ([1, 2, 3, 4, 5, 6, 7, 8, 9], [3, 3, 3]),
        ([1, 1, 1, 1, 1, 2, 3, 4, 5], [5, 1, 3]),  # five users alike are not cut apart
        ([1, 1, 1, 1, 1, 1, 1, 1, 2], [8, 1]),  # no third band can be made
        ([1, 1, 1], [3]),
    ],
)
def test_ties_are_kept_together(activity, counts):
    assert preset_segments(MONTH, ACTIVITY, rows(activity), None).user_counts == counts


@given(st.lists(st.integers(0, 6), min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_everyone_is_in_one_band_and_bands_follow_activity(activity):
    cut = preset_segments(MONTH, ACTIVITY, rows(activity), None)
    bands = cut.scores.segments
    assert sum(cut.user_counts) == len(activity)
    assert min(cut.user_counts) > 0
    order = np.argsort(activity, kind="stable")
    assert (np.diff(bands[order]) >= 0).all()
    for value in set(activity):
        assert len({int(band) for band, own in zip(bands, activity, strict=True) if own == value}) == 1


def test_the_stored_model_gives_the_same_bands():
    matrix = rows([float(n) for n in range(30)])
    cut = preset_segments(MONTH, ACTIVITY, matrix, None)
    text = cut.model.to_json()
    assert is_preset_model(text)
    again = PresetModel.from_json(text).score(ACTIVITY, matrix)
    assert (again.cluster_ids == cut.scores.cluster_ids).all()
    assert (again.memberships == 1).all()
    assert (again.runner_ups != again.cluster_ids).all()


def test_the_runner_up_is_the_band_behind_the_nearer_cut():
    model = PresetModel(("2026-03-a", "2026-03-b", "2026-03-c"), ("", "", ""), ("", "", ""), (10.0, 20.0))
    scores = model.score(ACTIVITY, rows([5, 12, 19, 30]))
    assert scores.cluster_ids.tolist() == ["2026-03-a", "2026-03-b", "2026-03-b", "2026-03-c"]
    assert scores.runner_ups.tolist() == ["2026-03-b", "2026-03-a", "2026-03-c", "2026-03-b"]


@pytest.mark.parametrize(
    "change",
    [
        {"format_version": 9},
        {"cuts": [2.0, 1.0]},
        {"cuts": [1.0]},
        {"segments": [{"cluster_id": "2026-03-a"}]},
        {"cuts": "none"},
    ],
)
def test_a_model_that_cannot_be_is_refused(change):
    cut = preset_segments(MONTH, ACTIVITY, rows([1, 2, 3, 4, 5, 6]), None)
    stored = json.loads(cut.model.to_json()) | change
    with pytest.raises(ModelUnreadable, match="refresh the month again"):
        PresetModel.from_json(json.dumps(stored))


def test_cuts_of_nobody_in_particular_are_thirds():
    assert activity_cuts(np.arange(1.0, 10.0)) == (3.0, 6.0)
