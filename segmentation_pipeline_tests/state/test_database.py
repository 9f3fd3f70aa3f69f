"""state.db: made by the first write, migrated forward only, and clear about why it cannot be used."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap

import pytest
import sqlalchemy as sa

from segmentation_pipeline.config import Home, Settings, StateSettings
from segmentation_pipeline.errors import SettingsError, StateError
from segmentation_pipeline.state.database import State, open_state
from segmentation_pipeline.state.migrations import MIGRATIONS
from segmentation_pipeline.state.schema import metadata
from segmentation_pipeline.state.segment_edits import current_names, rename_segment


@pytest.fixture
def state(tmp_path):
    return open_state(Home(tmp_path), Settings())


def rename(state, name="Owls"):
    with state.write() as connection:
        rename_segment(connection, "2026-01-a", name, labels={}, edited_by="ada")


def names(state):
    with state.read() as connection:
        return current_names(connection)


def test_reading_makes_no_file_and_writing_does(state):
    assert names(state) == {}
    assert (state.version(), state.is_made) == (0, False)
    rename(state)
    assert names(state) == {"2026-01-a": "Owls"}
    assert (state.version(), state.is_made) == (len(MIGRATIONS), True)


def test_two_writes_within_one_tick_of_the_clock_are_not_taken_for_one(state):
    rename(state)
    assert state.mark() is None, "a second write could leave the same size and time"
    for file in (state.file, state.file.with_name(f"{state.file.name}-wal")):
        if file.exists():
            os.utime(file, ns=(0, 0))
    settled = state.mark()
    assert settled is not None
    assert state.mark() == settled
    rename(state, "Larks")
    assert state.mark() != settled


def test_what_fails_halfway_leaves_nothing(state):
    rename(state)

    def fail_after_renaming():
        with state.write() as connection:
            rename_segment(connection, "2026-01-a", "Larks", labels={}, edited_by="ada")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_renaming()
    assert names(state) == {"2026-01-a": "Owls"}


def test_the_migrations_make_the_tables_the_code_knows(state):
    rename(state)
    with state.read() as connection:
        made = sa.MetaData()
        made.reflect(connection)

    def shape(described):
        return {
            table.name: [
                (column.name, str(column.type), column.nullable, column.primary_key) for column in table.columns
            ]
            for table in described.sorted_tables
        }

    assert shape(made) == shape(metadata)


def add_moods(connection):
    connection.execute(sa.text("ALTER TABLE segment_edits ADD COLUMN mood VARCHAR(20)"))
    connection.execute(sa.text("UPDATE segment_edits SET mood = 'calm'"))


@pytest.mark.parametrize("first_use", ["read", "write"])
def test_an_older_schema_is_migrated_with_its_rows_on_first_use(state, first_use):
    rename(state)
    later = State(state.url, migrations=(*MIGRATIONS, add_moods))
    with getattr(later, first_use)() as connection:
        assert connection.execute(sa.text("SELECT name, mood FROM segment_edits")).all() == [("Owls", "calm")]
    assert later.version() == len(MIGRATIONS) + 1


def test_a_migration_that_fails_leaves_the_older_schema_whole(state):
    rename(state)

    def half(connection):
        add_moods(connection)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), State(state.url, migrations=(*MIGRATIONS, half)).write():
        pass
    assert state.version() == len(MIGRATIONS)
    assert names(state) == {"2026-01-a": "Owls"}


def test_a_newer_schema_is_left_alone_and_told(state):
    with State(state.url, migrations=(*MIGRATIONS, lambda _: None)).write():
        pass
    known = len(MIGRATIONS)
    told = rf"its schema is {known + 1}, the newest known here is {known}.*update the program"
    for use in (state.read, state.write):
        with pytest.raises(StateError, match=told), use():
            pass


def test_a_file_of_another_kind_is_told_and_left_as_it_is(state):
    state.file.write_text("dear diary\n" * 200)
    told = r"not a SQLite database.*put back a backup"
    for use in (state.read, state.write):
        with pytest.raises(StateError, match=told), use():
            pass
    with pytest.raises(StateError, match=told):
        state.version()
    assert state.file.read_text().startswith("dear diary")


def test_a_lock_that_is_not_given_back_is_told_after_the_wait(tmp_path):
    state = open_state(Home(tmp_path), Settings(), lock_wait_s=0.1)
    rename(state)
    with contextlib.closing(sqlite3.connect(state.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateError, match=r"locked by another program for more than 0\.1 s"):
            rename(state, "Larks")
        assert names(state) == {"2026-01-a": "Owls"}, "readers do not wait for writers"


def test_a_folder_nobody_may_write_into_is_told(state):
    """Run by a user without rights where the tests run as root, for whom every folder is writable."""
    if os.geteuid() != 0:
        state.file.parent.chmod(0o555)
    script = textwrap.dedent(f"""
        import os
        from pathlib import Path
        from segmentation_pipeline.config import Home, Settings
        from segmentation_pipeline.errors import StateError
        from segmentation_pipeline.state.database import open_state
        if os.geteuid() == 0:
            os.setuid(65534)
        try:
            with open_state(Home(Path({"/" if os.geteuid() == 0 else str(state.file.parent)!r})), Settings()).write():
                pass
        except StateError as error:
            print(error)
    """)
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert "cannot be opened for writing" in told
    assert "url` under [state]" in told


def test_a_copy_of_the_file_is_a_backup(state, tmp_path):
    rename(state)
    shutil.copyfile(state.file, tmp_path / "backup.db")
    rename(state, "Larks")
    assert names(open_state(Home(tmp_path), Settings(state=StateSettings(url="backup.db")))) == {"2026-01-a": "Owls"}
    shutil.copyfile(tmp_path / "backup.db", state.file)
    assert names(state) == {"2026-01-a": "Owls"}, "a backup that was put back is seen by who has the state open"


@pytest.mark.parametrize(
    ("url", "file"),
    [("", "state.db"), ("kept/people.db", "kept/people.db"), ("sqlite:///kept/people.db", "kept/people.db")],
)
def test_a_relative_place_is_relative_to_the_home_and_not_to_where_one_stands(tmp_path, monkeypatch, url, file):
    home = Home(tmp_path / "home")
    (home.root / "kept").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    rename(open_state(home, Settings(state=StateSettings(url=url))))
    assert (home.root / file).is_file()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nosuch://host/base", "nosuch, which is not installed"),
        ("postgresql+nosuch://ada:secret@host/base", "not installed"),
        ("://", "not an SQLAlchemy URL"),
    ],
)
def test_a_wrong_url_names_the_setting_and_never_shows_a_password(tmp_path, url, told):
    with pytest.raises(SettingsError, match=told) as refused:
        names(open_state(Home(tmp_path), Settings(state=StateSettings(url=url))))
    assert "state.url" in str(refused.value)
    assert "secret" not in str(refused.value)
