"""Makes a text ready for the gate: odd characters found, names and slots masked, so that what is left is prose.

Add here: another trick of characters.
Keep out: figures (`grounding_figures.py`) and words (`grounding_words.py`).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segmentation_pipeline.llm.claims import Violation
from segmentation_pipeline.llm.grounding_words import foreign_words, states_a_fact
from segmentation_pipeline.llm.rendering import clean_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAME, SUBJECT_NAME, COMPARED_NAME, OTHER_SEGMENT = "\ue000", "\ue001", "\ue002", "\ue003"
SLOT_MASK = "\ue010"
"""Private-use characters that stand for a name or a slot; a text that brings its own is refused."""

_BACKTICKED = re.compile(r"`([^`]*)`")
_BRACES = re.compile(r"\{([^{}]*)\}")
_SLOTS = ("value", "comparator", "direction")
_LINK = re.compile(r"[a-z][a-z0-9+.-]*://|\bwww\.|\]\(|\bmailto:|\bjavascript:", re.IGNORECASE)
"""Ways to send readers somewhere: advice needs none, and text of strangers may have asked for one."""
_QUOTES = str.maketrans(
    {"\u2019": "'", "\u2018": "'", "\u02bc": "'", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "−": "-", "\u2011": "-"}
)
_NUMBER_PICTURES = "💯🔟"
_PERCENT_LOOKALIKES = "\uff05\ufe6a\u066a\u2030\u2031"


@dataclass(frozen=True)
class PreparedText:
    """A text in lower case with names and slots masked, the slots it has, and what is wrong with it so far."""

    text: str
    slots: frozenset[str]
    names: frozenset[str]
    violations: tuple[Violation, ...]


def prepare(text: str, known_names: frozenset[str], roles: Mapping[str, str]) -> PreparedText:
    """Return the text ready for the gate.

    `known_names` may stand in backticks. `roles`: name or label of a segment -> the mask it is replaced by.
    """
    violations = list(_odd_characters(text))
    names: set[str] = set()

    def masked(quoted: re.Match[str]) -> str:
        name = quoted.group(1)
        names.add(name)
        if name not in known_names and name not in roles:
            violations.append(Violation("unknown_name", "text", f"`{name}`", "only names of the evidence are quoted"))
        return roles.get(name, NAME)

    # Names are stored clean, so a name that is not is none of them.
    prose = _BACKTICKED.sub(masked, text)
    if "`" in prose:
        violations.append(Violation("unknown_name", "text", "`", "a backtick is not closed"))
    for label, mask in roles.items():
        if _may_stand_unquoted(label):
            prose = re.sub(rf"(?<!\w){re.escape(label)}(?!\w)", mask, prose)
    violations += [Violation("link", "text", link, "texts lead nowhere else") for link in _LINK.findall(prose)]
    slots: set[str] = set()

    def slot(braces: re.Match[str]) -> str:
        if braces.group(1) in _SLOTS:
            slots.add(braces.group(1))
        else:
            expected = "slots are {value}, {comparator}, {direction}"
            violations.append(Violation("unknown_slot", "text", braces.group(0), expected))
        return SLOT_MASK

    prose = _BRACES.sub(slot, prose).translate(_QUOTES).replace("İ", "i").lower()
    violations += [
        Violation("foreign_language", "text", word, "texts are in English or Turkish") for word in foreign_words(prose)
    ]
    return PreparedText(prose, frozenset(slots), frozenset(names), tuple(violations))


def clean_names(names: frozenset[str]) -> frozenset[str]:
    """Return names as texts quote them, beside the names themselves."""
    return names | {clean_name(name) for name in names}


def _may_stand_unquoted(label: str) -> bool:
    """Tell whether a segment's name is safe to recognise in running text: it states nothing and reads as a name."""
    return len(label) > 2 and label != label.lower() and not states_a_fact(label)


def _odd_characters(text: str) -> Iterator[Violation]:
    """Find digits of other scripts, numerals, look-alikes of letters and %, and characters nobody sees."""
    outside = _BACKTICKED.sub(" ", text)
    for before, character in zip(" " + outside, outside, strict=False):
        expected = _why_odd(before, character)
        if expected:
            shown = f"{character!r} ({unicodedata.name(character, 'unnamed')})"
            yield Violation("foreign_character", "text", shown, expected)


def _why_odd(before: str, character: str) -> str:
    if character.isascii():
        return "" if character.isprintable() or character in "\n\t" else "no control characters"
    category = unicodedata.category(character)
    if category[0] == "C":
        return "no characters that cannot be seen"
    if category[0] == "N" or unicodedata.numeric(character, None) is not None or character in _NUMBER_PICTURES:
        return "digits are 0 to 9"
    if character in _PERCENT_LOOKALIKES:
        return "the percent sign is %"
    if category[0] == "M" and not before.isalpha():
        return "no marks on figures"
    if category[0] == "L" and not unicodedata.name(character, "").startswith("LATIN"):
        return "letters are Latin"
    if unicodedata.normalize("NFKC", character) != character and unicodedata.normalize("NFKC", character).isalnum():
        return "plain letters only"
    return ""
