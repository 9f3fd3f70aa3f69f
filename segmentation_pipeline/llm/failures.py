"""Why a model gave no usable answer: each kind is retryable or final, and says so by its type.

Add here: another way an answer fails. Keep out: when and how often to ask again (asking.py, outage.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FailureKind(StrEnum):
    """What went wrong; the value is what tables say."""

    RATE_LIMIT = "rate_limit"
    SERVER_ERROR = "server_error"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    EMPTY = "empty"
    BROKEN_JSON = "broken_json"
    WRONG_SCHEMA = "wrong_schema"
    REFUSAL = "refusal"
    TOO_LONG = "too_long"
    REJECTED = "rejected"
    UNAUTHORIZED = "unauthorized"
    UNKNOWN_MODEL = "unknown_model"
    QUOTA = "quota"
    PROMPT_TOO_LONG = "prompt_too_long"
    BUDGET = "budget"
    BREAKER = "breaker"
    NOT_ASKED = "not_asked"

    @property
    def is_retryable(self) -> bool:
        """Whether asking again may help."""
        return self in _RETRYABLE

    @property
    def is_outage(self) -> bool:
        """Whether it looks as if nobody were there to answer."""
        return self in _OUTAGES

    @property
    def is_lasting(self) -> bool:
        """Whether every further question of this run would fail the same way."""
        return self in _LASTING

    @property
    def is_about_the_reply(self) -> bool:
        """Whether the model answered, only not as it should have: told what was wrong, it may do better."""
        return self in (FailureKind.BROKEN_JSON, FailureKind.WRONG_SCHEMA)


_OUTAGES = frozenset(
    {
        FailureKind.RATE_LIMIT,
        FailureKind.SERVER_ERROR,
        FailureKind.TIMEOUT,
        FailureKind.CONNECTION,
        FailureKind.EMPTY,
    }
)
_RETRYABLE = _OUTAGES | {FailureKind.BROKEN_JSON, FailureKind.WRONG_SCHEMA}
_LASTING = frozenset({FailureKind.UNAUTHORIZED, FailureKind.UNKNOWN_MODEL, FailureKind.QUOTA})


@dataclass(frozen=True)
class Failure:
    """Why there is no answer. `message` is for people, without keys; `retry_after_s` is what the server asked for."""

    kind: FailureKind
    message: str
    retry_after_s: float | None = None
