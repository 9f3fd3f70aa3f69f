"""Other people's text on its way to the screen: shown letter by letter, never read as markdown, HTML or a link.

Add here: another place where text is interpreted. Keep out: our own words (texts/).
"""

from __future__ import annotations

import html
import re
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FIGURE_CHARS = 32
"""Letters of a name in a figure; the tables and cards show it whole."""

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_CODE = re.compile(r"((?<!`)`[^`]+`(?!`))")
"""A name between two single backticks: longer runs pair by rules of their own, so they are letters."""
_ADDRESS = re.compile(r"((?:https?://|www\.)[^\s`]*|[\w.+-]+@[\w-]+\.[\w.-]+)", re.IGNORECASE)
"""What browsers are given as a link though its marks are escaped; in code it is not."""
_BARE_BAR = re.compile(r"(?<!\\)\|")


def quiet(text: str) -> str:
    """Return a text that markdown shows as it is, but for its backticked names; its lines stay lines."""
    return "  \n".join(_quiet_line(line.strip()) for line in text.splitlines() if line.strip())


def _quiet_line(line: str) -> str:
    parts = _CODE.split(line)
    parts[::2] = [_quiet_words(part) for part in parts[::2]]
    return "".join(parts)


def _quiet_words(words: str) -> str:
    parts = _ADDRESS.split(words)
    parts[::2] = [_PUNCTUATION.sub(r"\\\1", part) for part in parts[::2]]
    parts[1::2] = [code(part) for part in parts[1::2]]
    return "".join(parts)


def code(text: str) -> str:
    """Return a name as inline code, whatever is in it."""
    shown = " ".join(text.split())
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}" if shown else "–"


def unticked(text: str) -> str:
    """Return a text for a cell of a table, which shows backticks as they are, without them."""
    return text.replace("`", "")


def table(rows: Sequence[Mapping[str, str]]) -> str:
    """Return rows of quiet texts and code, titles and cells alike, as a table of markdown."""
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    return "\n".join("| " + " | ".join(_in_cell(cell) for cell in line) + " |" for line in lines)


def _in_cell(cell: str) -> str:
    """Return a text on one line; a bar ends a cell even in code, unless it is marked."""
    return _BARE_BAR.sub(r"\\|", " ".join(cell.split()))


def in_html(text: str) -> str:
    """Return a text for HTML of ours."""
    return html.escape(text)


def in_figure(text: str, *, most: int = FIGURE_CHARS, wrap: int | None = None) -> str:
    """Return a text for a figure, which reads tags of its own: shortened, and broken into lines where `wrap` says."""
    plain = " ".join(text.split())
    shown = plain if len(plain) <= most else plain[: most - 1].rstrip() + "…"
    lines = textwrap.wrap(shown, wrap) if wrap else [shown]
    return "<br>".join(html.escape(line, quote=False) for line in lines)
