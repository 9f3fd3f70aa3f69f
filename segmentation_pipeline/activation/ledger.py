"""The memory of one destination in state.db: noted before a write is sent, and after it is answered.

Add here: nothing but the bridge from changes to state. Keep out: SQL (state/activation.py), sending (delivery.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from segmentation_pipeline.state.activation import (
    Refusal,
    Written,
    begin_writes,
    confirm_writes,
    keep_refusals,
    restore_writes,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import sqlalchemy as sa

    from segmentation_pipeline.activation.changes import Change
    from segmentation_pipeline.llm.clock import Clock
    from segmentation_pipeline.state.database import State


@dataclass
class Ledger:
    """What was confirmed and refused in this sync, kept at once for the next."""

    state: State
    destination: str
    clock: Clock
    confirmed: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)

    def begin(self, changes: Sequence[Change]) -> None:
        """Note that from now on anything may stand at these ids."""
        with self.state.write() as connection:
            begin_writes(connection, self.destination, [_before(change) for change in changes], self.clock.now())

    def confirm(self, changes: Sequence[Change], remote_ids: Mapping[str, str]) -> None:
        """Note that these changes stand."""
        written = [
            Written(
                change.external_id,
                change.user_id,
                change.segment_id,
                change.content_hash,
                remote_ids.get(change.external_id, change.remote_id),
            )
            for change in changes
        ]
        with self.state.write() as connection:
            confirm_writes(connection, self.destination, written, self.clock.now())
        self.confirmed.update(change.external_id for change in changes)

    def refuse(self, changes: Sequence[Change], reasons: Mapping[str, str], *, is_untouched: bool) -> None:
        """Keep why these changes failed; `is_untouched`: for certain nothing of them stands there."""
        refusals = [
            Refusal(change.external_id, change.user_id, reasons[change.external_id], change.attempt_count + 1)
            for change in changes
        ]
        with self.state.write() as connection:
            if is_untouched:
                self._restore(connection, changes)
            keep_refusals(connection, self.destination, refusals, self.clock.now())
        self.refused.update(reasons)

    def undo(self, changes: Sequence[Change]) -> None:
        """Note that these changes were never sent, or turned away as a whole: what stood before still stands."""
        with self.state.write() as connection:
            self._restore(connection, changes)

    def _restore(self, connection: sa.Connection, changes: Sequence[Change]) -> None:
        before = [_before(change) for change in changes if not change.is_new]
        new_ids = [change.external_id for change in changes if change.is_new]
        restore_writes(connection, self.destination, before, new_ids, self.clock.now())


def _before(change: Change) -> Written:
    return Written(
        change.external_id, change.user_id, change.previous_segment_id, change.previous_hash, change.remote_id
    )
