"""One open DuckDB connection, with what every stage does on it: run SQL, replace rows under a contract.

Add here: an operation on tables that any stage may need.
Keep out: where the file lies, who may open it and when (warehouse.py), and every stage's SQL.
"""

from __future__ import annotations

import contextlib
import functools
from importlib import resources
from typing import TYPE_CHECKING, Any

import duckdb

from segmentation_pipeline.warehouse import contracts
from segmentation_pipeline.warehouse.frames import typed_frame
from segmentation_pipeline.warehouse.tables import TableWrites

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    import pandas as pd

Parameters = dict[str, Any]


@functools.cache
def load_sql(package: str, name: str) -> str:
    """Return the text of `sql/NAME.sql` of a stage package."""
    return (resources.files(package) / "sql" / f"{name}.sql").read_text(encoding="utf-8")


class Database:
    """A DuckDB connection inside a transaction, or for reading."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def execute(self, sql: str, params: Parameters | None = None) -> duckdb.DuckDBPyConnection:
        """Run one statement with bound `$name` parameters."""
        return self.connection.execute(sql, params) if params else self.connection.execute(sql)

    def frame(self, sql: str, params: Parameters | None = None) -> pd.DataFrame:
        """Return the result as a data frame."""
        return self.execute(sql, params).df()

    def rows(self, sql: str, params: Parameters | None = None) -> list[dict[str, Any]]:
        """Return the result as one dict a row."""
        cursor = self.execute(sql, params)
        names = [described[0] for described in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def one(self, sql: str, params: Parameters | None = None) -> tuple[Any, ...]:
        """Return the single row of the result; () when there is none."""
        rows = self.execute(sql, params).fetchall()  # all of them: an unfinished result blocks the connection
        return rows[0] if rows else ()

    def exists(self, table: type[contracts.Table]) -> bool:
        """Tell whether the table has been created."""
        return self._has(contracts.table_name(table))

    def ensure(self, *tables: type[contracts.Table]) -> None:
        """Create the tables that are not there, comments included.

        A table whose columns are no longer those of its contract is recreated empty: everything in the
        warehouse can be derived again from the landed files. Its writes are forgotten with its rows, so that
        nothing is published before the months it held are refreshed.
        """
        for table in tables:
            name = contracts.table_name(table)
            present = self._columns(name)
            wanted = [(column_name, kind) for column_name, (kind, *_) in contracts.columns(table).items()]
            if present == wanted:
                continue
            if present:
                self.execute(f"DROP TABLE {name}")
                self._forget_writes(name)
            for statement in contracts.ddl(table):
                self.execute(statement)

    def _columns(self, name: str) -> list[tuple[str, str]]:
        """Return the columns of a table with their types, none where there is no such table.

        `duckdb_columns()` says the same by walking over the columns of every table, three times as long.
        """
        if not self._has(name):
            return []
        return self.execute("SELECT name, type FROM pragma_table_info($name) ORDER BY cid", {"name": name}).fetchall()

    def _has(self, name: str) -> bool:
        return bool(
            self.one(
                "SELECT 1 FROM duckdb_tables()"
                " WHERE table_name = $name AND database_name = current_database() AND NOT temporary",
                {"name": name},
            )
        )

    def replace(
        self,
        table: type[contracts.Table],
        rows: str | pd.DataFrame | list[Any] | tuple[Any, ...],
        params: Parameters | None = None,
        *,
        month: date | None = None,
    ) -> int:
        """Replace the table's rows (those of one month, if given) and validate them; return how many.

        `rows`: a SELECT, a frame, or dataclass rows (which take the month from here where they leave it out).

        Raises:
            ContractBroken: the new rows violate the contract; the caller's transaction must roll back.
        """
        self.ensure(table)
        name = contracts.table_name(table)
        if month is None:
            self.execute(f"DELETE FROM {name}")
        else:
            self.execute(f"DELETE FROM {name} WHERE refresh_month = $month", {"month": month})
        self._insert(name, typed_frame(table, rows, month=month) if isinstance(rows, list | tuple) else rows, params)
        self.validate(table, month)
        self.record_write(table, month)
        where, bound = ("", None) if month is None else (" WHERE refresh_month = $month", {"month": month})
        return int(self.one(f"SELECT count(*) FROM {name}{where}", bound)[0])

    def append(self, table: type[contracts.Table], rows: str | pd.DataFrame, params: Parameters | None = None) -> None:
        """Insert rows without deleting or validating any; the caller validates once at its end."""
        self.ensure(table)
        self._insert(contracts.table_name(table), rows, params)

    def validate(self, table: type[contracts.Table], month: date | None = None) -> None:
        """Validate the table's rows, or those of one month.

        Raises:
            ContractBroken: at least one row violates the contract.
        """
        contracts.validate(self.connection, table, month)

    def record_write(self, table: type[contracts.Table], month: date | None = None) -> None:
        """Note that the table (of one month, if given) was written now; publishing compares these moments."""
        self.ensure(TableWrites)
        key: Mapping[str, Any] = {"name": contracts.table_name(table), "month": month}
        self.execute(
            "DELETE FROM table_writes WHERE table_name = $name AND refresh_month IS NOT DISTINCT FROM $month", dict(key)
        )
        self.execute("INSERT INTO table_writes SELECT $name, $month, (now() AT TIME ZONE 'UTC')::TIMESTAMP", dict(key))

    @contextlib.contextmanager
    def relation(self, name: str, frame: pd.DataFrame) -> Iterator[None]:
        """Make a data frame readable in SQL under a name while the context lasts."""
        self.connection.register(name, frame)
        try:
            yield
        finally:
            self.connection.unregister(name)

    def _forget_writes(self, name: str) -> None:
        if name != contracts.table_name(TableWrites) and self.exists(TableWrites):
            self.execute("DELETE FROM table_writes WHERE table_name = $name", {"name": name})

    def _insert(self, name: str, rows: str | pd.DataFrame, params: Parameters | None) -> None:
        if isinstance(rows, str):
            self.execute(f"INSERT INTO {name} BY NAME {rows}", params)
            return
        with self.relation("rows_to_insert", rows):
            self.execute(f"INSERT INTO {name} BY NAME SELECT * FROM rows_to_insert")


@contextlib.contextmanager
def memory_database() -> Iterator[Database]:
    """Yield a database of its own in memory, for pure functions and their tests."""
    connection = duckdb.connect(":memory:", config={"threads": 2})
    connection.execute("SET TimeZone = 'UTC'")
    try:
        yield Database(connection)
    finally:
        connection.close()
