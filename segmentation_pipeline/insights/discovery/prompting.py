"""Prompts of discovery and assignment: vectors as short lines under pseudonyms, names of actions quoted and bounded.

Add here: another part of a prompt. Keep out: the wording (prompts/), and asking (asking.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.insights.discovery.definitions import feature_in_words
from segmentation_pipeline.insights.discovery.sampling import SMALLEST_SAMPLE
from segmentation_pipeline.insights.discovery.vectors import (
    ACTION_SHARE,
    MEASURES,
    PARTS_OF_DAY,
    STEP_SEPARATOR,
    TIME_OF_DAY,
    Detail,
)
from segmentation_pipeline.insights.product_words import product_in_words
from segmentation_pipeline.llm.prompts import Prompt, load_template
from segmentation_pipeline.llm.tokens import estimate_tokens, trim_to_tokens
from segmentation_pipeline.llm.untrusted import quote_untrusted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segmentation_pipeline.clustering.rows import Indexes
    from segmentation_pipeline.config import ProductContext
    from segmentation_pipeline.insights.discovery.definitions import Segment
    from segmentation_pipeline.insights.discovery.vectors import BehaviourVectors

NAME_CHARS = 60
"""Characters of an action's name in a legend."""

SHORT = dict(zip(MEASURES, ("freq", "depth", "breadth", "collab", "age"), strict=True))
ACTIONS_A_USER = {Detail.FULL: 6, Detail.FEWER: 3, Detail.CENTROID: 0}
"""Most used actions told of each user; the vector's tail tells little and costs most."""

ROOM_FOR_CORRECTION = 600
"""Tokens kept free for what was wrong with a first answer."""

DEFINITIONS_SHARE = 0.4
"""Most of a prompt that earlier definitions may take."""


@dataclass(frozen=True)
class Shown:
    """A prompt, the users in it, and the features a model may name by code."""

    prompt: Prompt
    user_count: int
    features: dict[str, str]


def feature_codes(vectors: BehaviourVectors, detail: Detail) -> dict[str, str]:
    """Return code -> feature for what a prompt of this detail tells."""
    measures = MEASURES if detail is not Detail.CENTROID else MEASURES[:4]
    codes = {SHORT[name]: name for name in measures}
    if detail is not Detail.CENTROID:
        codes |= {part: TIME_OF_DAY + part for part in PARTS_OF_DAY}
        codes |= {f"f{number}": ACTION_SHARE + action for number, action in enumerate(_told(vectors, detail), start=1)}
    return codes


def discovery_prompt(
    vectors: BehaviourVectors,
    spread: Indexes,
    sample_count: int,
    detail: Detail,
    *,
    product: ProductContext,
    previous: Sequence[Segment],
    max_tokens: int,
) -> Shown:
    """Return the question for segments, with as many of the sample's users as fit.

    Where fewer than 50 would fit in full, each is told more shortly.
    """
    for shown in [level for level in (Detail.FULL, Detail.FEWER, Detail.CENTROID) if level <= detail]:
        slots = {
            "product": product_in_words(product),
            "legend": _legend(vectors, shown),
            "previous": _previous(previous, int(max_tokens * DEFINITIONS_SHARE)),
            "user_count": f"{len(vectors):,}",
        }
        template = load_template(__package__, "segment_discovery.v1")
        taken = estimate_tokens(template.fill({**slots, "users": ""}).text)
        lines = [f"{number}: {_line(vectors, row, shown)}" for number, row in enumerate(spread[:sample_count], start=1)]
        fitting = trim_to_tokens(lines, max_tokens - taken - ROOM_FOR_CORRECTION)
        if len(fitting.items) >= min(SMALLEST_SAMPLE, len(lines)):
            break
    return Shown(
        template.fill({**slots, "users": "\n".join(fitting.items)}),
        len(fitting.items),
        feature_codes(vectors, shown),
    )


def assignment_prompt(
    vectors: BehaviourVectors,
    rows: Sequence[int],
    pseudonyms: Sequence[str],
    segments: Sequence[Segment],
    *,
    max_tokens: int,
) -> Prompt:
    """Return the question which users belong to which of the segments."""
    template = load_template(__package__, "segment_assignment.v1")
    lines = [f"{name}: {_line(vectors, row, Detail.FULL)}" for row, name in zip(rows, pseudonyms, strict=True)]
    return template.fill(
        {
            "legend": _legend(vectors, Detail.FULL),
            "segments": _previous(segments, int(max_tokens * DEFINITIONS_SHARE)),
            "users": "\n".join(lines),
        }
    )


def signal_in_words(feature: str, level: str) -> str:
    """Return a signal a model named, such as `high: visits a week`; the words are ours."""
    return f"{level}: {feature_in_words(feature)}"


def _told(vectors: BehaviourVectors, detail: Detail) -> Sequence[str]:
    return vectors.actions if detail is Detail.FULL else vectors.actions[: detail.action_count]


def _legend(vectors: BehaviourVectors, detail: Detail) -> str:
    names = [
        f"f{number} = {quote_untrusted(action, NAME_CHARS)}"
        for number, action in enumerate(_told(vectors, detail), start=1)
    ]
    return "\n".join(names) or "(actions are left out)"


def _line(vectors: BehaviourVectors, row: int, detail: Detail) -> str:
    measures = MEASURES if detail is not Detail.CENTROID else MEASURES[:4]
    parts = [f"{SHORT[name]} {vectors.measures[name][row]:.3g}" for name in measures]
    if detail is not Detail.CENTROID:
        parts.append(str(vectors.parts_of_day[row]))
        counts = vectors.action_counts[row][: len(_told(vectors, detail))]
        most = np.argsort(-counts, kind="stable")[: ACTIONS_A_USER[detail]]
        parts += [f"f{place + 1}:{int(counts[place])}" for place in most if counts[place] > 0]
    if detail is Detail.FULL and vectors.workflows[row]:
        parts.append("path " + _path(vectors, str(vectors.workflows[row])))
    return " ".join(parts)


def _path(vectors: BehaviourVectors, workflow: str) -> str:
    codes = {action: f"f{number}" for number, action in enumerate(vectors.actions, start=1)}
    return ">".join(codes.get(step, "other") for step in workflow.split(STEP_SEPARATOR)[:5])


def _previous(segments: Sequence[Segment], max_tokens: int) -> str:
    """Tell definitions; where they would be too long, the signals of each are cut short."""
    for signal_chars in (300, 120, 40):
        lines = [
            f"{segment.segment_id}: {quote_untrusted(segment.label, NAME_CHARS)} "
            f"{quote_untrusted('; '.join(segment.defining_signals), signal_chars)} "
            f"freq {segment.centroid.session_frequency:.3g} depth {segment.centroid.session_depth:.3g} "
            f"breadth {segment.centroid.feature_breadth:.3g} collab {segment.centroid.collaboration:.3g}"
            for segment in segments
        ]
        if estimate_tokens("\n".join(lines)) <= max_tokens:
            break
    return "\n".join(lines) or "(none)"
