"""The tables of state.db as the code reads and writes them today.

Add here: a table or column, together with the migration that makes it. Keep out: queries (one module a subject).
"""

from __future__ import annotations

import sqlalchemy as sa

NAME_CHARS = 80
"""Longest name of a segment: fits a chart's legend and a table's column."""

NOTE_CHARS = 4_000
"""Longest note, about a printed page."""

ID_CHARS = 200
"""Room for ids of segments and for who made an edit."""

metadata = sa.MetaData()

schema_versions = sa.Table(
    "schema_versions",
    metadata,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("migrated_recorded_at", sa.DateTime, nullable=False),
)

segment_edits = sa.Table(
    "segment_edits",
    metadata,
    sa.Column("edit_id", sa.Integer, primary_key=True),
    sa.Column("cluster_id", sa.String(ID_CHARS), nullable=False, index=True),
    sa.Column("name", sa.String(NAME_CHARS)),
    sa.Column("edited_at", sa.DateTime, nullable=False),
    sa.Column("edited_by", sa.String(ID_CHARS), nullable=False),
)
"""One row per renaming, kept for ever; the newest row of a segment counts, a null name being its own label again."""

segment_notes = sa.Table(
    "segment_notes",
    metadata,
    sa.Column("note_id", sa.Integer, primary_key=True),
    sa.Column("cluster_id", sa.String(ID_CHARS), nullable=False, index=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("created_by", sa.String(ID_CHARS), nullable=False),
    sa.Column("deleted_at", sa.DateTime),
)
"""One row per note, kept for ever; `deleted_at` takes it out of sight."""
