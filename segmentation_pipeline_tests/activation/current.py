"""A home with users and segments of one's own choice, and syncs of it without Dagster."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from segmentation_pipeline.activation.syncing import destination_of, sync
from segmentation_pipeline.config import Home, Settings
from segmentation_pipeline.state.database import open_state
from segmentation_pipeline.warehouse.publish import publish
from segmentation_pipeline.warehouse.warehouse import Warehouse
from segmentation_pipeline_tests.activation_servers import ATTIO_KEY, POSTHOG_KEY, WEBHOOK_SECRET

_publishes = itertools.count(1)

MONTH = date(2026, 1, 1)
SCORED_AT = datetime(2026, 1, 20)
KEYS = {
    "POSTHOG_PROJECT_API_KEY": POSTHOG_KEY,
    "ATTIO_API_KEY": ATTIO_KEY,
    "SEGPIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
}


@dataclass
class QuickClock:
    """Time that passes by being slept through; what was slept is kept."""

    elapsed_s: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return datetime(2026, 2, 1, tzinfo=UTC).replace(tzinfo=None) + timedelta(seconds=self.elapsed_s)

    def monotonic_s(self) -> float:
        return self.elapsed_s

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.elapsed_s += seconds


@dataclass
class Desk:
    """One home, one destination, as many syncs as a test wants."""

    home: Home
    settings: Settings
    keys: dict[str, str]
    clock: QuickClock = field(default_factory=QuickClock)
    seconds: float = 600.0

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.home, self.settings)

    @property
    def state(self):
        return open_state(self.home, self.settings)

    def hold(
        self,
        users: dict[str, tuple[str, float]],
        *,
        living: tuple[str, ...] = ("a", "b", "c"),
        origin: str = "clustered",
        is_published: bool = True,
    ) -> None:
        """Let these be today's users: user id -> (likeliest segment, membership); under .5 they are in none."""
        rows = (
            ", ".join(
                f"('{user}', 'live', '{_id(segment if sure >= 0.5 else '')}', '{_label(segment)}',"
                f" '2026-01-{segment}', {sure}, DATE '2026-01-01', TIMESTAMP '{SCORED_AT}')"
                for user, (segment, sure) in users.items()
            )
            or "(NULL::VARCHAR, 'live', '', '', '', 0.5, DATE '2026-01-01', TIMESTAMP '2026-01-01')"
        )
        with self.warehouse.transaction() as db:
            db.execute(
                "CREATE TABLE IF NOT EXISTS clusters"
                " (refresh_month DATE, cluster_id VARCHAR, label VARCHAR, origin VARCHAR)"
            )
            db.execute(
                "CREATE TABLE IF NOT EXISTS segment_advice"
                " (refresh_month DATE, cluster_id VARCHAR, persona_name VARCHAR)"
            )
            db.execute("DELETE FROM clusters")
            for segment in living:
                named = f"'{_id(segment)}', '{_label(segment)}'"
                db.execute(f"INSERT INTO clusters VALUES (DATE '2026-01-01', {named}, '{origin}')")
            db.execute(
                "CREATE OR REPLACE TABLE current_segments AS SELECT * FROM (VALUES "
                f"{rows}) AS t(user_id, status, cluster_id, label, likeliest_cluster_id, membership, model_month,"
                " scored_at) WHERE user_id IS NOT NULL"
            )
        if is_published:
            self.publish()

    def publish(self) -> None:
        """Publish the warehouse as it is."""
        publish(self.warehouse, f"run{next(_publishes)}", {})

    def sync(self, **more: Any):
        (name,) = self.settings.activation.used
        return sync(
            self.warehouse,
            self.state,
            destination_of(name, self.settings.activation),
            environment=self.keys,
            clock=more.pop("clock", self.clock),
            seconds=more.pop("seconds", self.seconds),
        )

    def rows(self, table: str, columns: str = "action, user_id, reason, status") -> list[tuple[Any, ...]]:
        with self.warehouse.read() as db:
            return db.execute(f"SELECT {columns} FROM {table} ORDER BY ALL").fetchall()


def _id(segment: str) -> str:
    return f"2026-01-{segment}" if segment else "unclassified"


def _label(segment: str) -> str:
    return {"a": "Owls", "b": "Larks", "c": "Finches"}.get(segment, "unclassified")


def make_desk(root, **activation: Any) -> Desk:
    """Return a desk with `[activation]` as given, enabled unless said otherwise."""
    (root / "home").mkdir(parents=True, exist_ok=True)
    settings = Settings.model_validate({"activation": {"enabled": True, "outage_s": 30, "timeout_s": 5, **activation}})
    return Desk(Home(root / "home"), settings, dict(KEYS))


SURE = {f"u{number:02}": ("abc"[number % 3], 0.95) for number in range(12)}
EXPECTED = {user: f"2026-01-{segment}" for user, (segment, _) in SURE.items()}


def attio_desk(root, server, **more: Any) -> Desk:
    """Return a desk of twelve users that writes to Attio."""
    made = make_desk(root, attio={"object": "people", "host": server.url, "external_id": "user_id", **more})
    made.hold(SURE)
    return made


def held(server) -> dict[str, str]:
    """Return the segment each Attio record carries."""
    return {
        values["email_addresses"]: values["behavior_segment_id"]
        for values in server.records.values()
        if values.get("behavior_segment_id")
    }
