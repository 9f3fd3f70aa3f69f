"""Homes: made whole, never mixed with the sample, measured settings written without losing a comment."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from segmentation_pipeline.config import Settings
from segmentation_pipeline.errors import HomeError
from segmentation_pipeline.homes import bring_events, create_home, prepare_home, use_home, write_measured


def test_a_new_home_has_explained_defaults_and_telemetry_off(tmp_path):
    home = create_home(tmp_path / "mine")
    assert home.settings() == Settings()
    told = (home.dagster / "dagster.yaml").read_text()
    assert "telemetry:\n  enabled: false" in told
    assert "nux:\n  enabled: false" in told
    assert "max_concurrent_runs: 1" in told


def test_an_existing_home_is_left_as_it_is(tmp_path):
    home = create_home(tmp_path / "mine")
    home.settings_file.write_text("sample = true\n")
    with pytest.raises(HomeError, match="is a home already"):
        create_home(home.root)
    assert home.settings().sample


def test_a_folder_with_other_files_does_not_become_a_home(tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(HomeError, match="not an empty folder"):
        create_home(tmp_path)


def test_preparing_keeps_a_changed_dagster_yaml(tmp_path):
    home = create_home(tmp_path / "mine")
    (home.dagster / "dagster.yaml").write_text("# mine\n")
    prepare_home(home)
    assert (home.dagster / "dagster.yaml").read_text() == "# mine\n"


def test_events_are_copied_into_landing_with_their_folders(tmp_path):
    home = create_home(tmp_path / "mine")
    (tmp_path / "logs" / "deep").mkdir(parents=True)
    (tmp_path / "logs" / "deep" / "b.csv").write_text("b")
    (tmp_path / "a.csv").write_text("a")
    brought = bring_events(home, [tmp_path / "a.csv", tmp_path / "logs"], is_sample=False)
    assert [str(path.relative_to(home.landing)) for path in brought] == ["a.csv", "logs/deep/b.csv"]
    assert [path.read_text() for path in brought] == ["a", "b"]
    assert not list(home.landing.rglob("*.part"))


def test_a_pattern_the_shell_left_alone_is_filled_in(tmp_path):
    home = create_home(tmp_path / "mine")
    for name in ("a-1.csv", "a-2.csv", "b.csv"):
        (tmp_path / name).write_text(name)
    brought = bring_events(home, [tmp_path / "a-*.csv"], is_sample=False)
    assert [path.name for path in brought] == ["a-1.csv", "a-2.csv"]


def test_own_data_never_goes_into_the_sample(tmp_path):
    home = create_home(tmp_path / "mine")
    with pytest.raises(HomeError, match="segpipe init"):
        bring_events(home, [tmp_path / "a.csv"], is_sample=True)


def test_a_file_that_cannot_be_copied_is_told_and_leaves_nothing(tmp_path, monkeypatch):
    def full(_source, target):
        Path(target).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    home = create_home(tmp_path / "home")
    (tmp_path / "log.csv").write_text("a\n")
    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(HomeError, match=r"log.csv could not be copied.*No space left on device.*Next"):
        bring_events(home, [tmp_path / "log.csv"], is_sample=False)
    assert list(home.landing.iterdir()) == []


def test_a_missing_event_file_is_named(tmp_path):
    home = create_home(tmp_path / "mine")
    with pytest.raises(HomeError, match=r"nowhere\.csv does not exist"):
        bring_events(home, [tmp_path / "nowhere.csv"], is_sample=False)


def test_measured_settings_are_written_before_the_sections_and_comments_stay(tmp_path):
    home = create_home(tmp_path / "mine")
    write_measured(home, {"first_month": "2026-01", "clock": "entry", "lead_in_hours": 24.0}, ["share at risk: 0.2"])
    settings = home.settings()
    assert (settings.first_month, settings.clock, settings.lead_in_s) == (date(2026, 1, 1), "entry", 86_400)
    text = home.settings_file.read_text()
    assert "# share at risk: 0.2" in text
    assert "# a longer silence begins a new visit" in text
    write_measured(home, {"first_month": "2026-02", "clock": "calendar"}, ["again"])
    assert home.settings().first_month == date(2026, 2, 1)
    assert home.settings().clock == "calendar"


def test_using_a_home_switches_telemetry_off_for_all_children(tmp_path):
    environment: dict[str, str] = {}
    home = create_home(tmp_path / "mine")
    use_home(home, environment)
    assert environment["SEGPIPE_HOME"] == str(home.root)
    assert environment["DAGSTER_HOME"] == str(home.dagster)
    assert environment["DAGSTER_DISABLE_TELEMETRY"] == "yes"
