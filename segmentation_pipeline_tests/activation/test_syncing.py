"""Syncs end to end over loopback: who is written, who is not, and what stands there after every kind of fault."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from datetime import UTC, timedelta
from email.utils import format_datetime

import pytest

from segmentation_pipeline.errors import ActivationRefused, InputError
from segmentation_pipeline.llm.clock import SystemClock
from segmentation_pipeline.state.activation import read_refusals, read_written
from segmentation_pipeline.state.segment_edits import rename_segment
from segmentation_pipeline_tests.activation.current import EXPECTED, SURE, attio_desk, held, make_desk
from segmentation_pipeline_tests.activation_servers import (
    ATTIO_KEY,
    POSTHOG_KEY,
    WEBHOOK_SECRET,
    AttioServer,
    PosthogServer,
    WebhookReceiver,
    cut,
    drip,
    failing,
    half_taken,
    rate_limited,
    redirecting,
    slow,
    taken_then_cut,
    taking,
)

# What is planned.


def test_a_dry_run_makes_the_plan_and_sends_nothing(tmp_path, posthog):
    desk = make_desk(tmp_path, enabled=False, posthog={"host": posthog.url})
    desk.hold({"u1": ("a", 0.95), "u2": ("", 0.4)})
    report = desk.sync()
    assert posthog.requests == []
    assert report.plan.counts == {"add": 1, "withheld": 1}
    assert "enabled = true" in report.reason
    assert desk.rows("posthog_person_properties") == [
        ("add", "u1", "new", "dry_run"),
        ("withheld", "u2", "uncertain", "withheld"),
    ]


def test_everybody_is_written_once_and_then_nobody(desk, posthog):
    report = desk.sync()
    assert posthog.segments() == EXPECTED
    assert posthog.persons["u00"] == {
        "behavior_segment_id": "2026-01-a",
        "behavior_segment_label": "Owls",
        "behavior_segment_confidence": 0.9,
    }
    assert (report.confirmed_count, len(posthog.requests)) == (12, 3)
    again = desk.sync()
    assert (again.plan.unchanged_count, again.plan.to_send_count, len(posthog.requests)) == (12, 0, 3)


def test_only_what_changed_is_written_again_and_why_is_told(desk, posthog):
    desk.sync()
    posthog.writes.clear()
    users = {**SURE, "u00": ("b", 0.95), "u01": ("b", 0.75), "u02": ("c", 0.97), "new": ("a", 0.95)}
    del users["u03"]
    desk.hold(users)
    desk.sync()
    assert posthog.writes == {"u00": 1, "u01": 1, "u03": 1, "new": 1}
    assert desk.rows("posthog_person_properties", "action, user_id, reason, previous_segment_id") == [
        ("add", "new", "new", None),
        ("change", "u00", "other_segment", "2026-01-a"),
        ("change", "u01", "name_or_confidence", "2026-01-b"),
        ("clear", "u03", "vanished", "2026-01-a"),
    ]
    assert "u03" not in posthog.segments()


def test_who_falls_under_the_floor_is_withheld_and_what_is_no_longer_true_is_cleared(tmp_path, posthog):
    desk = make_desk(tmp_path, confidence_floor=0.8, posthog={"host": posthog.url})
    desk.hold(
        {"stays": ("a", 0.9), "moves": ("a", 0.9), "lost": ("a", 0.9), "retired": ("c", 0.9), "never": ("b", 0.7)}
    )
    desk.sync()
    desk.hold(
        {"stays": ("a", 0.7), "moves": ("b", 0.7), "lost": ("", 0.4), "retired": ("", 0.4), "never": ("b", 0.7)},
        living=("a", "b"),
    )
    desk.sync()
    assert posthog.segments() == {"stays": "2026-01-a"}
    assert desk.rows("posthog_person_properties", "action, user_id, reason") == [
        ("clear", "lost", "uncertain"),
        ("clear", "moves", "uncertain"),
        ("clear", "retired", "retired"),
        ("withheld", "never", "uncertain"),
        ("withheld", "stays", "uncertain"),
    ]


def test_an_emptied_warehouse_clears_nobody(desk, posthog):
    desk.sync()
    desk.hold({}, living=())
    report = desk.sync()
    assert not report.plan.has_segments
    assert posthog.segments() == EXPECTED
    desk.hold(SURE)
    assert desk.sync().plan.unchanged_count == 12


def test_a_persons_name_for_a_segment_is_what_is_told(desk, posthog):
    desk.sync()
    with desk.state.write() as connection:
        rename_segment(connection, "2026-01-a", "Night shift", labels={}, edited_by="ada")
    desk.sync()
    labels = {told["behavior_segment_label"] for told in posthog.persons.values()}
    assert labels == {"Night shift", "Larks", "Finches"}


def test_another_project_starts_from_nothing_sent(tmp_path, posthog):
    for project in ("one", "two"):
        desk = make_desk(tmp_path, posthog={"host": posthog.url, "project": project})
        desk.hold(SURE)
        assert desk.sync().plan.counts == {"add": 12}


# Whom a user is known as.


def test_ids_of_a_file_are_used_and_who_has_none_or_shares_one_is_withheld(tmp_path, posthog):
    desk = make_desk(tmp_path, posthog={"host": posthog.url, "external_id": "file:ids.csv"})
    desk.hold({"u1": ("a", 0.9), "u2": ("a", 0.9), "u3": ("b", 0.9), "u4": ("b", 0.9), "u5": ("b", 0.9)})
    (desk.home.root / "ids.csv").write_text(f"user_id,external_id\nu1,ann\nu3,team\nu4,team\nu5,{'x' * 300}\n")
    desk.sync()
    assert posthog.segments() == {"ann": "2026-01-a"}
    assert desk.rows("posthog_person_properties", "action, user_id, reason") == [
        ("add", "u1", "new"),
        ("withheld", "u2", "no_external_id"),
        ("withheld", "u3", "shared_external_id"),
        ("withheld", "u4", "shared_external_id"),
        ("withheld", "u5", "id_too_long"),
    ]
    (desk.home.root / "ids.csv").write_text("user_id,external_id\nu1,anna\nu2,bob\n")
    desk.sync()
    assert posthog.segments() == {"anna": "2026-01-a", "bob": "2026-01-a"}


def test_a_file_of_ids_that_cannot_be_used_says_why(tmp_path, posthog):
    desk = make_desk(tmp_path, posthog={"host": posthog.url, "external_id": "file:ids.csv"})
    desk.hold(SURE)
    with pytest.raises(InputError, match=r"ids.csv is not there"):
        desk.sync()
    (desk.home.root / "ids.csv").write_text("user,mail\nu1,x\n")
    with pytest.raises(InputError, match="no column user_id and no column external_id; found: user, mail"):
        desk.sync()


def test_the_newest_value_in_the_events_metadata_is_the_id(tmp_path, posthog):
    desk = make_desk(tmp_path, posthog={"host": posthog.url, "external_id": "metadata:contact.email"})
    desk.hold({"u1": ("a", 0.9), "u2": ("b", 0.9)})
    with desk.warehouse.transaction() as db:
        db.execute(
            "CREATE TABLE raw_events AS SELECT * FROM (VALUES"
            """ ('u1', TIMESTAMP '2026-01-02', '{"contact": {"email": "old@x.org"}}'),"""
            """ ('u1', TIMESTAMP '2026-01-03', '{"contact": {"email": " new@x.org "}}'),"""
            """ ('u2', TIMESTAMP '2026-01-03', '{"email": "elsewhere"}')) AS t(user_id, event_at, metadata)"""
        )
    desk.publish()
    desk.sync()
    assert posthog.segments() == {"new@x.org": "2026-01-a"}


# Faults.


@pytest.mark.parametrize("retry_after", ["7", "date", None], ids=["seconds", "http date", "none"])
def test_a_429_is_waited_for_as_long_as_it_says(desk, posthog, retry_after):
    in_seven = format_datetime((desk.clock.now() + timedelta(seconds=7)).replace(tzinfo=UTC), usegmt=True)
    posthog.will(rate_limited(in_seven if retry_after == "date" else retry_after))
    desk.sync()
    assert posthog.segments() == EXPECTED
    assert len(posthog.requests) == 4
    waited = sum(desk.clock.slept)
    assert waited == pytest.approx(7, abs=0.01) if retry_after else 0 < waited < 1


@pytest.mark.parametrize(
    "fault",
    [
        failing(500),
        failing(503),
        failing(503, **{"Retry-After": "3"}),
        cut,
        taken_then_cut,
        half_taken(),
        half_taken(503),
    ],
    ids=["500", "503", "503 with Retry-After", "cut", "cut in the answer", "half taken", "half taken, 503"],
)
def test_a_passing_fault_leaves_everybody_right_and_the_rest_is_not_written_again(desk, posthog, fault):
    posthog.will(fault)
    report = desk.sync()
    assert posthog.segments() == EXPECTED
    assert (report.delivery.ending, report.confirmed_count) == ("done", 12)
    assert sum(posthog.writes.values()) <= 12 + 4


@pytest.mark.parametrize("fault", [slow(3), drip], ids=["silent", "slow body"])
def test_a_slow_answer_is_given_up_and_asked_again(tmp_path, posthog, fault):
    desk = make_desk(tmp_path, timeout_s=0.3, posthog={"host": posthog.url})
    desk.hold(SURE)
    posthog.will(fault)
    desk.sync(clock=SystemClock())
    assert posthog.segments() == EXPECTED


def test_a_destination_that_stays_away_is_given_up_and_the_next_sync_goes_on(desk, posthog):
    posthog.otherwise = failing(503)
    report = desk.sync()
    assert report.delivery.ending == "outage"
    assert "did not answer for 30 s" in report.reason
    assert len(posthog.requests) < 20
    posthog.otherwise = lambda to: to.server.take(to)
    desk.sync()
    assert posthog.segments() == EXPECTED


def test_a_poisoned_row_is_found_kept_with_its_reason_and_holds_up_nobody(desk, posthog):
    posthog.poison = {"u05"}
    report = desk.sync()
    assert posthog.segments() == {user: segment for user, segment in EXPECTED.items() if user != "u05"}
    assert report.refused == {"u05": "status 400: invalid distinct_id"}
    (row,) = desk.rows("posthog_person_properties WHERE status = 'failed'", "user_id, problem, attempt_count")
    assert row == ("u05", "status 400: invalid distinct_id", 1)
    posthog.writes.clear()
    assert desk.sync().plan.counts == {"add": 1}
    with desk.state.read() as connection:
        (refusal,) = read_refusals(connection, f"posthog:{posthog.url}:default")
    assert refusal.attempt_count == 2
    posthog.poison = set()
    desk.sync()
    assert posthog.segments() == EXPECTED
    assert posthog.writes == {"u05": 1}
    with desk.state.read() as connection:
        assert read_refusals(connection, f"posthog:{posthog.url}:default") == []


def test_bad_credentials_are_one_request_and_one_clear_error(desk, posthog):
    desk.keys["POSTHOG_PROJECT_API_KEY"] = "phc_wrong_0123456789"
    with pytest.raises(ActivationRefused, match=r"refused the key .* Next: put a valid key") as told:
        desk.sync()
    assert len(posthog.requests) == 1
    assert "phc_wrong_0123456789" not in str(told.value)
    desk.keys["POSTHOG_PROJECT_API_KEY"] = POSTHOG_KEY
    assert desk.sync().plan.counts == {"add": 12}


@pytest.mark.parametrize(
    ("key", "told"),
    [("", "the environment has no POSTHOG_PROJECT_API_KEY"), ("phx_secret", "personal key"), ("a b", "no key has")],
)
def test_without_a_usable_key_nothing_is_sent(desk, posthog, key, told):
    desk.keys["POSTHOG_PROJECT_API_KEY"] = key
    with pytest.raises(ActivationRefused, match=told):
        desk.sync()
    assert posthog.requests == []


@pytest.mark.parametrize("answer", [failing(404), redirecting("http://127.0.0.1:9/batch/")], ids=["404", "redirect"])
def test_a_wrong_address_is_one_request_and_one_clear_error(desk, posthog, answer):
    posthog.will(answer)
    with pytest.raises(ActivationRefused, match=r"no such place .* Next: check host"):
        desk.sync()
    assert len(posthog.requests) == 1


def test_a_used_up_quota_of_posthog_is_not_taken_for_success(desk, posthog):
    posthog.will(lambda to: to.send(200, {"status": "Ok", "quota_limited": ["events"]}))
    with pytest.raises(ActivationRefused, match="quota of events is used up"):
        desk.sync()
    assert desk.sync().confirmed_count == 12


def test_when_the_time_is_up_the_rest_waits_for_the_next_sync(desk, posthog):
    posthog.will(rate_limited("2"), lambda to: to.server.take(to), rate_limited("60"))
    report = desk.sync(seconds=10)
    assert (report.delivery.ending, report.confirmed_count, report.remaining_count) == ("asked_to_wait", 4, 8)
    posthog.writes.clear()
    desk.clock.elapsed_s += 60
    assert desk.sync().confirmed_count == 8
    assert posthog.segments() == EXPECTED
    assert sum(posthog.writes.values()) == 8


def test_what_was_sent_without_an_answer_is_written_again_even_where_the_user_is_back_in_the_old_segment(desk, posthog):
    desk.sync()
    desk.hold({**SURE, "u00": ("b", 0.95)})
    posthog.otherwise = taken_then_cut
    assert desk.sync().delivery.ending == "outage"
    assert posthog.segments()["u00"] == "2026-01-b"
    posthog.otherwise = lambda to: to.server.take(to)
    desk.hold(SURE)
    desk.sync()
    assert posthog.segments() == EXPECTED


def test_a_process_killed_in_the_middle_is_resumed_and_nobody_confirmed_is_written_again(tmp_path, posthog):
    users = {f"u{number:04}": ("abc"[number % 3], 0.95) for number in range(400)}
    settings = {"posthog": {"host": posthog.url, "batch_size": 10}}
    desk = make_desk(tmp_path, **settings)
    desk.hold(users)
    posthog.otherwise = lambda to: (time.sleep(0.03), to.server.take(to))
    program = f"""
        from pathlib import Path
        from segmentation_pipeline.llm.clock import SystemClock
        from segmentation_pipeline_tests.activation.current import EXPECTED, SURE, attio_desk, held, make_desk
        make_desk(Path({str(tmp_path)!r}), **{settings!r}).sync(clock=SystemClock())
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)])
    while len(posthog.requests) < 12:
        time.sleep(0.01)
        assert process.poll() is None, "it ended before it was killed"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(0.1)  # the request under way may still be dealt with
    with desk.state.read() as connection:
        confirmed = [one for one in read_written(connection, f"posthog:{posthog.url}:default") if one.content_hash]
    assert 80 <= len(confirmed) < 400
    before = dict(posthog.writes)
    desk.sync()
    assert posthog.segments() == {user: f"2026-01-{segment}" for user, (segment, _) in users.items()}
    assert all(posthog.writes[one.external_id] == before[one.external_id] for one in confirmed)
    assert sum(posthog.writes.values()) <= 400 + 10


