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

EXTERNAL_ID_CHARS = 400
"""Room for a user's id in another tool: an e-mail address has at most 254."""

HASH_CHARS = 64
"""A SHA-256 in hexadecimal, or a shorter random id."""

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

persona_edits = sa.Table(
    "persona_edits",
    metadata,
    sa.Column("edit_id", sa.Integer, primary_key=True),
    sa.Column("persona_id", sa.String(ID_CHARS), nullable=False, index=True),
    sa.Column("name", sa.String(NAME_CHARS)),
    sa.Column("edited_at", sa.DateTime, nullable=False),
    sa.Column("edited_by", sa.String(ID_CHARS), nullable=False),
)
"""One row per renaming of a lead persona, kept for ever; the newest counts, a null name being its own label again."""

persona_notes = sa.Table(
    "persona_notes",
    metadata,
    sa.Column("note_id", sa.Integer, primary_key=True),
    sa.Column("persona_id", sa.String(ID_CHARS), nullable=False, index=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("created_by", sa.String(ID_CHARS), nullable=False),
    sa.Column("deleted_at", sa.DateTime),
)
"""One row per note on a lead persona, kept for ever; `deleted_at` takes it out of sight."""

persona_models = sa.Table(
    "persona_models",
    metadata,
    sa.Column("model_id", sa.Integer, primary_key=True),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.DateTime, nullable=False),
)
"""At most one row: the personas of the import edited last (encoding, centres and ids, JSON), by which edits find their
personas again in a warehouse that was made anew."""

