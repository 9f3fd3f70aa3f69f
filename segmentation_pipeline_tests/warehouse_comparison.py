"""Comparing two warehouses table by table, the way a rerun is proved identical: EXCEPT ALL, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from pathlib import Path


def differences(one: Path, other: Path) -> dict[str, str]:
    """Return table -> what differs; columns named `*_recorded_at` may, nothing else."""
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{one.resolve()}' AS one (READ_ONLY)")
        connection.execute(f"ATTACH '{other.resolve()}' AS other (READ_ONLY)")
        columns = {
            side: connection.execute(
                "SELECT table_name, column_name, data_type FROM duckdb_columns()"
                " WHERE database_name = $side AND NOT internal ORDER BY table_name, column_index",
                {"side": side},
            ).fetchall()
            for side in ("one", "other")
        }
        if columns["one"] != columns["other"]:
            return {"schema": str(set(columns["one"]) ^ set(columns["other"]))}
        tables = connection.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'one'").fetchall()
        found = {}
        for (table,) in sorted(tables):
            kept = ", ".join(
                f'"{column}"'
                for name, column, _ in columns["one"]
                if name == table and not column.endswith("_recorded_at")
            )
            sides = [f"SELECT {kept} FROM {side}.{table}" for side in ("one", "other")]
            counts = [
                connection.execute(f"SELECT count(*) FROM ({left} EXCEPT ALL {right})").fetchone()[0]
                for left, right in (sides, sides[::-1])
            ]
            if any(counts):
                found[table] = f"{counts[0]} rows only in one, {counts[1]} only in the other"
        return found
