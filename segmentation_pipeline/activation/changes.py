"""What is to be written to a destination, what a destination answers, and what a sink must be able to do.

Add here: a fact of a write that every sink needs. Keep out: how any destination wants to hear of it (one module each).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

PROPERTIES = ("behavior_segment_id", "behavior_segment_label", "behavior_segment_confidence")
"""What a user carries in other tools, under the same names everywhere."""


@dataclass(frozen=True, slots=True)
class Change:
    """One id to write to; without a segment what stands there is taken away."""

    external_id: str
    user_id: str
    segment_id: str | None
    label: str | None
    confidence: float | None
    content_hash: str | None
    previous_segment_id: str | None = None
    previous_hash: str | None = None
    remote_id: str | None = None
    attempt_count: int = 0
    is_new: bool = False

    @property
    def is_clear(self) -> bool:
        """Whether the segment is taken away."""
        return self.segment_id is None

    def properties(self) -> dict[str, Any]:
        """Return what the user is to carry, by name."""
        return dict(zip(PROPERTIES, (self.segment_id, self.label, self.confidence), strict=True))


@dataclass(frozen=True, slots=True)
class Request:
    """One request as a sink wants it sent; the body holds the key where the protocol puts it there."""

    method: str
    url: str
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False, default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, and the beginning of the body."""

    status: int
    text: str
    retry_after: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer means: every change not refused or only found is accepted.

    `remote_ids`: the destination's own ids of what was written; `found`: those of what was only looked for, and is to
    be written next; `stop` says why nothing more is to be sent.
    """

    refused: Mapping[str, str] = field(default_factory=dict)
    remote_ids: Mapping[str, str] = field(default_factory=dict)
    found: Mapping[str, str] = field(default_factory=dict)
    stop: str | None = None


class Sink(Protocol):
    """A destination over HTTP. `destination` names what is remembered of it; another name starts from nothing."""

    @property
    def destination(self) -> str:
        """Name under which state.db remembers what was written."""

    @property
    def batch_size(self) -> int:
        """Most changes of one request."""

    @property
    def writes_per_s(self) -> float | None:
        """Most requests a second; None where the destination sets no limit."""

    @property
    def at_once(self) -> int:
        """Requests under way at a time."""

    def request(self, changes: Sequence[Change], sent_at: datetime) -> Request:
        """Return the request that writes these changes."""

    def read(self, answer: Answer, changes: Sequence[Change]) -> Reading | None:
        """Return what an answer means; None where it is as HTTP has it."""
