"""The roadmap: plans checked and cleaned, copies kept, every edit kept, and nothing lost whoever writes at once."""

import multiprocessing
import threading
from datetime import date

import pytest

from segmentation_pipeline.config import Home, Settings
from segmentation_pipeline.errors import EditRefused, NotFound
from segmentation_pipeline.state.database import open_state
from segmentation_pipeline.state.roadmap import (
    Plan,
    add_entry,
    change_entry,
    roadmap,
    roadmap_entry,
    roadmap_history,
)

IDEA, POWER = {"title": "Ask them", "evidence": [{"value": 0.4}]}, {"verdict": "run", "weeks_to_decide": 4.5}
MAY = date(2026, 5, 1)


@pytest.fixture
def connection(tmp_path):
    with open_state(Home(tmp_path), Settings()).write() as connection:
        yield connection


def add(connection, recommendation_id="2026-01-a:experiment:0123456789ab", by="ada", power=POWER, **changes):
    return add_entry(
        connection,
        IDEA,
        power,
        recommendation_id=recommendation_id,
        cluster_id="2026-01-a",
        refresh_month=MAY,
        changes=changes,
        created_by=by,
    )


def change(connection, entry_id, by="bob", **changes):
    return change_entry(connection, entry_id, changes, edited_by=by)


def test_an_entry_keeps_whole_copies_and_the_usual_plan(connection):
    made = add(connection)
    assert roadmap_entry(connection, made.entry_id) == made
    assert (made.recommendation, made.power, made.refresh_month) == (IDEA, POWER, MAY)
    assert (made.plan, made.notes) == (Plan("planned", 3, None, None, None), ())
    assert (made.created_by, made.edited_by, made.created_at) == ("ada", "ada", made.edited_at)
    assert add(connection, "other", power=None).power is None


def test_only_what_is_given_changes_and_every_edit_is_kept(connection):
    number = add(connection, owner=" Ada\n Lovelace ", note="Worth it.").entry_id
    change(connection, number, status="running", starts_on=MAY)
    change(connection, number, priority=1, note="Begun.")
    changed = change(connection, number, owner=None, ends_on=date(2026, 7, 1))
    assert changed.plan == Plan("running", 1, None, MAY, date(2026, 7, 1))
    assert [(note.note, note.edited_by) for note in changed.notes] == [("Worth it.", "ada"), ("Begun.", "bob")]
    history = roadmap_history(connection, number)
    assert [(edit.plan.status, edit.plan.priority, edit.plan.owner) for edit in history] == [
        ("planned", 3, "Ada Lovelace"),
        ("running", 3, "Ada Lovelace"),
        ("running", 1, "Ada Lovelace"),
        ("running", 1, None),
    ]


def test_running_comes_first_then_planned_decided_dropped_each_by_priority(connection):
    plans = [
        {"status": "dropped"},
        {"status": "planned"},
        {"status": "planned", "priority": 1},
        {"status": "decided", "starts_on": MAY},
        {"status": "running", "starts_on": MAY},
    ]
    for number, plan in enumerate(plans):
        add(connection, str(number), **plan)
    assert [entry.recommendation_id for entry in roadmap(connection)] == ["4", "2", "1", "3", "0"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"status": "done"}, "done is no status. Next: choose one of planned, running, decided, dropped"),
        ({"priority": 0}, "0 is no priority. Next: choose from 1"),
        ({"priority": 6}, "6 is no priority"),
        ({"priority": True}, "whole number"),
        ({"priority": "high"}, "whole number"),
        ({"owner": "x" * 201}, "at most 200 characters"),
        ({"starts_on": MAY, "ends_on": date(2026, 4, 30)}, "end on 2026-04-30, before it starts on 2026-05-01"),
        ({"status": "running"}, "running has started. Next: give its start date"),
        ({"status": "decided"}, "decided has started"),
        ({"note": " \n"}, "A note needs text"),
        ({"note": "x" * 4_001}, "at most 4,000"),
        ({"colour": "red"}, "A plan has no colour"),
    ],
    ids=str,
)
def test_a_plan_that_cannot_be_is_refused_and_nothing_changes(connection, changes, told):
    with pytest.raises(EditRefused, match=told):
        add(connection, **changes)
    assert roadmap(connection) == []
    number = add(connection).entry_id
    with pytest.raises(EditRefused, match=told):
        change(connection, number, **changes)
    assert len(roadmap_history(connection, number)) == 1


