"""Who is asked when, and in which batches: nobody asks sooner than told, and no row holds up others for good."""

import itertools
import time

import pytest

from segmentation_pipeline.activation.changes import Change
from segmentation_pipeline.activation.delivery import batches_of
from segmentation_pipeline.activation.pace import LONGEST_ASKED_S, retry_after_s
from segmentation_pipeline.errors import ActivationRefused
from segmentation_pipeline.llm.clock import SystemClock
from segmentation_pipeline.state.activation import read_refusals
from segmentation_pipeline_tests.activation.current import EXPECTED, SURE, QuickClock, attio_desk, held, make_desk
from segmentation_pipeline_tests.activation_servers import cut, failing, rate_limited, taken_then_cut, taking

BAD = {f"bad{number:02}" for number in range(30)}


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("7", 7),
        ("-3", 0),
        ("soon", None),
        ("nan", None),
        ("inf", LONGEST_ASKED_S),
        ("1e300", LONGEST_ASKED_S),
        ("Sun, 01 Feb 2026 00:00:05 GMT", 5),
        ("Fri, 31 Dec 9999 23:59:59 -1200", None),
        ("Sat, 31 Jan 2026 00:00:00 GMT", 0),
    ],
)
def test_a_retry_after_is_seconds_or_a_date_and_at_most_a_day(header, expected):
    assert retry_after_s(header, QuickClock().now()) == expected


@pytest.mark.parametrize("fault", [rate_limited("1"), failing(503, **{"Retry-After": "1"})], ids=["429", "503"])
def test_who_waits_for_a_turn_already_is_held_back_by_a_retry_after_too(tmp_path, attio, fault):
    desk = attio_desk(tmp_path, attio, writes_per_s=5)
    attio.will(taking, taking, taking, fault)
    desk.sync(clock=SystemClock())
    asked_at = attio.arrived_at[3]
    assert [at - asked_at for at in attio.arrived_at if asked_at < at < asked_at + 0.98] == []
    assert held(attio) == EXPECTED


def test_a_slow_answer_does_not_hold_up_the_rows_after_it(tmp_path, attio):
    desk = attio_desk(tmp_path, attio)
    desk.hold({f"u{number:03}": ("a", 0.95) for number in range(100)})
    arrived_meanwhile = []

    def slow(to):
        end = time.monotonic() + 60
        while len(attio.arrived_at) < 60 and time.monotonic() < end:
            attio.stopping.wait(0.05)
        arrived_meanwhile.append(len(attio.arrived_at))
        taking(to)

    attio.will(taking, taking, slow)
    desk.sync(clock=SystemClock())
    assert arrived_meanwhile[0] >= 60
    assert len(attio.arrived_at) == 100


@pytest.mark.parametrize("fault", [rate_limited("3600"), failing(503, **{"Retry-After": "3600"})], ids=["429", "503"])
def test_a_destination_that_asks_for_an_hour_gets_no_request_before_it_is_over(desk, posthog, fault):
    posthog.will(fault)
    report = desk.sync()
    assert (report.delivery.ending, report.confirmed_count) == ("asked_to_wait", 0)
    assert "asked to wait until 2026-02-01 01:00:00 UTC" in report.reason
    desk.clock.elapsed_s += 3000
    assert desk.sync().delivery.ending == "asked_to_wait"
    assert len(posthog.requests) == 1
    desk.clock.elapsed_s += 601
    assert desk.sync().delivery.ending == "done"
    assert posthog.segments() == EXPECTED
    assert desk.sync().delivery.asked_until is None


@pytest.mark.parametrize("fault", [cut, failing(502), failing(504)], ids=["cut", "502", "504"])
def test_a_row_that_silences_the_destination_is_alone_after_some_syncs(desk, posthog, fault):
    posthog.otherwise = lambda to: fault(to) if b'"u05"' in to.raw else taking(to)
    endings = [desk.sync().delivery.ending for _ in range(3)]
    assert endings == ["outage"] * 3
    assert posthog.segments() == {user: segment for user, segment in EXPECTED.items() if user != "u05"}


@pytest.mark.parametrize("first", ["good", "bad"])
def test_rows_that_are_always_refused_end_no_sync(tmp_path, posthog, first):
    desk = make_desk(tmp_path, posthog={"host": posthog.url, "batch_size": 10})
    good = {f"{'a' if first == 'good' else 'c'}{number:02}" for number in range(30)}
    desk.hold(dict.fromkeys(good | BAD, ("a", 0.95)))
    posthog.poison = BAD
    if first == "bad":
        with pytest.raises(ActivationRefused, match="The first 20 rows were refused"):
            desk.sync()
    for _ in range(2):
        report = desk.sync()
        assert report.delivery.ending == "done"
        assert set(posthog.segments()) == good
    assert set(report.refused) == BAD
    assert report.confirmed_count == 0


def test_a_wrong_key_is_one_request_where_many_go_out_at_once_too(tmp_path, attio):
    desk = attio_desk(tmp_path, attio)
    desk.keys["ATTIO_API_KEY"] = "wrong"
    with pytest.raises(ActivationRefused, match="refused the key"):
        desk.sync()
    assert len(attio.requests) == 1


@pytest.mark.parametrize(("fault", "records"), [(taken_then_cut, 1), (cut, 0)], ids=["written", "never written"])
def test_a_record_of_unknown_id_is_looked_for_before_it_is_cleared(tmp_path, attio, fault, records):
    desk = attio_desk(tmp_path, attio)
    desk.hold({"u00": ("a", 0.95)})
    attio.otherwise = fault
    assert desk.sync().delivery.ending == "outage"
    attio.otherwise = taking
    desk.hold({"u01": ("b", 0.95)})
    report = desk.sync()
    assert (report.plan.counts, report.confirmed_count) == ({"add": 1, "clear": 1}, 2)
    assert held(attio) == {"u01": "2026-01-b"}
    assert len(attio.records) == records + 1
    assert desk.sync().plan.to_send_count == 0


def test_a_search_whose_answer_cannot_be_read_clears_nothing(tmp_path, attio):
    desk = attio_desk(tmp_path, attio)
    desk.hold({"u00": ("a", 0.95)})
    attio.otherwise = taken_then_cut
    desk.sync()
    desk.hold({"u01": ("b", 0.95)})
    attio.otherwise = lambda to: to.send(200, b"<html>") if to.method == "POST" else taking(to)
    assert desk.sync().refused == {"u00": "the answer to the search for its record cannot be read"}
    attio.otherwise = taking
    assert desk.sync().confirmed_count == 1
    assert held(attio) == {"u01": "2026-01-b"}


def test_what_was_refused_is_forgotten_with_the_user(desk, posthog):
    posthog.poison = {"u05"}
    desk.sync()
    desk.hold({user: where for user, where in SURE.items() if user != "u05"})
    desk.sync()
    with desk.state.read() as connection:
        assert read_refusals(connection, f"posthog:{posthog.url}:default") == []


def test_batches_are_halved_with_each_failed_attempt():
    counts = [0] * 9 + [1] * 5 + [2] * 2 + [40] * 2
    changes = [Change(f"u{n}", f"u{n}", "a", "A", 0.9, "x", attempt_count=count) for n, count in enumerate(counts)]
    batches = batches_of(changes, 4)
    assert [len(batch.changes) for batch in batches] == [4, 4, 1, 2, 2, 1, 1, 1, 1, 1]
    assert list(itertools.chain.from_iterable(batch.changes for batch in batches)) == changes
