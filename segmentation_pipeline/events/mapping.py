"""Which column of a file plays which role: settings first, then well-known names, never a guess between two.

Add here: a well-known name (in the tier that says how sure it is), another way to address a nested field.
Keep out: how the fields are read (readers.py) and what is done with them (ingest.py).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from segmentation_pipeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from segmentation_pipeline.config import ColumnMapping

Role = Literal["user_id", "timestamp", "action", "event_id"]

ALIASES: dict[Role, tuple[tuple[str, ...], ...]] = {
    "user_id": (
        ("userid",),
        (
            "uid",
            "distinctid",
            "customerid",
            "clientid",
            "memberid",
            "visitorid",
            "personid",
            "caseid",
            "caseconceptname",
        ),
        ("user", "customer", "case", "visitor", "anonymousid"),
    ),
    "timestamp": (
        ("timestamp",),
        ("eventtime", "eventtimestamp", "eventat", "eventdate", "occurredat", "timetimestamp"),
        ("time", "ts", "datetime"),
        ("createdat", "date"),
    ),
    "action": (
        ("action",),
        ("event", "eventname", "eventtype", "activity", "actionname", "conceptname"),
        ("page", "pagename"),
    ),
    "event_id": (("eventid",), ("eventuuid", "uuid", "insertid", "messageid")),
}
"""Well-known names, letters and digits only, in tiers: a name of an earlier tier wins over all later ones; two
columns of one tier are ambiguous. Sources: Segment, PostHog, Mixpanel and Amplitude exports, the XES standard."""

MEANING: dict[Role, str] = {
    "user_id": "the user",
    "timestamp": "the time",
    "action": "the action",
    "event_id": "the event's id",
}


@dataclass(frozen=True)
class Field:
    """A field of a record: a column and, for nested JSON or structs, the path below it."""

    column: str
    path: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """How people write it: dotted."""
        return ".".join((self.column, *self.path))


@dataclass(frozen=True)
class Mapping:
    """Which fields play which role; `found_by` says for each role whether a setting or its name decided."""

    user_id: Field
    timestamp: Field
    action: tuple[Field, ...]
    event_id: Field | None
    found_by: tuple[tuple[Role, str], ...]

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every mapped field."""
        own = (self.user_id, self.timestamp, *self.action)
        return own if self.event_id is None else (*own, self.event_id)

    def unmapped(self, columns: Sequence[str]) -> tuple[str, ...]:
        """Columns no role takes as a whole, in file order: they become metadata."""
        taken = {field.column for field in self.fields if not field.path}
        return tuple(column for column in columns if column not in taken)

    def as_json(self) -> str:
        """What is reported in landed_files."""
        return json.dumps(
            {
                "user_id": self.user_id.name,
                "timestamp": self.timestamp.name,
                "action": [field.name for field in self.action],
                "event_id": self.event_id.name if self.event_id else None,
                "found_by": dict(self.found_by),
            },
            ensure_ascii=False,
        )


def map_columns(
    file_name: str, columns: Sequence[str], wanted: ColumnMapping, *, nested: Collection[str] = ()
) -> Mapping:
    """Decide which of a file's columns plays which role.

    `nested` names the columns that hold objects or lists: never taken for a role by their name alone.

    Raises:
        InputError: a named column is not there, a needed role has no column, or two columns could play it.
    """
    named: dict[Role, tuple[str, ...]] = {
        "user_id": _as_names(wanted.user_id),
        "timestamp": _as_names(wanted.timestamp),
        "action": wanted.action or (),
        "event_id": _as_names(wanted.event_id),
    }
    found: dict[Role, tuple[Field, ...]] = {}
    for role, names in named.items():
        if names:
            found[role] = tuple(_named_field(file_name, role, name, columns) for name in names)
    taken = {field.column for fields in found.values() for field in fields if not field.path}
    candidates = [column for column in columns if column not in taken and column not in nested]
    for role in named:
        if role not in found:
            found[role] = _by_alias(file_name, role, candidates, columns)
    return Mapping(
        user_id=found["user_id"][0],
        timestamp=found["timestamp"][0],
        action=found["action"],
        event_id=found["event_id"][0] if found["event_id"] else None,
        found_by=tuple((role, "settings" if named[role] else "name") for role in named if found[role]),
    )


def recognised_roles(columns: Sequence[str], wanted: ColumnMapping) -> int:
    """Count the roles these column names could fill; how a delimiter is told from a wrong one."""
    named = {"user_id": wanted.user_id, "timestamp": wanted.timestamp, "action": wanted.action}
    count = 0
    for role, name in named.items():
        names = (name,) if isinstance(name, str) else name
        if names:
            count += all(part in columns or part.split(".")[0] in columns for part in names)
        else:
            known = {alias for tier in ALIASES[role] for alias in tier}  # type: ignore[index]
            count += any(_plain(column) in known for column in columns)
    return count


def _as_names(name: str | None) -> tuple[str, ...]:
    return () if name is None else (name,)


def _plain(column: str) -> str:
    """Letters and digits only, lower case: user_id, userId and "User ID" are one name."""
    return re.sub(r"[\W_]", "", column).lower()


def _named_field(file_name: str, role: Role, name: str, columns: Sequence[str]) -> Field:
    """Find a field named in the settings: a literal column of that name wins over a dotted path."""
    if columns.count(name) > 1:
        raise InputError(
            f"{file_name}: {columns.count(name)} columns are called {_quoted([name])}: "
            f"{MEANING[role]} is ambiguous. "
            "Next: give the columns of the file different names and land it again."
        )
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        column = ".".join(parts[:length])
        if column in columns:
            return Field(column, tuple(parts[length:]))
    raise InputError(
        f"{file_name}: the settings say {MEANING[role]} is in {_quoted([name])}, but the file has no such column. "
        f"Columns found: {_quoted(columns)}. Next: correct `{role}` under [input.columns] in pipeline.toml."
    )


def _by_alias(file_name: str, role: Role, candidates: Sequence[str], columns: Sequence[str]) -> tuple[Field, ...]:
    for tier in ALIASES[role]:
        matching = [column for column in candidates if _plain(column) in tier]
        if len(matching) == 1:
            return (Field(matching[0]),)
        if matching:
            raise InputError(
                f"{file_name}: {len(matching)} columns could be {MEANING[role]}: {_quoted(matching)}. "
                f"Next: say which one under [input.columns] in pipeline.toml, e.g. {role} = {_quoted(matching[:1])}."
            )
    if role == "event_id":
        return ()
    raise InputError(
        f"{file_name}: no column is known to be {MEANING[role]}. Columns found: {_quoted(columns)}. "
        f'Next: name it under [input.columns] in pipeline.toml, {role} = "COLUMN" (nested JSON by dotted path).'
    )


def _quoted(names: Sequence[str]) -> str:
    shown = [f'"{name}"' for name in names[:40]]
    return ", ".join(shown) + (f" and {len(names) - 40} more" if len(names) > 40 else "")
