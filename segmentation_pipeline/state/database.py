"""Opening state.db: where it is, who may write when, and what is wrong with it when it cannot be used.

Add here: another way the database can be unusable, as a clear error. Keep out: what is stored (one module a subject).
"""

from __future__ import annotations

import contextlib
import functools
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from segmentation_pipeline.errors import SettingsError, StateError
from segmentation_pipeline.state.migrations import MIGRATIONS, migrate, version_of
from segmentation_pipeline.state.schema import schema_versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from segmentation_pipeline.config import Home, Settings
    from segmentation_pipeline.state.migrations import Migration

LOCK_WAIT_S = 10.0
"""Seconds to wait for other writers. An edit takes milliseconds: who waits longer waits for something stuck."""

TICK_NS = 50_000_000
"""Nanoseconds after which a file's next change has another time: Linux keeps times of files by ticks of up to 10 ms."""

RETRY_S = 0.02
"""Seconds between tries to turn on WAL, which SQLite refuses at once where another process is making the file too."""

IS_WRITING = "is_writing"
"""Execution option of connections that begin by taking SQLite's write lock."""


class State:
    """The state of one home: reads see what is committed, writes come one after the other and are whole.

    On SQLite (a plain file in WAL mode) each use opens its own connection: nothing is held between uses, so a copy of
    the file made while nobody writes is a backup, and putting it back is noticed at once.
    """

    def __init__(
        self, url: sa.URL, *, lock_wait_s: float = LOCK_WAIT_S, migrations: Sequence[Migration] = MIGRATIONS
    ) -> None:
        self.url = url
        self._lock_wait_s = lock_wait_s
        self._migrations = migrations

    @property
    def file(self) -> Path | None:
        """The SQLite file; None for other databases."""
        name = self.url.database
        if self.url.get_backend_name() != "sqlite" or not name or name == ":memory:" or name.startswith("file:"):
            return None
        return Path(name)

    @property
    def place(self) -> str:
        """Where the state is, for messages: never with a password."""
        return str(self.file or self.url.render_as_string(hide_password=True))

    @property
    def is_made(self) -> bool:
        """False while nothing can be stored yet, because nobody has written the first time."""
        return self.file is None or self.file.exists()

    def mark(self) -> tuple[tuple[int, int, int] | None, ...] | None:
        """Return what differs after any write, so that what was read may be kept; None where only reading tells.

        It is what the file system says of the file and of its write-ahead log, and takes microseconds. Right after a
        write only reading tells: its clock ticks, and the next write of as many bytes might fall into the same tick.
        """
        if self.file is None:
            return None
        told = _told_of(self.file), _told_of(self.file.with_name(f"{self.file.name}-wal"))
        newest_ns = max((one[2] for one in told if one is not None), default=0)
        return None if time.time_ns() - newest_ns < TICK_NS else told

    @contextlib.contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Yield a connection that sees one moment. A file that is not there reads as empty, and is not made.

        Raises:
            StateError: the database cannot be used; the text says why and what to do.
        """
        if not self.is_made:
            with State(sa.make_url("sqlite://"), migrations=self._migrations).write() as nothing:
                yield nothing
            return
        with self._told_plainly():
            with self._begun(is_writing=False) as connection:
                version = self._checked_version(connection)
                if version == len(self._migrations):
                    yield connection
                    return
            with self._begun(is_writing=True) as connection:
                migrate(connection, self._migrations)
            with self._begun(is_writing=False) as connection:
                yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """Yield a connection that alone may write: committed at the end, rolled back on any exception.

        Raises:
            StateError: the database cannot be used; the text says why and what to do.
        """
        with self._told_plainly(), self._begun(is_writing=True) as connection:
            if self._checked_version(connection) < len(self._migrations):
                migrate(connection, self._migrations)
            # SQLite has its write lock already; elsewhere locked rows make writers wait for each other.
            connection.execute(sa.select(schema_versions.c.version).with_for_update()).all()
            yield connection

    def version(self) -> int:
        """Return the version of the schema as it is, 0 where nothing has been made; nothing is migrated.

        Raises:
            StateError: the database cannot be used; the text says why and what to do.
        """
        if not self.is_made:
            return 0
        with self._told_plainly(), self._begun(is_writing=False) as connection:
            return self._checked_version(connection)

    @functools.cached_property
    def _engine(self) -> sa.Engine:
        if self.url.get_backend_name() != "sqlite":
            return _engine_of(self.url, {"pool_pre_ping": True})
        engine = _engine_of(self.url, {"poolclass": NullPool, "connect_args": {"timeout": self._lock_wait_s}})
        sa.event.listen(engine, "connect", self._configure)
        sa.event.listen(engine, "begin", _begin)
        return engine

    def _configure(self, connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin where `_begin` says so, not where sqlite3 guesses
        connection.execute("PRAGMA foreign_keys = ON")
        _turn_on_wal(connection, self._lock_wait_s)

    @contextlib.contextmanager
    def _begun(self, *, is_writing: bool) -> Iterator[sa.Connection]:
        with self._engine.connect() as connected:
            connection = connected.execution_options(**{IS_WRITING: is_writing})
            with connection.begin():
                yield connection

    def _checked_version(self, connection: sa.Connection) -> int:
        version = version_of(connection)
        if version > len(self._migrations):
            raise StateError(
                f"{self.place} was written by a newer version of this program: its schema is {version}, "
                f"the newest known here is {len(self._migrations)}. It was left as it is. "
                f"Next: update the program, or put back a backup of the file."
            )
        return version

    @contextlib.contextmanager
    def _told_plainly(self) -> Iterator[None]:
        try:
            yield
        except (sa.exc.OperationalError, sa.exc.DatabaseError, sqlite3.DatabaseError) as error:
            told = self._explained(error)
            if told is None:
                raise
            raise StateError(told) from error

    def _explained(self, error: Exception) -> str | None:
        """Say what happened and what to do; None for what only a defect of ours can cause."""
        reason = str(getattr(error, "orig", error))
        if "locked" in reason:
            return (
                f"{self.place} is locked by another program for more than {self._lock_wait_s:g} s. "
                f"Next: close what has it open (an editor of SQLite files, a copy that hangs) and try again."
            )
        if "not a database" in reason or "malformed" in reason:
            return (
                f"{self.place} is not a SQLite database, or damaged ({reason}). It was left as it is. "
                f"Next: put back a backup of it, or move it away to begin with no names and notes."
            )
        if "readonly" in reason or "unable to open" in reason:
            return (
                f"{self.place} cannot be opened for writing ({reason}). Next: check that the folder is there and yours "
                f"to write (SQLite makes files beside its own), or name another place as `url` under [state]."
            )
        if isinstance(error, (sa.exc.OperationalError, sqlite3.OperationalError)):
            return f"{self.place} cannot be used: {reason}. Next: check `url` under [state] in pipeline.toml."
        return None


def _told_of(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _begin(connection: sa.Connection) -> None:
    is_writing = connection.get_execution_options().get(IS_WRITING)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")


def _turn_on_wal(connection: sqlite3.Connection, wait_s: float) -> None:
    """Let readers go on while somebody writes; a file that may only be read stays as it is."""
    deadline_s = time.monotonic() + wait_s
    while connection.execute("PRAGMA journal_mode").fetchone()[0] not in ("wal", "memory"):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "readonly" in str(error):
                return
            if "locked" not in str(error) or time.monotonic() >= deadline_s:
                raise
            time.sleep(RETRY_S)


def open_state(home: Home, settings: Settings, *, lock_wait_s: float = LOCK_WAIT_S) -> State:
    """Return the state of a home, as `[state] url` says; nothing is opened or made yet.

    Raises:
        SettingsError: the URL cannot be understood.
    """
    return State(_url(home, settings.state.url), lock_wait_s=lock_wait_s)


def _url(home: Home, given: str) -> sa.URL:
    if "://" not in given:
        return sa.URL.create("sqlite", database=str(home.root / given if given else home.state_file))
    try:
        url = sa.make_url(given)
    except (sa.exc.ArgumentError, ValueError):
        raise SettingsError(
            "state.url is not an SQLAlchemy URL. Next: write it as dialect+driver://user:password@host/database."
        ) from None
    name = url.database
    if url.get_backend_name() == "sqlite" and name and name != ":memory:" and not name.startswith("file:"):
        return url.set(database=str(home.root / name))
    return url


def _engine_of(url: sa.URL, options: dict[str, Any]) -> sa.Engine:
    try:
        return sa.create_engine(url, **options)
    except (sa.exc.NoSuchModuleError, ModuleNotFoundError) as error:
        raise SettingsError(
            f"state.url asks for {url.drivername}, which is not installed ({error}). "
            f"Next: install the driver with pip, or leave url empty for SQLite."
        ) from error
