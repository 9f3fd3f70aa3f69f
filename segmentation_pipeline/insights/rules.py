"""The offline advisor: matches the rule tables against a segment's contrasts and keeps what fits it best.

Add here: how rules are matched, ranked and turned into advice.
Keep out: the rules themselves (`outcome_rules.py`, `behaviour_rules.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segmentation_pipeline.insights.action_names import is_trouble, is_worth_doing, words_of
from segmentation_pipeline.insights.advisor import RULES, Advice, Experiment, PainPoint, ProductRecommendation
from segmentation_pipeline.insights.behaviour_rules import BEHAVIOUR_RULES
from segmentation_pipeline.insights.catalogue import (
    contrast_template,
    definition_of,
    good_direction,
    level_template,
    longest_retention,
    name_in,
    noun,
)
from segmentation_pipeline.insights.fallback_rules import FALLBACKS
from segmentation_pipeline.insights.outcome_rules import OUTCOME_RULES
from segmentation_pipeline.insights.remedies import REMEDIES
from segmentation_pipeline.llm.claims import Claim
from segmentation_pipeline.llm.rendering import clean_name, quoted_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segmentation_pipeline.config import ProductContext, Roles
    from segmentation_pipeline.insights.advisor import AdviceRequest
    from segmentation_pipeline.insights.rule_templates import ExperimentTemplate, Rule, Signal
    from segmentation_pipeline.llm.claims import Metric, SegmentEvidence

MIN_EFFECT_SD = 0.2
"""Smallest standardised difference of behaviour worth acting on (a small effect, Cohen 1988).

Segments are learned from behaviour, so with enough users every difference excludes chance; size must decide.
"""

HALF_STRENGTH_SD = {"behaviour": 0.5, "outcome": 0.2, "size": 1.0}
"""Standardised difference at which a signal counts half; outcomes were not selected for, so less is news."""

SIBLING_DISCOUNT = 0.5
"""Part of the strongest sibling's strength taken off a rule that fires there too: advice should tell segments apart."""

MAX_PAIN_POINTS = 3
"""More than three are not read."""

ACTIONS_PER_RULE = 2
"""A rule that runs over actions speaks about its strongest two, so that a vocabulary of hundreds stays readable."""

MIN_TOP_ACTION_SHARE = 0.05
"""Actions below this share of events are too rare to redesign on levels alone."""

_PLACEHOLDER = re.compile(r"<(action|churn|conversion|revision|collaboration|metric)>")


@dataclass(frozen=True)
class FiredRule:
    """A rule that holds for a segment: its target action, if it has one, the metrics that made it fire, its score."""

    rule: Rule
    action: str
    metrics: tuple[Metric, ...]
    score: float

    @property
    def rule_id(self) -> str:
        """Rule id, with the action it is about."""
        return f"{self.rule.rule_id}:{self.action}" if self.action else self.rule.rule_id


