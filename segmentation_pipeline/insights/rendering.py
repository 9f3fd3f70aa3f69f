"""Turns texts with slots into sentences: every figure and direction is filled in from a bound metric.

Add here: how another unit, comparator or locale is written.
Keep out: choosing what to say (`rules.py`) and computing metrics (`metrics.py`).
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segmentation_pipeline.insights.advisor import Claim
    from segmentation_pipeline.insights.evidence import SegmentEvidence

MAX_NAME_CHARS = 60
"""Longest piece of untrusted text (an action name) that enters a sentence."""

MAX_DECIMALS = 4
"""Decimals tried before two different figures are allowed to read alike."""

_BACKTICKED = re.compile(r"(`[^`]*`)")
_SLOT = re.compile(r"\{(value|comparator|direction)\}")

_DIRECTION_WORDS = {
    "days": {"higher": "longer", "lower": "shorter"},
    "minutes": {"higher": "longer", "lower": "shorter"},
}
_DEFAULT_WORDS = {"higher": "higher", "lower": "lower"}


class UngroundedClaim(ValueError):
    """A claim cites a metric, value or direction that the evidence does not hold."""


def clean_name(name: str) -> str:
    """Return an untrusted name without control, format and line characters or backticks, at most 60 long."""
    kept = "".join(
        " " if unicodedata.category(character)[0] in "CZ" else character for character in name if character != "`"
    )
    return " ".join(kept.split())[:MAX_NAME_CHARS].rstrip()


def quoted_name(name: str) -> str:
    """Return an untrusted name as it may stand in a text: cleaned, bounded, in backticks."""
    return f"`{clean_name(name) or '(blank)'}`"


def direction_word(direction: str, unit: str) -> str:
    """Return how a direction reads for a unit: lower -> shorter for durations."""
    return _DIRECTION_WORDS.get(unit, _DEFAULT_WORDS)[direction]


def figure(value: float, unit: str, *, decimals: int | None = None) -> str:
    """Return a value as written in a text; `pct` and `pp` are stored as fractions and written times 100."""
    scaled = value * 100 if unit in ("pct", "pp") else value
    places = _usual_decimals(scaled, unit) if decimals is None else decimals
    digits = f"{scaled:.{places}f}"
    if float(digits) == 0:
        digits = digits.removeprefix("-")
    return digits + {"pct": "%", "pp": " pp", "x": "x", "days": " days", "minutes": " minutes"}.get(unit, "")


def distinct_figures(value: float, other: float, unit: str) -> tuple[str, str]:
    """Return both values with as many decimals as it takes to tell them apart, the usual number if possible."""
    usual = figure(value, unit), figure(other, unit)
    if usual[0] != usual[1]:
        return usual
    for decimals in range(1, MAX_DECIMALS + 1):
        pair = figure(value, unit, decimals=decimals), figure(other, unit, decimals=decimals)
        if pair[0] != pair[1]:
            return pair
    return usual


def fill(template: str, slots: dict[str, str]) -> str:
    """Return the template with its slots filled; backticked parts are data and stay as they are.

    Raises:
        UngroundedClaim: the template has a slot for which nothing is bound.
    """

    def bound(slot: re.Match[str]) -> str:
        try:
            return slots[slot.group(1)]
        except KeyError:
            raise UngroundedClaim(f"slot {slot.group(0)} of {template!r} has nothing bound to it") from None

    parts = _BACKTICKED.split(template)
    return "".join(part if part.startswith("`") else _SLOT.sub(bound, part) for part in parts)


def render_claim(claim: Claim, evidence: SegmentEvidence) -> str:
    """Return a claim's sentence with value, direction and comparator taken from the metric it cites.

    Raises:
        UngroundedClaim: the metric does not exist, the claimed value is another one, or the direction is not the
            one of a stored contrast whose interval excludes no difference.
    """
    metric = evidence.metrics.get(claim.metric)
    if metric is None or claim.subject != evidence.cluster_id:
        raise UngroundedClaim(f"{claim.metric} of {claim.subject} is not in the evidence of {evidence.cluster_id}")
    actual = _recomputed(metric.value, metric.overall_value, metric.unit, claim.unit)
    if claim.value is not None and figure(claim.value, claim.unit) != figure(actual, claim.unit):
        raise UngroundedClaim(f"{claim.metric} of {claim.subject} is {actual}, not {claim.value}")
    slots = {"value": figure(actual, claim.unit)}
    if claim.direction != "none":
        if claim.direction != metric.contrast_direction:
            raise UngroundedClaim(
                f"{claim.metric} of {claim.subject} is claimed {claim.direction}, its contrast says "
                f"{metric.contrast_direction}"
            )
        slots["direction"] = direction_word(claim.direction, metric.unit)
    if claim.comparator == "overall":
        if metric.overall_value is None:
            raise UngroundedClaim(f"{claim.metric} has no value for all users to compare with")
        if claim.unit == metric.unit:
            slots["value"], compared = distinct_figures(metric.value, metric.overall_value, metric.unit)
        else:
            compared = figure(metric.overall_value, metric.unit)
        slots["comparator"] = f"than the {compared} overall"
    return fill(claim.text, slots)


def render_expectation(template: str, direction: str, unit: str) -> str:
    """Return a hypothesis with its expected direction filled in; an expectation never has a magnitude."""
    return fill(template, {"direction": direction_word(direction, unit)})


def _recomputed(value: float, overall: float | None, unit: str, claimed_unit: str) -> float:
    if claimed_unit == unit:
        return value
    if overall is not None and claimed_unit == "pp" and unit == "pct":
        return value - overall
    if overall and claimed_unit == "x":
        return value / overall
    raise UngroundedClaim(f"a metric in {unit} cannot be stated in {claimed_unit}")


def _usual_decimals(scaled: float, unit: str) -> int:
    size = abs(scaled)
    if unit == "pct":
        return 0 if size >= 10 or size == 0 else 1 if size >= 1 else 2
    if unit == "pp":
        return 0 if size >= 10 else 1
    if scaled == round(scaled) and unit == "count":
        return 0
    return 0 if size >= 100 else 1 if size >= 1 else 2
