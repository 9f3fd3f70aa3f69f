"""Opening the published copy: the symlink is resolved at every request, so the newest is seen.

Add here: how to open, how to ask. Keep out: what is asked (one module a subject).
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import duckdb

from segmentation_pipeline.errors import HomeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from segmentation_pipeline.config import Home

OPEN_TRIES = 5
"""Tries when the resolved copy is pruned between resolving and opening; each try resolves anew."""


@contextlib.contextmanager
def open_published(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a read-only connection to the newest published copy: one consistent refresh while it lasts.

    A path that is already open in this process would give the old data, hence the resolved name of the copy.

    Raises:
        HomeError: nothing has been published yet.
    """
    for attempt in range(OPEN_TRIES):
        try:
            copy = home.published_file.resolve(strict=True)
            connection = duckdb.connect(str(copy), read_only=True)
            break
        except (FileNotFoundError, duckdb.IOException) as error:
            if attempt == OPEN_TRIES - 1 or not home.published_file.is_symlink():
                raise HomeError(
                    f"Nothing is published in {home.root} yet. Next: `segpipe run --home {home.root}`."
                ) from error
    try:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()


def ask(
    connection: duckdb.DuckDBPyConnection, sql: str, params: Mapping[str, Any] | None = None
) -> list[tuple[Any, ...]]:
    """Return every row of a query of ours.

    Raises:
        HomeError: the copy lacks a table or column, because another version of the program wrote it.
    """
    try:
        return connection.execute(sql, dict(params) if params else None).fetchall()
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        raise HomeError(
            f"The published copy was written by another version of this program, or before its first whole refresh: "
            f"{str(error).splitlines()[0]}. Next: `segpipe run` refreshes and publishes it anew."
        ) from error
