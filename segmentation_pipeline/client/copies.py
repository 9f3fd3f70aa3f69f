"""Objects of the client as JSON keeps them outside the warehouse, and back again.

Add here: how a kind of field is kept. Keep out: which objects are kept (roadmap.py).
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from _typeshed import DataclassInstance

Copied = TypeVar("Copied", bound="DataclassInstance")


def copied(known: DataclassInstance) -> dict[str, Any]:
    """Return all fields as JSON takes them, to be kept outside the warehouse."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(known).items()}


def from_stored(
    kind: type[Copied], stored: Mapping[str, Any], readers: Mapping[str, Callable[[Any], Any]] | None = None
) -> Copied:
    """Return an object from its columns or its copy; what another version of the program did not keep is None.

    `readers`: field -> what makes it of the stored value, where that is another.
    """
    known = readers or {}
    values: dict[str, Any] = {one.name: stored.get(one.name) for one in fields(kind)}
    return kind(**{name: known[name](value) if name in known else value for name, value in values.items()})


def list_of(made: Callable[[Mapping[str, Any]], Any]) -> Callable[[Any], tuple[Any, ...]]:
    """Return the reader of a field that holds several: JSON in a column, a list in a copy."""

    def read(stored: Any) -> tuple[Any, ...]:
        listed = json.loads(stored) if isinstance(stored, str) else stored
        return tuple(made(one) for one in listed or ())

    return read


def day(stored: Any) -> Any:
    """Return the day of a column or a copy."""
    return date.fromisoformat(stored) if isinstance(stored, str) else stored


def moment(stored: Any) -> Any:
    """Return the time of a column or a copy."""
    return datetime.fromisoformat(stored) if isinstance(stored, str) else stored
