"""From when until when newly eligible users are counted, by clock and by where the log begins."""

from __future__ import annotations

import datetime as dt

import pytest

from segmentation_pipeline.experiments.eligibility import counted_time

LANDMARK = dt.datetime(2026, 3, 18)


def days_before(days: float) -> dt.datetime:
    return LANDMARK - dt.timedelta(days=days)


@pytest.mark.parametrize(
    ("window", "log", "lead_in", "counted"),
    [
        (30, 400, None, 30),  # calendar clock, an old log: the whole window
        (30, 30, None, 15),  # the log begins with the window: its first half only shows who was there
        (30, 44, None, 29),  # it begins two weeks before: one day of the window is still within half a window of it
        (30, 20, None, 5),
        (31, 400, 1, 30),  # entry clock: landmarks come a lead-in after entries
        (31, 31, 1, 15),
        (30, 10, None, 0),  # the log is shorter than what is left out
    ],
)
def test_newcomers_are_counted_from_when_the_log_can_tell_them(
    window: float, log: float, lead_in: float | None, counted: float
) -> None:
    found = counted_time(
        {
            "window_start": days_before(window),
            "landmark_at": LANDMARK,
            "log_start_at": days_before(log),
            "lead_in_s": None if lead_in is None else lead_in * 86_400,
        }
    )
    assert found.counted_to == LANDMARK
    assert found.counted_from == days_before(counted)
    assert found.weeks == pytest.approx(counted / 7)
    assert found.is_enough == (counted >= 1)
