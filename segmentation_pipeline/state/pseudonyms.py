"""The key that turns user ids into pseudonyms: made once, kept in the home, never sent anywhere.

Add here: another way to name somebody without telling who it is. Keep out: what is told of users.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

import sqlalchemy as sa

from segmentation_pipeline.state.schema import pseudonym_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

KEY_BYTES = 32
PSEUDONYM_DIGITS = 12
"""Hexadecimal digits of a pseudonym: among the 30 users of a batch two are the same once in 10^12 batches."""

PURPOSE = "language models"


def pseudonym_key(connection: sa.Connection) -> bytes:
    """Return the key of this home, made at the first use; needs a writing connection."""
    row = pseudonym_keys.c.purpose == PURPOSE
    found = connection.execute(sa.select(pseudonym_keys.c.key).where(row)).scalar()
    if found is None:
        found = secrets.token_hex(KEY_BYTES)
        connection.execute(pseudonym_keys.insert().values(purpose=PURPOSE, key=found))
    return bytes.fromhex(found)


def pseudonyms(key: bytes, user_ids: Sequence[str]) -> list[str]:
    """Return a name for each user (HMAC-SHA256, RFC 2104): the same in every prompt, and of no use without the key."""
    return [
        "u" + hmac.new(key, user_id.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:PSEUDONYM_DIGITS]
        for user_id in user_ids
    ]
