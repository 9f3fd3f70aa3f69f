"""The plan of a sync: what stands at a destination against what should, as the rows of its table.

Add here: another way in which a user is withheld. Keep out: sending (delivery.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.activation.changes import Change
from segmentation_pipeline.activation.external_ids import write_external_ids
from segmentation_pipeline.activation.source import EVENTS, SOURCES, read_published
from segmentation_pipeline.warehouse.contracts import table_name
from segmentation_pipeline.warehouse.database import load_sql

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from segmentation_pipeline.activation_settings import ActivationSettings
    from segmentation_pipeline.config import Home
    from segmentation_pipeline.state.activation import Refusal, Written
    from segmentation_pipeline.warehouse.contracts import Table
    from segmentation_pipeline.warehouse.database import Database

CHANGE_COLUMNS = (
    "external_id", "user_id", "segment_id", "label", "confidence", "content_hash", "previous_segment_id",
    "previous_hash", "remote_id", "attempt_count",
)  # fmt: skip


@dataclass(frozen=True)
class Remembered:
    """What state.db knows of one destination, and the names people gave to segments."""

    written: Sequence[Written]
    refusals: Sequence[Refusal]
    names: Mapping[str, str]


@dataclass(frozen=True)
class Plan:
    """How many rows of each kind, and how many users stand there already as they should."""

    counts: Mapping[str, int]
    reasons: Mapping[str, int]
    unchanged_count: int
    has_segments: bool

    @property
    def to_send_count(self) -> int:
        """Rows that are to be written."""
        return sum(self.counts.get(action, 0) for action in ("add", "change", "clear"))


def write_plan(
    db: Database,
    table: type[Table],
    remembered: Remembered,
    settings: ActivationSettings,
    *,
    external_id: str,
    id_chars: int,
    is_caseless: bool,
    home: Home,
    keeps_uncertain: bool,
    status: str,
    now: datetime,
) -> Plan:
    """Replace the table's rows by the plan of what is published; the temporary table `placed_users` holds everybody.

    `is_caseless`: whether the destination takes ids that differ in case alone for one.
    `keeps_uncertain`: whether a user now under the floor keeps what stands there, where it is the likeliest segment.

    Raises:
        InputError: the file of ids cannot be used.
    """
    _write_remembered(db, remembered)
    present = read_published(db, home)
    if present.issuperset(SOURCES[settings.source]):
        _write_wanted(db, settings)
    else:
        _write_nobody(db)
    write_external_ids(db, external_id, home.root, has_events=EVENTS in present, is_caseless=is_caseless)
    placed = load_sql(__package__, "placed_users")
    db.execute(
        f"CREATE TEMP TABLE placed_users AS {placed}",
        {"id_chars": id_chars, "step": settings.confidence_step},
    )
    (living,) = db.one("SELECT count(*) FROM living_segments")
    if not living:
        # Without a single segment it is not the users that vanished: a new or emptied warehouse clears nobody.
        db.execute("DELETE FROM written")
        db.execute("DELETE FROM placed_users")
    db.replace(
        table,
        load_sql(__package__, "plan"),
        {"status": status, "now": now, "keeps_uncertain": keeps_uncertain},
    )
    name = table_name(table)
    counts = db.rows(f"SELECT action, count(*) AS rows FROM {name} GROUP BY action ORDER BY action")
    reasons = db.rows(f"SELECT action, reason, count(*) AS rows FROM {name} GROUP BY ALL ORDER BY ALL")
    (unchanged,) = db.one(
        f"SELECT count(*) FROM written WHERE external_id NOT IN"
        f" (SELECT external_id FROM {name} WHERE action <> 'withheld' AND external_id IS NOT NULL)"
    )
    return Plan(
        {row["action"]: row["rows"] for row in counts},
        {f"{row['action']}: {row['reason']}": row["rows"] for row in reasons},
        unchanged,
        bool(living),
    )


def read_changes(db: Database, table: type[Table]) -> list[Change]:
    """Return what is to be sent: rows that failed before come last, so that they hold up nobody; clears come first.

    A person whose id changed keeps one record there: taking the old id's segment away must not take the new one's.
    """
    columns = ", ".join(CHANGE_COLUMNS)
    rows = db.execute(
        f"SELECT {columns}, action = 'add' AS is_new FROM {table_name(table)} WHERE action <> 'withheld'"
        " ORDER BY attempt_count, action <> 'clear', external_id"
    ).fetchall()
    return [Change(*row) for row in rows]


def write_outcomes(db: Database, table: type[Table], confirmed: Sequence[str], refused: Mapping[str, str]) -> None:
    """Set status and problem of the rows that were sent, and validate the table.

    Raises:
        ContractBroken: never for what a destination says; a defect of ours.
    """
    import pandas as pd

    name = table_name(table)
    outcomes = pd.DataFrame(
        [(one, "confirmed", None) for one in confirmed] + [(one, "failed", why) for one, why in refused.items()],
        columns=["external_id", "status", "problem"],
    ).astype("string")
    with db.relation("outcomes", outcomes):
        db.execute(
            f"UPDATE {name} SET status = outcomes.status, problem = outcomes.problem,"
            " attempt_count = CASE outcomes.status WHEN 'failed' THEN attempt_count + 1 ELSE attempt_count END"
            f" FROM outcomes WHERE outcomes.external_id = {name}.external_id AND action <> 'withheld'"
        )
    db.validate(table)
    db.record_write(table)


def _write_remembered(db: Database, remembered: Remembered) -> None:
    import pandas as pd

    frames: dict[str, tuple[list[str], list[tuple[Any, ...]]]] = {
        "written": (
            ["external_id", "user_id", "segment_id", "content_hash", "remote_id"],
            [
                (one.external_id, one.user_id, one.segment_id, one.content_hash, one.remote_id)
                for one in remembered.written
            ],
        ),
        "refusals": (
            ["external_id", "reason", "attempt_count"],
            [(one.external_id, one.reason, str(one.attempt_count)) for one in remembered.refusals],
        ),
        "edited_names": (["segment_id", "name"], list(remembered.names.items())),
    }
    for name, (columns, rows) in frames.items():
        with db.relation("remembered", pd.DataFrame(rows, columns=columns).astype("string")):
            chosen = ", ".join(
                f"{column}::BIGINT AS {column}" if column == "attempt_count" else f"{column}::VARCHAR AS {column}"
                for column in columns
            )
            db.execute(f"CREATE TEMP TABLE {name} AS SELECT {chosen} FROM remembered")


def _write_nobody(db: Database) -> None:
    db.execute("CREATE TEMP TABLE living_segments (segment_id VARCHAR, name VARCHAR, is_found BOOLEAN)")
    db.execute("CREATE TEMP TABLE segment_names (segment_id VARCHAR, name VARCHAR)")
    db.execute(
        "CREATE TEMP TABLE wanted"
        " (user_id VARCHAR, segment_id VARCHAR, label VARCHAR, confidence DOUBLE, standing VARCHAR)"
    )


def _write_wanted(db: Database, settings: ActivationSettings) -> None:
    """Write the segments there are, the names of those that were found in the data, and where each user stands."""
    names = load_sql(__package__, f"names_{settings.source}")
    db.execute(f"CREATE TEMP TABLE living_segments AS {names}")
    db.execute(
        "CREATE TEMP TABLE segment_names AS SELECT segment_id, coalesce(edited.name, living.name) AS name"
        " FROM living_segments AS living LEFT JOIN edited_names AS edited USING (segment_id) WHERE living.is_found"
    )
    wanted = load_sql(__package__, f"wanted_{settings.source}")
    db.execute(f"CREATE TEMP TABLE wanted AS {wanted}", {"floor": settings.confidence_floor})