class RulesAdvisor:
    """Deterministic advice from the rule tables; needs no network and no key."""

    name = RULES
    can_correct = False

    def __init__(self, roles: Roles, experiments_per_segment: int) -> None:
        """Take the product's role actions and how many experiments each segment gets."""
        self.roles = roles
        self.experiments_per_segment = experiments_per_segment

    def advise(self, segment: SegmentEvidence, siblings: Sequence[SegmentEvidence], product: ProductContext) -> Advice:
        """Return the strongest pain points and experiments, at most one of a group while other groups have any."""
        elsewhere: dict[str, float] = {}
        for sibling in siblings:
            for fired in self.fired(sibling, product):
                elsewhere[fired.rule_id] = max(elsewhere.get(fired.rule_id, 0.0), fired.score)

        def contrastive_score(fired: FiredRule) -> tuple[float, str]:
            return -(fired.score - SIBLING_DISCOUNT * elsewhere.get(fired.rule_id, 0.0)), fired.rule_id

        ranked = sorted(self.fired(segment, product), key=contrastive_score)
        fallbacks = self._fallbacks(segment)
        spread = _one_of_each_group(ranked)
        repeating = [fired for fired in ranked if fired not in spread]
        spoken_of = {fired.action for fired in spread if fired.action}
        fallbacks.sort(key=lambda fired: fired.action in spoken_of)
        chosen = [*spread, *repeating, *fallbacks][: self.experiments_per_segment]
        hurting = _one_of_each_group([fired for fired in ranked if fired.rule.pain is not None])[:MAX_PAIN_POINTS]
        hurting = hurting or [fired for fired in fallbacks if fired.rule.pain is not None][:1]
        return Advice(
            tuple(self._pain_point(fired, segment) for fired in hurting),
            tuple(self._remedy(fired, segment) for fired in hurting),
            tuple(self._experiment(fired, segment) for fired in chosen),
        )

    def advise_all(self, requests: Sequence[AdviceRequest], product: ProductContext) -> list[Advice]:
        """Return the advice for each segment."""
        return [self.advise(request.segment, request.siblings, product) for request in requests]

    def fired(self, segment: SegmentEvidence, product: ProductContext) -> list[FiredRule]:
        """Return every rule with contrasts that holds for the segment, in table order."""
        found: list[FiredRule] = []
        for rule in (*OUTCOME_RULES, *BEHAVIOUR_RULES):
            if all(getattr(self.roles, role) for role in rule.roles):
                matches = [self._match(rule, action, segment) for action in self._targets(rule, segment, product)]
                fired = sorted((match for match in matches if match is not None), key=lambda m: (-m.score, m.action))
                found.extend(fired[:ACTIONS_PER_RULE])
        return found

    def _match(self, rule: Rule, action: str, segment: SegmentEvidence) -> FiredRule | None:
        metrics, strengths = [], []
        for signal in rule.signals:
            metric = segment.metrics.get(signal.metric.replace("<action>", action))
            if metric is None or not _holds(signal, metric):
                return None
            metrics.append(metric)
            strengths.append(_strength(metric))
        return FiredRule(rule, action, tuple(metrics), rule.weight * sum(strengths) / len(strengths))

    def _targets(self, rule: Rule, segment: SegmentEvidence, product: ProductContext) -> list[str]:
        family = next((signal.metric.split(":")[0] for signal in rule.signals if "<action>" in signal.metric), None)
        if family is None:
            return [""]
        # Endings are outcomes; revisions and collaboration have rules of their own that say more.
        spoken_for = _cleaned((*self.roles.closing, *self.roles.start, *self.roles.revision, *self.roles.collaboration))
        actions = [action for action in _names(segment, family) if action not in spoken_for]
        if rule.actions == "wanted":
            return [action for action in actions if is_worth_doing(action)]
        if rule.actions == "trouble":
            return [action for action in actions if is_trouble(action)]
        # "Term sheets" in the settings means create_term_sheet in the log.
        named = [words_of(name) for name in getattr(product, rule.actions)]
        return [action for action in _names(segment, family) if any(words <= words_of(action) for words in named)]

    def _fallbacks(self, segment: SegmentEvidence) -> list[FiredRule]:
        found: list[FiredRule] = []
        for rule in FALLBACKS:
            pattern = rule.signals[0].metric
            family, _, parametrised = pattern.partition(":")
            action = (
                _leading_name(segment, family, _cleaned((*self.roles.closing, *self.roles.start)))
                if parametrised
                else ""
            )
            metric = segment.metrics.get(pattern.replace("<action>", action or ""))
            if metric is not None:
                found.append(FiredRule(rule, action or "", (metric,), 0.0))
        return found

    def _pain_point(self, fired: FiredRule, segment: SegmentEvidence) -> PainPoint:
        template = fired.rule.pain
        assert template is not None, "only rules with a pain point are asked for one"
        return PainPoint(
            fired.rule_id,
            self._filled(template.title, fired, segment),
            _claims(fired, segment),
            self._filled(template.body, fired, segment),
        )

    def _remedy(self, fired: FiredRule, segment: SegmentEvidence) -> ProductRecommendation:
        template = REMEDIES[fired.rule.rule_id]
        return ProductRecommendation(
            fired.rule_id,
            self._filled(template.title, fired, segment),
            _claims(fired, segment),
            self._filled(template.body, fired, segment),
        )

    def _experiment(self, fired: FiredRule, segment: SegmentEvidence) -> Experiment:
        template = fired.rule.experiment
        primary = _primary_metric(template, fired.action, segment)
        hypothesis = f"If {template.change}, <metric> will be {{direction}}, because {template.reason}."
        return Experiment(
            fired.rule_id,
            self._filled(template.title, fired, segment),
            _claims(fired, segment),
            self._filled(template.body, fired, segment),
            self._filled(hypothesis, fired, segment, primary),
            primary,
            good_direction(primary),
            template.effort,
        )

    def _filled(self, template: str, fired: FiredRule, segment: SegmentEvidence, primary: str = "") -> str:
        def name(placeholder: re.Match[str]) -> str:
            what = placeholder.group(1)
            if what == "metric":
                return noun(primary)
            if what == "action":
                return quoted_name(fired.action)
            return quoted_name(_leading_role_action(getattr(self.roles, what), segment))

        return _PLACEHOLDER.sub(name, template)


