"""Tables and code in markdown: whatever a name holds, the table keeps its columns and fetches nothing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation_pipeline.markdown import Markdown, code, table

DIVIDER = re.compile(r"(?:\\.|[^\\|])*\|")


def test_a_table_has_a_header_rules_and_rows_and_figures_are_aligned_right():
    told = table(("segment", "users:"), [("Owls", "1,204"), ("Larks", 7)])
    assert isinstance(told, Markdown)
    assert told == "| segment | users |\n|---|---:|\n| Owls | 1,204 |\n| Larks | 7 |"


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("a|b", r"a\|b"),
        (r"a\|b", r"a\\\|b"),
        ("`mix:a|b` falls", r"`mix:a\|b` falls"),
        ("one\r\ntwo\nthree", "one two three"),
        ("![x](https://example.org/x.png)", r"!\[x](https://example.org/x.png)"),
        ("<img src=x>", r"\<img src=x>"),
        (r"\[x](y)", r"\\\[x](y)"),
        ("**kmeans-3** `[0]` [0]", r"**kmeans-3** `[0]` \[0]"),
        ("one ` tick [x](y)", r"one ` tick \[x](y)"),
    ],
)
def test_a_cell_is_one_line_whose_names_survive_and_whose_links_do_not(cell, shown):
    assert table(("what",), [(cell,)]).splitlines()[2] == f"| {shown} |"


@given(st.lists(st.text(st.sampled_from("a|\\`[<\n ")), min_size=2, max_size=3))
def test_whatever_the_cells_hold_a_row_has_as_many_as_the_header(cells):
    row = table([""] * len(cells), [cells]).splitlines()[2:]
    assert len(row) == 1
    assert len(DIVIDER.findall(row[0])) == len(cells) + 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a", "`a`"), ('{"a": "`b`"}', '``{"a": "`b`"}``'), ("`b", "`` `b ``"), ("``b`c", "``` ``b`c ```")],
)
def test_code_holds_backticks(text, shown):
    assert code(text) == shown
