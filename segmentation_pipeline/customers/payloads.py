"""Reading one value of a payload: what is allowed where, and an error that names the field otherwise.

A reader is told the name of its value and, apart, what that lies within: they are joined when there is an error only.
Add here: another kind of value. Keep out: what follows from the values (single.py).
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

from segmentation_pipeline.errors import InvalidPayload

if TYPE_CHECKING:
    from collections.abc import Mapping

OLDEST_AGE = 120
MOST = 1e12
"""Largest amount or count: sums of larger ones would not be exact."""

_KINDS = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "true or false",
    type(None): "nothing",
    int: "a number",
    float: "a number",
}


def as_mapping(payload: object) -> Mapping[str, Any]:
    """Return the payload as a mapping; JSON text is read first.

    Raises:
        InvalidPayload: it is no JSON, or no object.
    """
    if isinstance(payload, str | bytes | bytearray):
        try:
            payload = json.loads(payload)
        except (ValueError, RecursionError) as error:
            where = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
            raise InvalidPayload("payload", f"found a text that is no JSON{where}", "a JSON object") from None
    return object_of(payload, "payload")


def as_now(moment: object) -> datetime:
    """Return the moment a payload is analysed at, in UTC."""
    return moment_of(moment, "now")


def refuse(path: str, value: object, allowed: str) -> NoReturn:
    """Say what was found where, and what may stand there."""
    kind = _KINDS.get(type(value), f"a {type(value).__name__}")
    shown = f"found {value!r}" if type(value) in (int, float) else f"found {kind}"
    raise InvalidPayload(path, shown, allowed)


def object_of(value: object, path: str, within: str = "") -> dict[str, Any]:
    """Return an object."""
    if not isinstance(value, dict):
        refuse(within + path, value, "an object")
    return value


def number_of(value: object, path: str, within: str = "", *, most: float = MOST) -> float:
    """Return a number from 0 to `most`."""
    kind = type(value)
    if kind is not float and kind is not int:
        value = _real(value, within + path, f"a number from 0 to {most:,.0f}")
    if not 0 <= value <= most:  # type: ignore[operator]
        refuse(within + path, value, f"a number from 0 to {most:,.0f}")
    return value  # type: ignore[return-value]


def count_of(value: object, path: str, within: str = "") -> int:
    """Return a whole number of at least 0; 3.0 is one."""
    number = number_of(value, path, within)
    count = int(number)
    if count != number:
        refuse(within + path, value, "a whole number of at least 0")
    return count


def text_of(value: object, path: str, within: str = "") -> str | None:
    """Return a text without blanks around it; None for nothing. Whole numbers are texts too: many ids are."""
    if type(value) is str:
        return value.strip() or None
    if value is None:
        return None
    if type(value) is int:
        return str(value)
    refuse(within + path, value, "a text")


def id_of(value: object, path: str, within: str = "") -> str:
    """Return a text that is not blank."""
    text = text_of(value, path, within)
    if text is None:
        refuse(within + path, value, "a text that is not blank")
    return text


def moment_of(value: object, path: str, within: str = "") -> datetime:
    """Return a moment in UTC: ISO 8601 text or a datetime; without a zone it is UTC already."""
    if type(value) is str or isinstance(value, datetime):
        try:
            moment = datetime.fromisoformat(value.strip()) if isinstance(value, str) else value
            return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
        except (ValueError, OverflowError):  # in UTC it may lie before the year 1 or after 9999
            pass
    refuse(within + path, value, "a time as ISO 8601, such as 2026-01-31T12:00:00Z")


def _real(value: object, path: str, allowed: str) -> float:
    """Return numbers of other kinds (Decimal, numpy) as floats."""
    if isinstance(value, bool | str) or not hasattr(value, "__float__"):
        refuse(path, value, allowed)
    number = float(value)
    if math.isnan(number):
        refuse(path, value, allowed)
    return number
