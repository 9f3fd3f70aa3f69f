"""A discovery by a model: what is tried again, what is refused, what is used instead, and how often it may be asked."""

import json
from dataclasses import replace
from datetime import date

import pytest

from segmentation_pipeline.insights.discovery.discovering import Earlier, discover
from segmentation_pipeline.insights.discovery.offline import TreeProvider
from segmentation_pipeline_tests import llm_servers as does
from segmentation_pipeline_tests.insights.discovery.planted import (
    DISCOVERS,
    MONTH,
    asked_for,
    assignments,
    cluster,
    discovery,
    planted,
    population,
    provider_for,
)
from segmentation_pipeline_tests.llm.asking import FakeClock

BOTH = pytest.mark.parametrize("protocol", ["openai", "anthropic"])
DAY_S = 86_400


def found(provider, *, vectors=None, month=MONTH, previous=None, own=None):
    return discover(population(vectors, month), TreeProvider(7), provider, model_sample=60, previous=previous, own=own)


def earlier(result):
    return Earlier(result.segments, result.discovered_month, result.provider, result.model, result.notes)


@BOTH
def test_a_model_discovers_by_either_protocol(server, tmp_path, protocol):
    provider = provider_for(server, tmp_path, protocol)
    result = found(provider)
    assert (result.status, result.provider, result.fallback) == ("discovered", provider.provider, None)
    assert [s.segment_id for s in result.segments] == [f"2026-01-d-{letter}" for letter in "abcde"]
    assert result.segments[0].defining_signals == ("high: visits a week",)
    assert (result.looked_at_count, result.pilot_unclassified) == (60, 0.0)
    assert len(asked_for(server, DISCOVERS)) == 1


def wrong(**changes):
    return does.answer(discovery(**changes))


UNUSABLE = {
    "too many clusters": (does.answer(discovery(9)), "wrong_schema"),
    "duplicate names": (wrong(label="One name"), "wrong_schema"),
    "signals of no feature": (wrong(defining_signals=[{"feature": "secret", "level": "high"}]), "wrong_schema"),
    "shares over 100": (wrong(estimated_pct=40), "wrong_schema"),
    "an infinite share": (does.text(json.dumps(discovery()).replace("10", "1e999", 1)), "wrong_schema"),
    "truncated JSON": (does.text(json.dumps(discovery())[:-40]), "broken_json"),
    "refusal": (does.refusal(), "refusal"),
    "500": (does.failing(500), "server_error"),
    "429": (does.rate_limited("1"), "rate_limit"),
    "100 KB": (does.answer({"clusters": [cluster(0, description="x" * 100_000)], "cluster_quality_notes": ""}), None),
    "cut connection": (does.close, "connection"),
}


@BOTH
@pytest.mark.parametrize("fault", UNUSABLE)
def test_a_model_that_fails_is_replaced_by_the_rules_and_told(server, tmp_path, protocol, fault):
    step, kind = UNUSABLE[fault]
    server.otherwise = step
    result = found(provider_for(server, tmp_path, protocol, max_retries=1))
    assert (result.status, result.provider) == ("discovered", "rules")
    assert len(result.segments) >= 3
    assert kind is None or result.fallback.startswith(f"{kind}: ")
    assert result.fallback
    assert len(server.requests) <= 2


@pytest.mark.parametrize("fault", ["too many clusters", "duplicate names", "truncated JSON", "500", "429"])
def test_a_model_that_fails_once_is_asked_again(server, tmp_path, fault):
    server.will(UNUSABLE[fault][0])
    result = found(provider_for(server, tmp_path))
    assert (result.fallback, len(result.segments)) == (None, 5)
    assert len(asked_for(server, DISCOVERS)) == 2


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_segments_are_looked_for_again_with_fewer_dimensions(server, tmp_path, count):
    server.will(does.answer(discovery(count)))
    result = found(provider_for(server, tmp_path))
    assert (result.detail.name, result.proposal_count, len(result.segments)) == ("FEWER", 2, 5)
    first, second = asked_for(server, DISCOVERS)
    assert len(second.prompt) < len(first.prompt)


def test_a_model_that_never_finds_enough_is_replaced(server, tmp_path):
    server.otherwise = does.answer(discovery(2))
    result = found(provider_for(server, tmp_path))
    assert result.fallback.startswith("too_few_segments: 2 segments")
    assert len(server.requests) == 3


def test_over_a_quarter_unclassified_a_larger_sample_is_looked_at_within_the_same_discovery(server, tmp_path):
    unsure = does.answer(lambda received: assignments(received, confidence=0.49))
    better = discovery()
    better["clusters"][0]["label"] = "Better known users"
    server.will(does.answer(discovery()), unsure, unsure, does.answer(better))
    provider = provider_for(server, tmp_path)
    result = found(provider, vectors=planted(150))
    assert [len(request.prompt.splitlines()) > 100 for request in asked_for(server, DISCOVERS)] == [False, True]
    assert (result.looked_at_count, result.pilot_unclassified, result.proposal_count) == (150, 0.0, 2)
    assert provider.limits.discoveries_left() == 0


