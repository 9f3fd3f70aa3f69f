"""Homes with more segments than a page holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from segmentation_pipeline_tests.dashboard.published_homes import alter

if TYPE_CHECKING:
    from segmentation_pipeline.config import Home


def add_segments(home: Home, count: int) -> Home:
    """Let the first segment of a home be followed by copies of itself until there are `count`, in every month."""
    with duckdb.connect(str(home.published_file.resolve()), read_only=True) as connection:
        rows = connection.execute(
            "SELECT table_name, list(column_name) FROM duckdb_columns() JOIN duckdb_tables() USING (table_name)"
            " GROUP BY ALL HAVING list_contains(list(column_name), 'cluster_id')"
            " AND NOT list_contains(list(column_name), 'user_id')"
        ).fetchall()
        known = connection.execute("SELECT DISTINCT cluster_id FROM clusters ORDER BY ALL").fetchall()
    statements = []
    for number in range(len(known), count):
        for table, columns in rows:
            changed = {name: f"{name} || '-{number}'" for name in ("cluster_id", "recommendation_id", "slug")}
            told = ", ".join(f"{value} AS {name}" for name, value in changed.items() if name in columns)
            statements.append(
                f"INSERT INTO {table} SELECT * REPLACE ({told}) FROM {table} WHERE cluster_id = '{known[0][0]}'"
            )
    return alter(home, *statements)
