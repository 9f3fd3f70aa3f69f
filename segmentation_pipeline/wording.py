"""Words for people, in English and Turkish: one file a language, the same keys in both; numbers as each writes them.

What several surfaces say is in texts/ beside this module, what one of them says in its own texts/.
Add here: another language, as a file of each texts/. Keep out: words of data (labels, advice), which come as they are.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

LANGUAGES = {"en": "English", "tr": "Türkçe"}


@dataclass(frozen=True)
class Texts:
    """Words of one language; `texts("map.title")` returns them, slots filled in."""

    locale: str
    entries: Mapping[str, str]

    def __call__(self, key: str, **slots: Any) -> str:
        """Return the words of a key.

        Raises:
            KeyError: there is no such key, or a slot of it is not given.
        """
        return self.entries[key].format(**slots)

    def choice(self, group: str, value: str | None) -> str:
        """Return the words for a value stored in a table, such as a verdict; the value itself where there are none."""
        return self.entries.get(f"{group}.{value}", str(value or ""))

    def month(self, month: date) -> str:
        """Return a month in words."""
        return f"{self.entries[f'month.{month.month}']} {month.year}"

    def day(self, moment: date) -> str:
        """Return a day in words."""
        return f"{moment.day} {self.month(moment)}"

    def moment(self, moment: datetime) -> str:
        """Return a day in words with its time."""
        return f"{self.day(moment)}, {moment:%H:%M}"

    def share(self, value: float | None, *, digits: int = 0) -> str:
        """Return a share of 1 as a percentage, a dash where there is none."""
        if value is None or math.isnan(value):
            return "–"
        written = self._apart(f"{abs(100 * value):.{digits}f}")
        sign = "-" if value < 0 else ""
        return f"{sign}%{written}" if self.locale == "tr" else f"{sign}{written}%"

    def count(self, value: int) -> str:
        """Return a whole number with its thousands set apart."""
        return self._apart(f"{value:,}")

    def number(self, value: float | None, *, digits: int = 2) -> str:
        """Return a number, a dash where there is none."""
        if value is None or math.isnan(value):
            return "–"
        written = f"{value:,.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:,.0f}"
        return self._apart("0" if written == "-0" else written)

    def size(self, byte_count: int) -> str:
        """Return how large a file is."""
        if byte_count < 1e5:
            return f"{self.number(byte_count / 1e3, digits=1)} kB"
        return f"{self.number(byte_count / 1e6, digits=1)} MB"

    def estimate(self, value: float | None, low: float | None, high: float | None, *, digits: int = 2) -> str:
        """Return an estimate with its interval, where it has one."""
        told = [
            "–" if one is None else self._apart(f"{round(one, digits) + 0.0:,.{digits}f}") for one in (value, low, high)
        ]
        return told[0] if low is None or high is None else f"{told[0]} ({told[1]} – {told[2]})"

    def _apart(self, written: str) -> str:
        return written.translate(str.maketrans(",.", ".,")) if self.locale == "tr" else written

    def measured(self, value: float | None, unit: str | None) -> str:
        """Return a value with its unit: shares of 1 as percentages."""
        if unit in ("share", "pct"):
            return self.share(value, digits=1 if value is not None and abs(value) < 0.1 else 0)
        written = self.number(value, digits=1 if value is not None and abs(value) >= 10 else 2)
        return f"{written} {self.choice('unit', unit)}".strip()

    def interval(self, low: float | None, high: float | None) -> str:
        """Return both ends of an interval of shares."""
        return f"{self.share(low)} – {self.share(high)}"


@cache
def load_texts(package: str, locale: str) -> Texts:
    """Return the words of a language: those that all surfaces share, and a package's own.

    Raises:
        FileNotFoundError: there are none.
    """
    entries: dict[str, str] = {}
    for owner in ("segmentation_pipeline", package):
        found = tomllib.loads(files(owner).joinpath("texts", f"{locale}.toml").read_text(encoding="utf-8"))
        entries |= {f"{group}.{key}": text for group, keys in found.items() for key, text in keys.items()}
    return Texts(locale, entries)
