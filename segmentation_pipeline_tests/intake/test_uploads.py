"""Files land whole, beside what is there; a new home is made for those who look at the sample."""

import io
import os

import pytest

from segmentation_pipeline.config import SAMPLE_HOME, Home
from segmentation_pipeline.errors import HomeError, InputError, SettingsError
from segmentation_pipeline.homes import create_home, write_input_columns
from segmentation_pipeline.intake import uploads
from segmentation_pipeline.intake.previews import preview
from segmentation_pipeline.intake.uploads import (
    displaced_files,
    free_name,
    is_taken,
    keep_columns,
    land,
    new_home,
    proposed_home,
    safe_name,
)
from segmentation_pipeline.landing.sources import find_files


@pytest.fixture
def home(tmp_path):
    return create_home(tmp_path / "home")


def names(home):
    return [name for name, _ in find_files(home.landing)]


def test_a_file_lands_under_its_name_and_again_only_once(home):
    landed = land(home, "events.csv", io.BytesIO(b"one"))
    assert (landed.name, landed.was_there, landed.path.read_bytes()) == ("events.csv", False, b"one")
    again = land(home, "events.csv", io.BytesIO(b"one"))
    assert again.was_there
    assert names(home) == ["events.csv"]


def test_other_content_of_the_same_name_is_kept_beside_or_replaces_when_that_is_asked_for(home):
    land(home, "events.csv.gz", io.BytesIO(b"one"))
    assert is_taken(home, "events.csv.gz", io.BytesIO(b"two"))
    assert not is_taken(home, "events.csv.gz", io.BytesIO(b"one"))
    assert free_name(home, "events.csv.gz") == "events-2.csv.gz"
    assert land(home, "events.csv.gz", io.BytesIO(b"two")).name == "events-2.csv.gz"
    assert land(home, "events.csv.gz", io.BytesIO(b"six")).name == "events-3.csv.gz"
    assert (home.landing / "events.csv.gz").read_bytes() == b"one"
    land(home, "events.csv.gz", io.BytesIO(b"new"), replaces=True)
    assert (home.landing / "events.csv.gz").read_bytes() == b"new"


def test_a_file_that_cannot_be_written_whole_leaves_nothing(home, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(HomeError, match=r"No space left on device.*Next"):
        land(home, "events.csv", io.BytesIO(b"one"))
    assert list(home.landing.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("events.csv", "events.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\data\\log.csv", "log.csv"),
        (".hidden.csv", "hidden.csv"),
        ("..", "upload"),
        ("", "upload"),
        ("a\n\0b.csv", "ab.csv"),
        ("half.csv.part", "half.csv_part"),
        ("x.TMP", "x_TMP"),
        ("ş" * 300 + ".csv", "ş" * 88 + ".csv"),
    ],
)
def test_names_stay_in_landing_and_are_seen_there(home, given, kept):
    assert safe_name(given) == kept
    land(home, given, io.BytesIO(b"x"))
    assert names(home) == [kept]


def test_a_folder_of_landing_is_no_name_to_take(home):
    (home.landing / "old").mkdir()
    assert land(home, "old", io.BytesIO(b"x"), replaces=True).name == "old-2"


@pytest.mark.parametrize("name", ["leads", "purchases", "customers", "regions"])
def test_a_file_is_not_called_as_folders_with_a_meaning_are(home, name):
    with pytest.raises(InputError, match=rf"{name} is the name of a folder of landing.*{name}\.csv"):
        land(home, name, io.BytesIO(b"x"))
    assert names(home) == []


def test_nothing_lands_in_the_sample():
    with pytest.raises(HomeError, match="sample home"):
        land(Home(SAMPLE_HOME), "events.csv", io.BytesIO(b"x"))


def test_chosen_columns_are_kept_in_the_settings_with_their_comments(home):
    before = home.settings_file.read_text(encoding="utf-8")
    keep_columns(home, {"user_id": ("case: id",), "action": ("what", "kind")})
    columns = home.settings().input.columns
    assert (columns.user_id, columns.timestamp, columns.action) == ("case: id", None, ("what", "kind"))
    after = home.settings_file.read_text(encoding="utf-8")
    assert [line for line in before.splitlines() if line not in after.splitlines()] == []
    keep_columns(home, {"user_id": ("other",)})
    assert home.settings().input.columns.user_id == "other"
    assert home.settings().input.columns.action == ("what", "kind")


def test_settings_that_cannot_be_leave_the_file_as_it_was(home):
    before = home.settings_file.read_bytes()
    with pytest.raises(SettingsError):
        write_input_columns(home, {"colour": ["x"]})
    assert home.settings_file.read_bytes() == before
    assert [path.name for path in home.root.glob("*.tmp")] == []


def test_files_that_could_no_longer_be_read_are_named(home):
    land(home, "old.csv", io.BytesIO(b"user_id,timestamp,action\na,2026-01-05,x\n"))
    land(home, "new.csv", io.BytesIO(b"who,timestamp,action\na,2026-01-05,x\n"))
    assert displaced_files(home, {"user_id": ("who",)}) == ["old.csv"]


def test_a_landed_file_is_looked_into_once_until_it_changes_and_parquet_where_it_lies(home, monkeypatch):
    looked = []

    def looking(name, content, *how, **where):
        looked.append((name, where["place"]))
        return preview(name, content, *how, **where)

    monkeypatch.setattr(uploads, "preview", looking)
    landed = land(home, "once.csv", io.BytesIO(b"user_id,timestamp,action\na,2026-01-05,x\n")).path
    for _ in range(2):
        assert displaced_files(home, {"user_id": ("who",)}) == ["once.csv"]
    assert looked == [("once.csv", landed)] * 2  # once as it is read, once as it would be
    landed.write_bytes(b"who,timestamp,action\na,2026-01-05,x\n")
    assert displaced_files(home, {"user_id": ("who",)}) == []
    assert displaced_files(home, {}) == []


def test_a_new_home_is_proposed_where_nothing_is_and_made_as_init_does(tmp_path, monkeypatch):
    monkeypatch.setattr(uploads.Path, "home", lambda: tmp_path)
    assert proposed_home() == tmp_path / "segmentation-home"
    made = new_home(f" {tmp_path / 'segmentation-home'} ")
    assert not made.settings().sample
    assert made.landing.is_dir()
    assert proposed_home() == tmp_path / "segmentation-home-2"
    for wrong in (" ", str(tmp_path), "/proc/none", "a\0b"):
        with pytest.raises(HomeError, match="Next"):
            new_home(wrong)
