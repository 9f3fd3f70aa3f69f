"""The command: what a user does wrong is one clear message, never a traceback."""

import pytest
from typer.testing import CliRunner

from segmentation_pipeline.cli import app
from segmentation_pipeline_tests.homes import make_planted_home

runner = CliRunner()


def test_init_makes_a_home_and_says_what_comes_next(tmp_path):
    told = runner.invoke(app, ["init", str(tmp_path / "mine")])
    assert told.exit_code == 0
    assert "[roles]" in told.output
    assert (tmp_path / "mine" / "pipeline.toml").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run", "--home", "{tmp}/nowhere"], "is not a home"),
        (["run", "--home", "{home}", "--month", "2026-1x"], "--month 2026-1x is not a month"),
        (["run", "--home", "{home}", "--month", "2026-01", "--all-months"], "exclude each other"),
        (["run", "--home", "{home}", "--events", "{tmp}/nothing.csv"], "nothing.csv does not exist"),
        (["init", "{home}"], "is a home already"),
        (["ui", "--home", "{tmp}/nowhere"], "segpipe init"),
    ],
)
def test_a_mistake_is_told_with_the_next_step(tmp_path, monkeypatch, arguments, told):
    home = make_planted_home(tmp_path / "home", users=40)
    monkeypatch.setenv("COLUMNS", "400")
    filled = [argument.format(tmp=tmp_path, home=home.root) for argument in arguments]
    result = runner.invoke(app, filled)
    assert result.exit_code == 2
    assert told in result.output
    assert "Next:" in result.output
    assert "Traceback" not in result.output


def test_a_wrong_setting_stops_the_run_with_the_key(tmp_path):
    home = make_planted_home(tmp_path / "home", users=40)
    home.settings_file.write_text("[segments]\nk = 1\n")
    result = runner.invoke(app, ["run", "--home", str(home.root)])
    assert result.exit_code == 2
    assert "segments.k" in result.output


def test_a_home_without_events_says_where_to_put_them(tmp_path):
    runner.invoke(app, ["init", str(tmp_path / "mine")])
    result = runner.invoke(app, ["run", "--home", str(tmp_path / "mine")])
    assert result.exit_code == 2
    assert "no events" in " ".join(result.output.split())


def test_too_few_users_are_said_plainly_and_are_no_failure(tmp_path):
    home = make_planted_home(tmp_path / "home", users=25)
    result = runner.invoke(app, ["run", "--home", str(home.root)])
    assert result.exit_code == 0, result.output
    assert "insufficient data" in result.output
    assert "30 are needed" in " ".join(result.output.split())


def test_the_doctor_tells_versions_settings_and_a_dead_run(tmp_path):
    home = make_planted_home(tmp_path / "home", users=40)
    assert "duckdb" in runner.invoke(app, ["doctor", "--home", str(home.root)]).output
    home.run_lock.write_text('{"run_id": "abc"}')
    result = runner.invoke(app, ["doctor", "--home", str(home.root)])
    assert result.exit_code == 1
    assert "run abc died" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("month", "told"), [("2025-11", 'first_month = "2025-11"'), ("2031-01", "after the last event")]
)
def test_a_month_outside_the_log_names_what_to_change(tmp_path, month, told):
    home = make_planted_home(tmp_path / "home", users=40)
    result = runner.invoke(app, ["run", "--home", str(home.root), "--month", month])
    assert result.exit_code == 2
    assert told in " ".join(result.output.split())


def test_events_before_the_first_month_are_told_with_the_line_to_change(tmp_path):
    home = make_planted_home(tmp_path / "home", users=40)
    (home.landing / "old.csv").write_text("user_id,timestamp,action\nu,2025-10-03T10:00:00Z,login\n")
    result = runner.invoke(app, ["run", "--home", str(home.root)])
    told = " ".join(result.output.split())
    assert "1 events lie before first_month = 2026-01" in told
    assert 'first_month = "2025-10"' in told
