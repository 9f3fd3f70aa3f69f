"""Explanations by a language model on loopback: grounded by their form, one question a kind, nobody's data sent."""

from __future__ import annotations

from datetime import date

import pytest

from segmentation_pipeline.config import Home, Settings
from segmentation_pipeline.customer_settings import CustomerSettings
from segmentation_pipeline.customers.calls import analyzer_of
from segmentation_pipeline.customers.explanation import explain
from segmentation_pipeline.customers.model_explanation import ModelExplainer, example_prompt, problem_of
from segmentation_pipeline.customers.single import Analyzer
from segmentation_pipeline.llm.client import LanguageModel
from segmentation_pipeline.llm.questions import Run
from segmentation_pipeline.state.database import open_state
from segmentation_pipeline_tests import llm_servers as does
from segmentation_pipeline_tests.llm_servers import ModelServer

NOW = "2026-03-01T00:00:00"
GOOD = {"text": "Seen because of the {recency} and the {basket}: {strategy}."}
SLOTS = {"recency", "basket", "strategy"}


def payload(customer_id="c-1", product="Secret Perfume", city="Izmir", **customer):
    history = {
        "productId": product,
        "category": "Fragrance",
        "totalSpent": 180.0,
        "orderCount": 3,
        "lastPurchase": "2026-02-20T00:00:00",
        "avgDaysBetween": None,
    }
    known = {"registeredAt": "2025-01-01T00:00:00", "age": 33, "productHistory": [history], **customer}
    return {
        "customerId": customer_id,
        "city": city,
        "customer": known,
        "region": {"name": "Aegean", "medianBasket": 40.0, "trend": "Fragrance", "climateType": "mild"},
    }


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SERVER_KEY", does.KEY)


def settings_for(server, labels="en"):
    llm = {"provider": server.openai_provider, "key_variable": "SERVER_KEY", "max_retries": 1, "timeout_s": 5}
    return Settings.model_validate({"customers": {"labels": labels}, "llm": llm})


def state_of(root, settings):
    return open_state(Home(root), settings)


def test_a_kind_of_customer_is_asked_about_once_and_each_one_gets_figures_of_their_own(tmp_path):
    with ModelServer(does.answer(GOOD)) as server:
        settings = settings_for(server)
        analyzer = analyzer_of(settings, state_of(tmp_path, settings))
        first = analyzer.analyze(payload(), now=NOW)
        second = analyzer.analyze(payload("c-2", product="Other", city="Ankara"), now="2026-03-11")
    assert len(server.requests) == 1
    assert first["explanation"] == (
        "Seen because of the last purchase 9 days ago (Active) and the average basket of 60.00 against a median of"
        " 40.00 in the region (HighValue): strategy UPSELL."
    )
    assert "last purchase 19 days ago (Active)" in second["explanation"]
    prompt = server.requests[0].prompt
    assert [name for name in ("c-1", "Secret", "Izmir", "Aegean", "Fragrance", "mild", "60.00") if name in prompt] == []


def test_turkish_labels_are_explained_in_turkish(tmp_path):
    with ModelServer(does.answer({"text": "Bunun nedeni {recency}; önerilen {strategy}."})) as server:
        settings = settings_for(server, "tr")
        told = analyzer_of(settings, state_of(tmp_path, settings)).analyze(payload(), now=NOW)
    assert told["explanation"] == "Bunun nedeni 9 gün önceki son alışveriş (Aktif); önerilen UPSELL stratejisi."
    assert "Write in Turkish" in server.requests[0].prompt


def test_a_wrong_answer_is_sent_back_once_and_a_right_one_then_taken(tmp_path):
    wrong = {"text": "They bought twice as much as others: {strategy}."}
    with ModelServer() as server:
        server.will(does.answer(wrong), does.answer(GOOD))
        settings = settings_for(server)
        told = analyzer_of(settings, state_of(tmp_path, settings)).analyze(payload(), now=NOW)
    assert told["explanation"].startswith("Seen because of the last purchase")
    assert "twice" in server.requests[1].prompt


@pytest.mark.parametrize(
    "text",
    [
        "A loyal customer: {strategy}.",
        "An AtRisk customer: {strategy}.",
        "Last seen 45 days ago: {strategy}.",
        "They spend more than others: {strategy}.",
        "See https://example.com: {strategy}.",
        "{recency}, {age}: {strategy}.",
        "{recency}, {recency}: {strategy}.",
        "Because of the {recency}.",
        "{strategy} `drop table` {recency}",
        "{ {strategy}",
        "Half of them leave: {strategy}.",
    ],
)
def test_what_states_a_fact_of_its_own_is_refused(text):
    others = {"atrisk", "cooling", "loyal", "standard"}
    assert problem_of(text, SLOTS, others, "en") is not None


