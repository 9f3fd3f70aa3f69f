"""Users assigned by a model: in batches, a day's number a day, and only what it says of users it was asked about."""

import numpy as np
import pytest

from segmentation_pipeline.insights.discovery.assigning import asking_order, assign_by_model
from segmentation_pipeline.insights.discovery.discovering import discover
from segmentation_pipeline.insights.discovery.offline import TreeProvider
from segmentation_pipeline.insights.discovery.sampling import spread_order
from segmentation_pipeline.llm.tokens import estimate_tokens
from segmentation_pipeline.llm_settings import LlmSettings
from segmentation_pipeline_tests import llm_servers as does
from segmentation_pipeline_tests.insights.discovery.planted import (
    ASSIGNS,
    USER,
    asked_for,
    assignments,
    planted,
    population,
    provider_for,
)
from segmentation_pipeline_tests.llm.asking import FakeClock

BOTH = pytest.mark.parametrize("protocol", ["openai", "anthropic"])
DAY_S = 86_400
MAX_OUTPUT_TOKENS = LlmSettings().max_output_tokens


@pytest.fixture
def segments(server, tmp_path):
    found = discover(
        population(),
        TreeProvider(7),
        provider_for(server, tmp_path / "other"),
        model_sample=60,
        previous=None,
        own=None,
    ).segments
    server.requests.clear()
    return found


def assigned(provider, segments, vectors=None, stored=None):
    vectors = planted() if vectors is None else vectors
    rows = assign_by_model(vectors, spread_order(vectors), segments, provider, stored or {})
    assert [row.user_id for row in rows] == list(vectors.user_ids)
    return {row.user_id: row for row in rows}


def statuses(rows):
    values = [row.status for row in rows.values()]
    return {status: values.count(status) for status in sorted(set(values))}


@BOTH
def test_everyone_is_assigned_in_batches_of_at_most_thirty(server, tmp_path, segments, protocol):
    rows = assigned(provider_for(server, tmp_path, protocol), segments)
    assert statuses(rows) == {"assigned": 150}
    sizes = [len(USER.findall(request.prompt)) for request in server.requests]
    assert sorted(sizes) == [30] * 5
    assert {row.reasoning for row in rows.values()} == {"Does the same things."}


def test_no_id_of_a_user_is_in_any_prompt_and_another_home_has_other_pseudonyms(server, tmp_path, segments):
    vectors = planted(30, prefix="ada.lovelace@example.org")
    for home in ("one", "two"):
        assigned(provider_for(server, tmp_path / home), segments, vectors)
    first, second = (set(USER.findall(request.prompt)) for request in server.requests)
    assert not any("lovelace" in request.prompt for request in server.requests)
    assert len(first) == 30
    assert not first & second


def test_a_day_assigns_its_number_and_the_days_after_the_rest_also_after_restarts(server, tmp_path, segments):
    clock, rows = FakeClock(), {}
    for done in (70, 140, 150):
        provider = provider_for(server, tmp_path, clock=clock, assignments_per_day=70)
        rows = assigned(provider, segments, stored=rows)
        assert statuses(rows).get("assigned") == done
        again = assigned(provider_for(server, tmp_path, clock=clock, assignments_per_day=70), segments, stored=rows)
        assert again == rows or done == 150
        clock.passed_s += DAY_S
    asked = [user for request in server.requests for user in USER.findall(request.prompt)]
    assert len(asked) == len(set(asked)) == 150


def test_who_waits_for_a_day_says_so(server, tmp_path, segments):
    rows = assigned(provider_for(server, tmp_path, assignments_per_day=0), segments)
    assert statuses(rows) == {"pending": 150}
    assert {row.reasoning.split(":")[0] for row in rows.values()} == {"daily_limit"}
    assert server.requests == []


def test_new_users_are_asked_about_first_then_the_least_sure():
    vectors = planted(6)
    earlier = {"user-0000": 0.9, "user-0001": 0.3, "user-0003": 0.6, "user-0004": 0.3}
    order = asking_order(vectors, np.array([5, 4, 3, 2, 1, 0]), earlier)
    assert order.tolist() == [5, 2, 4, 1, 3, 0]


def test_under_half_sure_is_unclassified(server, tmp_path, segments):
    server.otherwise = does.answer(lambda received: assignments(received, confidence=0.49))
    rows = assigned(provider_for(server, tmp_path), segments)
    assert statuses(rows) == {"unclassified": 150}
    assert {row.segment_id for row in rows.values()} == {"unclassified"}


def first(**changes):
    return lambda found: [found[0] | changes, *found[1:]]