# Attio.


def test_attio_records_are_asserted_then_cleared_by_their_own_id(tmp_path, attio):
    desk = attio_desk(tmp_path, attio)
    desk.sync()
    assert held(attio) == EXPECTED
    desk.hold({user: where for user, where in SURE.items() if user != "u03"})
    attio.requests.clear()
    desk.sync()
    (request,) = attio.requests
    assert (request.method, request.body["data"]["values"]) == (
        "PATCH",
        {"behavior_segment_id": None, "behavior_segment_label": None, "behavior_segment_confidence": None},
    )
    assert held(attio) == {user: segment for user, segment in EXPECTED.items() if user != "u03"}


def test_a_record_that_was_deleted_in_attio_is_clear_and_not_made_again(tmp_path, attio):
    desk = attio_desk(tmp_path, attio)
    desk.sync()
    attio.records = {one: held for one, held in attio.records.items() if held["email_addresses"] != "u03"}
    desk.hold({user: where for user, where in SURE.items() if user != "u03"})
    assert desk.sync().confirmed_count == 1
    assert len(attio.records) == 11
    assert desk.sync().plan.to_send_count == 0


def test_attio_gets_no_more_writes_a_second_than_it_allows(tmp_path, attio):
    desk = attio_desk(tmp_path, attio)
    desk.hold({f"u{number}": ("a", 0.95) for number in range(60)})
    desk.sync(clock=SystemClock())
    arrived = sorted(attio.arrived_at)
    for first, last in zip(arrived, arrived[25:], strict=False):
        assert last - first > 0.9
    assert len(held(attio)) == 60


