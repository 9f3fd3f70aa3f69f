"""What a text is before it is read: names and slots masked, characters nobody sees or types found."""

from __future__ import annotations

import pytest

from segmentation_pipeline.llm.grounding_text import NAME, SLOT_MASK, SUBJECT_NAME, prepare

NAMES = frozenset({"revise_offer", "63%"})


@pytest.mark.parametrize(
    "text", ["plain – with dashes, 63\u00a0% and it\u2019s fine", "çğıöşü ÇĞİÖŞÜ naïve", "line\nbreak"]
)
def test_what_people_type_is_fine(text: str) -> None:
    assert prepare(text, NAMES, {}).violations == ()


@pytest.mark.parametrize(
    "character",
    [
        "\u200b",
        "\u00ad",
        "\u202e",
        "\x07",
        "\ue001",
        "\u0661",
        "\u00b2",
        "\u2462",
        "\u4e09",
        "\u216b",
        "\u0445",
        "\uff41",
        "\u2030",
        "\u20e3",
        "\U0001d7d9",
        "\U0001f51f",
        "\ufb01",
    ],
)
def test_what_only_looks_like_text_is_found(character: str) -> None:
    assert {violation.kind for violation in prepare(f"is {character} 4%", NAMES, {}).violations} == {
        "foreign_character"
    }


def test_names_and_slots_are_masked_and_remembered() -> None:
    prepared = prepare("Of `revise_offer`, {value} of Night owls", NAMES, {"Night owls": SUBJECT_NAME})
    assert prepared.text == f"of {NAME}, {SLOT_MASK} of {SUBJECT_NAME}"
    assert (prepared.slots, prepared.names) == ({"value"}, {"revise_offer"})


@pytest.mark.parametrize("text", ["`64%`", "an `open tick", "{figure}", "{}"])
def test_unknown_names_and_slots_are_found(text: str) -> None:
    assert prepare(text, NAMES, {}).violations


@pytest.mark.parametrize("label", ["Less active", "63 percenters", "owls", "Half"])
def test_a_segments_name_that_states_something_is_a_name_in_backticks_only(label: str) -> None:
    assert SUBJECT_NAME not in prepare(f"The {label} leave", NAMES, {label: SUBJECT_NAME}).text
    assert SUBJECT_NAME in prepare(f"The `{label}` leave", NAMES, {label: SUBJECT_NAME}).text
