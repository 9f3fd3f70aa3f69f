"""Everything a report says, as one text, whatever form it has."""

from __future__ import annotations

import dataclasses


def words_of(report) -> str:
    return "\n".join(_strings([dataclasses.asdict(page) for page in report.pages]))


def _strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _strings(part)