def test_attio_asked_to_wait_until_a_date_waits_with_all_its_requests(tmp_path, attio):
    desk = attio_desk(tmp_path, attio)
    in_five = format_datetime((desk.clock.now() + timedelta(seconds=5)).replace(tzinfo=UTC), usegmt=True)
    attio.will(taking, *[rate_limited(in_five)] * 10)
    desk.sync()
    assert held(attio) == EXPECTED
    assert 5 <= desk.clock.elapsed_s < 20


def test_a_missing_attribute_stops_after_twenty_rows_instead_of_a_storm(tmp_path, attio):
    attio.attributes.discard("behavior_segment_confidence")
    desk = attio_desk(tmp_path, attio)
    desk.hold({f"u{number}": ("a", 0.95) for number in range(300)})
    with pytest.raises(ActivationRefused, match=r"The first 20 rows were refused.*behavior_segment_confidence"):
        desk.sync()
    assert len(attio.requests) < 40


# Webhook and file.


def test_webhooks_are_signed_and_a_receiver_may_refuse_single_rows(tmp_path, receiver):
    desk = make_desk(tmp_path, delivery={"webhook": f"{receiver.url}/hook"})
    desk.hold(SURE)
    receiver.failed_next = {"u05": "unknown user"}
    report = desk.sync()
    assert report.refused == {"u05": "unknown user"}
    assert set(receiver.users) == set(SURE) - {"u05"}
    assert receiver.users["u00"]["behavior_segment_label"] == "Owls"
    desk.hold({user: where for user, where in SURE.items() if user != "u00"})
    desk.sync()
    assert set(receiver.users) == set(SURE) - {"u00"}


