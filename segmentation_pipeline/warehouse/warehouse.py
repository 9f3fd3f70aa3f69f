"""The warehouse of a home: who may open its DuckDB file, and for how long.

Add here: another way to open it. Keep out: SQL of any stage, and Dagster (resource.py).
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

import duckdb

from segmentation_pipeline.errors import HomeError
from segmentation_pipeline.warehouse.database import Database
from segmentation_pipeline.warehouse.locks import file_lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from segmentation_pipeline.config import Home, Settings

STORAGE_VERSION = "v1.2.0"
"""Oldest DuckDB that can open the file: clients of the 1.x line must be able to read what is published."""

OPEN_RETRIES = 50
"""Tries to open the file while a process that was just killed still holds DuckDB's own lock (0.1 s apart)."""


class Warehouse:
    """Opens the DuckDB file of one home; every context closes it again, so nobody is locked out."""

    def __init__(self, home: Home, settings: Settings) -> None:
        self.home = home
        self.settings = settings

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Database]:
        """Yield a database in a transaction: committed at the end, rolled back on any exception."""
        with self._connection() as connection:
            connection.execute("BEGIN TRANSACTION")
            try:
                yield Database(connection)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextlib.contextmanager
    def read(self) -> Iterator[Database]:
        """Yield a database for reading; whatever is written in it is rolled back."""
        with self._connection() as connection:
            connection.execute("BEGIN TRANSACTION")
            try:
                yield Database(connection)
            finally:
                connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def closed(self) -> Iterator[None]:
        """Hold the file closed to everybody, after writing its log into it; what publishing copies."""
        with file_lock(self._lock_file):
            connection = self._open()
            try:
                connection.execute("CHECKPOINT")
            finally:
                connection.close()
            yield

    @property
    def _lock_file(self) -> Path:
        return self.home.warehouse_file.parent / "warehouse.lock"

    @contextlib.contextmanager
    def _connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with file_lock(self._lock_file):
            connection = self._open()
            try:
                yield connection
            finally:
                connection.close()

    def _open(self) -> duckdb.DuckDBPyConnection:
        path = self.home.warehouse_file
        path.parent.mkdir(parents=True, exist_ok=True)
        spill = path.parent / "spill"
        for attempt in range(OPEN_RETRIES):
            try:
                connection = duckdb.connect(
                    str(path),
                    config={
                        "storage_compatibility_version": STORAGE_VERSION,
                        "memory_limit": self.settings.warehouse.memory_limit,
                        "threads": self.settings.warehouse.threads,
                        "temp_directory": str(spill),
                        "autoinstall_known_extensions": False,
                        "autoload_known_extensions": False,
                    },
                )
                connection.execute("SET TimeZone = 'UTC'")
            except duckdb.IOException as error:
                if "lock" not in str(error).lower() or attempt == OPEN_RETRIES - 1:
                    raise HomeError(
                        f"The warehouse {path} cannot be opened: {error}. Next: close the program that has it open "
                        f"(readers should open {self.home.published_file}), or see `segpipe doctor`."
                    ) from error
                time.sleep(0.1)
            else:
                return connection
        raise AssertionError("unreachable: the last attempt returns or raises")
