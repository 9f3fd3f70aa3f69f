"""One sync of one destination: plan, write the plan down, send what may be sent, write down what became of it.

Add here: how another destination is set up. Keep out: the protocols (one module a destination) and Dagster (assets.py).
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from segmentation_pipeline.activation import attio, posthog, webhook
from segmentation_pipeline.activation.changes import PROPERTIES
from segmentation_pipeline.activation.delivery import Delivery, deliver
from segmentation_pipeline.activation.ledger import Ledger
from segmentation_pipeline.activation.planning import Plan, Remembered, read_changes, write_outcomes, write_plan
from segmentation_pipeline.activation.tables import AttioAttributes, PosthogPersonProperties, SegmentDeliveries
from segmentation_pipeline.errors import ActivationRefused
from segmentation_pipeline.llm.keys import Key
from segmentation_pipeline.state.activation import (
    forget_refusals,
    keep_wait,
    read_refusals,
    read_wait,
    read_written,
)
from segmentation_pipeline.state.schema import EXTERNAL_ID_CHARS, ID_CHARS
from segmentation_pipeline.state.segment_edits import current_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from segmentation_pipeline.activation.changes import Change, Sink
    from segmentation_pipeline.activation_settings import ActivationSettings
    from segmentation_pipeline.llm.clock import Clock
    from segmentation_pipeline.state.database import State
    from segmentation_pipeline.warehouse.contracts import Table
    from segmentation_pipeline.warehouse.database import Database
    from segmentation_pipeline.warehouse.warehouse import Warehouse

PERSONAL_KEY = "phx_"
"""How PostHog's personal keys begin; they may read and delete, and its batch endpoint refuses them."""

TABLES: Mapping[str, type[Table]] = {
    "posthog": PosthogPersonProperties,
    "attio": AttioAttributes,
    "delivery": SegmentDeliveries,
}


@dataclass(frozen=True)
class Destination:
    """Where one sync goes; `variable` names the environment variable of its key, None where it needs none.

    `is_caseless`: ids that differ in case alone are one there.
    """

    name: str
    title: str
    remembered_as: str
    external_id: str
    id_chars: int
    variable: str | None
    file: str = ""
    is_caseless: bool = False


@dataclass(frozen=True)
class SyncReport:
    """What a sync planned and did; without a delivery it was a dry run, for the reason given."""

    plan: Plan
    delivery: Delivery | None
    reason: str | None
    confirmed_count: int = 0
    refused: Mapping[str, str] | None = None

    @property
    def remaining_count(self) -> int:
        """Rows the next sync goes on with, those that failed among them."""
        return self.plan.to_send_count - self.confirmed_count


def destination_of(name: str, settings: ActivationSettings) -> Destination:
    """Return one of `settings.used`, as it is set up."""
    if name == "posthog":
        at, host = settings.posthog, settings.posthog.host
        remembered = _short(f"posthog:{host}:{at.project}")
        return Destination(name, f"PostHog at {host}", remembered, at.external_id, posthog.ID_CHARS, at.key_variable)
    if name == "attio":
        to = settings.attio
        remembered = _short(f"attio:{to.host}:{to.workspace}:{to.object}:{to.matching_attribute}")
        title = f"Attio, object {to.object}"
        is_caseless = to.matching_attribute in attio.CASELESS
        return Destination(
            name, title, remembered, to.external_id, EXTERNAL_ID_CHARS, to.key_variable, is_caseless=is_caseless
        )
    other = settings.delivery
    if other.file:
        remembered = _short(f"file:{other.file}")
        return Destination(
            name, f"the file {other.file}", remembered, other.external_id, EXTERNAL_ID_CHARS, None, other.file
        )
    # The path of a webhook may be a secret in itself: neither tables nor state.db tell it.
    host = urlsplit(other.webhook).netloc
    remembered = _short(f"webhook:{host}#{hashlib.sha256(other.webhook.encode()).hexdigest()[:32]}")
    title = f"the webhook at {host}"
    return Destination(name, title, remembered, other.external_id, EXTERNAL_ID_CHARS, other.secret_variable)


