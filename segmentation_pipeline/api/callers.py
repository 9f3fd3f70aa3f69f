"""Who makes a request: the token it shows, looked up by hash among those that live.

Add here: another way to show who one is. Keep out: making and revoking tokens (state/api_tokens.py).
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from segmentation_pipeline.state import api_tokens

if TYPE_CHECKING:
    from segmentation_pipeline.state.api_tokens import ApiToken
    from segmentation_pipeline.state.database import State

KNOWN_S = 1.0
"""Seconds a look at state.db holds: a revoked token opens nothing a second later, a busy caller costs no lookups."""

SCHEME = "bearer "


class Callers:
    """The living tokens of a home, by hash."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._lock = asyncio.Lock()
        self._known: dict[str, ApiToken] = {}
        self._read_at = float("-inf")

    async def of(self, authorization: str) -> ApiToken | None:
        """Return the token of an Authorization header; None where it is none that lives.

        Raises:
            StateError: state.db cannot be read.
        """
        if not authorization.lower().startswith(SCHEME):
            return None
        if time.monotonic() - self._read_at > KNOWN_S:
            async with self._lock:
                if time.monotonic() - self._read_at > KNOWN_S:
                    self._known = await asyncio.to_thread(self.living)
                    self._read_at = time.monotonic()
        return self._known.get(api_tokens.hash_of(authorization[len(SCHEME) :].strip()))

    def living(self) -> dict[str, ApiToken]:
        """Return hash -> token of those not revoked, as state.db has them now."""
        with self._state.read() as connection:
            return {known.token_hash: known for known in api_tokens.tokens(connection) if known.revoked_at is None}
