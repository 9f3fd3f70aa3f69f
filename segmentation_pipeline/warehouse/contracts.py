"""The contract of a table: one pandera class gives its DDL, its comments and its validation.

Add here: column types and constraints shared by every stage's `tables.py`.
Keep out: the tables themselves; they live with the stage that writes them.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import ibis
import ibis.expr.datatypes as dt
import pandera.ibis as pa
from pandera.dtypes import immutable
from pandera.engines import ibis_engine
from pandera.errors import SchemaError, SchemaErrors

from segmentation_pipeline.errors import ContractBroken

if TYPE_CHECKING:
    from datetime import date

    import duckdb

MAX_FAILURE_CASES = 5
"""Failing rows fetched per constraint. pandera otherwise fetches every one: 155 s at 1.2M failures."""

MAX_EXAMPLE_CHARS = 200
"""Longest part of a violating row a message shows; the row itself is in the input, not lost."""

Text = dt.String
Integer = dt.Int64
Real = dt.Float64
Flag = dt.Boolean
Day = dt.Date


@ibis_engine.Engine.register_dtype
@immutable
class Utc(ibis_engine.DataType):
    """A moment in UTC with microseconds, stored as a zone-less TIMESTAMP."""

    type = dt.Timestamp(scale=6)


@ibis_engine.Engine.register_dtype
@immutable
class CountMap(ibis_engine.DataType):
    """Name -> count."""

    type = dt.Map(dt.string, dt.int64)


@ibis_engine.Engine.register_dtype
@immutable
class RealMap(ibis_engine.DataType):
    """Name -> number."""

    type = dt.Map(dt.string, dt.float64)


_DUCKDB_TYPES: dict[str, str] = {
    "string": "VARCHAR",
    "int64": "BIGINT",
    "float64": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp(6)": "TIMESTAMP",
    "map<string, int64>": "MAP(VARCHAR, BIGINT)",
    "map<string, float64>": "MAP(VARCHAR, DOUBLE)",
}


def column(
    description: str,
    unit: str | None = None,
    *,
    nullable: bool = False,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    isin: Iterable[str] | None = None,
    min_length: int | None = None,
    compression: Literal["zstd"] | None = None,
) -> Any:
    """Describe one column: what it holds, its unit, whether it may be null, and its allowed values.

    `compression`: overrules DuckDB's choice, where writing a large text column is what costs.
    """
    bounds: dict[str, Any] = {"ge": ge, "gt": gt, "le": le, "lt": lt}
    constraints = {name: bound for name, bound in bounds.items() if bound is not None}
    if isin is not None:
        constraints["isin"] = list(isin)
    if min_length is not None:
        constraints["str_length"] = {"min_value": min_length}
    return pa.Field(
        nullable=nullable,
        description=description,
        metadata={"unit": unit, "compression": compression},
        n_failure_cases=MAX_FAILURE_CASES if constraints else None,
        **constraints,
    )


def dataframe_check(constraint: Callable[[Any, Any], Any]) -> Any:
    """Turn `def name(cls, data): return data.table.a <= data.table.b` into a constraint over a whole row.

    As in SQL's CHECK, a row passes where the condition is null: pandera alone would fail it.
    """

    @functools.wraps(constraint)
    def null_passes(cls: Any, data: Any) -> Any:
        held = constraint(cls, data)
        return held | held.isnull()

    return pa.dataframe_check(n_failure_cases=MAX_FAILURE_CASES)(null_passes)


class Table(pa.DataFrameModel):
    """Base of every contract; the class docstring's first line states the grain."""

    class Config:
        """Shared by all contracts: no column beyond the described ones."""

        strict = True
        unique: ClassVar[list[str]] = []


def table_name(table: type[Table]) -> str:
    """Return the snake_case name of a contract's table: UserFeatures -> user_features."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", table.__name__).lower()


def grain(table: type[Table]) -> str:
    """Return the first line of the contract's docstring."""
    return (table.__doc__ or "").strip().splitlines()[0]


def columns(table: type[Table]) -> dict[str, tuple[str, bool, str, str | None]]:
    """Return name -> (DuckDB type, may be null, description, unit) in table order."""
    described = {}
    for name, spec in table.to_schema().columns.items():
        unit = (spec.metadata or {}).get("unit")
        described[name] = (_DUCKDB_TYPES[str(spec.dtype)], spec.nullable, spec.description or "", unit)
    return described


def is_monthly(table: type[Table]) -> bool:
    """Tell whether the table keeps one set of rows per refresh."""
    return "refresh_month" in columns(table)


def quoted(text: str) -> str:
    """Quote a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def ddl(table: type[Table]) -> list[str]:
    """Return the statements that create the table with its comments, if it is not there."""
    name = table_name(table)
    body = ", ".join(
        f'"{column_name}" {kind}{_compression(table, column_name)}'
        for column_name, (kind, _, _, _) in columns(table).items()
    )  # no NOT NULL here: the contract reports nulls like every other violation
    statements = [f"CREATE TABLE IF NOT EXISTS {name} ({body})", f"COMMENT ON TABLE {name} IS {quoted(grain(table))}"]
    for column_name, (_, _, description, unit) in columns(table).items():
        comment = f"{description} [{unit}]" if unit else description
        statements.append(f'COMMENT ON COLUMN {name}."{column_name}" IS {quoted(comment)}')
    return statements


def _compression(table: type[Table], column_name: str) -> str:
    chosen = (table.to_schema().columns[column_name].metadata or {}).get("compression")
    return f" USING COMPRESSION {chosen}" if chosen else ""


def validate(connection: duckdb.DuckDBPyConnection, table: type[Table], month: date | None = None) -> None:
    """Validate the table's rows (those of one month, if given) inside DuckDB, on this very connection.

    Uncommitted rows are seen, so a violation can still be rolled back.

    Raises:
        ContractBroken: at least one row violates at least one constraint.
    """
    rows = ibis.duckdb.from_connection(connection).table(table_name(table))
    if month is not None:
        # A row without a month belongs to no refresh; every validation must see it.
        rows = rows.filter((rows.refresh_month == ibis.literal(month)) | rows.refresh_month.isnull())
    if not connection.execute(rows.limit(1).compile()).fetchall():
        return  # pandera finds a violation of every constraint where there is no row at all
    try:
        table.validate(rows, lazy=True)
    except (SchemaError, SchemaErrors) as error:
        raise ContractBroken(table_name(table), _failures(error)) from error


def _failures(error: SchemaError | SchemaErrors) -> list[dict[str, object]]:
    problems = error.schema_errors if isinstance(error, SchemaErrors) else [error]
    return [
        {
            "column": getattr(problem.schema, "name", None),
            "check": getattr(problem.check, "error", None)
            or getattr(problem.check, "name", None)
            or str(problem.check),
            "example": _example(problem.failure_cases),
        }
        for problem in problems
    ]


def _example(cases: Any) -> str | None:
    """Show one failing value or row, bounded, so a message stays readable."""
    if cases is None:
        return None
    if hasattr(cases, "to_pandas"):
        cases = cases.limit(1).to_pandas()
    if hasattr(cases, "to_dict"):
        cases = next(iter(cases.to_dict("records")), None)
    if isinstance(cases, dict):
        cases = cases.get("failure_case", cases)
    return None if cases is None else str(cases)[:MAX_EXAMPLE_CHARS]
