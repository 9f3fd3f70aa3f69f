"""Delimiter, quoting and header are recognised by what the header then says."""

from __future__ import annotations

import pytest

from segmentation_pipeline.landing.delimiters import Dialect, find_dialect, is_aligned
from segmentation_pipeline_tests.landing.roles import wanted

NAMES = ("user_id", "timestamp", "action")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "~", ":", "||", "\x01", " "])
def test_any_delimiter_is_found(delimiter):
    text = "\n".join(delimiter.join(row) for row in (NAMES, ("u1", "2024-01-01", "a-b"), ("u2", "2024-01-02", "c,d;e")))
    assert find_dialect(text, wanted(), is_whole=True) == Dialect(delimiter, '"', '"', NAMES)


def test_names_that_hold_other_delimiters_do_not_mislead():
    text = "case:concept:name,time:timestamp,concept:name\n1,2024-01-01 10:00:00,a;b\n"
    assert find_dialect(text, wanted(), is_whole=True).delimiter == ","


def test_without_known_names_the_most_even_split_wins():
    text = 'who;when, exactly;what\n"a";1,5;x\n"b";2,5;y,z\n'
    assert find_dialect(text, wanted(), is_whole=True).delimiter == ";"


@pytest.mark.parametrize(
    ("text", "quote", "escape"),
    [
        ('user_id,ts,event\n1,2,"a ""b"" c"\n', '"', '"'),
        ('user_id,ts,event\n1,2,"a \\"b\\" c"\n', '"', "\\"),
        ("user_id,ts,event\n1,2,'a, b'\n", "'", "'"),
        ("user_id,ts,event\n1,2,it's\n", '"', '"'),
    ],
)
def test_quoting_is_recognised(text, quote, escape):
    found = find_dialect(text, wanted(), is_whole=True)
    assert (found.quote, found.escape) == (quote, escape)


def test_blank_lines_before_the_header_are_counted_and_names_are_made_distinct():
    found = find_dialect("\r\n\nuser_id,ts,event,x,,x\n", wanted(), is_whole=True)
    assert found.blank_lines == 2
    assert found.header == ("user_id", "ts", "event", "x", "column_5", "x")
    assert found.columns == ("user_id", "ts", "event", "x", "column_5", "x_2")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" customer_id  date cds\n 00001 19970101  1\n 00002 19970112 12\n", True),
        ("user_id timestamp action\nu1 2024-01-01 a\n", False),
        ("user_id,ts,event\nu1,2024-01-01  10:00,a\n", False),
        ("user_id  ts  event\nu1  2024-01-01  two words\n", False),
    ],
)
def test_columns_aligned_with_blanks_are_told_from_separated_ones(text, expected):
    assert is_aligned(text) is expected
