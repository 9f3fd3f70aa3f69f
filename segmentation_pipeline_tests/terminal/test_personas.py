"""`segpipe run --leads` and `segpipe personas`: a home of leads alone, names and notes shown as typed."""

import json

import pytest
from typer.testing import CliRunner

from segmentation_pipeline.cli import app
from segmentation_pipeline.homes import create_home
from segmentation_pipeline_tests.leads.lead_samples import leads_csv

runner = CliRunner()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home of leads alone, refreshed by the command, and what that printed."""
    root = tmp_path_factory.mktemp("leads")
    create_home(root / "home")
    (root / "leads.csv").write_text(leads_csv(200), encoding="utf-8")
    (root / "bad.csv").write_text("foo,converted\n1,yes\n", encoding="utf-8")
    given = ["--leads", str(root / "leads.csv"), "--leads", str(root / "bad.csv")]
    done = runner.invoke(app, ["run", "--home", str(root / "home"), *given], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    return root / "home", " ".join(done.output.split())


@pytest.fixture
def personas(home, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("LOGNAME", "ada")
    return lambda *arguments: runner.invoke(app, ["personas", *arguments, "--home", str(home[0])])


def told(result, code=0):
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return " ".join(result.output.split())


def test_a_run_of_leads_alone_shows_personas_files_and_what_could_not_be_read(home):
    root, printed = home
    assert "Leads leads.csv 200 leads" in printed
    assert "C-Suite in Banking [" in printed
    assert "bad.csv: no column is known to describe leads" in printed
    assert "[leads.columns] in pipeline.toml" in printed
    assert str(root / "exports" / "leads" / "leads.csv") in printed


def test_names_and_notes_are_shown_as_typed(home, personas):
    document = json.loads((home[0] / "exports/leads/leads.csv/personas.json").read_text(encoding="utf-8"))
    best, second = (one["persona_id"] for one in document["personas"][:2])
    assert "is now called Deciders [red] [/x]" in told(personas("rename", best, "Deciders [red] [/x]"))
    assert "Deciders [red] [/x]" in told(personas("list"))
    assert "is called already" in told(personas("rename", second, "deciders [RED] [/x]"), code=2)
    assert "Note 1 is on" in told(personas("note", best, "See [/bold] page"))
    assert "ada See [/bold] page" in told(personas("notes", best))
    assert f"No notes on {best}." in told(personas("notes", best, "--delete", "1"))
    assert "by its own name again" in told(personas("rename", best, "--clear"))


def test_unknown_personas_and_imports_name_those_there_are(personas):
    assert "There is no persona p000. Next: choose one of p" in told(personas("rename", "p000", "X"), code=2)
    assert "There is no import x.csv. Next: choose one of leads.csv" in told(personas("list", "--import", "x.csv"), 2)
    assert "rename takes a NAME or --clear" in told(personas("rename", "p000"), code=2)
