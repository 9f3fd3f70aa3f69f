"""Figures are read in the answer's locale, with their unit, or found unreadable; never read as something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation_pipeline.llm.grounding_figures import mask_figures, parse_number, read_figures

if TYPE_CHECKING:
    from segmentation_pipeline.llm.claims import Locale


@pytest.mark.parametrize(
    ("written", "locale", "number"),
    [
        ("1,234.5", "en", (1234.5, 0.1)),
        ("1.234,5", "tr", (1234.5, 0.1)),
        ("1234", "en", (1234.0, 1.0)),
        ("63.20", "en", (63.2, 0.01)),
        ("1.234", "en", (1.234, 0.001)),
        ("1.234", "tr", (1234.0, 1.0)),
        ("63,2", "en", None),
        ("63.2", "tr", None),
        ("1,23,456", "en", None),
        ("1.2.3", "en", None),
        ("12,3456", "en", None),
    ],
)
def test_the_same_digits_are_another_number_in_another_locale(
    written: str, locale: Locale, number: tuple[float, float] | None
) -> None:
    assert parse_number(written, locale) == (None if number is None else pytest.approx(number))


@pytest.mark.parametrize(
    ("text", "unit", "value", "problem"),
    [
        ("63%", "pct", 63.0, None),
        ("63 per cent", "pct", 63.0, None),
        ("%63", "pct", 63.0, None),
        ("yüzde 63", "pct", 63.0, None),
        ("%63'ten", "pct", 63.0, None),
        ("22 pp", "points", 22.0, None),
        ("22 percentage points", "points", 22.0, None),
        ("22 %-points", "points", 22.0, None),
        ("22 puan", "points", 22.0, None),
        ("1.5x", "x", 1.5, None),
        ("1.5×", "x", 1.5, None),
        ("1.5 times", "x", 1.5, None),
        ("2 kat", "x", 2.0, None),
        ("9-day", "days", 9.0, None),
        ("day 9", "days", 9.0, None),
        ("d9", "days", 9.0, None),
        ("9. gün", "days", 9.0, None),
        ("12-minute", "minutes", 12.0, None),
        ("12 hours", "other", 12.0, None),
        ("12 visits", "bare", 12.0, None),
        ("-3 pp", "points", -3.0, None),
        ("~3%", "pct", 3.0, None),
        ("±3%", "pct", 3.0, "unreadable_figure"),
        ("<3%", "pct", 3.0, "comparative"),
        ("1e2", "bare", 1.0, "unreadable_figure"),
        ("10k", "bare", 10.0, "unreadable_figure"),
        ("q3", "bare", 3.0, "unreadable_figure"),
        ("40-ish", "bare", 40.0, "unreadable_figure"),
        ("40+", "bare", 40.0, "unreadable_figure"),
        ("$40", "bare", 40.0, "unreadable_figure"),
        (".5", "bare", 5.0, "unreadable_figure"),
        ("2/3", "bare", 2.0, "fraction"),
        ("3 out of 5", "bare", 3.0, "fraction"),
        ("40-45%", "bare", 40.0, "range"),
        ("40 to 45%", "bare", 40.0, "range"),
    ],
)
def test_a_figure_is_read_with_its_unit_or_said_to_be_unreadable(
    text: str, unit: str, value: float, problem: str | None
) -> None:
    first = read_figures(text, "tr" if "gün" in text or "kat" in text else "en")[0]
    assert (first.unit, first.value, first.problem) == (unit, value, problem)


def test_from_one_to_another_is_no_range_but_two_figures() -> None:
    assert [figure.problem for figure in read_figures("from 40% to 45%", "en")] == [None, None]
    assert [figure.problem for figure in read_figures("between 40% and 45%", "en")] == ["range", "range"]


@pytest.mark.parametrize(("actual", "is_equal"), [(63.5, True), (62.5, True), (63.51, False), (-63.0, True)])
def test_equal_is_within_half_of_the_last_written_digit(actual: float, *, is_equal: bool) -> None:
    assert read_figures("63%", "en")[0].equals(actual) is is_equal


def test_a_written_sign_counts() -> None:
    assert not read_figures("-63 pp", "en")[0].equals(63.0)


@given(st.text(alphabet="0123456789.,%-+ x'kd/", max_size=30))
def test_no_digit_is_ever_overlooked(text: str) -> None:
    figures = read_figures(text, "en")
    assert not any(character.isdigit() for character in mask_figures(text, figures))
    assert len(mask_figures(text, figures)) == len(text)
