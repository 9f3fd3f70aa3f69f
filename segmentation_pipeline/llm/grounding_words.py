"""Finds the words of a text that state a number, a fraction, a multiple or a comparison.

Add here: how another kind of word is searched.
Keep out: the words themselves (`words_en.toml`, `words_tr.toml`) and what they mean for a claim.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

from segmentation_pipeline.llm.number_words import LOCALES, language_marks, number_patterns, patterns, whole_words

if TYPE_CHECKING:
    from segmentation_pipeline.llm.claims import Direction, Locale

WordKind = Literal["number_word", "fraction", "multiple", "comparative"]
FIGURE_MASK = "\ue020"
MULTIPLE_MASK = "\ue021"
"""Stand for the characters of a figure, and of one in x, while words are searched."""

_EXEMPT_MASK = "\ue030"
_ROMAN = re.compile(
    r"(?<![\w`])(?:[IVX]{2,}|(?=[MDCLXVI]{2,}\s?(?:%|percent|per cent|pp|x\b|times|days?|minutes?|users|visits))"
    r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3}))(?!\w)"
)


@dataclass(frozen=True)
class WordHit:
    """A word that states something: `direction` where it compares in a way the gate can hold to a contrast.

    is_change: it tells of time ("rose"), so that only the refresh before can confirm it.
    """

    kind: WordKind
    direction: Direction
    start: int
    end: int
    text: str
    is_change: bool = False
    is_negated: bool = False


@dataclass(frozen=True)
class _Search:
    kind: WordKind
    direction: Direction
    pattern: re.Pattern[str]
    is_change: bool = False


def languages_of(text: str, locale: Locale) -> tuple[Locale, ...]:
    """Return the languages whose words are searched: Turkish by the stated locale or where a text gives itself away."""
    return LOCALES if locale == "tr" or _MARKS.search(text) else ("en",)


def states_a_fact(text: str) -> bool:
    """Tell whether a name holds a digit, a number word or a comparative."""
    return any(character.isdigit() for character in text) or bool(word_hits(text.lower(), LOCALES))


def roman_numerals(text: str) -> list[str]:
    """Return what reads as a Roman numeral; the case of the text must be kept."""
    return [match.group() for match in _ROMAN.finditer(text) if match.group()]


def word_hits(text: str, languages: tuple[Locale, ...]) -> list[WordHit]:
    """Return the words of a lower-case text that state something, in their order; figures are masked before."""
    masked = text
    for exempt in _exemptions(languages):
        masked = exempt.sub(lambda found: _EXEMPT_MASK * len(found.group()), masked)
    hits: list[WordHit] = []
    for search in _searches(languages):
        for found in search.pattern.finditer(masked):
            start, end = found.span()
            if start == end or any(hit.start < end and start < hit.end for hit in hits):
                continue
            if found.group().startswith("as ") and masked[:start].rstrip().endswith(MULTIPLE_MASK):
                continue
            is_negated = _is_negated(masked, start, end)
            hits.append(WordHit(search.kind, search.direction, start, end, found.group(), search.is_change, is_negated))
    return sorted(hits, key=lambda hit: hit.start)


def _is_negated(text: str, start: int, end: int) -> bool:
    return bool(_NEGATED_BEFORE.search(text[:start]) or _NEGATED_AFTER.match(text[end:]))


@cache
def _exemptions(languages: tuple[Locale, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(
        whole_words([*patterns(language, "numbers", "exempt"), *patterns(language, "comparisons", "exempt")])
        for language in languages
    )


@cache
def _searches(languages: tuple[Locale, ...]) -> tuple[_Search, ...]:
    found: list[_Search] = []
    for language in languages:
        compared: list[tuple[str, Direction]] = [("undirected", "none"), ("higher", "higher"), ("lower", "lower")]
        if language == "tr":
            compared.append(compared.pop(0))  # `daha` with any word, after those whose direction is known
        lists: list[tuple[WordKind, Direction, list[str]]] = [
            ("fraction", "none", patterns(language, "numbers", "fractions")),
            ("multiple", "none", patterns(language, "numbers", "multiples")),
            ("number_word", "none", patterns(language, "numbers", "collectives")),
        ]
        lists += [("comparative", way, patterns(language, "comparisons", name)) for name, way in compared]
        lists.append(("comparative", "none", patterns(language, "comparisons", "unknown")))
        lists.append(("number_word", "none", number_patterns(language)))
        found += [
            _Search("comparative", way, whole_words(patterns(language, "comparisons", name)), is_change=True)
            for name, way in _CHANGES
        ]
        found += [_Search(kind, way, whole_words(listed)) for kind, way, listed in lists]
    return tuple(found)


def foreign_words(text: str) -> list[str]:
    """Return function words of languages that are not shipped, where a lower-case text has several of them."""
    found = sorted(set(_FOREIGN.findall(text)))
    return found if len(found) > 1 else []


_CHANGES: tuple[tuple[str, Direction], ...] = (("rising", "higher"), ("falling", "lower"))
_FOREIGN = whole_words(patterns("en", "foreign", "words"))
_MARKS = language_marks()
_NEGATED_BEFORE = re.compile(
    rf"(?<!\w)(?:{'|'.join(patterns('en', 'comparisons', 'negations'))})(?:\s+[^\W\d_]+){{0,2}}\s+$"
)
_NEGATED_AFTER = re.compile(rf"\s*(?:\w+\s+)?(?:{'|'.join(patterns('tr', 'comparisons', 'negations'))})")
