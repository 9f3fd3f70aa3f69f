"""The report as one HTML file: no scripts, nothing fetched, pictures inside.

Add here: the markup of another kind of block. Keep out: its look (page.css), and words.
"""

from __future__ import annotations

import re
from functools import singledispatch
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from segmentation_pipeline.report.content import (
    Bullets,
    Callout,
    Facts,
    Heading,
    Idea,
    Pictures,
    Table,
    Text,
    plain,
    runs,
)

if TYPE_CHECKING:
    from segmentation_pipeline.report.content import Block, Page, Picture, Report

_PROLOGUE = re.compile(rb"^.*?(?=<svg)", re.DOTALL)
_METADATA = re.compile(rb"<metadata>.*?</metadata>", re.DOTALL)
_ID = re.compile(rb'(?<= id=")[^"]+(?=")|(?<=href="#)[^"]+(?=")|(?<=url\(#)[^)]+(?=\))')


def as_html(report: Report) -> bytes:
    """Return the report as one HTML document."""
    style = files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    index = "".join(
        f'<li><a href="#page-{number}">{escape(plain(page.title))}</a></li>'
        for number, page in enumerate(report.pages, 1)
    )
    pages = "\n".join(_page(page, number) for number, page in enumerate(report.pages, 1))
    return (
        f'<!doctype html>\n<html lang="{report.locale}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
        'img-src data:">\n'
        f"<title>{escape(report.title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n"
        f"<header><h1>{escape(report.title)}</h1><p>{escape(report.subtitle)}</p></header>\n"
        f"<nav><ol>{index}</ol></nav>\n{pages}\n<footer>{escape(report.footer)}</footer>\n</main>\n</body>\n</html>\n"
    ).encode()


def _page(page: Page, number: int) -> str:
    mark = f' class="segment" style="--mark: {escape(page.colour)}"' if page.colour else ""
    blocks = "\n".join(_block(block) for block in page.blocks)
    return (
        f'<section id="page-{number}">\n<h2{mark}>{_told(page.title)}</h2>\n<p class="lead">{_told(page.lead)}</p>\n'
        f"{blocks}\n</section>"
    )


def _told(text: str) -> str:
    return "".join(f"<code>{escape(piece)}</code>" if is_name else escape(piece) for piece, is_name in runs(text))


@singledispatch
def _block(block: Block) -> str:
    raise TypeError(f"no markup for {type(block).__name__}")


@_block.register
def _(block: Heading) -> str:
    return f"<h3>{_told(block.text)}</h3>"


@_block.register
def _(block: Text) -> str:
    start = '<p class="quiet">' if block.quiet else "<p>"
    return f"{start}{_told(block.text)}</p>"


@_block.register
def _(block: Bullets) -> str:
    return "<ul>" + "".join(f"<li>{_told(item)}</li>" for item in block.items) + "</ul>"


@_block.register
def _(block: Facts) -> str:
    told = "".join(
        f"<div><dt>{escape(fact.label)}</dt><dd>{escape(fact.value)}</dd>"
        f'<dd class="note">{escape(fact.note)}</dd></div>'
        for fact in block.facts
    )
    return f'<dl class="facts">{told}</dl>'


@_block.register
def _(block: Table) -> str:
    def words(place: int) -> str:
        return ' class="words"' if place in block.left else ""

    head = "".join(f'<th scope="col"{words(place)}>{escape(told)}</th>' for place, told in enumerate(block.headers))
    rows = []
    for number, row in enumerate(block.rows):
        mark = f'<span class="mark" style="--mark: {escape(block.marks[number])}"></span>' if block.marks else ""
        cells = "".join(
            f"<td{words(place)}>{mark if place == 0 else ''}{_told(cell)}</td>" for place, cell in enumerate(row)
        )
        rows.append(f"<tr>{cells}</tr>")
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


@_block.register
def _(block: Pictures) -> str:
    return '<div class="pictures">' + "".join(_figure(one) for one in block.pictures) + "</div>"


@_block.register
def _(block: Callout) -> str:
    return f'<div class="callout {block.tone}"><strong>{_told(block.title)}</strong><p>{_told(block.text)}</p></div>'


@_block.register
def _(block: Idea) -> str:
    details = "".join(f"<dt>{_told(label)}</dt><dd>{_told(value)}</dd>" for label, value in block.details)
    more = f'<dl class="details">{details}</dl>' if details else ""
    return f"<h4>{_told(block.title)}</h4><p>{_told(block.text)}</p>{more}"


def _figure(picture: Picture) -> str:
    """Return a picture inside the page; its ids are its own, so that two pictures do not share one."""
    svg = _METADATA.sub(b"", _PROLOGUE.sub(b"", picture.svg, count=1))
    svg = _ID.sub(lambda found: picture.name.encode() + b"-" + found[0], svg)
    label = f'<svg role="img" aria-label="{escape(picture.alt)}"'
    return (
        f"<figure><h3>{escape(picture.title)}</h3>{svg.decode().replace('<svg', label, 1)}"
        f"<figcaption>{escape(picture.caption)}</figcaption></figure>"
    )