llm_cache = sa.Table(
    "llm_cache",
    metadata,
    sa.Column("cache_key", sa.String(HASH_CHARS), primary_key=True),
    sa.Column("provider", sa.String(ID_CHARS), nullable=False),
    sa.Column("model", sa.String(ID_CHARS), nullable=False),
    sa.Column("reply", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
)
"""One row per question that was answered usably: the answer, by the hash of all that shaped it."""

llm_prompts = sa.Table(
    "llm_prompts",
    metadata,
    sa.Column("prompt_hash", sa.String(HASH_CHARS), primary_key=True),
    sa.Column("prompt_text", sa.Text, nullable=False),
)
"""One row per prompt as it was sent; calls that repeat it share the row."""

llm_calls = sa.Table(
    "llm_calls",
    metadata,
    sa.Column("call_id", sa.String(HASH_CHARS), primary_key=True),
    sa.Column("refresh_month", sa.Date, nullable=False, index=True),
    sa.Column("run_id", sa.String(ID_CHARS), nullable=False, index=True),
    sa.Column("purpose", sa.String(ID_CHARS), nullable=False),
    sa.Column("subject", sa.String(ID_CHARS), nullable=False),
    sa.Column("provider", sa.String(ID_CHARS), nullable=False),
    sa.Column("model", sa.String(ID_CHARS), nullable=False),
    sa.Column("prompt_name", sa.String(ID_CHARS), nullable=False),
    sa.Column("prompt_hash", sa.String(HASH_CHARS), nullable=False),
    sa.Column("raw_reply", sa.Text),
    sa.Column("input_tokens", sa.Integer, nullable=False),
    sa.Column("output_tokens", sa.Integer, nullable=False),
    sa.Column("cost_usd", sa.Float),
    sa.Column("latency_s", sa.Float, nullable=False),
    sa.Column("retry_count", sa.Integer, nullable=False),
    sa.Column("outcome", sa.String(ID_CHARS), nullable=False),
    sa.Column("error", sa.Text),
    sa.Column("created_at", sa.DateTime, nullable=False),
)
"""One row per question to a model, however often it was asked again; the audit, kept for ever."""

llm_limits = sa.Table(
    "llm_limits",
    metadata,
    sa.Column("limit_id", sa.Integer, primary_key=True),
    sa.Column("limit_name", sa.String(ID_CHARS), nullable=False, index=True),
    sa.Column("amount", sa.Float, nullable=False),
    sa.Column("taken_at", sa.DateTime, nullable=False),
)
"""One row per use of something that is limited over days or a run, in the unit of the limit."""

pseudonym_keys = sa.Table(
    "pseudonym_keys",
    metadata,
    sa.Column("purpose", sa.String(ID_CHARS), primary_key=True),
    sa.Column("key", sa.String(HASH_CHARS), nullable=False),
)
"""One row per purpose: the secret that makes pseudonyms of user ids; never leaves this database."""

customer_calls = sa.Table(
    "customer_calls",
    metadata,
    sa.Column("call_id", sa.Integer, primary_key=True),
    sa.Column("customer_pseudonym", sa.String(HASH_CHARS)),
    sa.Column("mode", sa.String(ID_CHARS)),
    sa.Column("outcome", sa.String(ID_CHARS), nullable=False),
    sa.Column("error_path", sa.String(ID_CHARS)),
    sa.Column("rule_version", sa.String(ID_CHARS), nullable=False),
    sa.Column("latency_s", sa.Float, nullable=False),
    sa.Column("called_at", sa.DateTime, nullable=False, index=True),
)
"""One row per payload analysed: how long it took and how it ended, under a pseudonym; null where none was given."""

roadmap_entries = sa.Table(
    "roadmap_entries",
    metadata,
    sa.Column("entry_id", sa.Integer, primary_key=True),
    sa.Column("recommendation_id", sa.String(ID_CHARS), nullable=False, index=True),
    sa.Column("cluster_id", sa.String(ID_CHARS), nullable=False, index=True),
    sa.Column("refresh_month", sa.Date, nullable=False),
    sa.Column("recommendation", sa.Text, nullable=False),
    sa.Column("power", sa.Text),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("created_by", sa.String(ID_CHARS), nullable=False),
)
"""One row per experiment put on the roadmap, kept for ever, with JSON copies of what was recommended."""

roadmap_edits = sa.Table(
    "roadmap_edits",
    metadata,
    sa.Column("edit_id", sa.Integer, primary_key=True),
    sa.Column("entry_id", sa.Integer, nullable=False, index=True),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("owner", sa.String(ID_CHARS)),
    sa.Column("starts_on", sa.Date),
    sa.Column("ends_on", sa.Date),
    sa.Column("note", sa.Text),
    sa.Column("edited_at", sa.DateTime, nullable=False),
    sa.Column("edited_by", sa.String(ID_CHARS), nullable=False),
)
"""One row per edit of an entry, kept for ever: the plan from then on (the newest counts), a note if any."""

api_tokens = sa.Table(
    "api_tokens",
    metadata,
    sa.Column("token_hash", sa.String(HASH_CHARS), primary_key=True),
    sa.Column("token_id", sa.String(HASH_CHARS), nullable=False),
    sa.Column("name", sa.String(ID_CHARS), nullable=False),
    sa.Column("scope", sa.String(20), nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("created_by", sa.String(ID_CHARS), nullable=False),
    sa.Column("revoked_at", sa.DateTime),
)
"""One row per token of the HTTP API, kept for ever: its hash, never the token, and what it may do until revoked."""

activation_confirmed = sa.Table(
    "activation_confirmed",
    metadata,
    sa.Column("destination", sa.String(ID_CHARS), primary_key=True),
    sa.Column("external_id", sa.String(EXTERNAL_ID_CHARS), primary_key=True),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("segment_id", sa.String(ID_CHARS)),
    sa.Column("content_hash", sa.String(HASH_CHARS)),
    sa.Column("remote_id", sa.String(ID_CHARS)),
    sa.Column("written_at", sa.DateTime, nullable=False),
)
"""One row per destination and id a segment was written to: the hash of what is known to stand there; null hash: a write
was begun and never confirmed, so anything may stand there. A cleared id has no row."""

activation_failures = sa.Table(
    "activation_failures",
    metadata,
    sa.Column("destination", sa.String(ID_CHARS), primary_key=True),
    sa.Column("external_id", sa.String(EXTERNAL_ID_CHARS), primary_key=True),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("attempt_count", sa.Integer, nullable=False),
    sa.Column("failed_at", sa.DateTime, nullable=False),
)
"""One row per destination and id whose last write was refused: why, and in how many runs; gone once it succeeds."""

activation_waits = sa.Table(
    "activation_waits",
    metadata,
    sa.Column("destination", sa.String(ID_CHARS), primary_key=True),
    sa.Column("wait_until", sa.DateTime, nullable=False),
)
"""One row per destination that asked to be left alone for longer than a sync lasts: until when, naive UTC."""

sent_alerts = sa.Table(
    "sent_alerts",
    metadata,
    sa.Column("subject", sa.String(HASH_CHARS), primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("first_at", sa.DateTime, nullable=False),
    sa.Column("told_at", sa.DateTime, nullable=False),
    sa.Column("last_at", sa.DateTime, nullable=False),
    sa.Column("untold_count", sa.Integer, nullable=False),
)
"""One row per trouble somebody was told of: when first and last, and how often since the last message."""

failed_alert_ways = sa.Table(
    "failed_alert_ways",
    metadata,
    sa.Column("way", sa.String(ID_CHARS), primary_key=True),
    sa.Column("problem", sa.Text, nullable=False),
    sa.Column("attempt_count", sa.Integer, nullable=False),
    sa.Column("failed_at", sa.DateTime, nullable=False),
)
"""One row per way of telling that failed the last time: why, and how often in a row; gone once it works."""
