"""Names and notes: cleaned, bounded, never two segments by one name, history kept, whoever writes at once."""

import multiprocessing
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from segmentation_pipeline.config import Home, Settings
from segmentation_pipeline.errors import EditRefused, NotFound
from segmentation_pipeline.state.database import open_state
from segmentation_pipeline.state.segment_edits import (
    add_note,
    clean_name,
    clean_note,
    clear_name,
    current_names,
    delete_note,
    is_same_name,
    name_history,
    notes,
    rename_segment,
)

LABELS = {"2026-01-a": "Night owls", "2026-01-b": "Early birds", "2026-01-c": "Rare guests"}


@pytest.fixture
def connection(tmp_path):
    with open_state(Home(tmp_path), Settings()).write() as connection:
        yield connection


def rename(connection, cluster_id, name, by="ada"):
    return rename_segment(connection, cluster_id, name, labels=LABELS, edited_by=by)


def test_the_newest_name_counts_and_every_one_is_kept(connection):
    rename(connection, "2026-01-a", "Owls")
    rename(connection, "2026-01-a", "Bats", by="bob")
    rename(connection, "2026-01-b", "Larks")
    clear_name(connection, "2026-01-b", labels=LABELS, edited_by="bob")
    assert current_names(connection) == {"2026-01-a": "Bats"}
    told = [(edit.name, edit.edited_by) for edit in name_history(connection, "2026-01-a")]
    assert told == [("Owls", "ada"), ("Bats", "bob")]
    assert [edit.name for edit in name_history(connection, "2026-01-b")] == ["Larks", None]


@pytest.mark.parametrize("taken", ["Early birds", "early  BIRDS", "\uff25arly birds", "2026-01-b"])
def test_what_another_segment_is_called_is_refused_with_its_id(connection, taken):
    with pytest.raises(EditRefused, match="what segment 2026-01-b is called already"):
        rename(connection, "2026-01-a", taken)
    assert name_history(connection, "2026-01-a") == []


def test_a_name_another_segment_gave_up_is_free_and_its_label_cannot_come_back(connection):
    rename(connection, "2026-01-b", "Larks")
    rename(connection, "2026-01-a", "Early birds")
    with pytest.raises(EditRefused, match="what segment 2026-01-a is called already"):
        clear_name(connection, "2026-01-b", labels=LABELS, edited_by="ada")


def test_a_segment_may_take_its_own_name_in_other_letters(connection):
    assert rename(connection, "2026-01-a", "NIGHT OWLS") == "NIGHT OWLS"


def test_the_name_of_a_retired_segment_is_free(connection):
    rename(connection, "2025-01-a", "Founders")
    assert rename(connection, "2026-01-a", "Founders") == "Founders"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  Night\towls\n", "Night owls"),
        ("Night\x00\x1b[31m owls", "Night[31m owls"),
        ("safe\u202egnp.exe", "safegnp.exe"),
        ("Ku\u0308nstler", "Künstler"),
        ("👩\u200d💻 makers", "👩\u200d💻 makers"),
        ("😀" * 80, "😀" * 80),
    ],
)
def test_names_are_cleaned_without_losing_letters_or_emoji(given, kept):
    assert clean_name(given) == kept


@pytest.mark.parametrize("given", ["", "   ", "\x00\u200b", "\u200d\u200d", "x" * 81])
def test_names_without_a_letter_or_too_long_are_refused(given):
    with pytest.raises(EditRefused, match="Next:"):
        clean_name(given)


@given(st.text(max_size=120))
def test_whatever_is_given_the_stored_name_is_one_clean_line_and_cleaning_it_again_changes_nothing(given):
    try:
        cleaned = clean_name(given)
    except EditRefused:
        return
    assert 1 <= len(cleaned) <= 80
    assert cleaned.splitlines() == [cleaned]
    assert not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in cleaned)
    cleaned.encode("utf-8")
    assert clean_name(cleaned) == cleaned


@given(st.text(min_size=1, max_size=80))
def test_a_name_in_capitals_or_decomposed_is_the_same_name(given):
    try:
        cleaned = clean_name(given)
        shouted = clean_name(unicodedata.normalize("NFD", cleaned))
    except EditRefused:
        assume(False)
    assert is_same_name(cleaned, shouted)
    assert is_same_name(cleaned, cleaned.casefold())


def test_notes_keep_their_lines_and_are_taken_out_of_sight_once(connection):
    first = add_note(connection, "2026-01-a", "Called three of them.\r\n\r\nAll traders.\x07 ", created_by="ada")
    second = add_note(connection, "2026-01-b", "Nothing yet.", created_by=" ")
    assert first.text == "Called three of them.\n\nAll traders."
    assert second.created_by == "unknown"
    assert notes(connection) == [first, second]
    assert delete_note(connection, first.note_id) == first
    assert notes(connection) == [second]
    assert notes(connection, "2026-01-a") == []
    with pytest.raises(NotFound, match=f"no note {first.note_id}"):
        delete_note(connection, first.note_id)


def test_a_note_has_text_and_no_more_than_a_page():
    assert len(clean_note("x" * 4_000)) == 4_000
    for refused in ("", " \n\x00", "x" * 4_001):
        with pytest.raises(EditRefused, match="Next:"):
            clean_note(refused)


def _rename_often(root, cluster_id, times, ready):
    state = open_state(Home(root), Settings())
    ready.wait()
    for number in range(times):
        with state.write() as connection:
            rename_segment(connection, cluster_id, f"{cluster_id} number {number}", labels={}, edited_by=cluster_id)
        with state.read() as connection:
            current_names(connection)


def test_processes_renaming_at_once_lose_nothing_from_the_first_write_on(tmp_path):
    """The file does not exist when they begin: making it, migrating it and writing race each other."""
    context = multiprocessing.get_context("fork")
    ready = context.Barrier(4)
    ids = [f"2026-01-{letter}" for letter in "abcd"]
    writers = [context.Process(target=_rename_often, args=(tmp_path, cluster_id, 15, ready)) for cluster_id in ids]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0] * 4
    with open_state(Home(tmp_path), Settings()).read() as connection:
        assert current_names(connection) == {cluster_id: f"{cluster_id} number 14" for cluster_id in ids}
        assert [len(name_history(connection, cluster_id)) for cluster_id in ids] == [15] * 4


def _take(root, cluster_id, name, ready, told):
    state = open_state(Home(root), Settings())
    ready.wait()
    try:
        with state.write() as connection:
            rename_segment(connection, cluster_id, name, labels=LABELS, edited_by=cluster_id)
        told.put("taken")
    except EditRefused:
        told.put("refused")


def test_two_people_who_want_one_name_at_once_do_not_both_get_it(tmp_path):
    context = multiprocessing.get_context("fork")
    ready, told = context.Barrier(2), context.Queue()
    both = [
        context.Process(target=_take, args=(tmp_path, cluster_id, "Stars", ready, told))
        for cluster_id in ("2026-01-a", "2026-01-b")
    ]
    for person in both:
        person.start()
    assert sorted(told.get(timeout=60) for _ in both) == ["refused", "taken"]
    for person in both:
        person.join(60)
