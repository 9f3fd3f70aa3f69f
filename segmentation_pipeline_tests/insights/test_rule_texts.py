"""The texts of all rules keep the grammar of claims: no fact outside a slot."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from importlib import resources
from typing import TYPE_CHECKING

import pytest

from segmentation_pipeline.insights.behaviour_rules import BEHAVIOUR_RULES
from segmentation_pipeline.insights.catalogue import (
    DEFINITIONS,
    contrast_template,
    good_direction,
    level_template,
    noun,
)
from segmentation_pipeline.insights.fallback_rules import FALLBACKS
from segmentation_pipeline.insights.outcome_rules import OUTCOME_RULES
from segmentation_pipeline.llm.claims import Claim, Evidence, SegmentEvidence
from segmentation_pipeline.llm.grounding import check_claim, check_prose
from segmentation_pipeline_tests.insights.evidence_samples import metric

if TYPE_CHECKING:
    from segmentation_pipeline.insights.rule_templates import ExperimentTemplate, PainTemplate, Rule

ALL_RULES = (*OUTCOME_RULES, *BEHAVIOUR_RULES, *FALLBACKS)

NOTHING = Evidence.of([], names=["name"])
PLACEHOLDER = re.compile(r"<(\w+)>")


def texts_of(rule: Rule) -> list[str]:
    parts: list[ExperimentTemplate | PainTemplate] = [rule.experiment, *([rule.pain] if rule.pain else [])]
    texts = [getattr(part, f.name) for part in parts for f in fields(part) if f.name not in ("metrics", "effort")]
    return [str(text) for text in texts]


@pytest.mark.parametrize("rule", ALL_RULES, ids=lambda rule: rule.rule_id)
def test_a_rule_states_no_figure_or_comparison_of_its_own(rule: Rule) -> None:
    texts = [PLACEHOLDER.sub("`name`", text) for text in texts_of(rule)]
    assert [str(violation) for text in texts for violation in check_prose(text, NOTHING)] == []


@pytest.mark.parametrize("rule", ALL_RULES, ids=lambda rule: rule.rule_id)
def test_a_rule_names_only_what_it_can_be_sure_to_know(rule: Rule) -> None:
    named = {name for text in texts_of(rule) for name in PLACEHOLDER.findall(text)}
    has_action = any("<action>" in signal.metric for signal in rule.signals)
    assert named <= {*rule.roles, *(["action"] if has_action else [])}


@pytest.mark.parametrize("rule", ALL_RULES, ids=lambda rule: rule.rule_id)
def test_every_metric_of_a_rule_is_in_the_catalogue_and_has_a_wanted_direction(rule: Rule) -> None:
    for signal in rule.signals:
        assert signal.metric.split(":")[0] in DEFINITIONS
    for metric_id in rule.experiment.metrics:
        name = "retention_day_7" if metric_id == "retention" else metric_id
        assert noun(name)
        assert good_direction(name) in ("higher", "lower")


@pytest.mark.parametrize("family", DEFINITIONS)
def test_a_metrics_sentence_holds_no_fact_but_its_slot(family: str) -> None:
    metric_id = f"{family}_7" if family == "retention_day" else f"{family}:name"
    for template in (level_template(metric_id), contrast_template(metric_id)):
        assert template.count("{value}") == 1
        outside = re.sub(r"\{(value|direction|comparator)\}", "", template)
        assert check_prose(outside, Evidence.of([], names=["name", metric_id])) == ()


@pytest.mark.parametrize("family", DEFINITIONS)
def test_a_metrics_sentence_is_recognised_as_about_it(family: str) -> None:
    sentence = level_template(f"{family}_7" if family == "retention_day" else family).lower()
    topics = {topic for definition in DEFINITIONS.values() for topic in definition.topics}
    own = DEFINITIONS[family].topics
    assert any(topic in sentence for topic in own) or not any(topic in sentence for topic in topics) or "`" in sentence


@pytest.mark.parametrize("family", DEFINITIONS)
@pytest.mark.parametrize("difference", [-0.9, 0.9])
def test_a_metrics_rendered_sentence_is_read_back_as_true(family: str, difference: float) -> None:
    metric_id = "retention_day_7" if family == "retention_day" else family
    metric_id += {"action_share": ":export", "action_reach": ":export", "time_of_day": ":evening"}.get(family, "")
    evidence = Evidence.of([SegmentEvidence("s", "S", {metric_id: metric(metric_id, 0.5, difference)})])
    for claim in (claim_on(evidence.segments["s"], metric_id, kind) for kind in ("level", "contrast")):
        assert check_claim(claim, evidence).violations == ()


def claim_on(segment: SegmentEvidence, metric_id: str, kind: str) -> Claim:
    found, is_level = segment.metrics[metric_id], kind == "level"
    return Claim(
        kind=kind,  # type: ignore[arg-type]
        subject=segment.cluster_id,
        metric=metric_id,
        comparator="none" if is_level else "overall",
        direction="none" if is_level else found.contrast_direction,
        value=None,
        unit=found.unit,
        window=found.window,
        text=level_template(metric_id) if is_level else contrast_template(metric_id),
    )


def test_topics_belong_to_families_of_the_catalogue() -> None:
    text = resources.files("segmentation_pipeline.insights").joinpath("topics.toml").read_text(encoding="utf-8")
    assert set(tomllib.loads(text)) <= set(DEFINITIONS)


def test_rules_and_titles_are_distinct() -> None:
    assert len({rule.rule_id for rule in ALL_RULES}) == len(ALL_RULES)
    assert len({rule.experiment.title for rule in ALL_RULES}) == len(ALL_RULES)
    pains = [rule.pain.title for rule in ALL_RULES if rule.pain]
    assert len(set(pains)) == len(pains)
