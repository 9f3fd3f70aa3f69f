"""`segpipe segments`: what people type is stored and shown as typed; mistakes are one message with the next step."""

import pytest
from typer.testing import CliRunner

from segmentation_pipeline.cli import app
from segmentation_pipeline_tests.client.published_samples import make_published_home

runner = CliRunner()


@pytest.fixture
def segments(tmp_path, monkeypatch):
    home = make_published_home(tmp_path / "home")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("LOGNAME", "ada")

    def run(*arguments):
        return runner.invoke(app, ["segments", *arguments, "--home", str(home.root)])

    return run


def told(result, code=0):
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return " ".join(result.output.split())


def test_names_and_notes_are_shown_as_typed_even_where_they_look_like_markup(segments):
    """Rich reads [red] as a colour and fails at [/x]: neither may happen to what a person wrote."""
    assert "is now called Bats [red] [/x]" in told(segments("rename", "2026-01-a", "Bats [red] [/x]"))
    assert "Note 1 is on 2026-01-a" in told(segments("note", "2026-01-a", "See [/bold] page"))
    listed = told(segments("list"))
    assert "Bats [red] [/x] Night owls 4 40% 1" in listed
    assert "Early birds 5 50%" in listed
    noted = told(segments("notes", "2026-01-a"))
    assert "ada See [/bold] page" in noted
    refused = told(segments("rename", "2026-02-a", "bats [RED] [/x]"), code=2)
    assert '"bats [RED] [/x]" is what segment 2026-01-a is called already' in refused


def test_a_name_is_taken_back_and_a_note_deleted(segments):
    segments("rename", "2026-01-a", "Bats")
    assert "called Night owls again" in told(segments("rename", "2026-01-a", "--clear"))
    assert "was not renamed; it is called Night owls" in told(segments("rename", "2026-01-a", "--clear"))
    segments("note", "2026-01-a", "Hm.")
    assert "No notes on 2026-01-a." in told(segments("notes", "2026-01-a", "--delete", "1"))


def test_a_month_is_listed_with_the_segments_it_had(segments):
    assert "Founders 3 30%" in told(segments("list", "--month", "2026-01"))
    assert "2026-03 has no segments" in told(segments("list", "--month", "2026-03"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rename", "2026-09-z", "Bats"], "no segment 2026-09-z. Next: choose one of 2026-01-a"),
        (["rename", "2026-01-a"], "takes a NAME or --clear"),
        (["rename", "2026-01-a", "Bats", "--clear"], "takes a NAME or --clear"),
        (["rename", "2026-01-a", "x" * 81], "at most 80 characters"),
        (["note", "2026-01-a", " "], "A note needs text"),
        (["notes", "2026-09-z"], "no segment 2026-09-z"),
        (["notes", "2026-01-a", "--delete", "9"], "2026-01-a has no note 9"),
        (["list", "--month", "soon"], "--month soon is not a month"),
        (["list", "--month", "2020-01"], "no refresh 2020-01"),
    ],
)
def test_a_mistake_is_told_with_the_next_step(segments, arguments, message):
    output = told(segments(*arguments), code=2)
    assert message in output
    assert "Next:" in output


def test_a_note_of_another_segment_is_not_deleted_by_mistake(segments):
    segments("note", "2026-01-a", "Keep me.")
    assert "2026-02-a has no note 1" in told(segments("notes", "2026-02-a", "--delete", "1"), code=2)
    assert "Keep me." in told(segments("notes", "2026-01-a"))


def test_a_damaged_state_is_told_and_not_thrown(segments, tmp_path):
    (tmp_path / "home" / "state.db").write_text("no database at all\n" * 100)
    assert "is not a SQLite database" in told(segments("list"), code=2)
