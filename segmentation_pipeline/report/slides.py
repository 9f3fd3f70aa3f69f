"""The report as slides: native text and tables that can be edited, pictures beside them; the same bytes each time.

A page becomes as many slides as its blocks need. Heights of texts are estimated, since only the program that shows the
slides sets them; the estimate is generous.
Add here: the look of another kind of block. Keep out: words.
"""

from __future__ import annotations

import io
import math
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
    from collections.abc import Callable, Sequence

    from segmentation_pipeline.report.content import Block, Page, Report

WIDTH_IN, HEIGHT_IN = 13.333, 7.5
LEFT_IN, TOP_IN, BOTTOM_IN = 0.6, 1.5, 6.95
ROOM_IN = WIDTH_IN - 2 * LEFT_IN
GAP_IN = 0.14

FONT, CODE_FONT = "Calibri", "Consolas"
INK, QUIET, ACCENT, SOFT, WHITE = "1F2933", "5B6770", "0B4F7D", "F2F5F7", "FFFFFF"
TONES = {"good": "00734F", "plain": "0B4F7D", "caution": "B25400"}

CHAR_OF_SIZE = 0.5
"""Mean width of a letter over its size: wide enough for capitals and for fonts that stand in for ours."""

LINE_OF_SIZE = 1.22
PT_PER_IN = 72.0
MOST_PICTURE_IN, LONE_PICTURE_IN = 3.0, 2.4
"""Heights of pictures: side by side, and of one that takes a line alone, so that a table has room beside it."""

HELD_TOGETHER = 2
"""Pieces a heading is held together with: what introduces a table, and the table."""

BLANK_LAYOUT = 6
ZIP_TIME = (1980, 1, 1, 0, 0, 0)
"""Of every part of the file: when it was written is no part of the report."""


@dataclass(frozen=True)
class Piece:
    """A block ready to be placed: its height, and what draws it with its upper edge at a place."""

    height_in: float
    draw: Callable[[Any, float], None]
    with_next: bool = False


def as_slides(report: Report) -> bytes:
    """Return the report as a PowerPoint file."""
    from pptx import Presentation
    from pptx.util import Inches

    deck = Presentation()
    deck.slide_width, deck.slide_height = Inches(WIDTH_IN), Inches(HEIGHT_IN)
    for number, page in enumerate(report.pages):
        _page(deck, report, page, is_first=number == 0)
    core = deck.core_properties
    core.title, core.author, core.last_modified_by = report.title, "segmentation_pipeline", "segmentation_pipeline"
    core.created = core.modified = report.made_at
    written = io.BytesIO()
    deck.save(written)
    return _without_times(written.getvalue())


def _page(deck: Any, report: Report, page: Page, *, is_first: bool) -> None:
    slide, top = _new_slide(deck, report, page, with_lead=True, is_first=is_first), TOP_IN
    pieces = _pieces(page.blocks)
    for place, piece in enumerate(pieces):
        needed = piece.height_in
        if piece.with_next:
            needed += sum(GAP_IN + one.height_in for one in pieces[place + 1 : place + 1 + HELD_TOGETHER])
        if top > TOP_IN and top + needed > BOTTOM_IN:
            slide, top = _new_slide(deck, report, page, with_lead=False, is_first=False), TOP_IN - 0.35
        piece.draw(slide, top)
        top += piece.height_in + GAP_IN


def _new_slide(deck: Any, report: Report, page: Page, *, with_lead: bool, is_first: bool) -> Any:
    slide = deck.slides.add_slide(deck.slide_layouts[BLANK_LAYOUT])
    _rectangle(slide, 0, 0, 0.14, HEIGHT_IN, (page.colour or f"#{ACCENT}").removeprefix("#"))
    title = f"{report.title}: {page.title[:1].lower() + page.title[1:]}" if is_first else page.title
    _text(slide, LEFT_IN, 0.32, ROOM_IN, 0.6, [(title, 28, True, ACCENT if page.colour is None else INK)])
    if with_lead:
        _text(slide, LEFT_IN, 0.88, ROOM_IN, 0.5, [(page.lead, 13, False, QUIET)])
    _text(slide, LEFT_IN, 7.05, ROOM_IN - 1, 0.3, [(report.footer, 10, False, QUIET)])
    _text(slide, WIDTH_IN - 1.4, 7.05, 0.8, 0.3, [(str(len(deck.slides)), 10, False, QUIET)], align="right")
    return slide