SPOILED = {
    "an unknown user": (lambda found: [*found, found[0] | {"user_id": "u000000000000"}], None, "not asked about"),
    "an invented cluster": (first(cluster_id="2026-01-d-z"), "a segment that does not exist", "do not exist"),
    "a user given twice": (lambda found: [*found, found[0]], "more than one segment", "given twice"),
    "a user left out": (lambda found: found[1:], "left the user out", "is missing"),
}


@BOTH
@pytest.mark.parametrize("fault", SPOILED)
def test_a_wrong_batch_is_sent_back_once_and_then_only_the_wrong_users_wait(
    server, tmp_path, segments, protocol, fault
):
    change, reason, told = SPOILED[fault]
    server.otherwise = does.answer(lambda received: assignments(received, change=change))
    rows = assigned(provider_for(server, tmp_path, protocol), segments, planted(30))
    assert len(server.requests) == 2
    assert told in server.requests[1].prompt
    waiting = [row for row in rows.values() if row.status == "pending"]
    assert len(waiting) == (reason is not None)
    assert all(reason in row.reasoning for row in waiting)


@pytest.mark.parametrize("fault", SPOILED)
def test_a_batch_that_is_right_the_second_time_counts_whole(server, tmp_path, segments, fault):
    server.will(does.answer(lambda received: assignments(received, change=SPOILED[fault][0])))
    rows = assigned(provider_for(server, tmp_path), segments, planted(30))
    assert statuses(rows) == {"assigned": 30}


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (does.failing(500), "server_error"),
        (does.rate_limited("2"), "rate_limit"),
        (does.refusal(), "refusal"),
        (does.text('{"assignments": [{"user_'), "broken_json"),
        (does.close, "connection"),
        (does.answer({"hello": 1}), "wrong_schema"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_unusable_answer_leaves_its_users_waiting_with_the_reason(server, tmp_path, segments, step, kind):
    server.otherwise = step
    rows = assigned(provider_for(server, tmp_path, max_retries=1), segments, planted(30))
    assert statuses(rows) == {"pending": 30}
    assert {row.reasoning.split(":")[0] for row in rows.values()} == {kind}


def test_who_was_asked_about_in_vain_comes_last(server, tmp_path, segments):
    clock = FakeClock()
    server.will(*[does.answer(lambda received: assignments(received, change=lambda found: found[1:]))] * 2)
    options = {"assignments_per_day": 30, "clock": clock}
    rows = assigned(provider_for(server, tmp_path, **options), segments, planted(90))
    in_vain = next(row.user_id for row in rows.values() if row.reasoning.startswith("the model "))
    for _ in range(2):
        clock.passed_s += DAY_S
        rows = assigned(provider_for(server, tmp_path, **options), segments, planted(90), rows)
        assert rows[in_vain].status == "pending"
    clock.passed_s += DAY_S
    assert statuses(assigned(provider_for(server, tmp_path, **options), segments, planted(90), rows)) == {
        "assigned": 90
    }


def test_answers_for_changed_behaviour_or_other_definitions_are_asked_for_anew(server, tmp_path, segments):
    vectors = planted(30)
    rows = assigned(provider_for(server, tmp_path), segments, vectors)
    assert len(server.requests) == 1
    assigned(provider_for(server, tmp_path), segments, vectors, rows)
    assert len(server.requests) == 1
    vectors.action_counts[7, 0] += 1
    assigned(provider_for(server, tmp_path), segments, vectors, rows)
    assert len(USER.findall(server.requests[-1].prompt)) == 1
    assigned(provider_for(server, tmp_path), segments[1:], vectors, rows)
    assert len(USER.findall(server.requests[-1].prompt)) == 30


def test_over_budget_users_are_placed_by_the_nearest_centroid(server, tmp_path, segments):
    vectors = planted(150)
    assigned(provider_for(server, tmp_path / "rich"), segments, vectors)
    one = max(estimate_tokens(request.prompt) for request in server.requests) + MAX_OUTPUT_TOKENS
    provider = provider_for(server, tmp_path, budget_tokens=one + 100, max_concurrency=1)
    rows = assigned(provider, segments, vectors)
    placed = [row for row in rows.values() if row.provider == "rules"]
    assert placed
    assert {row.model for row in placed} == {"nearest centroid"}
    assert "pending" not in statuses(rows)
    for row in placed:  # centroids of the fake model are those of the planted kinds
        assert row.segment_id == segments[int(row.user_id[-4:]) % 5].segment_id


def test_batches_tried_by_the_discovery_are_not_paid_for_twice(server, tmp_path):
    provider = provider_for(server, tmp_path)
    found = discover(population(), TreeProvider(7), provider, model_sample=60, previous=None, own=None)
    assert len(asked_for(server, ASSIGNS)) == 2
    assigned(provider, found.segments)
    assert len(asked_for(server, ASSIGNS)) == 5
    assert provider.limits.assignments_left() == 500 - 150
