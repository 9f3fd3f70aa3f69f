"""Texts: figures come from the metric, untrusted names stay data, ungrounded claims are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation_pipeline.insights.advisor import Claim
from segmentation_pipeline.insights.evidence import Metric, SegmentEvidence
from segmentation_pipeline.insights.rendering import (
    UngroundedClaim,
    clean_name,
    distinct_figures,
    figure,
    fill,
    quoted_name,
    render_claim,
)

DROP_OFF = Metric(
    "drop_off_rate", 0.632, "pct", 0.58, 0.68, 0.41, 0.12, 0.3, contrast_direction="higher", window="4 days"
)
PAUSE = Metric("pause_minutes", 2.0, "minutes", overall_value=3.5, contrast_direction="lower")
BREADTH = Metric("feature_breadth", 5.0, "count", overall_value=5.2, contrast_direction="none")
EVIDENCE = SegmentEvidence("s-a", "A", {m.metric_id: m for m in (DROP_OFF, PAUSE, BREADTH)})
CLAIM = Claim(
    "contrast",
    "s-a",
    "drop_off_rate",
    "overall",
    "higher",
    0.632,
    "pct",
    "4 days",
    "Drop-off is {value}, {direction} {comparator}.",
)


@pytest.mark.parametrize(
    ("value", "unit", "written"),
    [
        (0.632, "pct", "63%"),
        (0.0714, "pct", "7.1%"),
        (0.0031, "pct", "0.31%"),
        (0.0, "pct", "0%"),
        (1.0, "pct", "100%"),
        (0.222, "pp", "22 pp"),
        (-0.0004, "pp", "0.0 pp"),
        (1.54, "x", "1.5x"),
        (3.44, "days", "3.4 days"),
        (312.0, "count", "312"),
        (0.25, "count", "0.25"),
        (131.6, "minutes", "132 minutes"),
    ],
)
def test_figures_are_written_in_their_unit(value: float, unit: str, written: str) -> None:
    assert figure(value, unit) == written


def test_compared_figures_never_read_alike_while_a_direction_is_claimed() -> None:
    assert distinct_figures(0.4149, 0.4051, "pct") == ("41.5%", "40.5%")
    assert distinct_figures(0.63, 0.41, "pct") == ("63%", "41%")


@given(st.floats(0, 1))
def test_a_written_share_is_within_half_of_its_last_digit(value: float) -> None:
    written = figure(value, "pct").removesuffix("%")
    decimals = len(written.partition(".")[2])
    assert abs(float(written) - value * 100) <= 0.5 * 10**-decimals + 1e-9


def test_a_claim_reads_as_the_metric_says() -> None:
    assert render_claim(CLAIM, EVIDENCE) == "Drop-off is 63%, higher than the 41% overall."


def test_points_and_multiples_are_recomputed_from_the_metric() -> None:
    points = replace(CLAIM, unit="pp", value=None, comparator="none", direction="none", text="{value} apart")
    assert render_claim(points, EVIDENCE) == "22 pp apart"
    assert render_claim(replace(points, unit="x"), EVIDENCE) == "1.5x apart"


def test_durations_are_longer_or_shorter() -> None:
    claim = replace(CLAIM, metric="pause_minutes", unit="minutes", value=2.0, direction="lower")
    assert render_claim(claim, EVIDENCE) == "Drop-off is 2.0 minutes, shorter than the 3.5 minutes overall."


@pytest.mark.parametrize(
    "false_claim",
    [
        replace(CLAIM, value=0.622),
        replace(CLAIM, direction="lower"),
        replace(CLAIM, metric="retention_day_7"),
        replace(CLAIM, subject="s-b"),
        replace(CLAIM, unit="days"),
        replace(CLAIM, metric="feature_breadth", unit="count", value=5.0, direction="lower"),
        replace(CLAIM, direction="none"),
        replace(CLAIM, comparator="none"),
    ],
    ids=["value", "direction", "metric", "segment", "unit", "no contrast", "direction slot", "comparator slot"],
)
def test_a_claim_the_evidence_does_not_hold_is_refused(false_claim: Claim) -> None:
    with pytest.raises(UngroundedClaim):
        render_claim(false_claim, EVIDENCE)


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