def _pieces(blocks: Sequence[Block]) -> list[Piece]:
    """Return blocks as pieces; ideas that follow each other stand side by side, the long ones alone."""
    found: list[Piece] = []
    pair: list[Idea] = []
    for block in blocks:
        if isinstance(block, Idea) and not block.details:
            pair.append(block)
            if len(pair) < 2:
                continue
            found.append(_ideas(pair))
            pair = []
            continue
        if pair:
            found.append(_ideas(pair))
            pair = []
        found += _piece(block)
    return [*found, _ideas(pair)] if pair else found


def _piece(block: Block) -> list[Piece]:
    match block:
        case Heading():
            return [_paragraphs([(block.text, 17, True, ACCENT)], with_next=True)]
        case Text():
            size, colour = (12, QUIET) if block.quiet else (14, INK)
            return [_paragraphs([(block.text, size, False, colour)])]
        case Bullets():
            return [_paragraphs([("•  " + item, 15, False, INK) for item in block.items])]
        case Facts():
            return [_facts(block)]
        case Table():
            return _tables(block)
        case Pictures():
            return [_pictures(block)]
        case Callout():
            return [_callout(block)]
        case Idea():
            return [_experiment(block)]


Line = tuple[str, int, bool, str]
"""A paragraph: its text, size in points, whether it is bold, its colour."""


def _height(lines: Sequence[Line], width_in: float) -> float:
    """Return how high paragraphs stand in a box of some width, generously."""
    total = 0.0
    for text, size, _, _ in lines:
        per_line = max(int(width_in * PT_PER_IN / (size * CHAR_OF_SIZE)), 1)
        total += max(math.ceil(len(plain(text)) / per_line), 1) * size * LINE_OF_SIZE + 3
    return total / PT_PER_IN


def _paragraphs(lines: list[Line], *, with_next: bool = False) -> Piece:
    height = _height(lines, ROOM_IN)
    return Piece(height, lambda slide, top: _text(slide, LEFT_IN, top, ROOM_IN, height, lines), with_next)


def _facts(block: Facts) -> Piece:
    count = len(block.facts)
    width = (ROOM_IN - 0.2 * (count - 1)) / count

    def draw(slide: Any, top: float) -> None:
        for place, fact in enumerate(block.facts):
            left = LEFT_IN + place * (width + 0.2)
            _rectangle(slide, left, top, width, 1.15, SOFT)
            lines: list[Line] = [(fact.label, 12, False, QUIET), (fact.value, 24, True, INK)]
            lines += [(fact.note, 11, False, QUIET)] if fact.note else []
            _text(slide, left + 0.12, top + 0.05, width - 0.2, 1.05, lines)

    return Piece(1.15, draw)


def _tables(block: Table) -> list[Piece]:
    """Return a table as pieces that each fit on a slide, headers on each."""
    row_in = 0.34
    widths = _widths(block)

    def lines_of(row: Sequence[str]) -> int:
        return max(
            math.ceil(len(plain(cell)) * 12 * CHAR_OF_SIZE / PT_PER_IN / max(width - 0.2, 0.3))
            for cell, width in zip(row, widths, strict=True)
        )

    parts: list[list[int]] = [[]]
    room = BOTTOM_IN - TOP_IN - row_in
    used = 0.0
    for number, row in enumerate(block.rows):
        high = max(lines_of(row), 1) * 0.2 + 0.14
        if parts[-1] and used + high > room:
            parts.append([])
            used = 0.0
        parts[-1].append(number)
        used += high

    def piece(part: list[int]) -> Piece:
        highs = [row_in, *(max(lines_of(block.rows[number]), 1) * 0.2 + 0.14 for number in part)]
        return Piece(sum(highs), lambda slide, top: _table(slide, top, block, part, widths, highs))

    return [piece(part) for part in parts if part]


