"""Markdown that holds whatever users called their things: tables and code.

Add here: another form of text that Dagster's UI and the docs show.
Keep out: what the texts say.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PIPE = re.compile(r"(\\*)\|")
MARKUP = re.compile(r"(?P<code>(?<!`)(?P<fence>`+)(?!`).+?(?<!`)(?P=fence)(?!`))|(?P<before>\\*)(?P<opening>[\[<])")
"""Code, which is left as it is, or what opens a link, a picture or a tag: no name makes a page fetch anything."""


BLOCK = re.compile(r"^(\d{0,9})([#>*+=~|.)-])")
"""What begins a heading, a list, a quotation or a rule at the start of a line."""


class Markdown(str):
    """A text that is markdown: as metadata of a table it is shown as such."""

    __slots__ = ()


def table(header: Sequence[str], rows: Iterable[Iterable[object]]) -> Markdown:
    """Return a table; a column whose name ends in a colon is aligned right, as figures are.

    A cell is one line of markdown without links, pictures and tags.
    """
    names = [name.removesuffix(":") for name in header]
    rules = ["---:" if name.endswith(":") else "---" for name in header]
    return Markdown(
        "\n".join([_line(names), f"|{'|'.join(rules)}|", *(_line([_cell(one) for one in row]) for row in rows)])
    )


def plain(text: str) -> str:
    """Return a text of somebody else as one line of a paragraph: no link, picture or tag, and no heading or list."""
    line = MARKUP.sub(_without_markup, " ".join(text.split()))
    return BLOCK.sub(r"\1\\\2", line)


def code(text: str) -> str:
    """Return a text as code, backticks and all."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    padding = " " if text.startswith("`") or text.endswith("`") else ""
    fence = "`" * (longest + 1)
    return f"{fence}{padding}{text}{padding}{fence}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: object) -> str:
    text = " ".join(str(value).splitlines())
    return PIPE.sub(r"\1\1\\|", MARKUP.sub(_without_markup, text))


def _without_markup(found: re.Match[str]) -> str:
    return found["code"] or f"{found['before'] * 2}\\{found['opening']}"
