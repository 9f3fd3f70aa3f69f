"""Scaling is robust, drops what says nothing or says it twice, and survives JSON to the last bit."""

from __future__ import annotations

import json

import numpy as np
import pytest

from segmentation_pipeline.clustering.scaling import CLIP, Scaling, fit_scaling

NAMES = ("first", "second")


def column(values):
    return np.asarray(values, dtype=np.float64)[:, None]


def test_median_becomes_zero_and_the_interquartile_range_1_349():
    scaling = fit_scaling(["x"], column([0, 1, 2, 3, 4]))  # quartiles 1, 2, 3; sd 1.41: half of it is less
    assert scaling.centres == (2.0,)
    assert scaling.scales[0] == pytest.approx(2 / 1.349)
    assert scaling.transform(["x"], column([2, 4]))[:, 0] == pytest.approx([0, 1.349])


def test_a_column_that_is_zero_for_most_rows_is_not_blown_up():
    values = [0.0] * 80 + [1.0] * 20  # IQR 0, sd 0.4
    scaling = fit_scaling(["x"], column(values))
    assert scaling.scales[0] == pytest.approx(0.3)
    assert scaling.transform(["x"], column([1.0]))[0, 0] == pytest.approx(1 / 0.3)


def test_an_outlier_is_held_at_the_clip_and_does_not_move_the_others():
    values = np.append(np.linspace(-1, 1, 99), 1e9)
    scaled = fit_scaling(["x"], column(values)).transform(["x"], column([1e9, -1e9]))
    assert scaled[:, 0].tolist() == [CLIP, -CLIP]


@pytest.mark.parametrize(
    "values",
    [[3.0] * 100, [0.0] * 98 + [1.0] * 2, [np.nan] * 100, [1e12] * 50 + [1e12 + 1] * 50],
    ids=["constant", "two of a hundred differ", "never present", "differs in the thirteenth digit"],
)
def test_a_column_that_hardly_varies_is_dropped_with_the_reason(values):
    other = np.linspace(0, 1, 100)
    scaling = fit_scaling(NAMES, np.column_stack([values, other]))
    assert scaling.columns == ("second",)
    assert scaling.dropped == {"first": "near-constant"}


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_later_of_two_columns_that_say_the_same_is_dropped(sign):
    rng = np.random.default_rng(0)
    first = rng.normal(size=300)
    scaling = fit_scaling(NAMES, np.column_stack([first, sign * first + rng.normal(0, 0.1, 300)]))
    assert scaling.columns == ("first",)
    assert scaling.dropped == {"second": "repeats first"}


def test_columns_that_are_related_but_different_are_kept():
    rng = np.random.default_rng(0)
    first = rng.normal(size=300)
    assert fit_scaling(NAMES, np.column_stack([first, first + rng.normal(0, 0.6, 300)])).columns == NAMES


def test_new_rows_are_read_by_name_and_what_is_missing_is_average():
    rng = np.random.default_rng(1)
    scaling = fit_scaling(NAMES, rng.normal(size=(200, 2)))
    full = scaling.transform(NAMES, np.array([[1.0, 2.0]]))
    assert np.array_equal(scaling.transform(("second", "new", "first"), np.array([[2.0, 99.0, 1.0]])), full)
    assert scaling.transform(("second",), np.array([[2.0]])).tolist() == [[0.0, full[0, 1]]]
    assert scaling.transform(NAMES, np.array([[np.nan, 2.0]])).tolist() == [[0.0, full[0, 1]]]


def test_json_gives_back_the_same_transformer():
    rng = np.random.default_rng(2)
    rows = np.column_stack([rng.normal(size=(50, 2)) / 3, np.ones(50)])
    scaling = fit_scaling((*NAMES, "third"), rows)
    assert Scaling.from_json(json.loads(json.dumps(scaling.to_json()))) == scaling
