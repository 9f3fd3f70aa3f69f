"""Dagster's records of a run, written without waiting for the disk at each of some 800 events.

Add here: nothing; a run by hand is the only one who records so. Keep out: what is recorded, and the warehouse.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine


@contextmanager
def quick_records(folder: Path) -> Iterator[None]:
    """Let this process write the SQLite files below a folder twice as fast while it lasts.

    Dagster opens and closes a connection for each event; the last one to close a file folds its log into it. One
    connection of ours to each file keeps that from happening, and with `synchronous = NORMAL` a commit does not wait
    for the disk. Files are as whole as before after a killed process; a power cut may take the last events of a run.
    """
    kept: dict[str, sqlite3.Connection] = {}

    def on_connect(connection: Any, _record: Any) -> None:
        if not isinstance(connection, sqlite3.Connection):
            return
        file = connection.execute("PRAGMA database_list").fetchone()[2]
        if not Path(file).is_relative_to(folder):
            return
        connection.execute("PRAGMA synchronous = NORMAL")
        if file not in kept:
            kept[file] = sqlite3.connect(file, check_same_thread=False)
            kept[file].execute("SELECT count(*) FROM sqlite_master").fetchone()

    event.listen(Engine, "connect", on_connect)
    try:
        yield
    finally:
        event.remove(Engine, "connect", on_connect)
        for connection in kept.values():
            connection.close()
