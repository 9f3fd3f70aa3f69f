"""The doctor's report on names and notes: where they are, which version, and what is wrong with the file."""

import pytest

from segmentation_pipeline.config import Settings
from segmentation_pipeline.homes import create_home
from segmentation_pipeline.state.database import open_state
from segmentation_pipeline.state.migrations import MIGRATIONS
from segmentation_pipeline.terminal.doctor import examine


@pytest.fixture
def home(tmp_path):
    return create_home(tmp_path / "home")


def finding(home):
    return next(found for found in examine(home) if found.subject == "state")


def test_the_state_is_told_with_version_and_size_and_not_made_by_looking(home):
    assert finding(home).found.endswith("state.db: nothing kept yet")
    assert not home.state_file.exists()
    with open_state(home, Settings()).write():
        pass
    assert finding(home).state == "ok"
    assert f"schema {len(MIGRATIONS)}, " in finding(home).found


def test_a_damaged_state_is_wrong_and_the_rest_is_examined_all_the_same(home):
    home.state_file.write_text("no database\n" * 100)
    assert finding(home).state == "wrong"
    assert "disk" in {found.subject for found in examine(home)}


def test_wrong_settings_are_told_once(home):
    home.settings_file.write_text("[state]\nurl = 7\n")
    assert [found.subject for found in examine(home) if found.state == "wrong"] == ["settings"]