def test_a_file_holds_everybody_who_has_a_segment_now(tmp_path):
    desk = make_desk(tmp_path, delivery={"file": "exports/segments.csv"})
    desk.hold({"u1": ("a", 0.95), "u,2": ("b", 0.55), "u3": ("", 0.4)})
    desk.sync()
    path = desk.home.root / "exports" / "segments.csv"
    head = "user_id,external_id,behavior_segment_id,behavior_segment_label,behavior_segment_confidence"
    assert path.read_text().splitlines() == [head, '"u,2","u,2",2026-01-b,Larks,0.5', "u1,u1,2026-01-a,Owls,0.9"]
    desk.hold({"u1": ("b", 0.95)})
    assert desk.sync().plan.counts == {"change": 1, "clear": 1}
    assert path.read_text().splitlines() == [head, "u1,u1,2026-01-b,Larks,0.9"]
    assert list(path.parent.iterdir()) == [path]


# Keys.


@pytest.mark.parametrize("kind", ["posthog", "attio", "delivery"])
def test_no_key_is_in_any_file_of_the_home_even_where_a_server_repeats_it(tmp_path, kind):
    servers = {"posthog": PosthogServer, "attio": AttioServer, "delivery": WebhookReceiver}
    secrets = {"posthog": POSTHOG_KEY, "attio": ATTIO_KEY, "delivery": WEBHOOK_SECRET}
    with servers[kind](failing(400, f"what is {secrets[kind]}?")) as server:
        section = {
            "posthog": {"host": server.url},
            "attio": {"object": "people", "host": server.url, "external_id": "user_id"},
            "delivery": {"webhook": server.url},
        }
        desk = make_desk(tmp_path, **{kind: section[kind]})
        desk.hold(SURE)
        report = desk.sync()
    assert len(report.refused) == 12
    assert all(secrets[kind] not in reason for reason in report.refused.values())
    found = [
        path.name
        for path in desk.home.root.rglob("*")
        if path.is_file() and secrets[kind].encode() in path.read_bytes()
    ]
    assert found == []
    assert secrets[kind] not in repr(desk.settings)