def test_a_second_discovery_within_a_week_is_carried_over_also_after_a_restart(server, tmp_path):
    clock = FakeClock()
    first = found(provider_for(server, tmp_path, clock=clock))
    month, result = MONTH, first
    for number in range(2, 8):  # a backfill of seven months
        month = date(2026, number, 1)
        restarted = provider_for(server, tmp_path, clock=clock, run_id=f"run-{number}")
        result = found(restarted, vectors=planted(150, seed=number), month=month, previous=earlier(result))
        assert (result.status, result.segments, result.fallback) == ("carried_over", first.segments, None)
        assert result.discovered_month == MONTH
    assert len(asked_for(server, DISCOVERS)) == 1
    clock.passed_s += 7 * DAY_S
    again = found(provider_for(server, tmp_path, clock=clock), vectors=planted(150, seed=8), previous=earlier(result))
    assert again.status == "discovered"


def test_over_the_limit_without_earlier_segments_the_rules_discover(server, tmp_path):
    clock = FakeClock()
    found(provider_for(server, tmp_path, clock=clock))
    result = found(provider_for(server, tmp_path, clock=clock), vectors=planted(150, seed=1))
    assert (result.provider, result.fallback.split(":")[0]) == ("rules", "weekly_limit")


def test_the_same_question_is_free_of_the_limit(server, tmp_path):
    clock = FakeClock()
    first = found(provider_for(server, tmp_path, clock=clock))
    again = found(provider_for(server, tmp_path, clock=clock, run_id="run-2"), own=earlier(first))
    assert again == first
    assert len(asked_for(server, DISCOVERS)) == 1


def test_a_discovery_nobody_answered_is_given_back(server, tmp_path):
    server.otherwise = does.failing(500)
    provider = provider_for(server, tmp_path, max_retries=0)
    found(provider)
    assert provider.limits.discoveries_left() == 1


def test_over_budget_the_rules_discover(server, tmp_path):
    result = found(provider_for(server, tmp_path, budget_tokens=100))
    assert (result.provider, result.fallback.split(":")[0]) == ("rules", "budget")
    assert server.requests == []


def refreshed(server, tmp_path, clusters, previous):
    server.will(does.answer({"clusters": clusters, "cluster_quality_notes": ""}))
    return found(provider_for(server, tmp_path), month=date(2026, 2, 1), previous=previous)


def test_ids_live_on_where_the_model_says_so_and_others_are_born_or_retired(server, tmp_path):
    first = discover(population(), TreeProvider(7), None, model_sample=60, previous=None, own=None)
    a, b, c, *_ = (segment.segment_id for segment in first.segments)
    clusters = [
        cluster(0, id=a),
        cluster(1, id=b),
        cluster(2),
        cluster(3, id="2025-07-d-a"),
        cluster(4, id=c) | {"estimated_pct": 4},
    ]
    result = refreshed(server, tmp_path, clusters, earlier(first))
    assert [s.segment_id for s in result.segments] == [a, b, "2026-02-d-a", "2026-02-d-b"]
    reasons = {retired.segment.segment_id: retired.reason for retired in result.retired}
    assert reasons.pop(c) == "under 5% of the users shown"
    assert set(reasons.values()) == {"no segment found continues it"}
    told = asked_for(server, DISCOVERS)[0].prompt
    assert all(f"{segment.segment_id}: " in told and segment.label in told for segment in first.segments)


def test_a_previous_id_given_twice_is_sent_back(server, tmp_path):
    first = discover(population(), TreeProvider(7), None, model_sample=60, previous=None, own=None)
    name = first.segments[0].segment_id
    result = refreshed(server, tmp_path, [cluster(n, id=name) for n in range(4)], earlier(first))
    assert f"the id {name} is given twice" in asked_for(server, DISCOVERS)[1].prompt
    assert len({s.segment_id for s in result.segments}) == len(result.segments)


def test_figures_and_markup_of_a_model_are_not_published(server, tmp_path):
    clusters = [
        cluster(
            number,
            label=f"{'abcde'[number].upper()} 47 percenters of this product",
            description="Sixty-three percent of them leave.",
            personalization_strategy="Twice as many <script>alert()</script> come back.",
        )
        for number in range(5)
    ]
    server.will(does.answer({"clusters": clusters, "cluster_quality_notes": "Silhouette 0.99"}))
    result = found(provider_for(server, tmp_path))
    texts = [result.notes, *(t for s in result.segments for t in (s.label, s.description, s.personalization_strategy))]
    assert not any(character.isdigit() for text in texts for character in text)
    assert not any(word in text for text in texts for word in ("Sixty", "Twice", "<script"))
    assert len({s.label for s in result.segments}) == 5


def test_what_is_carried_over_is_this_refreshs_own_before_an_older_one(server, tmp_path):
    clock = FakeClock()
    first = found(provider_for(server, tmp_path, clock=clock))
    own = replace(earlier(first), discovered_month=date(2026, 2, 1))
    result = found(
        provider_for(server, tmp_path, clock=clock), vectors=planted(150, seed=4), previous=earlier(first), own=own
    )
    assert result.discovered_month == date(2026, 2, 1)
