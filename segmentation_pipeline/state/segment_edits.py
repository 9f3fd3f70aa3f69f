"""Names and notes people give segments: what is allowed, and the history that is kept.

Add here: another thing a person may say of a segment. Keep out: which segments there are (the caller knows).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from segmentation_pipeline.errors import EditRefused, NotFound
from segmentation_pipeline.state.schema import ID_CHARS, NAME_CHARS, NOTE_CHARS, segment_edits, segment_notes

if TYPE_CHECKING:
    from collections.abc import Mapping

JOINERS = ("\u200c", "\u200d")
"""Zero-width characters that spell words (Persian) and emoji; every other invisible one is dropped."""


@dataclass(frozen=True)
class NameEdit:
    """One renaming: a null name gave the segment its own label again. Moments are UTC."""

    cluster_id: str
    name: str | None
    edited_at: datetime
    edited_by: str


@dataclass(frozen=True)
class Note:
    """One note of a person on a segment, UTC."""

    note_id: int
    cluster_id: str
    text: str
    created_at: datetime
    created_by: str


def current_names(connection: sa.Connection) -> dict[str, str]:
    """Return cluster_id -> name for the segments that carry a person's name now."""
    newest = sa.select(sa.func.max(segment_edits.c.edit_id)).group_by(segment_edits.c.cluster_id)
    named = sa.select(segment_edits.c.cluster_id, segment_edits.c.name).where(
        segment_edits.c.edit_id.in_(newest), segment_edits.c.name.is_not(None)
    )
    return {row.cluster_id: row.name for row in connection.execute(named.order_by(segment_edits.c.cluster_id))}


def name_history(connection: sa.Connection, cluster_id: str) -> list[NameEdit]:
    """Return every renaming of a segment, oldest first."""
    edits = segment_edits.c
    rows = connection.execute(
        sa.select(edits.cluster_id, edits.name, edits.edited_at, edits.edited_by)
        .where(edits.cluster_id == cluster_id)
        .order_by(edits.edit_id)
    )
    return [NameEdit(*row) for row in rows]


def rename_segment(
    connection: sa.Connection, cluster_id: str, name: str, *, labels: Mapping[str, str], edited_by: str
) -> str:
    """Give a segment a name; return it as stored. The caller has seen to it that the segment exists.

    `labels` are the deterministic labels of the living segments, by id: no two of them may be shown by one name.

    Raises:
        EditRefused: the name is empty, too long, or another segment's.
    """
    wanted = clean_name(name)
    _refuse_taken(connection, cluster_id, wanted, labels)
    _record(connection, cluster_id, wanted, edited_by)
    return wanted


def clear_name(connection: sa.Connection, cluster_id: str, *, labels: Mapping[str, str], edited_by: str) -> bool:
    """Give a segment its own label again; False, and nothing recorded, where it carries that already.

    Raises:
        EditRefused: a person has given its label to another segment meanwhile.
    """
    if cluster_id not in current_names(connection):
        return False
    if cluster_id in labels:
        _refuse_taken(connection, cluster_id, labels[cluster_id], labels)
    _record(connection, cluster_id, None, edited_by)
    return True


def notes(connection: sa.Connection, cluster_id: str | None = None) -> list[Note]:
    """Return the notes in sight, of one segment or of all, oldest first."""
    columns = segment_notes.c
    asked = sa.select(columns.note_id, columns.cluster_id, columns.text, columns.created_at, columns.created_by).where(
        columns.deleted_at.is_(None)
    )
    if cluster_id is not None:
        asked = asked.where(columns.cluster_id == cluster_id)
    return [Note(*row) for row in connection.execute(asked.order_by(columns.note_id))]


