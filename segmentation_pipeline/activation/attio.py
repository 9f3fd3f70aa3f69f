"""Attio: records asserted by a matching attribute, `PUT /v2/objects/OBJECT/records`, one write a request.

A record is cleared by its own id, looked for first where it is not known: an assertion would make what it cannot find.
Add here: what Attio's API wants or answers. Keep out: retries and pace (delivery.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from segmentation_pipeline.activation.changes import PROPERTIES, Answer, Change, Reading, Request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

GONE = 404

CASELESS = ("email_addresses", "domains")
"""Attributes in which Attio takes `Ann@x.org` and `ann@x.org` for the same."""


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
        """Return the assertion of one record, the update that takes its attributes away, or the search for it."""
        (change,) = changes
        records = f"{self.host}/v2/objects/{quote(self.object, safe='')}/records"
        if change.is_clear and change.remote_id:
            url = f"{records}/{quote(change.remote_id, safe='')}"
            return self._asked("PATCH", url, {"data": {"values": dict.fromkeys(PROPERTIES)}})
        if change.is_clear:
            sought = {"filter": {self.matching_attribute: change.external_id}, "limit": 1}
            return self._asked("POST", f"{records}/query", sought)
        values = {**change.properties(), self.matching_attribute: change.external_id}
        url = f"{records}?matching_attribute={quote(self.matching_attribute, safe='')}"
        return self._asked("PUT", url, {"data": {"values": values}})

    def read(self, answer: Answer, changes: Sequence[Change]) -> Reading | None:
        """Note the record's id; a record to be cleared that is gone, or not found, is clear."""
        (change,) = changes
        if answer.status == GONE and change.is_clear and change.remote_id:
            return Reading()
        if not 200 <= answer.status < 300:
            return None
        if change.is_clear and not change.remote_id:
            return _sought(answer, change)
        try:
            record_id = json.loads(answer.text)["data"]["id"]["record_id"]
        except (ValueError, KeyError, TypeError):
            return Reading()
        return Reading(remote_ids={change.external_id: str(record_id)})

    def _asked(self, method: str, url: str, body: Mapping[str, Any]) -> Request:
        sent = json.dumps(body, ensure_ascii=False).encode()
        return Request(method, url, sent, {"authorization": f"Bearer {self.key}"})


def _sought(answer: Answer, change: Change) -> Reading:
    try:
        records = json.loads(answer.text)["data"]
        return Reading(found={change.external_id: str(records[0]["id"]["record_id"])}) if records else Reading()
    except (ValueError, KeyError, TypeError, IndexError):
        return Reading(refused={change.external_id: "the answer to the search for its record cannot be read"})