def _widths(block: Table) -> list[float]:
    """Return how wide each column is: by its longest cell, words sharing what figures leave."""
    longest = [
        max([len(header), *(len(plain(row[place])) for row in block.rows)])
        for place, header in enumerate(block.headers)
    ]
    wanted = [min(max(count, 5), 60) + 2 for count in longest]
    return [ROOM_IN * count / sum(wanted) for count in wanted]


def _table(slide: Any, top: float, block: Table, part: list[int], widths: list[float], highs: list[float]) -> None:
    from pptx.util import Inches

    shape = slide.shapes.add_table(
        len(part) + 1, len(block.headers), Inches(LEFT_IN), Inches(top), Inches(ROOM_IN), Inches(sum(highs))
    )
    table = shape.table
    table.horz_banding = False
    for place, width in enumerate(widths):
        table.columns[place].width = Inches(width)
    for place, high in enumerate(highs):
        table.rows[place].height = Inches(high)
    for place, header in enumerate(block.headers):
        _cell(table.cell(0, place), [(header, 11, True, WHITE)], ACCENT, is_left=place in block.left)
    for line, number in enumerate(part, 1):
        for place, cell in enumerate(block.rows[number]):
            mark = block.marks[number].removeprefix("#") if block.marks and place == 0 else None
            fill = SOFT if line % 2 == 0 else WHITE
            _cell(table.cell(line, place), [(cell, 12, False, INK)], fill, is_left=place in block.left, mark=mark)


def _cell(cell: Any, lines: list[Line], fill: str, *, is_left: bool, mark: str | None = None) -> None:
    from pptx.util import Inches

    cell.fill.solid()
    cell.fill.fore_color.rgb = _colour(fill)
    cell.margin_top = cell.margin_bottom = Inches(0.03)
    cell.margin_left = cell.margin_right = Inches(0.08)
    _fill(cell.text_frame, lines, "left" if is_left else "right")
    if mark is not None:
        first = cell.text_frame.paragraphs[0]
        run = first.add_run()
        run.text = "●  "
        run.font.size, run.font.color.rgb = first.runs[0].font.size, _colour(mark)
        first._p.insert(0, run._r)  # noqa: SLF001 - python-pptx adds runs at the end only


def _pictures(block: Pictures) -> Piece:
    from struct import unpack

    count = len(block.pictures)
    width = (ROOM_IN - 0.4 * (count - 1)) / count
    sizes = [unpack(">II", one.png[16:24]) for one in block.pictures]
    most = LONE_PICTURE_IN if count == 1 else MOST_PICTURE_IN
    high = max(min(width * height / wide, most) for wide, height in sizes)
    caption_in = max(_height([(one.caption, 11, False, QUIET)], width) for one in block.pictures)

    def draw(slide: Any, top: float) -> None:
        from pptx.util import Inches

        for place, (one, (wide, height)) in enumerate(zip(block.pictures, sizes, strict=True)):
            left = LEFT_IN + place * (width + 0.4)
            _text(slide, left, top, width, 0.34, [(one.title, 15, True, INK)])
            shown = min(width, high * wide / height)
            added = slide.shapes.add_picture(io.BytesIO(one.png), Inches(left), Inches(top + 0.36), Inches(shown))
            added._element.nvPicPr.cNvPr.set("descr", one.alt)  # noqa: SLF001 - python-pptx has no name for it
            _text(slide, left, top + 0.4 + high, width, caption_in, [(one.caption, 11, False, QUIET)])

    return Piece(0.4 + high + caption_in, draw)


