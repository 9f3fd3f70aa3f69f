"""`segpipe roadmap`: ideas, plans and files; mistakes are one message with the next step."""

import csv
import io

import pytest
from typer.testing import CliRunner

from segmentation_pipeline.cli import app
from segmentation_pipeline_tests.client.experiment_samples import CALL, GREET, make_advised_home

runner = CliRunner()


@pytest.fixture
def roadmap(tmp_path, monkeypatch):
    home = make_advised_home(tmp_path / "home")
    monkeypatch.setenv("LOGNAME", "ada")

    def run(*arguments):
        return runner.invoke(app, ["roadmap", *arguments, "--home", str(home.root)])

    return run


def told(result, code=0):
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return " ".join(result.output.split())


def test_an_experiment_is_chosen_planned_changed_and_written_out(roadmap, tmp_path):
    assert f"{CALL} · not_computed Call them (drop_off_rate lower)" in told(roadmap("ideas"))
    assert (
        f"{GREET} · run_in_union · 100.0 new a week · 20.8 weeks to decide"
        " =Greet [them](http://x) (drop_off_rate lower)"
    ) in told(roadmap("ideas", "2026-01-a"))
    added = told(roadmap("add", "2026-01-a", "--rank", "2", "--owner", "Ada [red] [/x]", "--priority", "1"))
    assert "Entry 1 is on the roadmap: =Greet [them](http://x) run_in_union: As computed" in added
    changed = told(roadmap("set", "1", "--status", "running", "--start", "2026-03-02", "--note", "Go [/bold]"))
    assert "Entry 1 is running, priority 1, Ada [red] [/x], 2026-03-02 to ?" in changed
    assert (
        "1 running: =Greet [them](http://x) (Night owls)"
        " priority 1 · Ada [red] [/x] · 2026-03-02 to ? · run_in_union · 1 note"
    ) in told(roadmap("list"))
    assert "no owner, no dates" in told(roadmap("set", "1", "--owner", "", "--start", "", "--status", "planned"))
    out = tmp_path / "roadmap.csv"
    assert "Wrote" in told(roadmap("export", "--out", str(out)))
    [row] = csv.DictReader(io.StringIO(out.read_bytes().decode()))
    assert (row["entry"], row["status"], row["notes"], row["edited_by"]) == ("1", "planned", "Go [/bold]", "ada")
    assert roadmap("export").output.splitlines()[0].startswith("entry,status,priority")
    assert roadmap("export", "1").output.startswith("# \\=Greet")


def test_a_recommendation_is_added_by_its_id_as_of_a_month(roadmap):
    assert "run: As computed: run" in told(roadmap("add", GREET, "--month", "2026-01"))


def test_an_empty_roadmap_says_how_to_begin(roadmap):
    assert "Nothing is on the roadmap. Next: `segpipe roadmap ideas`" in told(roadmap("list"))
    assert "2026-03 recommends no experiment." in told(roadmap("ideas", "--month", "2026-03"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ideas", "2026-09-z"], "no experiment for 2026-09-z"),
        (["ideas", "--month", "soon"], "not a month"),
        (["add", "x"], f"recommends no experiment x. Next: choose one of {CALL}"),
        (["add", "2026-01-a", "--rank", "9"], "no experiment 9 of segment 2026-01-a; there are: 1, 2"),
        (["add", CALL, "--start", "tomorrow"], "--start tomorrow is not a day"),
        (["add", CALL, "--status", "running"], "give its start date"),
        (["add", CALL, "--priority", "9"], "9 is no priority"),
        (["set", "1"], "Nothing to change was given"),
        (["set", "7", "--priority", "1"], "no entry 7 on the roadmap"),
        (["set", "99999999999999999999999", "--priority", "1"], "no entry 99999999999999999999999"),
        (["export", "7"], "no entry 7 on the roadmap"),
        (["export", "--out", "/no/such/folder/x.csv"], "cannot be written: No such file or directory"),
    ],
    ids=lambda value: " ".join(value)[:50] if isinstance(value, list) else "",
)
def test_a_mistake_is_told_with_the_next_step(roadmap, arguments, message):
    output = told(roadmap(*arguments), code=2)
    assert message in output
    assert "Next:" in output
