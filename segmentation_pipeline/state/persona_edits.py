"""Names and notes people give lead personas; the rules are those of segments.

Add here: another thing a person may say of a persona. Keep out: which personas there are (the caller knows), and what
a name or note may hold (segment_edits.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from segmentation_pipeline.errors import EditRefused, NotFound
from segmentation_pipeline.state.schema import persona_edits, persona_models, persona_notes
from segmentation_pipeline.state.segment_edits import clean_author, clean_name, clean_note, is_same_name

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class PersonaNote:
    """One note of a person on a persona, UTC."""

    note_id: int
    persona_id: str
    text: str
    created_at: datetime
    created_by: str


def current_names(connection: sa.Connection) -> dict[str, str]:
    """Return persona_id -> name for the personas that carry a person's name now."""
    newest = sa.select(sa.func.max(persona_edits.c.edit_id)).group_by(persona_edits.c.persona_id)
    named = sa.select(persona_edits.c.persona_id, persona_edits.c.name).where(
        persona_edits.c.edit_id.in_(newest), persona_edits.c.name.is_not(None)
    )
    return {row.persona_id: row.name for row in connection.execute(named.order_by(persona_edits.c.persona_id))}


def rename_persona(
    connection: sa.Connection, persona_id: str, name: str, *, labels: Mapping[str, str], edited_by: str
) -> str:
    """Give a persona a name; return it as stored. The caller has seen to it that the persona exists.

    `labels` are the deterministic labels of the newest import's personas, by id: no two may be shown by one name.

    Raises:
        EditRefused: the name is empty, too long, or another persona's.
    """
    wanted = clean_name(name, of="persona")
    _refuse_taken(connection, persona_id, wanted, labels)
    _record(connection, persona_id, wanted, edited_by)
    return wanted


def clear_name(connection: sa.Connection, persona_id: str, *, labels: Mapping[str, str], edited_by: str) -> bool:
    """Let a persona be called by its own label again; False, and nothing recorded, where it is already.

    Raises:
        EditRefused: a person has given its label to another persona meanwhile.
    """
    if persona_id not in current_names(connection):
        return False
    if persona_id in labels:
        _refuse_taken(connection, persona_id, labels[persona_id], labels)
    _record(connection, persona_id, None, edited_by)
    return True


def notes(connection: sa.Connection, persona_id: str | None = None) -> list[PersonaNote]:
    """Return the notes in sight, of one persona or of all, oldest first."""
    columns = persona_notes.c
    asked = sa.select(columns.note_id, columns.persona_id, columns.text, columns.created_at, columns.created_by).where(
        columns.deleted_at.is_(None)
    )
    if persona_id is not None:
        asked = asked.where(columns.persona_id == persona_id)
    return [PersonaNote(*row) for row in connection.execute(asked.order_by(columns.note_id))]


def add_note(connection: sa.Connection, persona_id: str, text: str, *, created_by: str) -> PersonaNote:
    """Store a note on a persona that the caller has seen to exist.

    Raises:
        EditRefused: the note is empty or too long.
    """
    kept = clean_note(text)
    at, by = _now(), clean_author(created_by)
    stored = connection.execute(
        persona_notes.insert().values(persona_id=persona_id, text=kept, created_at=at, created_by=by)
    )
    assert stored.inserted_primary_key is not None
    return PersonaNote(int(stored.inserted_primary_key[0]), persona_id, kept, at, by)


def delete_note(connection: sa.Connection, note_id: int) -> PersonaNote:
    """Take a note out of sight and return it.

    Raises:
        NotFound: there is no such note, or it is deleted already.
    """
    found = next((note for note in notes(connection) if note.note_id == note_id), None)
    if found is None:
        raise NotFound(f"There is no note {note_id}. Next: `segpipe personas notes PERSONA` shows the numbers.")
    connection.execute(persona_notes.update().where(persona_notes.c.note_id == note_id).values(deleted_at=_now()))
    return found


def keep_model(connection: sa.Connection, model: str) -> None:
    """Keep what the personas of an import look like, in place of those kept before."""
    connection.execute(persona_models.delete())
    connection.execute(persona_models.insert().values(model=model, recorded_at=_now()))


def kept_model(connection: sa.Connection) -> str | None:
    """Return what the personas edited last look like; None where nobody edited any."""
    return connection.execute(sa.select(persona_models.c.model)).scalar()


def _refuse_taken(connection: sa.Connection, persona_id: str, name: str, labels: Mapping[str, str]) -> None:
    shown = {**labels, **{known: given for known, given in current_names(connection).items() if known in labels}}
    for other, taken in shown.items():
        if other != persona_id and (is_same_name(taken, name) or is_same_name(other, name)):
            raise EditRefused(
                f'"{name}" is what persona {other} is called already. Nothing was changed. '
                f"Next: choose another name, or rename {other} first."
            )


def _record(connection: sa.Connection, persona_id: str, name: str | None, edited_by: str) -> None:
    connection.execute(
        persona_edits.insert().values(
            persona_id=persona_id, name=name, edited_at=_now(), edited_by=clean_author(edited_by)
        )
    )


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