def _callout(block: Callout) -> Piece:
    lines: list[Line] = [(block.title, 16, True, TONES[block.tone]), (block.text, 14, False, INK)]
    height = _height(lines, ROOM_IN - 0.4) + 0.16

    def draw(slide: Any, top: float) -> None:
        _rectangle(slide, LEFT_IN, top, ROOM_IN, height, SOFT)
        _rectangle(slide, LEFT_IN, top, 0.06, height, TONES[block.tone])
        _text(slide, LEFT_IN + 0.2, top + 0.05, ROOM_IN - 0.4, height - 0.1, lines)

    return Piece(height, draw)


def _ideas(ideas: list[Idea]) -> Piece:
    width = (ROOM_IN - 0.4) / 2 if len(ideas) == 2 else ROOM_IN
    told: list[list[Line]] = [[(one.title, 14, True, INK), (one.text, 13, False, INK)] for one in ideas]
    height = max(_height(lines, width) for lines in told)

    def draw(slide: Any, top: float) -> None:
        for place, lines in enumerate(told):
            _text(slide, LEFT_IN + place * (width + 0.4), top, width, height, lines)

    return Piece(height, draw)


def _experiment(block: Idea) -> Piece:
    lines: list[Line] = [(block.title, 15, True, INK), (block.text, 13, False, INK)]
    label_in = 1.9
    above = _height(lines, ROOM_IN)
    highs = [_height([(value, 13, False, INK)], ROOM_IN - label_in - 0.4) for _, value in block.details]

    def draw(slide: Any, top: float) -> None:
        _text(slide, LEFT_IN, top, ROOM_IN, above, lines)
        place = top + above + 0.12
        _rectangle(slide, LEFT_IN, place - 0.06, ROOM_IN, sum(highs) + 0.12, SOFT)
        for (label, value), high in zip(block.details, highs, strict=True):
            _text(slide, LEFT_IN + 0.15, place, label_in, high, [(label, 13, False, QUIET)])
            _text(slide, LEFT_IN + label_in, place, ROOM_IN - label_in - 0.2, high, [(value, 13, False, INK)])
            place += high

    return Piece(above + sum(highs) + 0.3, draw)


def _rectangle(slide: Any, left: float, top: float, width: float, height: float, colour: str) -> None:
    from pptx.enum.shapes import MSO_SHAPE
    from pptx.util import Inches

    shape = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, Inches(left), Inches(top), Inches(width), Inches(height))
    shape.fill.solid()
    shape.fill.fore_color.rgb = _colour(colour)
    shape.line.fill.background()
    shape.shadow.inherit = False


def _text(
    slide: Any, left: float, top: float, width: float, height: float, lines: Sequence[Line], *, align: str = "left"
) -> None:
    from pptx.util import Inches

    box = slide.shapes.add_textbox(Inches(left), Inches(top), Inches(width), Inches(height))
    frame = box.text_frame
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    _fill(frame, lines, align)


def _fill(frame: Any, lines: Sequence[Line], align: str) -> None:
    from pptx.enum.text import PP_ALIGN
    from pptx.util import Pt

    frame.word_wrap = True
    for place, (text, size, is_bold, colour) in enumerate(lines):
        paragraph = frame.paragraphs[0] if place == 0 else frame.add_paragraph()
        paragraph.alignment = PP_ALIGN.RIGHT if align == "right" else PP_ALIGN.LEFT
        paragraph.space_after = Pt(2)
        for piece, is_name in runs(text):
            run = paragraph.add_run()
            run.text = piece
            run.font.name, run.font.size, run.font.bold = CODE_FONT if is_name else FONT, Pt(size), is_bold
            run.font.color.rgb = _colour(colour)


def _colour(written: str) -> Any:
    from pptx.dml.color import RGBColor

    return RGBColor.from_string(written)  # type: ignore[no-untyped-call]


def _without_times(deck: bytes) -> bytes:
    """Return the file with its parts in order and without the time of writing."""
    written = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(deck)) as given,
        zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as clean,
    ):
        for name in given.namelist():
            clean.writestr(zipfile.ZipInfo(name, ZIP_TIME), given.read(name), zipfile.ZIP_DEFLATED)
    return written.getvalue()
