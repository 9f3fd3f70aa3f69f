"""How the fields of a CSV are separated and quoted, and what its columns are called.

Add here: another quoting habit met in real files. Keep out: encodings and formats (sources.py).
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segmentation_pipeline.landing.mapping import recognised_roles

if TYPE_CHECKING:
    from segmentation_pipeline.landing.mapping import Wanted

SAMPLE_RECORDS = 50
"""Records looked at to judge a delimiter."""

_NEVER_DELIMITERS = "\"'_\r\n\\"


@dataclass(frozen=True)
class Dialect:
    """How a CSV is written. `header` holds the names as written, `columns` the same made distinct."""

    delimiter: str
    quote: str
    escape: str
    header: tuple[str, ...]
    blank_lines: int = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, the second of two equal ones numbered."""
        names: list[str] = []
        for name in self.header:
            distinct, number = name, 2
            while distinct in names or (distinct != name and distinct in self.header):
                distinct, number = f"{name}_{number}", number + 1
            names.append(distinct)
        return tuple(names)


def find_dialect(text: str, wanted: Wanted, *, is_whole: bool) -> Dialect:
    """Recognise delimiter, quoting and header in the beginning of a text; `is_whole`: it is all of it.

    The delimiter is the one under which the header names most of the needed columns, then the one under which
    the records have as many fields as the header.
    """
    body = text.lstrip("\r\n")
    blank_lines = len(re.findall(r"\r\n|\r|\n", text[: len(text) - len(body)]))
    lines = body.splitlines()
    if not is_whole and len(lines) > 1:
        lines.pop()  # cut off by the end of the sample
    lines = lines[: SAMPLE_RECORDS * 4]
    quote = _quote(body, lines[0])
    escape = "\\" if re.search(rf"\\{quote}", body) and quote * 2 not in body.replace(f"\\{quote}", "") else quote
    best = max(_delimiters(lines[0]), key=lambda delimiter: _score(lines, delimiter, quote, escape, wanted))
    header = _records(lines, best, quote, escape)[0]
    names = [name.strip() or f"column_{position}" for position, name in enumerate(header, start=1)]
    return Dialect(best, quote, escape, tuple(names), blank_lines)


def is_aligned(text: str) -> bool:
    """Tell whether columns are aligned with blanks (fixed width): no other mark, and as many words in every line."""
    lines = [line for line in text.splitlines()[: SAMPLE_RECORDS * 4] if line.strip()]
    if len(lines) > 1 and not text.endswith(("\n", "\r")):
        lines.pop()  # perhaps cut off by the end of the sample
    width = len(lines[0].split())
    return (
        width > 1
        and any("  " in line for line in lines)
        and _delimiters(lines[0].strip()) in ([" "], ["  ", " "])
        and not any('"' in line or "\t" in line for line in lines)
        and all(len(line.split()) == width for line in lines)
    )


def _quote(body: str, header: str) -> str:
    """Quotes are double unless there are none and fields of the header or the records stand in single ones."""
    if '"' in body:
        return '"'
    is_single = bool(re.match(r"'[^']+'[^\w\s']", header)) or bool(
        re.search(r"[^\w\s']'[^'\n]+'(?=[^\w\s']|$)", body, re.MULTILINE)
    )
    return "'" if is_single else '"'


def _delimiters(header: str) -> list[str]:
    """Return what could separate the header's fields: every mark in it, alone or doubled, in order of appearance."""
    unquoted = re.sub(r'"[^"]*"', "", header)
    marks = [mark for mark in dict.fromkeys(unquoted) if not mark.isalnum() and mark not in _NEVER_DELIMITERS]
    return [*(mark * 2 for mark in marks if mark * 2 in header and mark != " "), *marks] or [","]


def _score(lines: list[str], delimiter: str, quote: str, escape: str, wanted: Wanted) -> tuple[int, int, float, int]:
    records = _records(lines, delimiter, quote, escape)
    names = [name.strip() for name in records[0]]
    as_wide = sum(len(record) == len(names) for record in records) / len(records)
    return recognised_roles(names, wanted), -names.count(""), as_wide if len(names) > 1 else 0.0, len(names)


def _records(lines: list[str], delimiter: str, quote: str, escape: str) -> list[list[str]]:
    if len(delimiter) > 1:
        return [[field.strip(quote) for field in line.split(delimiter)] for line in lines[:SAMPLE_RECORDS] if line]
    reader = csv.reader(
        (line + "\n" for line in lines),
        delimiter=delimiter,
        quotechar=quote,
        doublequote=escape == quote,
        escapechar=None if escape == quote else escape,
    )
    records = []
    try:
        for record in reader:
            if record:
                records.append(record)
            if len(records) == SAMPLE_RECORDS:
                break
    except csv.Error:
        # A field longer than the csv module allows: what was read so far is enough to judge by.
        pass
    return records or [[lines[0]]]
