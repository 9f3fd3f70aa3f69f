"""Words that state something are found in every form, and ordinary words are not taken for them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from segmentation_pipeline.llm.grounding_words import foreign_words, languages_of, roman_numerals, word_hits
from segmentation_pipeline.llm.number_words import LOCALES
from segmentation_pipeline_tests.llm.planted_claims import in_words

CASES = tomllib.loads(Path(__file__).with_name("word_cases.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("locale", LOCALES)
def test_every_number_below_a_hundred_is_found_spelled_out(locale: str) -> None:
    # Turkish one is also the article: alone it counts nothing.
    missed = [
        words
        for number in range(100)
        if not word_hits(words := in_words(number, locale), LOCALES) and not (locale == "tr" and number == 1)
    ]
    assert missed == []


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in CASES["stated"].items() for text in texts])
def test_a_stating_word_is_found_as_what_it_is(kind: str, text: str) -> None:
    hits = word_hits(text, LOCALES)
    found = {hit.kind if hit.direction == "none" else hit.direction for hit in hits}
    assert kind in found


@pytest.mark.parametrize("text", CASES["ordinary"])
def test_ordinary_words_state_nothing(text: str) -> None:
    assert [hit.text for hit in word_hits(text, languages_of(text, "en"))] == []


def test_verbs_of_change_are_told_from_comparisons() -> None:
    (rose,), (higher,) = word_hits("it rose", ("en",)), word_hits("it is higher", ("en",))
    assert (rose.is_change, higher.is_change) == (True, False)


@pytest.mark.parametrize(
    ("text", "is_negated"), [("not higher", True), ("higher", False), ("no longer here, higher", False)]
)
def test_a_negated_comparison_is_known(text: str, *, is_negated: bool) -> None:
    assert word_hits(text, ("en",))[-1].is_negated is is_negated


@pytest.mark.parametrize(
    ("text", "found"),
    [("LXIII percent", ["LXIII"]), ("phase II", ["II"]), ("I think VIP and CI", []), ("MD", []), ("CD days", ["CD"])],
)
def test_roman_numerals_are_numbers_only_where_they_read_so(text: str, found: list[str]) -> None:
    assert roman_numerals(text) == found


def test_turkish_gives_itself_away_and_other_languages_are_refused() -> None:
    assert languages_of("bu segmentte", "en") == LOCALES
    assert languages_of("in this segment", "en") == ("en",)
    assert foreign_words("die rate ist hoch und bleibt") == ["ist", "und"]
    assert foreign_words("la rate of leaving") == []
