"""Attio: records asserted by a matching attribute, `PUT /v2/objects/OBJECT/records`, one write a request.

A record that was written is known by its own id, so that clearing it never makes a new one.
Add here: what Attio's API wants or answers. Keep out: retries and pace (delivery.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from segmentation_pipeline.activation.changes import PROPERTIES, Answer, Change, Reading, Request

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

GONE = 404


@dataclass(frozen=True)
class AttioSink:
    """One object of a workspace."""

    host: str
    object: str
    matching_attribute: str
    destination: str
    writes_per_s: float
    key: str = field(repr=False)
    batch_size: int = 1
    at_once: int = 10
    """Requests under way: at 25 writes a second answers may take 400 ms each."""

    def request(self, changes: Sequence[Change], sent_at: datetime) -> Request:  # noqa: ARG002
        """Return the assertion of one record, or the update that takes its attributes away."""
        (change,) = changes
        values: dict[str, Any] = dict.fromkeys(PROPERTIES) if change.is_clear else change.properties()
        records = f"{self.host}/v2/objects/{quote(self.object, safe='')}/records"
        if change.is_clear and change.remote_id:
            method, url = "PATCH", f"{records}/{quote(change.remote_id, safe='')}"
        else:
            method, url = "PUT", f"{records}?matching_attribute={quote(self.matching_attribute, safe='')}"
            values[self.matching_attribute] = change.external_id
        body = json.dumps({"data": {"values": values}}, ensure_ascii=False).encode()
        return Request(method, url, body, {"authorization": f"Bearer {self.key}"})

    def read(self, answer: Answer, changes: Sequence[Change]) -> Reading | None:
        """Note the record's id; a record to be cleared that is gone is clear."""
        (change,) = changes
        if answer.status == GONE and change.is_clear and change.remote_id:
            return Reading()
        if not 200 <= answer.status < 300:
            return None
        try:
            record_id = json.loads(answer.text)["data"]["id"]["record_id"]
        except (ValueError, KeyError, TypeError):
            return Reading()
        return Reading(remote_ids={change.external_id: str(record_id)})
