"""The day drop-off is told for, and the risk word, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from segmentation_pipeline.segments.risk import churn_risk, drop_offs, longest_followed_day
from segmentation_pipeline.survival.drop_off import DropOff


def rate(low, high):
    middle = None if low is None else (low + high) / 2
    return DropOff(middle, low, high, 7.0, 100, 50, 20, "proportion")


def days(values):
    return np.asarray(values, dtype=np.float64)


def test_everyone_followed_for_a_fortnight_is_told_for_a_fortnight_even_when_all_have_ended():
    durations, segments = days([1.0] * 50), np.repeat([0, 1], 25)
    assert longest_followed_day(durations, days([14.0] * 50), segments, 20) == 14.0


def test_where_following_differs_every_segment_still_has_users_at_risk_on_the_day():
    durations = days([*range(1, 31), *range(1, 41)])  # the 20th longest are 11 and 21 days
    segments = np.repeat([0, 1], [30, 40])
    followed = np.append(durations[:-1], 90.0)
    assert longest_followed_day(durations, followed, segments, 20) == 11.0


def test_a_segment_too_small_to_begin_with_does_not_shorten_the_day():
    durations, segments = days([1.0] * 5 + [9.0] * 40), np.repeat([0, 1], [5, 40])
    assert longest_followed_day(durations, np.append(durations[:-1], 0.5), segments, 20) == 9.0


@pytest.mark.parametrize(
    ("durations", "segments"),
    [([0.0] * 40, [0] * 40), ([5.0] * 10, [0] * 10), ([5.0] * 40, [-1] * 40), ([], [])],
    ids=["not followed at all", "too few users", "nobody in a segment", "nobody"],
)
def test_without_enough_following_there_is_no_day(durations, segments):
    followed = days([*durations[:-1], 0.0]) if durations else days([])
    assert longest_followed_day(days(durations), followed, np.array(segments, dtype=int), 20) is None


def test_the_day_is_rounded_down_to_what_was_followed():
    assert longest_followed_day(days([2.2279] * 30), days([2.2279] * 30), np.zeros(30, dtype=int), 20) == 2.22


def test_drop_offs_of_segments_and_of_everyone_share_the_day():
    durations = days([2.0] * 10 + [14.0] * 30)
    outcomes = np.array(["churn"] * 10 + ["censored"] * 30)
    each, everyone = drop_offs(durations, outcomes, np.repeat([0, 1, -1], [20, 10, 10]), 2, 14.0, 0.05)
    assert [one.rate for one in each] == [0.5, 0.0]
    assert everyone.rate == 0.25
    assert {one.day for one in (*each, everyone)} == {14.0}


@pytest.mark.parametrize(
    ("segment", "everyone", "word"),
    [
        (rate(0.5, 0.6), rate(0.3, 0.4), "high"),
        (rate(0.1, 0.2), rate(0.3, 0.4), "low"),
        (rate(0.35, 0.6), rate(0.3, 0.4), "medium"),
        (rate(0.4, 0.6), rate(0.3, 0.4), "medium"),
        (rate(None, None), rate(0.3, 0.4), "unknown"),
        (None, None, "unknown"),
    ],
)
def test_risk_is_high_or_low_only_where_intervals_do_not_touch(segment, everyone, word):
    assert churn_risk(segment, everyone) == word
