"""For every constraint of every contract, a row that violates it: what proves that checks can turn red.

Column constraints are mutated from the contract itself; a constraint over a whole row names its mutation here,
and a test fails for one that has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from segmentation_pipeline.warehouse import contracts
from segmentation_pipeline.warehouse.contracts import Table, table_name

ROW_MUTATIONS: dict[tuple[str, str], str] = {}
"""(table, name of the constraint over a row) -> SET clause that breaks it."""


@dataclass(frozen=True)
class Mutation:
    """One constraint with the SET clause that breaks it; an empty clause means: write the row twice."""

    column: str | None
    check: str
    set_clause: str


def mutations(table: type[Table]) -> list[Mutation]:
    """Return one mutation per constraint of the contract."""
    schema = table.to_schema()
    found = []
    for name, column in schema.columns.items():
        if not column.nullable:
            found.append(Mutation(name, "not_nullable", f'"{name}" = NULL'))
        found += [Mutation(name, check.name, f'"{name}" = {_violating(check)}') for check in column.checks]
    if schema.unique:
        found.append(Mutation(None, "multiple_fields_uniqueness", ""))
    found += [
        Mutation(None, check.name, ROW_MUTATIONS[table_name(table), check.name])
        for check in schema.checks
        if (table_name(table), check.name) in ROW_MUTATIONS
    ]
    return found


def row_constraints(table: type[Table]) -> set[tuple[str, str]]:
    """Return (table, name) of each constraint over a whole row."""
    return {(table_name(table), check.name) for check in table.to_schema().checks}


def valid_row(table: type[Table]) -> str:
    """Return a SELECT of one row that keeps the column constraints, for tables that are empty in the planted home."""
    schema = table.to_schema()
    values = [
        f'{_valid(kind, schema.columns[name].checks)} AS "{name}"'
        for name, (kind, *_) in contracts.columns(table).items()
    ]
    return f"SELECT {', '.join(values)}"


def _violating(check: Any) -> str:
    statistics = check.statistics
    match check.name:
        case "greater_than_or_equal_to":
            return f"{statistics['min_value']} - 1"
        case "greater_than":
            return str(statistics["min_value"])
        case "less_than_or_equal_to":
            return f"{statistics['max_value']} + 1"
        case "less_than":
            return str(statistics["max_value"])
        case "isin":
            return "'nothing allowed'"
        case "str_length":
            return "''"
    raise AssertionError(f"no mutation is known for the constraint {check.name}")


def _valid(kind: str, checks: list[Any]) -> str:
    allowed = {check.name: check.statistics for check in checks}
    if "isin" in allowed:
        return contracts.quoted(min(allowed["isin"]["allowed_values"]))
    lowest = allowed.get("greater_than_or_equal_to", {}).get("min_value", 0)
    number = max(lowest, allowed.get("greater_than", {}).get("min_value", -1) + 1)
    return {
        "VARCHAR": "'x'",
        "BIGINT": f"{number}::BIGINT",
        "DOUBLE": f"{number}::DOUBLE",
        "BOOLEAN": "false",
        "DATE": "DATE '2026-01-01'",
        "TIMESTAMP": "TIMESTAMP '2026-01-01'",
        "MAP(VARCHAR, BIGINT)": "MAP {'x': 1::BIGINT}",
        "MAP(VARCHAR, DOUBLE)": "MAP {'x': 1::DOUBLE}",
    }[kind]
