"""Which column of a file plays which role: settings first, then well-known names, never a guess between two.

Add here: another way to address a nested field. Keep out: the roles of a stage (with the stage) and how fields are
read (readers.py).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segmentation_pipeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence


@dataclass(frozen=True)
class Role:
    """What a column can mean to a stage.

    `aliases`: well-known names, letters and digits only, in tiers: a name of an earlier tier wins over all later
    ones; two columns of one tier are ambiguous. `is_moment`: stored times are read as such, beside their text.
    `may_join`: several columns together may play the role.
    """

    name: str
    meaning: str
    aliases: tuple[tuple[str, ...], ...]
    is_required: bool = True
    is_moment: bool = False
    may_join: bool = False


@dataclass(frozen=True)
class Wanted:
    """The columns a stage wants: its roles, and those named in the settings (`section` of pipeline.toml).

    A role named with no column is played by none, whatever the columns are called.
    `keeps_rest`: every field no role takes is kept as a JSON object called metadata. `one_of`: groups of roles of
    which a file must have at least one.
    """

    section: str
    roles: tuple[Role, ...]
    named: Mapping[str, tuple[str, ...]]
    separator: str = "+"
    keeps_rest: bool = False
    one_of: tuple[tuple[str, ...], ...] = ()


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
class ColumnsFound:
    """Which fields play which role; `found_by` says for each role whether a setting or its name decided."""

    roles: tuple[Role, ...]
    of: Mapping[str, tuple[Field, ...]]
    found_by: tuple[tuple[str, str], ...]

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every mapped field."""
        return tuple(field for role in self.roles for field in self.of[role.name])

    def name(self, role: str) -> str | None:
        """Name of the column in a role, as people write it; None where the file has none."""
        return "+".join(field.name for field in self.of[role]) or None

    def unmapped(self, columns: Sequence[str]) -> tuple[str, ...]:
        """Columns no role takes as a whole, in file order."""
        taken = {field.column for field in self.fields if not field.path}
        return tuple(column for column in columns if column not in taken)

    def as_json(self) -> str:
        """What is reported of a file: role -> column, and how it was found."""
        told: dict[str, object] = {
            role.name: [field.name for field in self.of[role.name]] if role.may_join else self.name(role.name)
            for role in self.roles
        }
        return json.dumps({**told, "found_by": dict(self.found_by)}, ensure_ascii=False)


def map_columns(
    file_name: str, columns: Sequence[str], wanted: Wanted, *, nested: Collection[str] = ()
) -> ColumnsFound:
    """Decide which of a file's columns plays which role.

    `nested` names the columns that hold objects or lists: never taken for a role by their name alone.

    Raises:
        InputError: a named column is not there, a needed role has no column, or two columns could play it.
    """
    found: dict[str, tuple[Field, ...]] = {}
    for role in wanted.roles:
        names = wanted.named.get(role.name)
        if names is not None:
            found[role.name] = tuple(_named_field(file_name, role, name, columns, wanted.section) for name in names)
    taken = {field.column for fields in found.values() for field in fields if not field.path}
    candidates = [column for column in columns if column not in taken and column not in nested]
    for role in wanted.roles:
        if role.name not in found:
            found[role.name] = _by_alias(file_name, role, candidates, columns, wanted.section)
    for group in wanted.one_of:
        if not any(found[name] for name in group):
            raise InputError(
                f"{file_name}: no column is known to be {' or '.join(_meaning(wanted, name) for name in group)}. "
                f"Columns found: {_quoted(columns)}. "
                f'Next: name one under [{wanted.section}] in pipeline.toml, {group[0]} = "COLUMN".'
            )
    return ColumnsFound(
        wanted.roles,
        found,
        found_by=tuple(
            (role.name, "settings" if wanted.named.get(role.name) else "name")
            for role in wanted.roles
            if found[role.name]
        ),
    )


def recognised_roles(columns: Sequence[str], wanted: Wanted) -> int:
    """Count the roles these column names could fill; how a delimiter is told from a wrong one."""
    count = 0
    for role in wanted.roles:
        names = wanted.named.get(role.name)
        if names is not None:
            count += bool(names) and all(part in columns or part.split(".")[0] in columns for part in names)
        else:
            known = {alias for tier in role.aliases for alias in tier}
            count += any(plain_name(column) in known for column in columns)
    return count


def plain_name(column: str) -> str:
    """Letters and digits only, lower case: user_id, userId and "User ID" are one name."""
    return re.sub(r"[\W_]", "", column).lower()


def _named_field(file_name: str, role: Role, name: str, columns: Sequence[str], section: str) -> Field:
    """Find a field named in the settings: a literal column of that name wins over a dotted path."""
    if columns.count(name) > 1:
        raise InputError(
            f"{file_name}: {columns.count(name)} columns are called {_quoted([name])}: "
            f"{role.meaning} is ambiguous. "
            "Next: give the columns of the file different names and land it again."
        )
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        column = ".".join(parts[:length])
        if column in columns:
            return Field(column, tuple(parts[length:]))
    raise InputError(
        f"{file_name}: the settings say {role.meaning} is in {_quoted([name])}, but the file has no such column. "
        f"Columns found: {_quoted(columns)}. Next: correct `{role.name}` under [{section}] in pipeline.toml."
    )


def _by_alias(
    file_name: str, role: Role, candidates: Sequence[str], columns: Sequence[str], section: str
) -> tuple[Field, ...]:
    for tier in role.aliases:
        matching = [column for column in candidates if plain_name(column) in tier]
        if len(matching) == 1:
            return (Field(matching[0]),)
        if matching:
            raise InputError(
                f"{file_name}: {len(matching)} columns could be {role.meaning}: {_quoted(matching)}. "
                f"Next: say which one under [{section}] in pipeline.toml, e.g. {role.name} = {_quoted(matching[:1])}."
            )
    if not role.is_required:
        return ()
    raise InputError(
        f"{file_name}: no column is known to be {role.meaning}. Columns found: {_quoted(columns)}. "
        f'Next: name it under [{section}] in pipeline.toml, {role.name} = "COLUMN" (nested JSON by dotted path).'
    )


def _meaning(wanted: Wanted, name: str) -> str:
    return next(role.meaning for role in wanted.roles if role.name == name)


def _quoted(names: Sequence[str]) -> str:
    shown = [f'"{name}"' for name in names[:40]]
    return ", ".join(shown) + (f" and {len(names) - 40} more" if len(names) > 40 else "")
