"""A signed webhook for any other tool, by the Standard Webhooks specification: id, time, HMAC-SHA256 of the body.

Add here: what the receiver may answer. Keep out: retries and pace (delivery.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.activation.changes import Answer, Change, Reading, Request
from segmentation_pipeline.signing import message_body, signed_headers

if TYPE_CHECKING:
    from collections.abc import Sequence

EVENT_TYPE = "segments.changed"


@dataclass(frozen=True)
class WebhookSink:
    """One receiver."""

    url: str
    destination: str
    batch_size: int
    key: str = field(repr=False)
    writes_per_s: float | None = None
    at_once: int = 1

    def request(self, changes: Sequence[Change], sent_at: datetime) -> Request:
        """Return the signed message; its id is that of its content, so a receiver knows a repetition."""
        data = [_told(change) for change in changes]
        body = message_body(EVENT_TYPE, sent_at, {"changes": data})
        return Request("POST", self.url, body, signed_headers(self.key, body, now=datetime.now(UTC)))

    def read(self, answer: Answer, changes: Sequence[Change]) -> Reading | None:
        """Read `{"failed": [{"external_id": ..., "reason": ...}]}`, with which a receiver may refuse single rows."""
        if not 200 <= answer.status < 300:
            return None
        try:
            failed = json.loads(answer.text)["failed"]
            told = {str(row["external_id"]): str(row.get("reason") or "no reason given") for row in failed}
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        sent = {change.external_id for change in changes}
        return Reading(refused={external_id: reason for external_id, reason in told.items() if external_id in sent})


def _told(change: Change) -> dict[str, Any]:
    ids = {"user_id": change.user_id, "external_id": change.external_id}
    return {**ids, "action": "clear"} if change.is_clear else {**ids, "action": "set", **change.properties()}
