"""The roadmap: experiments people plan, with a copy of what was recommended, and every edit of their plans.

Add here: another thing a person may decide about an experiment. Keep out: which recommendations there are, and what
their copies hold (the caller knows).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import sqlalchemy as sa

from segmentation_pipeline.errors import AlreadyPlanned, EditRefused, NotFound
from segmentation_pipeline.state.schema import ID_CHARS, roadmap_edits, roadmap_entries
from segmentation_pipeline.state.segment_edits import clean_author, clean_note, one_line, utc_now

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

Status = Literal["planned", "running", "decided", "dropped"]
STATUSES: tuple[Status, ...] = get_args(Status)
OPEN: tuple[Status, ...] = ("planned", "running")
"""What is still to be decided: one recommendation is open once only."""

SHOWN_ORDER = {"running": 0, "planned": 1, "decided": 2, "dropped": 3}

LARGEST_ID = 2**31 - 1
"""Databases refuse to look for larger numbers."""

HIGHEST_PRIORITY, LOWEST_PRIORITY = 1, 5
USUAL_PRIORITY = 3


@dataclass(frozen=True)
class Plan:
    """What people decided about an experiment so far."""

    status: Status = "planned"
    priority: int = USUAL_PRIORITY
    owner: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None


@dataclass(frozen=True)
class PlanEdit:
    """One edit of an entry: the plan from then on, and the note written with it. Moments are UTC."""

    entry_id: int
    plan: Plan
    note: str | None
    edited_at: datetime
    edited_by: str


@dataclass(frozen=True)
class StoredEntry:
    """One experiment on the roadmap, with the copies made when it was put there. Moments are UTC.

    `notes` are the edits that carry one, oldest first.
    """

    entry_id: int
    recommendation_id: str
    cluster_id: str
    refresh_month: date
    recommendation: Mapping[str, Any]
    power: Mapping[str, Any] | None
    plan: Plan
    notes: tuple[PlanEdit, ...]
    created_at: datetime
    created_by: str
    edited_at: datetime
    edited_by: str


def roadmap(connection: sa.Connection) -> list[StoredEntry]:
    """Return every entry: running ones first, then planned, decided and dropped, each by priority and age."""
    entries = connection.execute(sa.select(roadmap_entries).order_by(roadmap_entries.c.entry_id)).all()
    edits = _by_entry(_edits(connection))
    found = [_entry(row, edits[row.entry_id]) for row in entries]
    return sorted(found, key=lambda entry: (SHOWN_ORDER[entry.plan.status], entry.plan.priority, entry.entry_id))


def roadmap_entry(connection: sa.Connection, entry_id: int) -> StoredEntry:
    """Return one entry.

    Raises:
        NotFound: there is no such entry.
    """
    asked = sa.select(roadmap_entries).where(roadmap_entries.c.entry_id == entry_id)
    row = connection.execute(asked).first() if 0 < entry_id <= LARGEST_ID else None
    if row is None:
        raise NotFound(f"There is no entry {entry_id} on the roadmap. Next: `segpipe roadmap list` shows the numbers.")
    return _entry(row, roadmap_history(connection, entry_id))


def roadmap_history(connection: sa.Connection, entry_id: int) -> list[PlanEdit]:
    """Return every edit of an entry, oldest first; the first one is its making."""
    return _edits(connection, entry_id)


def add_entry(
    connection: sa.Connection,
    recommendation: Mapping[str, Any],
    power: Mapping[str, Any] | None,
    *,
    recommendation_id: str,
    cluster_id: str,
    refresh_month: date,
    changes: Mapping[str, Any],
    created_by: str,
) -> StoredEntry:
    """Put a recommendation, which the caller has seen to exist, on the roadmap with copies of all that is known of it.

    `changes`: fields of the plan that are not the usual ones, and `note`.

    Raises:
        EditRefused: it is on the roadmap and undecided already (AlreadyPlanned), or something of the plan cannot be.
    """
    plan, note = _changed(Plan(), changes)
    for entry in roadmap(connection):
        if entry.recommendation_id == recommendation_id and entry.plan.status in OPEN:
            raise AlreadyPlanned(
                f"This experiment is on the roadmap already, as entry {entry.entry_id} ({entry.plan.status}). "
                f"Nothing was changed. Next: `segpipe roadmap set {entry.entry_id}` changes its plan."
            )
    at, by = utc_now(), clean_author(created_by)
    stored = connection.execute(
        roadmap_entries.insert().values(
            recommendation_id=recommendation_id,
            cluster_id=cluster_id,
            refresh_month=refresh_month,
            recommendation=_as_json(recommendation),
            power=None if power is None else _as_json(power),
            created_at=at,
            created_by=by,
        )
    )
    assert stored.inserted_primary_key is not None
    entry_id = int(stored.inserted_primary_key[0])
    _record(connection, PlanEdit(entry_id, plan, note, at, by))
    return roadmap_entry(connection, entry_id)


def change_entry(
    connection: sa.Connection, entry_id: int, changes: Mapping[str, Any], *, edited_by: str
) -> StoredEntry:
    """Change the given fields of a plan (or only write a `note`), on top of whatever others changed before.

    Raises:
        NotFound: there is no such entry.
        EditRefused: nothing is changed, or something of the plan cannot be.
    """
    if not changes:
        raise EditRefused("Nothing to change was given. Next: name a status, a priority, an owner, a date or a note.")
    before = roadmap_entry(connection, entry_id)
    plan, note = _changed(before.plan, changes)
    if plan.status in OPEN and before.plan.status not in OPEN:
        _refuse_second(connection, before)
    _record(connection, PlanEdit(entry_id, plan, note, utc_now(), clean_author(edited_by)))
    return roadmap_entry(connection, entry_id)


def _refuse_second(connection: sa.Connection, reopened: StoredEntry) -> None:
    for entry in roadmap(connection):
        is_other = entry.entry_id != reopened.entry_id and entry.recommendation_id == reopened.recommendation_id
        if is_other and entry.plan.status in OPEN:
            raise AlreadyPlanned(
                f"Entry {reopened.entry_id} cannot be opened again: entry {entry.entry_id} is the same experiment and "
                f"{entry.plan.status}. Nothing was changed. Next: change entry {entry.entry_id}."
            )


def _changed(before: Plan, changes: Mapping[str, Any]) -> tuple[Plan, str | None]:
    """Return the plan with the changes, and the note among them; both checked and cleaned."""
    unknown = sorted(set(changes) - {*Plan.__dataclass_fields__, "note"})
    if unknown:
        raise EditRefused(
            f"A plan has no {', '.join(unknown)}. Next: choose of {', '.join(Plan.__dataclass_fields__)}."
        )
    values = {name: changes.get(name, getattr(before, name)) for name in Plan.__dataclass_fields__}
    owner = one_line(values["owner"] or "")
    note = changes.get("note")
    plan = Plan(values["status"], values["priority"], owner or None, values["starts_on"], values["ends_on"])
    for problem in _problems(plan):
        raise EditRefused(problem)
    return plan, None if note is None else clean_note(note)


def _problems(plan: Plan) -> Iterable[str]:
    if plan.status not in STATUSES:
        yield f"{plan.status} is no status. Next: choose one of {', '.join(STATUSES)}."
    if isinstance(plan.priority, bool) or not isinstance(plan.priority, int):
        yield f"{plan.priority!r} is no priority. Next: give a whole number."
    elif not HIGHEST_PRIORITY <= plan.priority <= LOWEST_PRIORITY:
        yield (
            f"{plan.priority} is no priority. Next: choose from {HIGHEST_PRIORITY} (first) to {LOWEST_PRIORITY} (last)."
        )
    if plan.owner is not None and len(plan.owner) > ID_CHARS:
        yield f"An owner has at most {ID_CHARS} characters; this one has {len(plan.owner)}. Next: shorten it."
    if plan.starts_on is not None and plan.ends_on is not None and plan.ends_on < plan.starts_on:
        yield f"It would end on {plan.ends_on}, before it starts on {plan.starts_on}. Next: change one of the dates."
    if plan.status in ("running", "decided") and plan.starts_on is None:
        yield f"An experiment that is {plan.status} has started. Next: give its start date too."


def _edits(connection: sa.Connection, entry_id: int | None = None) -> list[PlanEdit]:
    asked = sa.select(roadmap_edits).order_by(roadmap_edits.c.edit_id)
    if entry_id is not None:
        asked = asked.where(roadmap_edits.c.entry_id == entry_id)
    return [
        PlanEdit(
            row.entry_id,
            Plan(row.status, row.priority, row.owner, row.starts_on, row.ends_on),
            row.note,
            row.edited_at,
            row.edited_by,
        )
        for row in connection.execute(asked)
    ]


def _by_entry(edits: Iterable[PlanEdit]) -> dict[int, list[PlanEdit]]:
    found: dict[int, list[PlanEdit]] = {}
    for edit in edits:
        found.setdefault(edit.entry_id, []).append(edit)
    return found


def _entry(row: sa.Row[Any], edits: list[PlanEdit]) -> StoredEntry:
    newest = edits[-1]
    return StoredEntry(
        row.entry_id,
        row.recommendation_id,
        row.cluster_id,
        row.refresh_month,
        json.loads(row.recommendation),
        None if row.power is None else json.loads(row.power),
        newest.plan,
        tuple(edit for edit in edits if edit.note is not None),
        row.created_at,
        row.created_by,
        newest.edited_at,
        newest.edited_by,
    )


def _record(connection: sa.Connection, edit: PlanEdit) -> None:
    plan = edit.plan
    connection.execute(
        roadmap_edits.insert().values(
            entry_id=edit.entry_id,
            status=plan.status,
            priority=plan.priority,
            owner=plan.owner,
            starts_on=plan.starts_on,
            ends_on=plan.ends_on,
            note=edit.note,
            edited_at=edit.edited_at,
            edited_by=edit.edited_by,
        )
    )


def _as_json(copied: Mapping[str, Any]) -> str:
    return json.dumps(dict(copied), sort_keys=True, ensure_ascii=False, default=str)
