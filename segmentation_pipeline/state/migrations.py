"""How state.db came to its present shape: an ordered list of steps, each run once and never changed afterwards.

Add here: a function at the end of MIGRATIONS for each change of schema.py. Keep out: going back; restore a backup.

Why no Alembic environment: it would add an ini file, an env.py and a templated folder to find at run time, for a
linear history in one transaction per step. A step gets a connection, so one that must alter a column on SQLite can
still use `alembic.operations.Operations` on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from segmentation_pipeline.state.schema import schema_versions

Migration = Callable[[sa.Connection], None]


def names_and_notes(connection: sa.Connection) -> None:
    """Version 1: names people gave segments, and their notes on them."""
    made = sa.MetaData()
    sa.Table(
        "segment_edits",
        made,
        sa.Column("edit_id", sa.Integer, primary_key=True),
        sa.Column("cluster_id", sa.String(200), nullable=False, index=True),
        sa.Column("name", sa.String(80)),
        sa.Column("edited_at", sa.DateTime, nullable=False),
        sa.Column("edited_by", sa.String(200), nullable=False),
    )
    sa.Table(
        "segment_notes",
        made,
        sa.Column("note_id", sa.Integer, primary_key=True),
        sa.Column("cluster_id", sa.String(200), nullable=False, index=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("deleted_at", sa.DateTime),
    )
    made.create_all(connection, checkfirst=False)


def llm_tables(connection: sa.Connection) -> None:
    """Version 2: what models were asked and answered, and what they may still be asked."""
    made = sa.MetaData()
    sa.Table(
        "llm_cache",
        made,
        sa.Column("cache_key", sa.String(64), primary_key=True),
        sa.Column("provider", sa.String(200), nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("reply", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
    )
    sa.Table(
        "llm_prompts",
        made,
        sa.Column("prompt_hash", sa.String(64), primary_key=True),
        sa.Column("prompt_text", sa.Text, nullable=False),
    )
    sa.Table(
        "llm_calls",
        made,
        sa.Column("call_id", sa.String(64), primary_key=True),
        sa.Column("refresh_month", sa.Date, nullable=False, index=True),
        sa.Column("run_id", sa.String(200), nullable=False, index=True),
        sa.Column("purpose", sa.String(200), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("provider", sa.String(200), nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("prompt_name", sa.String(200), nullable=False),
        sa.Column("prompt_hash", sa.String(64), nullable=False),
        sa.Column("raw_reply", sa.Text),
        sa.Column("input_tokens", sa.Integer, nullable=False),
        sa.Column("output_tokens", sa.Integer, nullable=False),
        sa.Column("cost_usd", sa.Float),
        sa.Column("latency_s", sa.Float, nullable=False),
        sa.Column("retry_count", sa.Integer, nullable=False),
        sa.Column("outcome", sa.String(200), nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("created_at", sa.DateTime, nullable=False),
    )
    sa.Table(
        "llm_limits",
        made,
        sa.Column("limit_id", sa.Integer, primary_key=True),
        sa.Column("limit_name", sa.String(200), nullable=False, index=True),
        sa.Column("amount", sa.Float, nullable=False),
        sa.Column("taken_at", sa.DateTime, nullable=False),
    )
    made.create_all(connection, checkfirst=False)


def pseudonym_tables(connection: sa.Connection) -> None:
    """Version 3: the key under which user ids become pseudonyms."""
    made = sa.MetaData()
    sa.Table(
        "pseudonym_keys",
        made,
        sa.Column("purpose", sa.String(200), primary_key=True),
        sa.Column("key", sa.String(64), nullable=False),
    )
    made.create_all(connection, checkfirst=False)


def persona_names_and_notes(connection: sa.Connection) -> None:
    """Version 4: names people gave lead personas, and their notes on them."""
    made = sa.MetaData()
    sa.Table(
        "persona_edits",
        made,
        sa.Column("edit_id", sa.Integer, primary_key=True),
        sa.Column("persona_id", sa.String(200), nullable=False, index=True),
        sa.Column("name", sa.String(80)),
        sa.Column("edited_at", sa.DateTime, nullable=False),
        sa.Column("edited_by", sa.String(200), nullable=False),
    )
    sa.Table(
        "persona_notes",
        made,
        sa.Column("note_id", sa.Integer, primary_key=True),
        sa.Column("persona_id", sa.String(200), nullable=False, index=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("deleted_at", sa.DateTime),
    )
    made.create_all(connection, checkfirst=False)


def customer_tables(connection: sa.Connection) -> None:
    """Version 5: which payloads of customers were analysed, and how long each took."""
    made = sa.MetaData()
    sa.Table(
        "customer_calls",
        made,
        sa.Column("call_id", sa.Integer, primary_key=True),
        sa.Column("customer_pseudonym", sa.String(64)),
        sa.Column("mode", sa.String(200)),
        sa.Column("outcome", sa.String(200), nullable=False),
        sa.Column("error_path", sa.String(200)),
        sa.Column("rule_version", sa.String(200), nullable=False),
        sa.Column("latency_s", sa.Float, nullable=False),
        sa.Column("called_at", sa.DateTime, nullable=False, index=True),
    )
    made.create_all(connection, checkfirst=False)


def roadmap_tables(connection: sa.Connection) -> None:
    """Version 6: experiments people plan, and every edit of their plans."""
    made = sa.MetaData()
    sa.Table(
        "roadmap_entries",
        made,
        sa.Column("entry_id", sa.Integer, primary_key=True),
        sa.Column("recommendation_id", sa.String(200), nullable=False, index=True),
        sa.Column("cluster_id", sa.String(200), nullable=False, index=True),
        sa.Column("refresh_month", sa.Date, nullable=False),
        sa.Column("recommendation", sa.Text, nullable=False),
        sa.Column("power", sa.Text),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
    )
    sa.Table(
        "roadmap_edits",
        made,
        sa.Column("edit_id", sa.Integer, primary_key=True),
        sa.Column("entry_id", sa.Integer, nullable=False, index=True),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("owner", sa.String(200)),
        sa.Column("starts_on", sa.Date),
        sa.Column("ends_on", sa.Date),
        sa.Column("note", sa.Text),
        sa.Column("edited_at", sa.DateTime, nullable=False),
        sa.Column("edited_by", sa.String(200), nullable=False),
    )
    made.create_all(connection, checkfirst=False)


def api_token_table(connection: sa.Connection) -> None:
    """Version 7: hashes of the tokens programs show to the HTTP API."""
    made = sa.MetaData()
    sa.Table(
        "api_tokens",
        made,
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column("token_id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("scope", sa.String(20), nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("revoked_at", sa.DateTime),
    )
    made.create_all(connection, checkfirst=False)


def activation_tables(connection: sa.Connection) -> None:
    """Version 8: what other tools are known to hold, what they refused, and which troubles were told."""
    made = sa.MetaData()
    sa.Table(
        "activation_confirmed",
        made,
        sa.Column("destination", sa.String(200), primary_key=True),
        sa.Column("external_id", sa.String(400), primary_key=True),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("segment_id", sa.String(200)),
        sa.Column("content_hash", sa.String(64)),
        sa.Column("remote_id", sa.String(200)),
        sa.Column("written_at", sa.DateTime, nullable=False),
    )
    sa.Table(
        "activation_failures",
        made,
        sa.Column("destination", sa.String(200), primary_key=True),
        sa.Column("external_id", sa.String(400), primary_key=True),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("attempt_count", sa.Integer, nullable=False),
        sa.Column("failed_at", sa.DateTime, nullable=False),
    )
    sa.Table(
        "sent_alerts",
        made,
        sa.Column("subject", sa.String(64), primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("first_at", sa.DateTime, nullable=False),
        sa.Column("told_at", sa.DateTime, nullable=False),
        sa.Column("last_at", sa.DateTime, nullable=False),
        sa.Column("untold_count", sa.Integer, nullable=False),
    )
    made.create_all(connection, checkfirst=False)


def activation_wait_table(connection: sa.Connection) -> None:
    """Version 9: until when a destination wants no request."""
    made = sa.MetaData()
    sa.Table(
        "activation_waits",
        made,
        sa.Column("destination", sa.String(200), primary_key=True),
        sa.Column("wait_until", sa.DateTime, nullable=False),
    )
    made.create_all(connection, checkfirst=False)


def persona_model_table(connection: sa.Connection) -> None:
    """Version 10: what the personas people edited last look like."""
    made = sa.MetaData()
    sa.Table(
        "persona_models",
        made,
        sa.Column("model_id", sa.Integer, primary_key=True),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("recorded_at", sa.DateTime, nullable=False),
    )
    made.create_all(connection, checkfirst=False)


def alert_way_table(connection: sa.Connection) -> None:
    """Version 11: ways of telling of trouble that fail."""
    made = sa.MetaData()
    sa.Table(
        "failed_alert_ways",
        made,
        sa.Column("way", sa.String(200), primary_key=True),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("attempt_count", sa.Integer, nullable=False),
        sa.Column("failed_at", sa.DateTime, nullable=False),
    )
    made.create_all(connection, checkfirst=False)


MIGRATIONS: Sequence[Migration] = (
    names_and_notes,
    llm_tables,
    pseudonym_tables,
    persona_names_and_notes,
    customer_tables,
    roadmap_tables,
    api_token_table,
    activation_tables,
    activation_wait_table,
    persona_model_table,
    alert_way_table,
)


def version_of(connection: sa.Connection) -> int:
    """Return the version of the schema, 0 where nothing has been made yet."""
    if not sa.inspect(connection).has_table(schema_versions.name):
        return 0
    return connection.execute(sa.select(sa.func.max(schema_versions.c.version))).scalar() or 0


def migrate(connection: sa.Connection, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Run the steps that have not been run, inside the caller's transaction."""
    schema_versions.create(connection, checkfirst=True)
    for version, step in enumerate(migrations, start=1):
        if version <= version_of(connection):
            continue
        # The version first: where transactions run side by side, its key stops a second migrator.
        connection.execute(
            schema_versions.insert().values(
                version=version, migrated_recorded_at=datetime.now(UTC).replace(tzinfo=None)
            )
        )
        step(connection)
