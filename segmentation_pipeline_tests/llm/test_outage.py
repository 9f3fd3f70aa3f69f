"""Waits between tries, and the breaker: what a run may lose to a server that does not answer."""

import pytest

from segmentation_pipeline.llm.outage import FIRST_WAIT_S, LONGEST_WAIT_S, Outage, backoff_s
from segmentation_pipeline_tests.llm.asking import FakeClock


def test_waits_double_between_half_and_all_and_are_the_same_each_time():
    for retry in range(1, 9):
        whole = min(FIRST_WAIT_S * 2 ** (retry - 1), LONGEST_WAIT_S)
        waits = [backoff_s(key, retry) for key in "abcdefgh"]
        assert all(whole / 2 <= wait <= whole for wait in waits)
        assert len(set(waits)) == 8, "questions that failed together do not come back together"
    assert backoff_s("a", 3) == backoff_s("a", 3)


def test_the_breaker_opens_after_what_is_allowed_and_an_answer_before_closes_the_stretch():
    clock = FakeClock()
    outage = Outage(clock, 60)
    clock.passed_s = 40
    outage.unanswered(since_s=0)
    assert outage.left_s == 20
    outage.answered()
    assert outage.left_s == 60
    clock.passed_s = 50
    outage.unanswered(since_s=45)
    clock.passed_s = 104.9
    assert not outage.is_open
    clock.passed_s = 105
    assert outage.is_open
    outage.answered()
    assert outage.is_open, "given up is given up for the run"


def test_a_request_older_than_the_last_answer_does_not_backdate_a_stretch():
    clock = FakeClock()
    outage = Outage(clock, 60)
    clock.passed_s = 44
    outage.answered()
    clock.passed_s = 45
    outage.unanswered(since_s=0)
    assert outage.left_s == 59


def test_an_earlier_part_of_the_run_counts():
    assert Outage(FakeClock(), 60, lost_s=45).left_s == 15


@pytest.mark.parametrize(("asked_s", "wait_s"), [(5, 5), (0, 0), (59, 59), (60, None), (3600, None)])
def test_what_a_server_asks_for_is_waited_in_full_or_not_at_all(asked_s, wait_s):
    assert Outage(FakeClock(), 60).wait_s(key="a", retry=1, retry_after_s=asked_s) == wait_s
