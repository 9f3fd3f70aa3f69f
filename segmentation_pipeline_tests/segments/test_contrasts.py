"""Contrasts by hand: differences in standard deviations, from everyone and from the nearest sibling."""

from __future__ import annotations

import numpy as np
import pytest

from segmentation_pipeline.segments.contrasts import MOST_CONTRASTS, contrasts, strongest

NAMES = ("mix:comment", "mix:search")


def test_differences_by_hand():
    # comment: .2 .2 .6 .6 -> mean .4, sd .2; search constant.
    matrix = np.array([[0.2, 0.5], [0.2, 0.5], [0.6, 0.5], [0.6, 0.5]])
    low, high = contrasts(NAMES, matrix, np.array([0, 0, 1, 1]), 2)
    assert [contrast.feature for contrast in low] == ["mix:comment"]
    assert (low[0].difference_sd, high[0].difference_sd) == (pytest.approx(-1), pytest.approx(1))
    assert (low[0].direction, high[0].direction) == ("below", "above")
    assert (high[0].mean, high[0].overall, high[0].unit) == (pytest.approx(0.36), pytest.approx(0.16), "share")
    assert high[0].lead_sd == pytest.approx(2)


def test_the_lead_is_over_the_nearest_sibling_and_negative_behind_one():
    matrix = np.array([[0.0], [1.0], [2.0], [9.0]])
    found = contrasts(("mix:comment",), matrix, np.array([0, 1, 2, 3]), 4)
    sd = matrix.std()
    assert found[3][0].lead_sd == pytest.approx(7 / sd)
    assert found[0][0].lead_sd == pytest.approx(1 / sd)  # lowest, next is 1
    assert found[1][0].lead_sd == pytest.approx(-1 / sd)  # below the mean, but 0 is lower


def test_the_unclassified_are_part_of_everyone_but_of_no_segment():
    matrix = np.array([[0.0], [0.0], [6.0]])
    found = contrasts(("mix:comment",), matrix, np.array([0, 0, -1]), 1)
    assert len(found) == 1
    assert found[0][0].overall == pytest.approx(4.0)  # (0 + 0 + 6) / 3 squared: the natural unit of a share
    assert found[0][0].difference_sd == pytest.approx(-2 / matrix.std())


def test_contrasts_come_strongest_first_and_small_ones_are_not_told():
    rng = np.random.default_rng(0)
    segments = np.repeat([0, 1], 200)
    shifts = np.array([3.0, 1.0, 0.0] + [2.0] * 9)
    matrix = rng.normal(size=(400, 12)) + segments[:, None] * shifts
    found = contrasts([f"mix:{letter}" for letter in "abcdefghijkl"], matrix, segments, 2)[1]
    assert found[0].feature == "mix:a"
    sizes = [abs(contrast.difference_sd) for contrast in found]
    assert sizes == sorted(sizes, reverse=True)
    told = strongest(found)
    assert len(told) == MOST_CONTRASTS
    assert strongest([one for one in found if one.feature == "mix:c"]) == []


def test_a_stored_contrast_has_every_part():
    matrix = np.array([[0.2], [0.6]])
    stored = contrasts(("mix:comment",), matrix, np.array([0, 1]), 2)[1][0].to_json()
    assert set(stored) == {"feature", "unit", "mean", "overall", "difference_sd", "direction"}
