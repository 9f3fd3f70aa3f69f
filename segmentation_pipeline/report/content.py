"""What a report holds, before it has a form: pages of blocks, words already in the reader's language.

Add here: another kind of block, with its look in typesetting.py, web.py and slides.py. Keep out: reading and wording.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from datetime import date, datetime

_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Heading:
    """A heading within a page."""

    text: str


@dataclass(frozen=True)
class Text:
    """A paragraph; `quiet` ones are smaller, for what is said beside the point."""

    text: str
    quiet: bool = False


@dataclass(frozen=True)
class Bullets:
    """Sentences that each stand for themselves."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Fact:
    """A figure with its name, and what is to be known with it."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Facts:
    """Figures side by side."""

    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class Table:
    """Rows under headers; the first column and those in `left` are words, the rest figures.

    `marks`: a colour before each row, or none.
    """

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: tuple[int, ...] = (0,)
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Picture:
    """A picture in both forms, with its title, caption, and the words for those who do not see it."""

    name: str
    svg: bytes
    png: bytes
    alt: str
    title: str
    caption: str = ""


@dataclass(frozen=True)
class Pictures:
    """Pictures side by side."""

    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class Callout:
    """What must not be overlooked; tone: good, caution or plain."""

    title: str
    text: str
    tone: str = "plain"


@dataclass(frozen=True)
class Idea:
    """A piece of advice: what kind it is, its title, its text, and figures about it (label, value)."""

    kind: str
    title: str
    text: str
    details: tuple[tuple[str, str], ...] = ()


Block: TypeAlias = Heading | Text | Bullets | Facts | Table | Pictures | Callout | Idea


@dataclass(frozen=True)
class Page:
    """A page: its title, the line under it, its blocks; `colour` marks a segment's.

    One that `follows` is short and stands below the page before where there is room.
    """

    title: str
    lead: str
    blocks: tuple[Block, ...]
    colour: str | None = None
    follows: bool = False


@dataclass(frozen=True)
class Report:
    """A report of one refresh in one language; `made_at` is when what it tells was true, not when it was written."""

    title: str
    subtitle: str
    footer: str
    locale: str
    month: date
    made_at: datetime
    pages: tuple[Page, ...]

    def pictures(self) -> dict[str, Picture]:
        """Return every picture by its name."""
        blocks = (block for page in self.pages for block in page.blocks)
        return {one.name: one for block in blocks if isinstance(block, Pictures) for one in block.pictures}


def runs(text: str) -> list[tuple[str, bool]]:
    """Return the pieces of a text with whether each is a name of the data, which advice puts between backticks."""
    pieces = _CODE.split(text)
    return [(piece, number % 2 == 1) for number, piece in enumerate(pieces) if piece]


def plain(text: str) -> str:
    """Return a text without its backticks."""
    return _CODE.sub(r"\1", text)
