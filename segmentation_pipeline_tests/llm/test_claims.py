"""Binding: a claim is held to the one metric and comparator it names, and to nothing that merely fits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from segmentation_pipeline.llm.claims import Claim, Evidence, Metric, UngroundedClaim, bind, contrast_direction
from segmentation_pipeline_tests.llm.evidence_samples import BEFORE, CONTRAST, EVIDENCE, OWLS, PLANNERS, metric

SIBLING = replace(CONTRAST, comparator="segment", compared_segment="s-b")
TREND = replace(CONTRAST, kind="trend", comparator="previous")


@pytest.mark.parametrize(
    ("claim", "value", "compared", "direction"),
    [
        (CONTRAST, 0.632, 0.41, "higher"),
        (SIBLING, 0.632, 0.52, "higher"),
        (TREND, 0.632, 0.5, "higher"),
        (replace(TREND, metric="silent_days", unit="days", window=BEFORE), 9.0, 9.2, "none"),
        (replace(SIBLING, metric="session_frequency", unit="count", window=BEFORE), 4.2, 4.15, "none"),
        (replace(SIBLING, unit="pp"), 0.112, 0.52, "higher"),
        (replace(TREND, unit="x"), 1.264, 0.5, "higher"),
    ],
)
def test_value_comparator_and_direction_come_from_what_the_claim_names(
    claim: Claim, value: float, compared: float, direction: str
) -> None:
    bound = bind(claim, EVIDENCE)
    assert bound.value == pytest.approx(value)
    assert (bound.compared, bound.direction) == (compared, direction)


@pytest.mark.parametrize(
    ("claim", "kind"),
    [
        (replace(CONTRAST, subject="s-x"), "unknown_segment"),
        (replace(SIBLING, compared_segment="s-x"), "unknown_segment"),
        (replace(SIBLING, compared_segment="s-a"), "unknown_segment"),
        (replace(SIBLING, compared_segment=None), "unknown_segment"),
        (replace(CONTRAST, metric="revision_share"), "unknown_metric"),
        (replace(SIBLING, metric="conversion_rate"), "no_comparison"),
        (replace(TREND, metric="conversion_rate"), "no_comparison"),
        (replace(TREND, metric="pause_minutes", unit="minutes", window=""), "no_comparison"),
        (replace(TREND, subject="s-b"), "no_comparison"),
        (replace(CONTRAST, window="30 days"), "wrong_window"),
        (replace(CONTRAST, unit="minutes"), "wrong_unit"),
        (replace(CONTRAST, metric="session_frequency", unit="pp", window=""), "wrong_unit"),
        (replace(CONTRAST, kind="level"), "inconsistent_claim"),
        (replace(CONTRAST, kind="trend"), "inconsistent_claim"),
        (replace(TREND, kind="contrast"), "inconsistent_claim"),
        (replace(CONTRAST, kind="level", comparator="none"), "inconsistent_claim"),
        (replace(CONTRAST, kind="count", comparator="none", direction="none"), "inconsistent_claim"),
        (replace(CONTRAST, kind="level", comparator="none", direction="none", unit="pp"), "wrong_unit"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_exist_or_fit_together_is_refused(claim: Claim, kind: str) -> None:
    with pytest.raises(UngroundedClaim) as refused:
        bind(claim, EVIDENCE)
    assert refused.value.violation.kind == kind


def test_segments_differ_only_where_both_intervals_together_exclude_chance() -> None:
    # By hand: difference .112, margins sqrt(.02^2 + .02^2) = .028; and .05 against sqrt(.1^2 + .1^2) = .14.
    ours, theirs = OWLS.metrics, PLANNERS.metrics
    assert contrast_direction(ours["drop_off_rate"], theirs["drop_off_rate"]) == "higher"
    assert contrast_direction(theirs["drop_off_rate"], ours["drop_off_rate"]) == "lower"
    assert contrast_direction(ours["session_frequency"], theirs["session_frequency"]) == "none"


@pytest.mark.parametrize("missing", [{"contrast_low": None}, {"low": None}, {"window": "other days"}])
def test_a_metric_never_offered_with_a_direction_gets_none_from_siblings_either(missing: dict[str, None]) -> None:
    ours, theirs = OWLS.metrics["drop_off_rate"], PLANNERS.metrics["drop_off_rate"]
    assert contrast_direction(replace(ours, **missing), theirs) == "none"
    assert contrast_direction(theirs, replace(ours, **missing)) == "none"


@pytest.mark.parametrize(
    ("metric_id", "window", "days"),
    [
        ("retention_day_7", "day 7 after the landmark", (7.0,)),
        ("drop_off_rate", "4.5 days after the landmark", (4.5,)),
        ("session_frequency", "before the landmark", ()),
    ],
)
def test_day_counts_are_those_of_name_and_window(metric_id: str, window: str, days: tuple[float, ...]) -> None:
    assert metric(metric_id, 1.0, window=window).day_counts == days


def test_known_names_are_those_of_metrics_segments_and_settings() -> None:
    known = Evidence.of([OWLS], names=["revise_offer"]).known_names
    assert {"export", "action_share:export", "Night owls", "s-a", "revise_offer"} <= known
    assert "" not in known


def test_a_metric_of_nothing_has_no_ratio() -> None:
    nothing = Metric("drop_off_rate", 0.5, "pct", overall_value=0.0)
    claim = replace(CONTRAST, unit="x", direction="none", window="")
    with pytest.raises(UngroundedClaim):
        bind(claim, Evidence.of([replace(OWLS, metrics={"drop_off_rate": nothing})]))