def add_note(connection: sa.Connection, cluster_id: str, text: str, *, created_by: str) -> Note:
    """Store a note on a segment that the caller has seen to exist.

    Raises:
        EditRefused: the note is empty or too long.
    """
    kept = clean_note(text)
    at, by = utc_now(), clean_author(created_by)
    stored = connection.execute(
        segment_notes.insert().values(cluster_id=cluster_id, text=kept, created_at=at, created_by=by)
    )
    assert stored.inserted_primary_key is not None
    return Note(int(stored.inserted_primary_key[0]), cluster_id, kept, at, by)


def delete_note(connection: sa.Connection, note_id: int) -> Note:
    """Take a note out of sight and return it.

    Raises:
        NotFound: there is no such note, or it is deleted already.
    """
    found = next((note for note in notes(connection) if note.note_id == note_id), None)
    if found is None:
        raise NotFound(f"There is no note {note_id}. Next: `segpipe segments notes SEGMENT` shows the numbers.")
    connection.execute(segment_notes.update().where(segment_notes.c.note_id == note_id).values(deleted_at=utc_now()))
    return found


def clean_name(name: str, *, of: str = "segment") -> str:
    """Return a name on one line, without invisible characters, in Unicode's composed form.

    Raises:
        EditRefused: nothing visible is left, or more than NAME_CHARS characters.
    """
    cleaned = one_line(name)
    if not any(unicodedata.category(character)[0] in "LNPS" for character in cleaned):
        raise EditRefused(f"A {of}'s name needs at least one visible character. Next: give a name of 1 to 80.")
    if len(cleaned) > NAME_CHARS:
        raise EditRefused(
            f"A {of}'s name has at most {NAME_CHARS} characters; this one has {len(cleaned)}. "
            f"Next: shorten it, and put the rest into a note."
        )
    return cleaned


def clean_note(text: str) -> str:
    """Return a note without control characters; its lines stay.

    Raises:
        EditRefused: nothing is left, or more than NOTE_CHARS characters.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    cleaned = "\n".join(_visible(line).rstrip() for line in lines).strip()
    if not cleaned:
        raise EditRefused("A note needs text. Next: write something, or delete the note instead.")
    if len(cleaned) > NOTE_CHARS:
        raise EditRefused(
            f"A note has at most {NOTE_CHARS:,} characters; this one has {len(cleaned):,}. Next: make two of it."
        )
    return cleaned


def clean_author(author: str) -> str:
    """Return who makes an edit, on one line and bounded; `unknown` when nothing is given."""
    return one_line(author)[:ID_CHARS] or "unknown"


def one_line(text: str) -> str:
    """Return a text on one line without invisible characters; nothing where nothing is left."""
    return " ".join(_visible(text).split())


def is_same_name(left: str, right: str) -> bool:
    """Tell whether people would take two names for one: case, width and composition of letters do not count."""
    return _folded(left) == _folded(right)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _visible(text: str) -> str:
    """Drop control and format characters and broken surrogates; any white space becomes a blank."""
    kept = (
        " " if character.isspace() else character
        for character in text
        if character.isspace() or character in JOINERS or unicodedata.category(character) not in ("Cc", "Cf", "Cs")
    )
    return unicodedata.normalize("NFC", "".join(kept))


def _refuse_taken(connection: sa.Connection, cluster_id: str, name: str, labels: Mapping[str, str]) -> None:
    shown = {**labels, **{known: given for known, given in current_names(connection).items() if known in labels}}
    for other, taken in shown.items():
        if other != cluster_id and (is_same_name(taken, name) or is_same_name(other, name)):
            raise EditRefused(
                f'"{name}" is what segment {other} is called already. Nothing was changed. '
                f"Next: choose another name, or rename {other} first."
            )


def _record(connection: sa.Connection, cluster_id: str, name: str | None, edited_by: str) -> None:
    connection.execute(
        segment_edits.insert().values(
            cluster_id=cluster_id, name=name, edited_at=utc_now(), edited_by=clean_author(edited_by)
        )
    )


def utc_now() -> datetime:
    """Return the moment, as state.db keeps moments: UTC without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)