@pytest.mark.parametrize(("text", "language"), [(GOOD["text"], "en"), ("Nedeni {recency}; önerilen {strategy}.", "tr")])
def test_what_leaves_facts_to_the_slots_is_taken(text, language):
    assert problem_of(text, SLOTS, {"atrisk", "cooling"}, language) is None


@pytest.mark.parametrize(
    "step",
    [does.answer({"text": "They come 3 times more: {strategy}."}), does.failing(), does.answer({"wrong": 1})],
    ids=["ungrounded", "server error", "wrong form"],
)
def test_where_no_usable_answer_comes_the_deterministic_sentence_stands_and_nobody_is_asked_again_that_day(
    tmp_path, step
):
    with ModelServer(step) as server:
        settings = settings_for(server)
        analyzer = analyzer_of(settings, state_of(tmp_path, settings))
        told = analyzer.analyze(payload(), now=NOW)
        asked = len(server.requests)
        again = analyzer.analyze(payload("c-2"), now=NOW)
    assert told["explanation"] == again["explanation"] == explain(told["analysis"], language="en")
    assert asked == len(server.requests) >= 1


def test_the_next_day_it_is_asked_again(tmp_path):
    days = iter([date(2026, 3, 1), date(2026, 3, 1), date(2026, 3, 2)])
    with ModelServer() as server:
        server.will(does.failing(), does.failing(), does.answer(GOOD))
        settings = settings_for(server)
        state = state_of(tmp_path, settings)
        explainer = ModelExplainer(
            lambda day: LanguageModel(settings.llm, state, Run(day.replace(day=1), f"customers {day}")),
            settings.customers,
            today=lambda: next(days),
        )
        analyzer = Analyzer(settings.customers, explainer)
        told = [analyzer.analyze(payload(), now=NOW)["explanation"][:4] for _ in range(3)]
    assert told == ["Acti", "Acti", "Seen"]


def test_a_caller_who_does_not_wait_gets_the_deterministic_sentence_meanwhile(tmp_path):
    waiting = []
    with ModelServer(does.answer(GOOD)) as server:
        settings = settings_for(server)
        analyzer = analyzer_of(settings, state_of(tmp_path, settings), start=waiting.append)
        before = analyzer.analyze(payload(), now=NOW)
        assert len(waiting) == 1
        assert server.requests == []
        waiting[0]()
        after = analyzer.analyze(payload(), now=NOW)
    assert before["explanation"] == explain(before["analysis"], language="en")
    assert after["explanation"].startswith("Seen because")


@pytest.mark.parametrize("mode", ["new_customer", "region"])
def test_those_without_purchases_are_explained_by_their_region(tmp_path, mode):
    with ModelServer(does.answer({"text": "Known by the {trend}: {strategy}."})) as server:
        settings = settings_for(server)
        analyzer = analyzer_of(settings, state_of(tmp_path, settings))
        given = payload(productHistory=[]) if mode == "new_customer" else payload() | {"customer": None}
        told = analyzer.analyze(given, now=NOW)
    assert told["analysis"]["mode"] == mode
    assert told["explanation"].startswith("Known by the trend of the region (Fragrance): strategy ")
    assert "{recency}" not in server.requests[0].prompt


def test_the_prompt_people_look_at_is_the_one_sent_for_that_kind(tmp_path):
    given = payload(productHistory=[payload()["customer"]["productHistory"][0] | {"lastPurchase": "2025-11-20"}])
    given["customer"]["productHistory"][0]["avgDaysBetween"] = 10.0
    with ModelServer(does.answer(GOOD)) as server:
        settings = settings_for(server)
        told = analyzer_of(settings, state_of(tmp_path, settings)).analyze(given, now=NOW)
    assert (told["analysis"]["churn"], told["analysis"]["value"]) == ("AtRisk", "HighValue")
    assert example_prompt(settings.customers).user in server.requests[0].prompt


def test_without_a_model_the_analyzer_explains_by_itself(tmp_path):
    settings = Settings.model_validate({"customers": {"labels": "en"}})
    told = analyzer_of(settings, state_of(tmp_path, settings)).analyze(payload(), now=NOW)
    assert told["explanation"] == explain(told["analysis"], language="en")
    assert CustomerSettings(labels="en") == settings.customers