def test_an_edit_of_nothing_or_of_an_unknown_entry_is_told(connection):
    number = add(connection).entry_id
    with pytest.raises(EditRefused, match="Nothing to change was given"):
        change(connection, number)
    for unknown in (number + 1, 0, -1, 2**70):
        with pytest.raises(NotFound, match=f"no entry {unknown} on the roadmap"):
            change(connection, unknown, priority=1)


def test_what_is_undecided_is_on_the_roadmap_once_and_may_come_back_when_decided(connection):
    first = add(connection)
    with pytest.raises(EditRefused, match=f"already, as entry {first.entry_id} .planned"):
        add(connection)
    change(connection, first.entry_id, status="dropped")
    second = add(connection)
    with pytest.raises(EditRefused, match=f"entry {second.entry_id} is the same experiment"):
        change(connection, first.entry_id, status="planned")
    change(connection, second.entry_id, status="dropped")
    assert change(connection, first.entry_id, status="planned").plan.status == "planned"


def _plan_often(root, name, times, ready, shared):
    """Add entries of one's own and note on one that all share."""
    state = open_state(Home(root), Settings())
    ready.wait()
    for number in range(times):
        with state.write() as connection:
            add(connection, f"{name}-{number}", by=name)
        with state.write() as connection:
            change(connection, shared, by=name, note=f"{name}-{number}", owner=name)
        with state.read() as connection:
            roadmap(connection)


def test_twenty_concurrent_writers_lose_nothing(tmp_path):
    """Five processes of four threads each, all with their own connections, on entries of their own and on one."""
    times, processes, threads = 3, 5, 4
    state = open_state(Home(tmp_path), Settings())
    with state.write() as connection:
        shared = add(connection, "shared").entry_id
    context = multiprocessing.get_context("fork")
    ready = context.Barrier(processes * threads)

    def work(process):
        crew = [
            threading.Thread(target=_plan_often, args=(tmp_path, f"p{process}t{thread}", times, ready, shared))
            for thread in range(threads)
        ]
        for one in crew:
            one.start()
        for one in crew:
            one.join()

    workers = [context.Process(target=work, args=(number,)) for number in range(processes)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0] * processes
    expected = {f"p{p}t{t}-{n}" for p in range(processes) for t in range(threads) for n in range(times)}
    with state.read() as connection:
        assert {entry.recommendation_id for entry in roadmap(connection)} == {*expected, "shared"}
        together = roadmap_entry(connection, shared)
        history = roadmap_history(connection, shared)
    assert sorted(note.note for note in together.notes) == sorted(expected)
    assert len(history) == 1 + len(expected)
    assert together.plan.owner == history[-1].edited_by


def _add_same(root, ready, told):
    ready.wait()
    try:
        with open_state(Home(root), Settings()).write() as connection:
            told.put(add(connection, "same").entry_id)
    except EditRefused:
        told.put(None)


def test_of_twenty_who_add_the_same_at_once_on_a_new_database_one_gets_it(tmp_path):
    context = multiprocessing.get_context("fork")
    ready, told = context.Barrier(20), context.Queue()
    people = [context.Process(target=_add_same, args=(tmp_path, ready, told)) for _ in range(20)]
    for person in people:
        person.start()
    answers = [told.get(timeout=120) for _ in people]
    for person in people:
        person.join(60)
    assert len([answer for answer in answers if answer is not None]) == 1
    with open_state(Home(tmp_path), Settings()).read() as connection:
        assert len(roadmap(connection)) == 1
