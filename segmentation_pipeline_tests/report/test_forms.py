"""PDF, HTML and slides of one content: the same words, the same bytes each time, whatever names people give."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date, datetime
from html import unescape

import pytest
from fontTools.ttLib import TTFont
from pptx import Presentation

from segmentation_pipeline.report.content import (
    Bullets,
    Callout,
    Fact,
    Facts,
    Heading,
    Idea,
    Page,
    Pictures,
    Report,
    Table,
    Text,
    plain,
    runs,
)
from segmentation_pipeline.report.pictures import Interval, font_files, interval_picture
from segmentation_pipeline.report.slides import as_slides
from segmentation_pipeline.report.typesetting import typeset
from segmentation_pipeline.report.web import as_html
from segmentation_pipeline.wording import LANGUAGES, load_texts
from segmentation_pipeline_tests.report.words import words_of

HOSTILE = "</script><script>alert(1)</script> #let x = 1 $y$ *b* _i_ [c] \\n {d} " + "W" * 80


def sample_report(name="Ağrı Şişli İğne"):
    picture = interval_picture(
        [Interval(name, 0.4, 0.3, 0.5, "#0072B2", 0.2), Interval("Other", 0.2, None, None, "#D55E00")],
        0.3,
        lambda value: f"{value:.0%}",
        name="rates",
        title="Rates",
        alt=f"Rates of {name}",
    )
    blocks = (
        Heading("What hurts"),
        Text(f"Said of `{name}`.", quiet=True),
        Bullets(("First.", "Second of `create_it`.")),
        Facts((Fact("Users", "1,234", "of all"), Fact("Segments", "4"))),
        Table(("Segment", "Users"), tuple((f"{name} {n}", str(n)) for n in range(40)), marks=("#0072B2",) * 40),
        Pictures((picture,)),
        *(Callout(name, "Mind this.", tone) for tone in ("good", "plain", "caution")),
        Idea("pain", name, "It hurts."),
        Idea("experiment", "Try it", "Do this.", (("Verdict", "Run it"), ("Decided on", "`drop_off`"))),
    )
    pages = (Page("First", "Lead.", blocks), Page(name, "Who they are.", blocks[:2], "#0072B2"), Page("Last", "", ()))
    return Report("Report", "As of today", "Report; today", "tr", date(2026, 1, 1), datetime(2026, 1, 31), pages)


def html_words(document: bytes) -> str:
    return unescape(re.sub(r"<svg.*?</svg>|<style>.*?</style>|<[^>]+>", "", document.decode(), flags=re.DOTALL))


def slide_words(deck: bytes) -> str:
    found = []
    for slide in Presentation(io.BytesIO(deck)).slides:
        for shape in slide.shapes:
            if shape.has_text_frame:
                found.append(shape.text_frame.text)
            if shape.has_table:
                found += [cell.text for row in shape.table.rows for cell in row.cells]
    return "\n".join(found)


def test_pages_and_slides_say_every_word_of_the_content():
    report = sample_report()
    html, slides = html_words(as_html(report)), slide_words(as_slides(report))
    said = [line for line in words_of(report).splitlines() if line and not line.startswith("#")]
    known = {"good", "plain", "caution", "pain", "experiment", "rates"}
    for line in (plain(one) for one in said if one not in known):
        assert line in html or line == "Rates of Ağrı Şişli İğne", line
        assert line in slides or line == "Rates of Ağrı Şişli İğne", line


def test_every_form_is_the_same_bytes_each_time_and_whole():
    first, again = sample_report(), sample_report()
    for form in (typeset, as_html, as_slides):
        assert form(first) == form(again)
    pdf = typeset(first)
    assert pdf.startswith(b"%PDF-1.")
    assert b"SourceSansPro" in pdf
    assert zipfile.ZipFile(io.BytesIO(as_slides(first))).testzip() is None


def test_names_that_are_code_elsewhere_are_names_here():
    report = sample_report(HOSTILE)
    assert typeset(report).startswith(b"%PDF-1.")
    html = as_html(report).decode()
    assert "<script" not in html
    assert HOSTILE in html_words(html.encode())
    assert "http://" not in re.sub(r'xmlns[:\w]*="[^"]*"', "", html)
    assert HOSTILE in slide_words(as_slides(report))


def test_no_slide_holds_more_than_it_has_room_for_and_long_tables_go_on_with_their_headers():
    deck = Presentation(io.BytesIO(as_slides(sample_report())))
    headers = 0
    for slide in deck.slides:
        for shape in slide.shapes:
            assert 0 <= shape.left <= shape.left + shape.width <= deck.slide_width
            assert 0 <= shape.top <= shape.top + shape.height <= deck.slide_height
            headers += shape.has_table
            if shape.shape_type == 13:
                assert shape._element.nvPicPr.cNvPr.get("descr") == "Rates of Ağrı Şişli İğne"
    assert headers > 1


def test_the_letters_of_both_languages_are_in_the_font():
    texts = [load_texts("segmentation_pipeline.report", locale).entries.values() for locale in LANGUAGES]
    letters = {letter for entries in texts for text in entries for letter in text if letter.isprintable()}
    for file in font_files():
        assert letters - {chr(code) for code in TTFont(file).getBestCmap()} == set()


@pytest.mark.parametrize("text", ["plain", "`a` and `b`", "", "un`even"])
def test_names_between_backticks_are_told_from_words(text):
    assert "".join(piece for piece, _ in runs(text)) == plain(text)
    assert [piece for piece, is_name in runs("`a` and `b`") if is_name] == ["a", "b"]
