"""PostHog: person properties by its batch endpoint, `POST /batch/`, whose key is the project's and stands in the body.

`$set` sets the properties of a person, `$unset` takes them away; both are events named `$set` that change nothing else.
Add here: what PostHog's capture endpoint wants or answers. Keep out: retries and pace (delivery.py).
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.activation.changes import PROPERTIES, Answer, Change, Reading, Request

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

ID_CHARS = 200
"""PostHog cuts longer distinct ids off, which would make two people one."""


@dataclass(frozen=True)
class PosthogSink:
    """The project a key belongs to."""

    host: str
    destination: str
    batch_size: int
    key: str = field(repr=False)
    writes_per_s: float | None = None
    at_once: int = 1

    def request(self, changes: Sequence[Change], sent_at: datetime) -> Request:
        """Return one batch; the same change has the same uuid in every try, so PostHog counts it once."""
        body = {"api_key": self.key, "batch": [_event(change, sent_at) for change in changes]}
        return Request("POST", f"{self.host}/batch/", json.dumps(body, ensure_ascii=False).encode())

    def read(self, answer: Answer, changes: Sequence[Change]) -> Reading | None:  # noqa: ARG002
        """Tell an answer that took the batch from one that dropped it because the plan's quota is used up."""
        if not 200 <= answer.status < 300:
            return None
        try:
            told = json.loads(answer.text)
        except ValueError:
            return None
        if isinstance(told, dict) and "events" in (told.get("quota_limited") or ()):
            return Reading(
                stop="PostHog took nothing: the project's quota of events is used up. "
                "Next: raise it in PostHog's billing settings, or wait for the next month."
            )
        return None


def _event(change: Change, sent_at: datetime) -> dict[str, Any]:
    told: dict[str, Any] = {"$unset": list(PROPERTIES)} if change.is_clear else {"$set": change.properties()}
    return {
        "event": "$set",
        "distinct_id": change.external_id,
        # Without this the person would move to where this machine stands.
        "properties": {**told, "$geoip_disable": True},
        "timestamp": f"{sent_at.isoformat()}Z",
        "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{change.external_id}\n{change.content_hash}\n{sent_at}")),
    }
