"""Names and notes of personas: the newest counts, no two share one, notes come and go."""

import pytest

from segmentation_pipeline.config import Home, Settings
from segmentation_pipeline.errors import EditRefused, NotFound
from segmentation_pipeline.state.database import open_state
from segmentation_pipeline.state.persona_edits import (
    add_note,
    clear_name,
    current_names,
    delete_note,
    notes,
    rename_persona,
)

LABELS = {"p1": "Management in Banking", "p2": "Entry-Level in Retail"}


@pytest.fixture
def connection(tmp_path):
    with open_state(Home(tmp_path), Settings()).write() as connection:
        yield connection


def rename(connection, persona_id, name):
    return rename_persona(connection, persona_id, name, labels=LABELS, edited_by="ada")


def test_the_newest_name_counts_and_can_be_taken_back(connection):
    rename(connection, "p1", "Deciders")
    assert rename(connection, "p1", "  Buyers \u202e ") == "Buyers"
    assert current_names(connection) == {"p1": "Buyers"}
    assert clear_name(connection, "p1", labels=LABELS, edited_by="ada")
    assert current_names(connection) == {}
    assert not clear_name(connection, "p1", labels=LABELS, edited_by="ada")


@pytest.mark.parametrize("taken", ["Entry-Level in Retail", "ENTRY-LEVEL in retail", "p2"])
def test_what_another_persona_is_called_is_refused(connection, taken):
    with pytest.raises(EditRefused, match="is what persona p2 is called already"):
        rename(connection, "p1", taken)


def test_a_name_needs_to_be_seen_and_the_message_speaks_of_personas(connection):
    with pytest.raises(EditRefused, match="A persona's name needs"):
        rename(connection, "p1", " \u200b ")


def test_a_label_given_away_cannot_be_taken_back(connection):
    rename(connection, "p1", "Deciders")
    rename(connection, "p2", "Management in Banking")
    with pytest.raises(EditRefused):
        clear_name(connection, "p1", labels=LABELS, edited_by="ada")


def test_notes_are_of_their_persona_and_deleted_ones_are_out_of_sight(connection):
    first = add_note(connection, "p1", "Call first.", created_by="ada")
    add_note(connection, "p2", "Later.", created_by="bob")
    assert [note.text for note in notes(connection, "p1")] == ["Call first."]
    assert delete_note(connection, first.note_id).text == "Call first."
    assert [note.text for note in notes(connection)] == ["Later."]
    with pytest.raises(NotFound, match="no note"):
        delete_note(connection, first.note_id)
