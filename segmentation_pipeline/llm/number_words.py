"""Reads the word lists of each shipped language (`words_en.toml`, `words_tr.toml`) into patterns.

Add here: a section that lists gain. A language is added as a file.
Keep out: the words themselves, and how they are searched (`grounding_words.py`).
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from segmentation_pipeline.llm.claims import Locale

LOCALES: tuple[Locale, ...] = ("en", "tr")

_LETTERS = {"ç": "c", "ğ": "g", "\u0131": "i", "i": "\u0131", "ö": "o", "ş": "s", "ü": "u"}
"""Turkish letters and how they are typed without their marks; a dotless i and a dotted one are told apart by neither
lower case nor keyboards elsewhere."""

_TOKENS = re.compile(r"\\u[0-9a-f]{4}|\\.|\[[^\]]*\]|\(\?[:=!<]+|.", re.DOTALL)


@cache
def word_lists(locale: Locale) -> dict[str, Any]:
    """Return the lists of a language: section -> name -> patterns."""
    text = resources.files(__package__).joinpath(f"words_{locale}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def patterns(locale: Locale, section: str, name: str) -> list[str]:
    """Return the patterns of one list, Turkish ones also for texts typed without Turkish letters."""
    listed = word_lists(locale).get(section, {}).get(name, [])
    return [_typed(pattern, locale) for pattern in ([listed] if isinstance(listed, str) else listed)]


def number_patterns(locale: Locale) -> list[str]:
    """Return the number words of a language with the endings they take."""
    endings = "".join(patterns(locale, "numbers", "endings"))
    return [f"(?:{words}){endings}" for words in patterns(locale, "numbers", "words")]


def whole_words(listed: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern that matches any of the listed ones as whole words; digits end a word, too."""
    alternatives = "|".join(f"(?:{pattern})" for pattern in listed)
    return re.compile(rf"(?<![^\W\d_])(?:{alternatives or '(?!)'})(?![^\W\d_])")


def language_marks() -> re.Pattern[str]:
    """Return what gives Turkish away in a lower-case text."""
    return re.compile("|".join(_typed(mark, "tr") if "[" not in mark else mark for mark in word_lists("tr")["marks"]))


def _typed(pattern: str, locale: Locale) -> str:
    if locale != "tr":
        return pattern

    def token(found: re.Match[str]) -> str:
        text = found.group()
        if text.startswith("[") and not text.startswith("[^"):
            return "[" + "".join(letter + _LETTERS.get(letter, "") for letter in text[1:-1]) + "]"
        return f"[{text}{_LETTERS[text]}]" if text in _LETTERS else text

    return _TOKENS.sub(token, pattern)
