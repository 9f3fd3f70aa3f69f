"""Texts: figures come from the metric, untrusted names stay data, ungrounded claims are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation_pipeline.llm.claims import Claim, Direction, Locale, UngroundedClaim, Unit
from segmentation_pipeline.llm.rendering import (
    clean_name,
    distinct_figures,
    figure,
    fill,
    quoted_name,
    render_claim,
    render_expectation,
)
from segmentation_pipeline_tests.llm.evidence_samples import BEFORE, CONTRAST, EVIDENCE

LEVEL = replace(CONTRAST, kind="level", comparator="none", direction="none", text="Drop-off is {value}.")
SIBLING = replace(CONTRAST, comparator="segment", compared_segment="s-b")
TREND = replace(CONTRAST, kind="trend", comparator="previous")
TURKISH = replace(CONTRAST, locale="tr", text="Terk {value}, {comparator} {direction}.")


@pytest.mark.parametrize(
    ("value", "unit", "english", "turkish"),
    [
        (0.632, "pct", "63%", "%63"),
        (0.0714, "pct", "7.1%", "%7,1"),
        (0.0031, "pct", "0.31%", "%0,31"),
        (0.0, "pct", "0%", "%0"),
        (1.0, "pct", "100%", "%100"),
        (0.222, "pp", "22 pp", "22 puan"),
        (-0.0004, "pp", "0.0 pp", "0,0 puan"),
        (1.54, "x", "1.5x", "1,5 kat"),
        (3.44, "days", "3.4 days", "3,4 gün"),
        (312.0, "count", "312", "312"),
        (1234567.0, "count", "1,234,567", "1.234.567"),
        (0.25, "count", "0.25", "0,25"),
        (131.6, "minutes", "132 minutes", "132 dakika"),
    ],
)
def test_figures_are_written_in_their_unit_and_locale(value: float, unit: Unit, english: str, turkish: str) -> None:
    assert figure(value, unit) == english
    assert figure(value, unit, locale="tr") == turkish


def test_compared_figures_never_read_alike_while_a_direction_is_claimed() -> None:
    assert distinct_figures(0.4149, 0.4051, "pct") == ("41.5%", "40.5%")
    assert distinct_figures(0.63, 0.41, "pct") == ("63%", "41%")


@given(st.floats(0, 1))
def test_a_written_share_is_within_half_of_its_last_digit(value: float) -> None:
    written = figure(value, "pct").removesuffix("%")
    decimals = len(written.partition(".")[2])
    assert abs(float(written) - value * 100) <= 0.5 * 10**-decimals + 1e-9


@pytest.mark.parametrize(
    ("claim", "sentence"),
    [
        (CONTRAST, "Drop-off is 63%, higher than the 41% overall."),
        (LEVEL, "Drop-off is 63%."),
        (replace(CONTRAST, direction="none", text="{value} {comparator}"), "63% against the 41% overall"),
        (SIBLING, "Drop-off is 63%, higher than the 52% of `Weekly planners`."),
        (TREND, "Drop-off is 63%, higher than the 50% of the refresh before."),
        (replace(CONTRAST, unit="pp", text="{value} {direction} {comparator}"), "22 pp higher than the 41% overall"),
        (replace(CONTRAST, unit="x", direction="none", text="{value} {comparator}"), "1.5x the 41% overall"),
        (replace(SIBLING, unit="pp", text="{value} {direction}"), "11 pp higher"),
        (
            replace(CONTRAST, metric="pause_minutes", unit="minutes", window=BEFORE, direction="lower"),
            "Drop-off is 2.0 minutes, shorter than the 3.5 minutes overall.",
        ),
        (TURKISH, "Terk %63, geneldeki %41 değerine göre daha yüksek."),
        (
            replace(TURKISH, comparator="segment", compared_segment="s-b"),
            "Terk %63, `Weekly planners` segmentindeki %52 değerine göre daha yüksek.",
        ),
        (
            replace(TURKISH, kind="trend", comparator="previous"),
            "Terk %63, önceki yenilemedeki %50 değerine göre daha yüksek.",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_claim_reads_as_the_evidence_says(claim: Claim, sentence: str) -> None:
    assert render_claim(claim, EVIDENCE) == sentence


@pytest.mark.parametrize(
    ("false_claim", "kind"),
    [
        (replace(CONTRAST, direction="lower"), "wrong_direction"),
        (replace(CONTRAST, metric="retention_day_9"), "unknown_metric"),
        (replace(CONTRAST, subject="s-c"), "unknown_segment"),
        (replace(CONTRAST, unit="days"), "wrong_unit"),
        (replace(CONTRAST, metric="feature_breadth", unit="count", window=""), "no_contrast"),
        (replace(CONTRAST, direction="none"), "unknown_slot"),
        (replace(LEVEL, text="{value} {comparator}"), "unknown_slot"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_claim_the_evidence_does_not_hold_is_refused(false_claim: Claim, kind: str) -> None:
    with pytest.raises(UngroundedClaim) as refused:
        render_claim(false_claim, EVIDENCE)
    assert refused.value.violation.kind == kind


@pytest.mark.parametrize(
    ("direction", "unit", "locale", "word"),
    [("lower", "days", "en", "shorter"), ("lower", "pct", "en", "lower"), ("higher", "pct", "tr", "daha yüksek")],
)
def test_an_expectation_has_a_direction_and_no_magnitude(
    direction: Direction, unit: Unit, locale: Locale, word: str
) -> None:
    assert render_expectation("it will be {direction}", direction, unit, locale) == f"it will be {word}"
    with pytest.raises(UngroundedClaim):
        render_expectation("{direction} by {value}", direction, unit)


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("revise_offer", "revise_offer"),
        ("a`b``c", "abc"),
        ("line\nbreak\ttab", "line break tab"),
        ("bell\x07 zero\u200bwidth \u202eflip", "bell zero width flip"),
        ("x" * 500, "x" * 60),
        ("  ", ""),
    ],
)
def test_untrusted_names_are_bounded_and_stripped(raw: str, clean: str) -> None:
    assert clean_name(raw) == clean


@given(st.text(max_size=200))
def test_a_quoted_name_is_one_backticked_span_on_one_line(name: str) -> None:
    quoted = quoted_name(name)
    assert quoted.count("`") == 2
    assert quoted.startswith("`")
    assert quoted.endswith("`")
    assert 3 <= len(quoted) <= 62
    assert len(quoted.splitlines()) == 1


def test_an_action_named_like_a_slot_stays_an_action() -> None:
    assert fill("`{value}` makes up {value}.", {"value": "9%"}) == "`{value}` makes up 9%."
