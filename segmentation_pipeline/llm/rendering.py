"""Turns claims into sentences: every figure, comparator and direction is filled in from the bound metric.

Add here: how another unit, comparator or locale is written.
Keep out: choosing what to say (a stage's advisors) and judging what others wrote (`grounding.py`).
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from segmentation_pipeline.llm.claims import UngroundedClaim, Violation, bind
from segmentation_pipeline.llm.number_words import word_lists

if TYPE_CHECKING:
    from segmentation_pipeline.llm.claims import Bound, Claim, Direction, Evidence, Locale, Unit

MAX_NAME_CHARS = 60
"""Longest piece of untrusted text (an action name) that enters a sentence."""

MAX_DECIMALS = 4
"""Decimals tried before two different figures are allowed to read alike."""

BACKTICKED = re.compile(r"(`[^`]*`)")
SLOT = re.compile(r"\{(value|comparator|direction)\}")


def clean_name(name: str) -> str:
    """Return an untrusted name without control, format and line characters or backticks, at most 60 long."""
    kept = "".join(
        " " if unicodedata.category(character)[0] in "CZ" else character for character in name if character != "`"
    )
    return " ".join(kept.split())[:MAX_NAME_CHARS].rstrip()


def quoted_name(name: str) -> str:
    """Return an untrusted name as it may stand in a text: cleaned, bounded, in backticks."""
    return f"`{clean_name(name) or '(blank)'}`"


def direction_word(direction: Direction, unit: Unit, locale: Locale = "en") -> str:
    """Return how a direction reads for a unit: lower -> shorter for durations."""
    if unit in ("days", "minutes"):
        return _wording(locale, {"higher": "longer", "lower": "shorter"}[direction])
    return _wording(locale, direction)


def figure(value: float, unit: Unit, *, decimals: int | None = None, locale: Locale = "en") -> str:
    """Return a value as written in a text; `pct` and `pp` are stored as fractions and written times 100."""
    scaled = scale(value, unit)
    places = _usual_decimals(scaled, unit) if decimals is None else decimals
    digits = f"{scaled:,.{places}f}"
    if not digits.strip("-0.,"):
        digits = digits.removeprefix("-")
    if locale == "tr":
        digits = digits.translate(str.maketrans(",.", ".,"))
    return _wording(locale, unit).format(digits)


def scale(value: float, unit: Unit) -> float:
    """Return a stored value as it is written: times 100 for `pct` and `pp`."""
    return value * 100 if unit in ("pct", "pp") else value


def distinct_figures(value: float, other: float, unit: Unit, locale: Locale = "en") -> tuple[str, str]:
    """Return both values with as many decimals as it takes to tell them apart, the usual number if possible."""
    usual = figure(value, unit, locale=locale), figure(other, unit, locale=locale)
    if usual[0] != usual[1]:
        return usual
    for decimals in range(1, MAX_DECIMALS + 1):
        pair = (
            figure(value, unit, decimals=decimals, locale=locale),
            figure(other, unit, decimals=decimals, locale=locale),
        )
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
            given = ", ".join(slots) or "none"
            raise UngroundedClaim(
                Violation("unknown_slot", "text", slot.group(0), f"slots with something bound to them: {given}")
            ) from None

    parts = BACKTICKED.split(template)
    return "".join(part if part.startswith("`") else SLOT.sub(bound, part) for part in parts)


def render_claim(claim: Claim, evidence: Evidence) -> str:
    """Return a claim's sentence with value, direction and comparator taken from the metric it cites.

    Figures written in the text itself stay as they are: the gate judges those.

    Raises:
        UngroundedClaim: the metric does not exist, or the direction is not the one of a contrast whose interval
            excludes no difference.
    """
    return fill(claim.text, slots_of(claim, bind(claim, evidence)))


def slots_of(claim: Claim, bound: Bound) -> dict[str, str]:
    """Return what the slots of a claim read.

    Raises:
        UngroundedClaim: the direction is not the one of a contrast whose interval excludes no difference.
    """
    metric = bound.metric
    slots = {"value": figure(bound.value, claim.unit, locale=claim.locale)}
    if claim.direction != "none":
        require_direction(claim, bound)
        slots["direction"] = direction_word(claim.direction, metric.unit, claim.locale)
    if bound.compared is not None:
        if claim.unit == metric.unit:
            slots["value"], compared = distinct_figures(metric.value, bound.compared, metric.unit, claim.locale)
        else:
            compared = figure(bound.compared, metric.unit, locale=claim.locale)
        word = "than" if claim.direction != "none" else "" if claim.unit == "x" else "against"
        pattern = _wording(claim.locale, claim.comparator)
        name = quoted_name(bound.compared_label)
        slots["comparator"] = pattern.format(word=word, figure=compared, name=name).strip()
    return slots


def require_direction(claim: Claim, bound: Bound) -> None:
    """Hold a claimed direction to the contrast it needs.

    Raises:
        UngroundedClaim: there is no such contrast, or it points the other way.
    """
    if bound.direction == "none":
        wanted = "its interval includes no difference, so say no direction"
        raise UngroundedClaim(Violation("no_contrast", "direction", claim.direction, wanted))
    if claim.direction != bound.direction:
        wanted = f"the contrast of {bound.metric.metric_id} says {bound.direction}"
        raise UngroundedClaim(Violation("wrong_direction", "direction", claim.direction, wanted))


def render_expectation(template: str, direction: Direction, unit: Unit, locale: Locale = "en") -> str:
    """Return a hypothesis with its expected direction filled in; an expectation never has a magnitude."""
    return fill(template, {"direction": direction_word(direction, unit, locale)})


def _wording(locale: Locale, name: str) -> str:
    return str(word_lists(locale)["rendering"][name])


def _usual_decimals(scaled: float, unit: Unit) -> int:
    size = abs(scaled)
    if unit == "pct":
        return 0 if size >= 10 or size == 0 else 1 if size >= 1 else 2
    if unit == "pp":
        return 0 if size >= 10 else 1
    if scaled == round(scaled) and unit == "count":
        return 0
    return 0 if size >= 100 else 1 if size >= 1 else 2
