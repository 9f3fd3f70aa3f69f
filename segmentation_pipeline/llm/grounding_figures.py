"""Reads the figures of a text in its locale: number, unit, sign, and what makes one unreadable.

Add here: another way a unit or a day is written.
Keep out: what a figure belongs to (`grounding_roles.py`) and whether it is right (`grounding.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from segmentation_pipeline.llm.grounding_words import FIGURE_MASK, MULTIPLE_MASK
from segmentation_pipeline.llm.number_words import patterns, word_lists

if TYPE_CHECKING:
    from segmentation_pipeline.llm.claims import Locale, ViolationKind

FigureUnit = Literal["pct", "points", "x", "days", "minutes", "bare", "other"]
"""`points` are percentage points, or what a score counts; `bare` is no unit: a count, if anything."""

_DIGITS = re.compile(r"\d(?:[\d.,]*\d)?")
_NUMBERS: dict[Locale, re.Pattern[str]] = {
    "en": re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?"),
    "tr": re.compile(r"(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,(\d+))?"),
}
_SEPARATORS: dict[Locale, tuple[str, str]] = {"en": (",", "."), "tr": (".", ",")}

_END = r"(?![^\W_])"
_UNITS: tuple[tuple[FigureUnit, re.Pattern[str]], ...] = tuple(
    (unit, re.compile(rf"(?:{'|'.join([*patterns('en', 'units', unit), *patterns('tr', 'units', unit)])}){_END}"))
    for unit in ("points", "pct", "x", "days", "minutes", "other")
)
_PERCENT_SIGN = re.compile(r"\s?%")
COUNTED: dict[str, re.Pattern[str]] = {
    kind: re.compile("|".join([*patterns("en", "counted", kind), *patterns("tr", "counted", kind)]))
    for kind in word_lists("en")["counted"]
}
"""What a count may count -> the nouns that say so."""

_NOUN = re.compile(r"[\s-](?:(?:distinct|different|separate|unique|farkl\w|ayr\w)\s)?([^\W\d_]+)")
_APOSTROPHE_ENDING = re.compile(r"'([^\W\d_]+)")
_ABLATIVE = re.compile(r"[dt][ae]n$")
_DAY_BEFORE = re.compile(r"(?:(?<!\d )(?<!\d-)(?<!\ba )(?<!per )(?<!each )\bday[\s-]?|(?<![^\W_])d|\bg[üu]n\s)$")
_PERCENT_BEFORE = re.compile(r"(?:%\s?|(?<![^\W_])y[üu]zde\s)$")
_BOUND_SIGNS = "<>≤≥"
_APPROXIMATE_SIGNS = "~≈"
_GLUED = "$€£₺#№^_.,'&"


@dataclass(frozen=True)
class Figure:
    """A figure of a text; `problem` says why it cannot be read as a plain number with a unit.

    value: as written, 63.2 for 63.2%. step: the worth of its last written digit. noun: the word after a bare figure.
    """

    start: int
    end: int
    text: str
    value: float
    step: float
    unit: FigureUnit
    is_signed: bool = False
    is_day: bool = False
    is_ablative: bool = False
    noun: str = ""
    problem: ViolationKind | None = None

    def equals(self, actual: float) -> bool:
        """Tell whether the actual value lies within half of the last written digit; the sign counts where written."""
        shown, true = (self.value, actual) if self.is_signed else (abs(self.value), abs(actual))
        return abs(shown - true) <= self.step / 2 + 1e-9 * max(1.0, abs(true))


def read_figures(text: str, locale: Locale) -> list[Figure]:
    """Return the figures of a lower-case text, in their order."""
    figures: list[Figure] = []
    for digits in _DIGITS.finditer(text):
        if figures and digits.start() < figures[-1].end:
            continue
        figures.append(_read(text, digits, locale))
    return _with_ranges(text, figures)


def mask_figures(text: str, figures: list[Figure]) -> str:
    """Return the text with every figure replaced by marks of the same length."""
    for figure in figures:
        mark = MULTIPLE_MASK if figure.unit == "x" else FIGURE_MASK
        text = text[: figure.start] + mark * (figure.end - figure.start) + text[figure.end :]
    return text


def parse_number(written: str, locale: Locale) -> tuple[float, float] | None:
    """Return a number and the worth of its last digit, or None for what the locale does not write so."""
    match = _NUMBERS[locale].fullmatch(written)
    if match is None:
        return None
    grouping, point = _SEPARATORS[locale]
    decimals = len(match.group(1) or "")
    return float(written.replace(grouping, "").replace(point, ".")), 10.0**-decimals


def _read(text: str, digits: re.Match[str], locale: Locale) -> Figure:
    start, end = digits.span()
    problem: ViolationKind | None = None
    parsed = parse_number(digits.group(), locale)
    if parsed is None:
        problem = "unreadable_figure"
    value, step = parsed or (float("nan"), 1.0)
    unit: FigureUnit = "bare"
    is_day = False
    if day := _DAY_BEFORE.search(text[:start]):
        start, unit, is_day = day.start(), "days", True
    elif percent := _PERCENT_BEFORE.search(text[:start]):
        start, unit = percent.start(), "pct"
    start, sign, sign_problem = _sign(text, start)
    problem = problem or sign_problem or _glued_before(text, start)
    if unit == "bare":
        unit, end = _unit_after(text, end)
    ending = text[digits.end() : end]
    if suffix := _APOSTROPHE_ENDING.match(text, end):
        ending, end = suffix.group(1), suffix.end()
    noun = _NOUN.match(text, end) if unit == "bare" else None
    is_ablative = bool(_ABLATIVE.search(ending) or (noun and locale == "tr" and _ABLATIVE.search(noun.group(1))))
    problem = problem or _glued_after(text, end)
    return Figure(
        start,
        end,
        text[start:end],
        -value if sign == "-" else value,
        step,
        unit,
        is_signed=bool(sign),
        is_day=is_day,
        is_ablative=is_ablative,
        noun=noun.group(1) if noun else "",
        problem=problem,
    )


def _sign(text: str, start: int) -> tuple[int, str, ViolationKind | None]:
    """Return where the figure begins with its sign, the sign, and what is wrong with it."""
    before = text[start - 1 : start]
    if text[:start].rstrip()[-1:] in tuple(_BOUND_SIGNS):
        return start, "", "comparative"
    if not before:
        return start, "", None
    if before in _APPROXIMATE_SIGNS:
        return start - 1, "", None
    if before in "+±" or (before == "-" and (start == 1 or text[start - 2] in " (\n\t")):
        return start - 1, before, "unreadable_figure" if before == "±" else None
    return start, "", None


def _glued_before(text: str, start: int) -> ViolationKind | None:
    before = text[start - 1 : start]
    if before == "/":
        return "fraction"
    if before and (before in _GLUED or before == "-" or before.isalnum()):
        return "unreadable_figure"
    return None


def _unit_after(text: str, end: int) -> tuple[FigureUnit, int]:
    sign = _PERCENT_SIGN.match(text, end)
    if sign and not re.match(r"[\s-]points?", text[sign.end() :]):
        return "pct", sign.end()
    for unit, pattern in _UNITS:
        if match := pattern.match(text, end):
            return unit, match.end()
    return "bare", end


def _glued_after(text: str, end: int) -> ViolationKind | None:
    after, beyond = text[end : end + 1], text[end + 1 : end + 2]
    if not after:
        return None
    if after in "/:\u2044\u2215" and beyond.isdigit():
        return "fraction"
    if after.isalnum() or after in "_^+'" or (after == "-" and beyond.isalpha() and not _NOUN.match(text, end)):
        return "unreadable_figure"
    if after == "-" and beyond.isalpha():
        word = _NOUN.match(text, end)
        known = word and any(noun.fullmatch(word.group(1)) for noun in COUNTED.values())
        return None if known else "unreadable_figure"
    return None


def _with_ranges(text: str, figures: list[Figure]) -> list[Figure]:
    """Mark figures that only together say something: 40-45%, between 40 and 45, 3 out of 5."""
    marked: dict[int, ViolationKind] = {}
    for index, (first, second) in enumerate(pairwise(figures)):
        between = text[first.end : second.start].strip()
        before = text[: first.start].rstrip()
        is_from_to = between == "to" and before.endswith("from")
        if (
            between in ("-", "–", "—", "ila", "…", "..")
            or (between == "to" and not is_from_to)
            or (between in ("and", "ve", "ile") and (before.endswith("between") or _ends_a_range(text, second.end)))
        ):
            marked[index] = marked[index + 1] = "range"
        elif re.fullmatch(r"(?:out of|in|of)(?: every| the)?", between):
            marked[index] = marked[index + 1] = "fraction"
    return [figure if index not in marked else _marked(figure, marked[index]) for index, figure in enumerate(figures)]


def _ends_a_range(text: str, end: int) -> bool:
    return re.match(r"\s*(?:aras|aral)", text[end:]) is not None


def _marked(figure: Figure, problem: ViolationKind) -> Figure:
    return figure if figure.problem else replace(figure, problem=problem)
