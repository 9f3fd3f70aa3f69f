"""Tokens programs show to the HTTP API: made once, shown once, stored as hashes.

Add here: another thing a token may do (a scope). Keep out: which request needs which scope (api/).
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import sqlalchemy as sa

from segmentation_pipeline.errors import EditRefused, NotFound
from segmentation_pipeline.state.schema import ID_CHARS, api_tokens
from segmentation_pipeline.state.segment_edits import clean_author, one_line, utc_now

if TYPE_CHECKING:
    from datetime import datetime

Scope = Literal["read", "write"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

PREFIX = "segpipe_"
"""What every token begins with, so that programs that look for secrets in files find it."""

SECRET_BYTES = 32
"""Random bytes of a token: no guess finds it, so one round of SHA-256 hides it as well as a slow hash would."""

SHOWN_DIGITS = 8
"""Hexadecimal digits of the hash that name a token where people talk of it."""


@dataclass(frozen=True)
class ApiToken:
    """A token as it is stored; `token_id` names it, the token itself is known to its holder alone. Moments are UTC."""

    token_id: str
    token_hash: str
    name: str
    scope: Scope
    created_at: datetime
    created_by: str
    revoked_at: datetime | None

    @property
    def may_write(self) -> bool:
        """Whether it opens what changes state; every token may read."""
        return self.scope == "write"


def hash_of(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def create_token(connection: sa.Connection, name: str, scope: str, *, created_by: str) -> tuple[str, ApiToken]:
    """Make a token; return it, for the only time, and what is stored of it.

    Raises:
        EditRefused: the name is empty, too long or in use, or there is no such scope.
    """
    named = one_line(name)
    if not named or len(named) > ID_CHARS:
        raise EditRefused(f"A token needs a name of 1 to {ID_CHARS} characters. Next: name who will use it.")
    if scope not in SCOPES:
        raise EditRefused(f"{scope} is no scope. Next: choose one of {', '.join(SCOPES)}.")
    if any(known.name == named and known.revoked_at is None for known in tokens(connection)):
        raise EditRefused(f"There is a token named {named} already. Next: choose another name, or revoke it first.")
    token = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    token_hash = hash_of(token)
    stored = ApiToken(
        token_hash[:SHOWN_DIGITS], token_hash, named, "write" if scope == "write" else "read", utc_now(),
        clean_author(created_by), None,
    )  # fmt: skip
    connection.execute(api_tokens.insert().values({name: getattr(stored, name) for name in _COLUMNS}))
    return token, stored


def tokens(connection: sa.Connection) -> list[ApiToken]:
    """Return every token ever made, oldest first."""
    rows = connection.execute(
        sa.select(*(api_tokens.c[name] for name in _COLUMNS)).order_by(api_tokens.c.created_at, api_tokens.c.token_id)
    )
    return [ApiToken(*row) for row in rows]


def revoke_token(connection: sa.Connection, token_id: str) -> ApiToken:
    """Let a token open nothing from now on; return it as it was. It may be named by its id or its name.

    Raises:
        NotFound: no living token is called so.
    """
    living = [known for known in tokens(connection) if known.revoked_at is None]
    for known in living:
        if token_id in (known.token_id, known.name):
            connection.execute(
                api_tokens.update().where(api_tokens.c.token_hash == known.token_hash).values(revoked_at=utc_now())
            )
            return known
    names = ", ".join(f"{known.token_id} ({known.name})" for known in living) or "none"
    raise NotFound(f"There is no token {token_id}. Next: choose one of {names}.")


_COLUMNS = tuple(ApiToken.__dataclass_fields__)