def _holds(signal: Signal, metric: Metric) -> bool:
    if metric.contrast_direction != signal.direction or not signal.floor <= metric.value <= signal.ceiling:
        return False
    if metric.overall_value is None or metric.overall_value < signal.overall_floor:
        return False
    return definition_of(metric.metric_id).basis == "outcome" or abs(metric.difference_sd or 0.0) >= MIN_EFFECT_SD


def _strength(metric: Metric) -> float:
    size = abs(metric.difference_sd or 0.0)
    return size / (size + HALF_STRENGTH_SD[definition_of(metric.metric_id).basis])


def _one_of_each_group(ranked: Sequence[FiredRule]) -> list[FiredRule]:
    """Return the strongest of each group that says nothing about an action already spoken of, in their order."""
    chosen: list[FiredRule] = []
    for fired in ranked:
        is_new_group = fired.rule.group not in {other.rule.group for other in chosen}
        is_new_action = not fired.action or fired.action not in {other.action for other in chosen}
        if is_new_group and is_new_action:
            chosen.append(fired)
    return chosen


def _cleaned(actions: Sequence[str]) -> set[str]:
    # Metric ids carry cleaned names.
    return {clean_name(action) for action in actions}


def _names(segment: SegmentEvidence, family: str) -> list[str]:
    return sorted(name_in(metric_id) for metric_id in segment.metrics if metric_id.startswith(f"{family}:"))


def _leading_name(segment: SegmentEvidence, family: str, left_out: set[str]) -> str | None:
    """Return the name by which the segment stands out most among its frequent ones, else its most frequent."""
    candidates = [
        metric
        for name in _names(segment, family)
        if name not in left_out
        and (family != "action_share" or is_worth_doing(name))
        and (metric := segment.metrics[f"{family}:{name}"]).value > 0
    ]
    frequent = [metric for metric in candidates if metric.value >= MIN_TOP_ACTION_SHARE] or candidates
    if not frequent:
        return None
    return name_in(max(frequent, key=lambda m: (m.difference_sd or 0.0, m.value, m.metric_id)).metric_id)


def _leading_role_action(actions: Sequence[str], segment: SegmentEvidence) -> str:
    def share(action: str) -> float:
        metric = segment.metrics.get(f"action_share:{clean_name(action)}")
        return 0.0 if metric is None else metric.value

    return max(actions, key=lambda action: (share(action), -actions.index(action)))


def _claims(fired: FiredRule, segment: SegmentEvidence) -> tuple[Claim, ...]:
    return tuple(
        _claim(metric, segment, "level" if signal.direction == "any" else "contrast")
        for signal, metric in zip(fired.rule.signals, fired.metrics, strict=True)
    )


def _claim(metric: Metric, segment: SegmentEvidence, kind: str) -> Claim:
    if kind == "contrast":
        return Claim(
            kind="contrast",
            subject=segment.cluster_id,
            metric=metric.metric_id,
            comparator="overall",
            direction=metric.contrast_direction,
            value=None,
            unit=metric.unit,
            window=metric.window,
            text=contrast_template(metric.metric_id),
        )
    return Claim(
        kind="level",
        subject=segment.cluster_id,
        metric=metric.metric_id,
        comparator="none",
        direction="none",
        value=None,
        unit=metric.unit,
        window=metric.window,
        text=level_template(metric.metric_id),
    )


def _primary_metric(template: ExperimentTemplate, action: str, segment: SegmentEvidence) -> str:
    """Return the first of the template's metrics that is measured for the segment."""
    for wanted in template.metrics:
        metric_id = longest_retention(segment.metrics) if wanted == "retention" else wanted.replace("<action>", action)
        if metric_id is not None and metric_id in segment.metrics:
            return metric_id
    return "session_frequency"
