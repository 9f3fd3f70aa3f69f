"""The contract of a table: one pandera class gives its DDL, its comments and its validation.

Add here: column types and constraints shared by every stage's `tables.py`.
Keep out: the tables themselves; they live with the stage that writes them.
"""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
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


@ibis_engine.Engine.register_dtype
@immutable
class Exact(ibis_engine.DataType):
    """Money or a quantity with four decimals: sums are exact, in whatever order they are added up."""

    type = dt.Decimal(18, 4)


_OVERDUE_PRODUCTS = dt.Array(
    dt.Struct(
        {
            "daysOverdue": dt.float64,
            "productId": dt.string,
            "category": dt.string,
            "avgDaysBetween": dt.float64,
            "lastPurchaseDaysAgo": dt.int64,
        }
    )
)
_PRODUCT_SPENDS = dt.Array(dt.Struct({"productId": dt.string, "totalSpent": dt.float64}))


# Unlike scalars and maps, lists are known to pandera only one by one.
@ibis_engine.Engine.register_dtype(equivalents=[_OVERDUE_PRODUCTS])
@immutable
class OverdueProducts(ibis_engine.DataType):
    """Products bought regularly and overdue, in the words of a payload."""

    type = _OVERDUE_PRODUCTS


@ibis_engine.Engine.register_dtype(equivalents=[_PRODUCT_SPENDS])
@immutable
class ProductSpends(ibis_engine.DataType):
    """Products and what was spent on each, in the words of a payload."""

    type = _PRODUCT_SPENDS


SCREENED = "screened_rows"

_DUCKDB_TYPES: dict[str, str] = {
    "string": "VARCHAR",
    "int64": "BIGINT",
    "float64": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp(6)": "TIMESTAMP",
    "decimal(18, 4)": "DECIMAL(18,4)",
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
        metadata={"unit": unit, "compression": compression, "constraints": constraints},
        n_failure_cases=MAX_FAILURE_CASES if constraints else None,
        **constraints,
    )


def dataframe_check(constraint: Callable[[Any, Any], Any]) -> Any:
    """Turn `def name(cls, data): return data.table.a <= data.table.b` into a constraint over a whole row.

    As in SQL's CHECK, a row passes where the condition is null: pandera alone would fail it.
    """

    @functools.wraps(constraint)
    def null_passes(cls: Any, data: Any) -> Any:
        # Not `held | held.isnull()`: of a negation that is written NOT x IS NULL, which is read NOT (x IS NULL).
        return constraint(cls, data).fill_null(True)  # noqa: FBT003

    null_passes.is_row_constraint = True  # type: ignore[attr-defined]
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
        described[name] = (_duckdb_type(spec.dtype.type), spec.nullable, spec.description or "", unit)
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


def _duckdb_type(kind: dt.DataType) -> str:
    """Return a type as DuckDB writes it; names of fields need no quoting."""
    if isinstance(kind, dt.Array):
        return f"{_duckdb_type(kind.value_type)}[]"
    if isinstance(kind, dt.Map):
        return f"MAP({_duckdb_type(kind.key_type)}, {_duckdb_type(kind.value_type)})"
    if isinstance(kind, dt.Struct):
        fields = (f"{name} {_duckdb_type(field)}" for name, field in kind.items())
        return f"STRUCT({', '.join(fields)})"
    return _DUCKDB_TYPES[str(kind)]


def _compression(table: type[Table], column_name: str) -> str:
    chosen = (table.to_schema().columns[column_name].metadata or {}).get("compression")
    return f" USING COMPRESSION {chosen}" if chosen else ""


def validate(connection: duckdb.DuckDBPyConnection, table: type[Table], month: date | None = None) -> None:
    """Validate the table's rows (those of one month, if given) inside DuckDB, on this very connection.

    Uncommitted rows are seen, so a violation can still be rolled back. One scan looks for any violation; only when
    there is one does pandera, which asks a query per constraint, say which.

    Raises:
        ContractBroken: at least one row violates at least one constraint.
    """
    name = table_name(table)
    # A row without a month belongs to no refresh; every validation must see it.
    of_month = "" if month is None else f" WHERE refresh_month = DATE '{month:%Y-%m-%d}' OR refresh_month IS NULL"
    source = f"WITH {SCREENED} AS (SELECT * FROM {name}{of_month})"
    if not any(connection.execute(f"{source} {sql}").fetchall() for sql in screening(table)):
        return
    rows = ibis.duckdb.from_connection(connection).table(name)
    if month is not None:
        rows = rows.filter((rows.refresh_month == ibis.literal(month)) | rows.refresh_month.isnull())
    try:
        table.validate(rows, lazy=True)
    except (SchemaError, SchemaErrors) as error:
        raise ContractBroken(name, _failures(error)) from error
    raise AssertionError(f"the screening of {name} finds a violation that its contract does not know")


@functools.cache
def screening(table: type[Table]) -> tuple[str, ...]:
    """Return queries on the relation `screened_rows`, each giving a row where any constraint of the table is broken.

    They say the same as the pandera schema, from the same declarations, in one scan and one grouping.
    """
    schema = table.to_schema()
    rows = ibis.table({name: spec.dtype.type for name, spec in schema.columns.items()}, name=SCREENED)
    broken = [condition for name, spec in schema.columns.items() for condition in _broken_values(rows[name], spec)]
    broken += [~constraint(table, _Rows(rows)) for constraint in _row_constraints(table)]
    # A condition on null is null, which breaks nothing.
    queries = [rows.filter(functools.reduce(operator.or_, broken))] if broken else []
    if schema.unique:
        counted = rows.group_by(list(schema.unique)).aggregate(row_count=rows.count())
        queries.append(counted.filter(counted.row_count > 1))
    return tuple(str(ibis.to_sql(query.limit(1), dialect="duckdb")) for query in queries)


@dataclass(frozen=True)
class _Rows:
    """What a constraint over a row is given, as pandera gives it."""

    table: Any


def _broken_values(value: Any, spec: Any) -> Iterator[Any]:
    if not spec.nullable:
        yield value.isnull()
    for name, bound in (spec.metadata or {})["constraints"].items():
        yield _BROKEN[name](value, bound)


_BROKEN: dict[str, Callable[[Any, Any], Any]] = {
    "ge": operator.lt,
    "gt": operator.le,
    "le": operator.gt,
    "lt": operator.ge,
    "isin": lambda value, allowed: value.notin(allowed),
    "str_length": lambda value, bounds: value.length() < bounds["min_value"],
}
"""Constraint of `column` -> what breaks it; nulls break none of them, as in pandera."""


def _row_constraints(table: type[Table]) -> list[Callable[[Any, Any], Any]]:
    declared = {name: member for cls in reversed(table.__mro__) for name, member in vars(cls).items()}
    functions = (member.__func__ for member in declared.values() if isinstance(member, classmethod))
    return [function for function in functions if hasattr(function, "is_row_constraint")]


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