def sync(
    warehouse: Warehouse,
    state: State,
    destination: Destination,
    *,
    environment: Mapping[str, str],
    clock: Clock,
    seconds: float,
) -> SyncReport:
    """Bring one destination up to date, as far as `seconds` reach and settings allow.

    Raises:
        ActivationRefused: the key is missing or refused, or the address is wrong; the plan stands in the table.
        InputError: the file of external ids cannot be used.
    """
    settings = warehouse.settings.activation
    table = TABLES[destination.name]
    key = find_key(destination, environment)
    with state.read() as connection:
        remembered = Remembered(
            read_written(connection, destination.remembered_as),
            read_refusals(connection, destination.remembered_as),
            current_names(connection),
        )
        asked_until = read_wait(connection, destination.remembered_as)
    with warehouse.transaction() as db:
        plan = write_plan(
            db,
            table,
            remembered,
            settings,
            external_id=destination.external_id,
            id_chars=destination.id_chars,
            is_caseless=destination.is_caseless,
            home=warehouse.home,
            keeps_uncertain=not destination.file,
            status="waiting" if settings.enabled else "dry_run",
            now=clock.now(),
        )
        changes = read_changes(db, table)
        if settings.enabled and destination.file and plan.has_segments:
            _write_beside(db, warehouse.home.root / destination.file)
    if not settings.enabled:
        return SyncReport(plan, None, "dry run: nothing is sent before [activation] enabled = true in pipeline.toml")
    if key.problem:
        raise ActivationRefused(key.problem)
    _forget_obsolete(state, destination, remembered, changes)
    delivery, ledger = Delivery(), Ledger(state, destination.remembered_as, clock)
    if asked_until is not None and clock.now() < asked_until:
        delivery.wait_until(asked_until)
    else:
        delivery = _delivered(warehouse, destination, changes, ledger, key, clock, seconds)
        with state.write() as connection:
            keep_wait(connection, destination.remembered_as, delivery.asked_until)
    with warehouse.transaction() as db:
        write_outcomes(db, table, sorted(ledger.confirmed), ledger.refused)
    if delivery.ending == "refused":
        raise ActivationRefused(f"{destination.title}: {delivery.problem}")
    return SyncReport(plan, delivery, delivery.problem, len(ledger.confirmed), ledger.refused)


def _forget_obsolete(state: State, destination: Destination, remembered: Remembered, changes: Sequence[Change]) -> None:
    """Forget what was refused where nothing is to be written any more: of users who vanished, or are as they were."""
    to_send = {change.external_id for change in changes}
    obsolete = [refusal.external_id for refusal in remembered.refusals if refusal.external_id not in to_send]
    with state.write() as connection:
        forget_refusals(connection, destination.remembered_as, obsolete)


def find_key(destination: Destination, environment: Mapping[str, str]) -> Key:
    """Return the key of a destination, or none with the reason why not."""
    if destination.variable is None:
        return Key()
    secret = environment.get(destination.variable, "").strip()
    if not secret:
        return Key(
            problem=f"{destination.title}: activation is enabled, but the environment has no "
            f"{destination.variable or 'variable of its key'}, so nothing was sent. "
            f"Next: set it where the pipeline runs, or enabled = false."
        )
    if not (secret.isascii() and secret.isprintable()) or " " in secret:
        return Key(
            problem=f"{destination.variable} holds characters that no key has, so nothing was sent. "
            f"Next: copy the key again, without quotes or line breaks."
        )
    if destination.name == "posthog" and secret.startswith(PERSONAL_KEY):
        return Key(
            problem=f"{destination.variable} holds a personal key of PostHog ({PERSONAL_KEY}...), so nothing was sent. "
            f"Next: put the project's key there (phc_...); it stands in the project's settings."
        )
    return Key(secret)


def _delivered(
    warehouse: Warehouse,
    destination: Destination,
    changes: Sequence[Change],
    ledger: Ledger,
    key: Key,
    clock: Clock,
    seconds: float,
) -> Delivery:
    settings = warehouse.settings.activation
    if destination.file:
        path = warehouse.home.root / destination.file
        waiting = _beside(path)
        if waiting.exists():
            waiting.replace(path)
        ledger.confirm(changes, {})
        return Delivery(request_count=1, sent_count=len(changes))
    sink = sink_of(destination, settings, key)
    return asyncio.run(
        deliver(
            changes,
            sink,
            ledger,
            key=key,
            clock=clock,
            seconds=seconds,
            timeout_s=settings.timeout_s,
            outage_s=settings.outage_s,
        )
    )


def sink_of(destination: Destination, settings: ActivationSettings, key: Key) -> Sink:
    """Return the sink of a destination over HTTP."""
    remembered = destination.remembered_as
    if destination.name == "posthog":
        at = settings.posthog
        return posthog.PosthogSink(host=at.host, destination=remembered, batch_size=at.batch_size, key=key.secret)
    if destination.name == "attio":
        to = settings.attio
        return attio.AttioSink(
            host=to.host,
            object=to.object,
            matching_attribute=to.matching_attribute,
            destination=remembered,
            writes_per_s=to.writes_per_s,
            key=key.secret,
        )
    other = settings.delivery
    return webhook.WebhookSink(url=other.webhook, destination=remembered, batch_size=other.batch_size, key=key.secret)


def _write_beside(db: Database, path: Path) -> None:
    """Write everybody's segment into a file beside the one meant, which takes its place once the plan is committed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = ", ".join(
        f"{column} AS {name}"
        for column, name in zip(("segment_id", "label", "told_confidence"), PROPERTIES, strict=True)
    )
    quoted = str(_beside(path)).replace("'", "''")
    db.execute(
        f"COPY (SELECT user_id, external_id, {columns} FROM placed_users WHERE withheld_because IS NULL"
        f" ORDER BY user_id) TO '{quoted}' (FORMAT csv, HEADER true)"
    )


def _beside(path: Path) -> Path:
    return path.with_suffix(".csv.part")


def _short(name: str) -> str:
    return name if len(name) <= ID_CHARS else f"{name[:100]}#{hashlib.sha256(name.encode()).hexdigest()[:32]}"
