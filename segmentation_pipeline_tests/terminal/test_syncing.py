"""`segpipe sync`: the plan is printed, and what is sent is what Dagster's job sends."""

import pytest
from rich.console import Console

from segmentation_pipeline.errors import HomeError
from segmentation_pipeline.terminal.syncing import sync_home
from segmentation_pipeline_tests.activation_servers import POSTHOG_KEY, PosthogServer


def synced(home, section):
    home.settings_file.write_text(home.settings_file.read_text().split("[activation]")[0] + section)
    console = Console(record=True, width=200)
    is_success = sync_home(home, console)
    return is_success, console.export_text()


def test_a_first_sync_without_its_file_of_ids_is_one_message(planted_home):
    section = '[activation]\n[activation.posthog]\nhost = "https://eu.i.posthog.com"\nexternal_id = "file:ids.csv"\n'
    is_success, told = synced(planted_home, section)
    assert not is_success
    assert "ids.csv is not there" in told
    assert "Traceback" not in told


def test_a_plan_is_printed_then_sent_and_a_refused_key_is_one_message(planted_home, monkeypatch):
    with pytest.raises(HomeError, match="under \\[activation\\]"):
        sync_home(planted_home, Console())
    with PosthogServer() as posthog:
        section = f'[activation]\nenabled = true\n[activation.posthog]\nhost = "{posthog.url}"\n'
        is_success, told = synced(planted_home, section.replace("true", "false"))
        assert is_success
        assert "dry_run" in told
        assert "enabled = true under [activation]" in told
        assert posthog.requests == []
        monkeypatch.setenv("POSTHOG_PROJECT_API_KEY", "phc_wrong")
        is_success, told = synced(planted_home, section)
        assert not is_success
        assert "refused the key" in told
        assert "phc_wrong" not in told
        assert len(posthog.requests) == 1
        monkeypatch.setenv("POSTHOG_PROJECT_API_KEY", POSTHOG_KEY)
        is_success, told = synced(planted_home, section)
        assert is_success
        assert "confirmed" in told
        assert len(posthog.segments()) > 30
    kept = [
        path for path in planted_home.root.rglob("*") if path.is_file() and POSTHOG_KEY.encode() in path.read_bytes()
    ]
    assert kept == []
