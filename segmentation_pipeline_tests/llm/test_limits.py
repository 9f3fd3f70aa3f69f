"""Limits over days: counted over restarts, never overdrawn by two at once, given back when nobody answered."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from segmentation_pipeline.config import Home, Settings
from segmentation_pipeline.llm.limits import Limits
from segmentation_pipeline.llm_settings import LlmSettings
from segmentation_pipeline.state.database import open_state


class At:
    """A clock that stands still."""

    def __init__(self, written):
        self.at = datetime.fromisoformat(written)

    def now(self):
        return self.at


def limits_at(tmp_path, written, **more):
    return Limits(LlmSettings(**more), open_state(Home(tmp_path), Settings()), At(written))


def discover(limits):
    with limits.discovery() as granted:
        granted.used_count = granted.count
    return granted.count


@pytest.mark.parametrize(
    ("second", "granted"),
    [("2026-01-05T09:00:01", 0), ("2026-01-11T23:59:59", 0), ("2026-01-12T00:00:00", 1), ("2026-01-12T08:59:59", 1)],
)
def test_one_discovery_a_week_also_after_a_restart(tmp_path, second, granted):
    assert discover(limits_at(tmp_path, "2026-01-05T09:00:00")) == 1
    later = limits_at(tmp_path, second)
    assert later.discoveries_left() == granted
    assert discover(later) == granted


def test_assignments_of_a_day_are_counted_together_and_begin_anew_at_midnight(tmp_path):
    morning = limits_at(tmp_path, "2026-01-05T03:00:00")
    for wanted, granted in [(300, 300), (300, 200), (1, 0)]:
        with morning.assignments(wanted) as taken:
            taken.used_count = taken.count
        assert taken.count == granted
    assert limits_at(tmp_path, "2026-01-05T23:59:59").assignments_left() == 0
    assert limits_at(tmp_path, "2026-01-06T00:00:00").assignments_left() == 500


def test_what_nobody_answered_is_given_back(tmp_path):
    limits = limits_at(tmp_path, "2026-01-05T03:00:00")
    with limits.assignments(90) as taken:
        taken.used_count = 60
    assert limits.assignments_left() == 440
    with limits.discovery():
        pass
    assert limits.discoveries_left() == 1


def test_what_breaks_off_keeps_what_it_used(tmp_path):
    limits = limits_at(tmp_path, "2026-01-05T03:00:00")

    def break_off():
        with limits.assignments(90) as taken:
            taken.used_count = 30
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_off()
    assert limits.assignments_left() == 470


def test_two_at_once_do_not_overdraw(tmp_path):
    limits = limits_at(tmp_path, "2026-01-05T03:00:00", assignments_per_day=100)

    def take(_):
        with limits.assignments(30) as taken:
            taken.used_count = taken.count
        return taken.count

    with ThreadPoolExecutor(8) as together:
        assert sum(together.map(take, range(8))) == 100
    assert limits.assignments_left() == 0
