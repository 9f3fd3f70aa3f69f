"""Columns of leads as codes: each value a number into a short list of texts; everything later counts codes.

Add here: another way to look at one column. Keep out: distances (encoding.py) and where columns come from (reading.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from segmentation_pipeline.clustering.rows import Matrix

Codes: TypeAlias = NDArray[np.int32]

UNKNOWN = "Unknown"
"""What a missing value is called, in tables and pictures; a level like any other where values are counted."""

ORDERED_ROLES = ("age", "experience")
"""Roles whose values have an order even where they are written as ranges."""

LEAST_NUMERIC_SHARE = 0.95
"""Share of the distinct known values of a column that must read as numbers for it to be ordered."""

LEAST_NUMERIC_LEVELS = 8
"""A column with fewer distinct numbers is a code of categories (0/1, 1-5) as often as a measure."""

OPEN_END_STEP = 1.0
"""What is added to the bound of an open range: "55+" comes after "45-54" and after "55"."""

_NUMBER = r"\d+(?:[.,]\d+)?"
_PLAIN = re.compile(rf"\s*([+-]?{_NUMBER})\s*(?:years?|yrs?|yaş|yıl)?\s*", re.IGNORECASE)
_RANGE = re.compile(rf"\s*({_NUMBER})\s*(?:-|–|—|to|ile)\s*({_NUMBER})\s*(?:years?|yrs?|yaş|yıl)?\s*", re.IGNORECASE)
_ABOVE = re.compile(rf"\s*(?:>=?|over|above)\s*({_NUMBER})\s*(?:years?|yrs?|yaş|yıl)?\s*", re.IGNORECASE)
_ABOVE_AFTER = re.compile(
    rf"\s*({_NUMBER})\s*(?:\+|years?\s*\+|and (?:over|above|older))\s*(?:years?|yrs?)?\s*",
    re.IGNORECASE,
)
_BELOW = re.compile(rf"\s*(?:<=?|under|below)\s*({_NUMBER})\s*(?:years?|yrs?|yaş|yıl)?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LeadColumn:
    """One column of an import: the role it plays (or its header), its distinct texts, and one code per lead.

    `levels` are in code-point order; a missing value is the level UNKNOWN.
    """

    name: str
    header: str
    levels: tuple[str, ...]
    codes: Codes

    @property
    def unknown_code(self) -> int:
        """Code of UNKNOWN; -1 where no value is missing."""
        return self.levels.index(UNKNOWN) if UNKNOWN in self.levels else -1

    def counts(self) -> NDArray[np.int64]:
        """Return how many leads have each level."""
        return np.bincount(self.codes, minlength=len(self.levels)).astype(np.int64)

    def merged(self) -> LeadColumn:
        """Return the column with spellings that differ in case or blanks only made one: the most frequent of them."""
        counts = self.counts()
        chosen: dict[str, int] = {}
        for code, level in enumerate(self.levels):
            key = level_key(level)
            if key not in chosen or counts[code] > counts[chosen[key]]:
                chosen[key] = code
        if len(chosen) == len(self.levels):
            return self
        kept = sorted(self.levels[code] for code in chosen.values())
        place = {level_key(level): number for number, level in enumerate(kept)}
        table = np.array([place[level_key(level)] for level in self.levels], dtype=np.int32)
        return LeadColumn(self.name, self.header, tuple(kept), table[self.codes])

    def taken(self, rows: NDArray[np.int64]) -> LeadColumn:
        """Return the column of some leads only; the levels stay."""
        return LeadColumn(self.name, self.header, self.levels, self.codes[rows])


def level_key(level: str) -> str:
    """Return what two spellings of one value share."""
    return " ".join(level.split()).casefold()


def number_of(text: str) -> float | None:
    """Read a number or a range of numbers ("25-34", "55+", "under 18") as one number; None where it is neither."""
    if match := _PLAIN.fullmatch(text):
        return _decimal(match[1])
    if match := _RANGE.fullmatch(text):
        return (_decimal(match[1]) + _decimal(match[2])) / 2
    if match := _ABOVE.fullmatch(text) or _ABOVE_AFTER.fullmatch(text):
        return _decimal(match[1]) + OPEN_END_STEP
    if match := _BELOW.fullmatch(text):
        return _decimal(match[1]) - OPEN_END_STEP
    return None


def level_numbers(column: LeadColumn) -> Matrix | None:
    """Return the number each level stands for (NaN: none), or None where the column has no order.

    Ordered are the roles age and experience where at least 95 % of their distinct known values read as numbers or
    ranges, and other columns where as many do and at least 8 are different.
    """
    known = [level for level in column.levels if level != UNKNOWN]
    read = {level: number_of(level) for level in known}
    numbers = [number for number in read.values() if number is not None]
    least = 2 if column.name in ORDERED_ROLES else LEAST_NUMERIC_LEVELS
    if len(numbers) < LEAST_NUMERIC_SHARE * len(known) or len(set(numbers)) < least:
        return None
    return np.array([np.nan if read.get(level) is None else read[level] for level in column.levels], dtype=np.float64)


def _decimal(text: str) -> float:
    return float(text.replace(",", "."))
