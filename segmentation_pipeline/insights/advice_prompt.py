"""The question for advice on a segment: its evidence under codes, contrasts with siblings, names quoted and bounded.

Add here: another part of the prompt. Keep out: the wording (prompts/), and asking (model_advisor.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segmentation_pipeline.insights.advice_form import Codes, codes_of
from segmentation_pipeline.insights.catalogue import decides_experiments, definition_of, good_direction, name_in
from segmentation_pipeline.insights.product_words import product_in_words
from segmentation_pipeline.llm.claims import contrast_direction
from segmentation_pipeline.llm.prompts import Prompt, load_template
from segmentation_pipeline.llm.rendering import figure
from segmentation_pipeline.llm.tokens import estimate_tokens, trim_to_tokens
from segmentation_pipeline.llm.untrusted import cleaned, quote_back, quote_untrusted
from segmentation_pipeline.segments.tables import OVERALL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from segmentation_pipeline.config import ProductContext
    from segmentation_pipeline.insights.advisor import AdviceRequest
    from segmentation_pipeline.llm.claims import Locale, Metric, SegmentEvidence

TEMPLATE = "cluster_insights.v1"
LANGUAGES: dict[Locale, str] = {"en": "English", "tr": "Turkish"}
NAME_CHARS = 60
PROBLEM_CHARS = 400
MOST_PROBLEMS = 30
"""Most that is told of what was wrong with a first answer."""

ROOM_FOR_CORRECTION = 600
"""Tokens kept free for what was wrong with the form of an answer."""

SURPLUS_EXPERIMENTS = 2
"""Ideas asked for beyond those wanted, so that one the gate drops costs no segment its model."""

_BASIS_ORDER = ("outcome", "size", "behaviour")


@dataclass(frozen=True)
class Question:
    """A prompt, and what the codes in it stand for."""

    prompt: Prompt
    codes: Codes


def advice_question(
    request: AdviceRequest,
    product: ProductContext,
    *,
    previous: Mapping[str, SegmentEvidence],
    previous_names: Mapping[str, str],
    first_answer: str | None,
    experiment_count: int,
    locale: Locale,
    max_tokens: int,
) -> Question:
    """Return the question for one segment; where not all metrics fit, the least telling are left out.

    previous: the segments one refresh earlier; previous_names: what they were called then, by cluster id.
    first_answer: what the model said first, beside `request.refused`, when it is told what was wrong.
    """
    segment = request.segment
    template = load_template(__package__, TEMPLATE)
    siblings = codes_of([sibling.cluster_id for sibling in request.siblings if sibling.cluster_id != OVERALL], "s")
    by_id = {sibling.cluster_id: sibling for sibling in request.siblings}
    slots = {
        "language": LANGUAGES[locale],
        "experiment_count": f"{experiment_count} to {experiment_count + SURPLUS_EXPERIMENTS}",
        "product": product_in_words(product),
        "segment": _who(segment),
        "previous_name": _quoted(previous_names.get(segment.cluster_id, "")) or "(none: the segment is new)",
        "siblings": "\n".join(f"{code}: {_who(by_id[name])}" for code, name in siblings.items()) or "(none)",
        "refused": _refused(request.refused, first_answer),
    }
    ranked = sorted(segment.metrics.values(), key=_least_telling)
    codes = codes_of([metric.metric_id for metric in ranked], "m")
    earlier = previous.get(segment.cluster_id)
    lines = [
        _metric_line(code, segment.metrics[metric_id], siblings, by_id, earlier) for code, metric_id in codes.items()
    ]
    taken = estimate_tokens(template.fill({**slots, "metrics": "", "deciding": _deciding(codes)}).text)
    fitting = trim_to_tokens(lines, max_tokens - taken - ROOM_FOR_CORRECTION)
    shown = dict(list(codes.items())[: len(fitting.items)])
    prompt = template.fill({**slots, "metrics": fitting.text, "deciding": _deciding(shown)})
    names = [name_in(metric_id) for metric_id in shown.values()]
    return Question(prompt, Codes(shown, siblings, {cleaned(name, NAME_CHARS): name for name in names if name}))


def _least_telling(metric: Metric) -> tuple[int, float, str]:
    """Sort outcomes first, then sizes, then behaviour, each by how far the segment stands apart."""
    basis = definition_of(metric.metric_id).basis
    return _BASIS_ORDER.index(basis), -abs(metric.difference_sd or 0.0), metric.metric_id


def _who(segment: SegmentEvidence) -> str:
    share = segment.metrics.get("share")
    size = f"{segment.user_count:,} users" + ("" if share is None else f", {figure(share.value, share.unit)} of all")
    return f"{_quoted(segment.label)}, {size}"


def _quoted(name: str) -> str:
    return quote_untrusted(name, NAME_CHARS) if name else ""


def _metric_line(
    code: str,
    metric: Metric,
    siblings: Mapping[str, str],
    by_id: Mapping[str, SegmentEvidence],
    earlier: SegmentEvidence | None,
) -> str:
    definition = definition_of(metric.metric_id)
    name = f" {_quoted(metric.name)}" if metric.name else ""
    parts = [f"{code}{name}: {definition.description} [{metric.window}] This segment {_figure(metric)}"]
    if metric.overall_value is not None:
        against = _against(metric.contrast_direction)
        parts.append(f"all users {figure(metric.overall_value, metric.unit)}{against}")
    for sibling_code, cluster_id in siblings.items():
        other = by_id[cluster_id].metrics.get(metric.metric_id)
        if other is not None and other.window == metric.window:
            parts.append(f"{sibling_code} {_figure(other)}{_against(contrast_direction(metric, other))}")
    before = None if earlier is None else earlier.metrics.get(metric.metric_id)
    if before is not None and before.window == metric.window:
        parts.append(f"the refresh before {_figure(before)}{_against(contrast_direction(metric, before))}")
    return "; ".join(parts)


def _figure(metric: Metric) -> str:
    return figure(metric.value, metric.unit)


def _against(direction: str) -> str:
    return "" if direction == "none" else f" {direction}"


def _deciding(codes: Mapping[str, str]) -> str:
    wanted = [
        f"{code} {good_direction(metric_id)}" for code, metric_id in codes.items() if decides_experiments(metric_id)
    ]
    return ", ".join(wanted) or "(none)"


def _refused(refused: str, first_answer: str | None) -> str:
    if not refused:
        return ""
    told = [] if first_answer is None else [f"Your first answer was:\n{quote_back(first_answer, len(first_answer))}"]
    problems = [quote_back(line, PROBLEM_CHARS) for line in refused.splitlines()[:MOST_PROBLEMS]]
    told.append("\n".join(["These parts of it were refused, each with the reason:", *problems]))
    told.append("Answer again with the whole answer; keep what was not refused.")
    return "\n\n".join(told)


def answer_kept(answer: str, max_tokens: int) -> str | None:
    """Return a first answer where it fits beside the question when that is sent again, else None."""
    return answer if estimate_tokens(answer) <= max_tokens else None
