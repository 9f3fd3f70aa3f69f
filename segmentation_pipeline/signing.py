"""Signed messages by the Standard Webhooks specification: id, time, and an HMAC-SHA256 over both and the body.

Add here: another version of the signature. Keep out: what messages say, and sending them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

SECRET_PREFIX = "whsec_"  # noqa: S105 - the specification's mark of a secret in base64


def message_body(event_type: str, moment: datetime, data: Mapping[str, Any], *, text: str | None = None) -> bytes:
    """Return the body of a message: what happened, when (naive UTC), and to what; `text` is what a chat shows."""
    told: dict[str, Any] = {"type": event_type, "timestamp": f"{moment.isoformat()}Z", "data": data}
    if text is not None:
        told["text"] = text
    return json.dumps(told, ensure_ascii=False).encode()


def message_id_of(content: bytes) -> str:
    """Return the id by which a receiver knows a message it has already."""
    return f"msg_{hashlib.sha256(content).hexdigest()[:32]}"


def signed_headers(secret: str, body: bytes, *, now: datetime, message_id: str | None = None) -> dict[str, str]:
    """Return the three headers by which a receiver knows who sent a body, and when; the id is the body's by default."""
    message_id = message_id or message_id_of(body)
    moment = str(int(now.timestamp()))
    digest = hmac.new(_signing_key(secret), b".".join([message_id.encode(), moment.encode(), body]), hashlib.sha256)
    signature = base64.b64encode(digest.digest()).decode()
    return {"webhook-id": message_id, "webhook-timestamp": moment, "webhook-signature": f"v1,{signature}"}


def _signing_key(secret: str) -> bytes:
    if secret.startswith(SECRET_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
        except binascii.Error:
            return secret.encode()
    return secret.encode()
