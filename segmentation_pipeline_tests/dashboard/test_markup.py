"""Other people's text stays text, wherever it is shown."""

import html
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from segmentation_pipeline.dashboard.markup import code, in_figure, in_html, quiet, unticked

LINES = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z")) | st.sampled_from(list(" *_`[]()<>#$!~|:\\"))
)

BACKTICKED = st.lists(
    st.sampled_from(["`", "``", "```", "\n", "\n- ", "\n> ", "\\", "![](https://a.b/p.png)", "[a](https://a.b)", "<b>"])
    | LINES,
    max_size=12,
).map("".join)
"""Runs of backticks and lines that begin a block, which read before spans of code, around what must not be read."""


def read(markdown: str) -> str:
    """What a reader of rendered markdown sees: the words without the tags."""
    return html.unescape(re.sub(r"<[^>]+>", "", MarkdownIt("commonmark").render(markdown)))


@given(LINES)
def test_text_without_backticks_is_read_as_it_is(text):
    plain = text.replace("`", "")
    assert read(quiet(plain)).split() == plain.split()


@given(LINES | BACKTICKED)
@example("x```![](https://a.b/p.png)`y")
@example("`\n- ![](https://a.b/p.png)\n`")
@example("`a``![](https://a.b/p.png)`b")
def test_no_text_makes_a_link_a_picture_emphasis_or_markup(text):
    made = MarkdownIt("commonmark", {"html": True}).render(quiet(text))
    assert set(re.findall(r"<(\w+)", made)) <= {"p", "code", "br"}


@given(LINES.filter(str.strip))
def test_a_name_is_code_whatever_is_in_it(text):
    [inline] = [token for token in MarkdownIt("commonmark").parse(f"a {code(text)} b") if token.type == "inline"]
    [shown] = [child.content for child in inline.children if child.type == "code_inline"]
    assert shown.split() == text.split()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Shortcuts around `create_term_sheet`", "Shortcuts around `create_term_sheet`"),
        ("half `open", "half \\`open"),
        ("two ``runs`` and `one`", "two \\`\\`runs\\`\\` and `one`"),
        ("see https://a.b/c?d=e_f, ok", "see `https://a.b/c?d=e_f,` ok"),
        ("(WWW.a.b) `www.c.d` or ada@a.b!", "\\(`WWW.a.b)` `www.c.d` or `ada@a.b`\\!"),
        ("`https://a.b", "\\``https://a.b`"),
        ("`over\nlines`", "\\`over  \nlines\\`"),
        ("<b>a</b>", "\\<b\\>a\\<\\/b\\>"),
        ("one\n\n  two", "one  \ntwo"),
    ],
)
def test_backticked_names_are_the_only_marks_that_stay(text, shown):
    assert quiet(text) == shown


def test_cells_and_html_show_letters():
    assert unticked("around `search`") == "around search"
    assert in_html("<script>'\"&") == "&lt;script&gt;&#x27;&quot;&amp;"
    assert code("") == "–"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Owls", "Owls"),
        ("<a href='http://x'>y</a>", "&lt;a href='http://x'&gt;y&lt;/a&gt;"),
        ("R&D <br> people", "R&amp;D &lt;br&gt; people"),
        ("W" * 200, "W" * 31 + "…"),
    ],
)
def test_figures_show_tags_as_letters_and_shorten_long_names(text, shown):
    assert in_figure(text) == shown


def test_figures_break_names_only_where_they_are_asked_to():
    assert in_figure("Morning term sheet creators", wrap=13) == "Morning term<br>sheet<br>creators"
