"""Cache, budget, breaker, audit and order: what holds over all questions of a run, and over runs."""

import asyncio
from datetime import date

import pytest

from segmentation_pipeline.config import Home, Settings
from segmentation_pipeline.errors import StateError
from segmentation_pipeline.llm import wire
from segmentation_pipeline.llm.audit import llm_calls_frame
from segmentation_pipeline.llm.client import LanguageModel
from segmentation_pipeline.llm.clock import SystemClock
from segmentation_pipeline.llm.questions import Run
from segmentation_pipeline.llm.tokens import estimate_tokens
from segmentation_pipeline.llm_settings import LlmSettings
from segmentation_pipeline.state.database import open_state
from segmentation_pipeline_tests import llm_servers as does
from segmentation_pipeline_tests.llm.asking import MONTH, FakeClock, Titled, model_for, question

BOTH = pytest.mark.parametrize("protocol", ["openai", "anthropic"])


def rows(model, month=MONTH):
    return llm_calls_frame(model._state, month).to_dict("records")


def outcomes(model):
    return [row["outcome"] for row in rows(model)]


# The cache


@BOTH
def test_the_same_question_is_paid_for_once_also_after_a_restart(server, tmp_path, protocol):
    clock = FakeClock()
    first = model_for(server, tmp_path, protocol, clock=clock).complete(question())
    again = model_for(server, tmp_path, protocol, clock=clock, run_id="run-2")
    answer = again.complete(question())
    assert len(server.requests) == 1
    assert (answer.output, answer.is_cached, answer.cost_usd, answer.input_tokens) == (first.output, True, 0.0, 0)
    assert outcomes(again) == ["ok", "cached"]
    assert rows(again)[1]["raw_reply"] == rows(again)[0]["raw_reply"]


@pytest.mark.parametrize(
    "change",
    [
        {"question": {"user": "What else?"}},
        {"settings": {"temperature": 0.5}},
        {"settings": {"max_output_tokens": 500}},
        {"settings": {"structured_output": "tool"}},
        {"protocol": "anthropic"},
    ],
    ids=str,
)
def test_what_shapes_an_answer_is_part_of_its_key(server, tmp_path, change):
    model_for(server, tmp_path).complete(question())
    other = model_for(server, tmp_path, change.get("protocol", "openai"), **change.get("settings", {}))
    assert not other.complete(question(**change.get("question", {}))).is_cached


def test_another_form_of_answer_is_another_question(server, tmp_path):
    class Titled2(Titled):
        """A title and more."""

        note: str = ""

    model = model_for(server, tmp_path)
    asked = question()
    widened = type(asked)(asked.purpose, asked.subject, asked.prompt, Titled2)
    assert model.cache_key(asked) != model.cache_key(widened)


def test_failures_are_not_cached(server, tmp_path):
    server.will(does.refusal())
    model = model_for(server, tmp_path)
    assert model.complete(question()).failure.kind == "refusal"
    assert model.complete(question()).output == Titled(title="Owls")


def test_a_cached_answer_that_fails_a_new_check_is_asked_for_again(server, tmp_path):
    model_for(server, tmp_path).complete(question())
    server.otherwise = does.answer({"title": "Larks"})
    check = lambda titled: "taken" if titled.title == "Owls" else None  # noqa: E731
    answer = model_for(server, tmp_path).complete(question(check=check))
    assert (answer.output, answer.is_cached) == (Titled(title="Larks"), False)


def test_a_check_of_the_caller_sends_its_problem_back_once(server, tmp_path):
    answer = model_for(server, tmp_path).complete(question(check=lambda _: "the name Owls is taken"))
    assert (answer.failure.kind, answer.failure.message) == ("wrong_schema", "the name Owls is taken")
    assert len(server.requests) == 2
    assert "the name Owls is taken" in server.requests[1].prompt


# Several at once


def test_answers_come_in_the_order_of_questions_and_no_more_are_under_way_than_allowed(server, tmp_path):
    def slow_echo(to):
        name = to.received.prompt.rsplit(" ", 1)[1]
        does.slow(0.1 if int(name) % 2 else 0.01, does.answer({"title": name}))(to)

    server.otherwise = slow_echo
    model = model_for(server, tmp_path, max_concurrency=3)
    answers = model.complete_all([question(f"s{number}", user=f"name {number}") for number in range(9)])
    assert [answer.output.title for answer in answers] == [str(number) for number in range(9)]
    assert 2 <= server.most_at_once <= 3
    assert model.usage().call_count == 9


def test_one_question_that_fails_takes_no_other_with_it(server, tmp_path):
    server.otherwise = lambda to: (does.refusal() if "bad" in to.received.prompt else does.answer({"title": "Owls"}))(
        to
    )
    answers = model_for(server, tmp_path).complete_all(
        [question(user="good"), question(user="bad"), question(user="g")]
    )
    assert [answer.failure and answer.failure.kind for answer in answers] == [None, "refusal", None]


def test_it_can_be_asked_where_an_event_loop_is_running(server, tmp_path):
    model = model_for(server, tmp_path)

    async def inside():
        return model.complete(question())

    assert asyncio.run(inside()).output == Titled(title="Owls")


# Money


def test_the_budget_of_tokens_is_looked_at_before_each_request(server, tmp_path):
    most = estimate_tokens(question(user="What is it called, a?").prompt.text) + 1_000
    used = does.INPUT_TOKENS + does.OUTPUT_TOKENS
    model = model_for(
        server, tmp_path, max_output_tokens=1_000, budget_tokens=most + used, max_concurrency=1, max_retries=0
    )
    answers = model.complete_all([question(user=f"What is it called, {n}?") for n in "abcd"])
    kinds = [answer.failure and str(answer.failure.kind) for answer in answers]
    assert kinds == [None, None, "budget", "budget"]
    assert len(server.requests) == 2
    assert "budget_tokens" in answers[2].failure.message
    assert outcomes(model).count("budget") == 2


def test_questions_under_way_together_cannot_overdraw_the_budget(server, tmp_path):
    server.otherwise = does.slow(0.1, does.answer({"title": "Owls"}))
    model = model_for(server, tmp_path, max_output_tokens=1_000, budget_tokens=2_500, max_concurrency=8)
    answers = model.complete_all([question(user=str(number)) for number in range(8)])
    assert [answer.failure is None for answer in answers].count(True) == 2


def test_dollars_are_counted_where_a_price_is_known_and_spent_ones_survive_a_restart(server, tmp_path):
    model = model_for(server, tmp_path, "anthropic")
    answer = model.complete(question())
    # claude-sonnet-4: 3 USD a million tokens in, 15 out
    assert answer.cost_usd == pytest.approx((does.INPUT_TOKENS * 3 + does.OUTPUT_TOKENS * 15) / 1e6)
    assert model.usage().cost_usd == answer.cost_usd
    limited = {"run_id": "run-2", "budget_usd": 0.0151, "max_output_tokens": 1_000, "clock": FakeClock()}
    fresh = model_for(server, tmp_path, "anthropic", **limited)
    assert fresh.complete(question(user="And this?")).failure is None
    resumed = model_for(server, tmp_path, "anthropic", **limited)
    refused = resumed.complete(question(user="And that?"))
    assert refused.failure.kind == "budget"
    assert "budget_usd" in refused.failure.message
    assert rows(resumed)[-1]["cost_usd"] == 0


def test_without_a_known_price_tokens_are_counted_and_the_cost_is_null(server, tmp_path):
    model = model_for(server, tmp_path)
    assert model.complete(question()).cost_usd is None
    assert model.usage().cost_usd is None
    frame = llm_calls_frame(model._state, MONTH)
    assert (frame.input_tokens[0], frame.cost_usd.isna()[0]) == (does.INPUT_TOKENS, True)


def test_a_server_that_does_not_count_is_counted_for(server, tmp_path):
    def uncounted(to):
        body = does.completion(to.received, '{"title": "Owls"}')
        del body["usage"]
        to.send(200, body)

    server.otherwise = uncounted
    answer = model_for(server, tmp_path).complete(question())
    assert answer.failure is None
    asked = estimate_tokens(question().prompt.text)
    assert (answer.input_tokens, answer.output_tokens) == (asked, estimate_tokens('{"title": "Owls"}'))


def test_a_prompt_over_its_limit_is_not_sent(server, tmp_path):
    answer = model_for(server, tmp_path, max_prompt_tokens=1_000).complete(question(user="a word " * 2_000))
    assert (answer.failure.kind, server.requests) == ("prompt_too_long", [])


# A server that is down


class SilentWire:
    """Stands for a server that takes each request and says nothing until the time given is over."""

    def __init__(self, clock, dead_from_s=0.0):
        self.clock, self.dead_from_s, self.sent = clock, dead_from_s, []

    async def ask(self, _system, _user, _output, *, timeout_s):
        self.sent.append((self.clock.monotonic_s(), timeout_s))
        if self.clock.monotonic_s() < self.dead_from_s:
            await self.clock.sleep(10)
            return wire.Reply('{"title": "Owls"}', None, 1, 1)
        await self.clock.sleep(timeout_s)
        return wire.Reply(None, wire.Failure(wire.FailureKind.TIMEOUT, "silence"))


def silenced(monkeypatch, silent):
    class Connected:
        def __init__(self, *_):
            pass

        async def __aenter__(self):
            return silent

        async def __aexit__(self, *_):
            return None

    monkeypatch.setattr("segmentation_pipeline.llm.client.connected", Connected)


@pytest.mark.parametrize("question_count", [1, 8, 40])
def test_a_dead_server_costs_a_run_at_most_sixty_seconds_over_all_its_questions(
    server, tmp_path, monkeypatch, question_count
):
    clock = FakeClock()
    silent = SilentWire(clock)
    silenced(monkeypatch, silent)
    wanted = [question(user=f"{number}") for number in range(question_count)]
    model = model_for(server, tmp_path, clock=clock, timeout_s=45, max_concurrency=1)
    kinds = {str(answer.failure.kind) for answer in model.complete_all(wanted)}
    later = model_for(server, tmp_path, clock=clock, timeout_s=45)
    kinds |= {str(answer.failure.kind) for answer in later.complete_all(wanted)}
    assert clock.passed_s <= 60
    assert kinds == {"timeout", "breaker"}
    assert "given up" in later.usage().gave_up
    assert "breaker" in outcomes(later)


def test_what_one_part_of_a_run_lost_the_next_part_has_less_to_lose(server, tmp_path, monkeypatch):
    clock = FakeClock()
    silenced(monkeypatch, SilentWire(clock))
    for run_id, passed_s in [("run-1", 45), ("run-1", 60), ("run-1", 60), ("run-2", 105)]:
        model = model_for(server, tmp_path, clock=clock, timeout_s=45, max_retries=0, run_id=run_id)
        model.complete(question(user=f"{clock.passed_s}"))
        assert clock.passed_s == pytest.approx(passed_s)


def test_the_sixty_seconds_begin_when_the_server_dies_and_not_before(server, tmp_path, monkeypatch):
    clock = FakeClock()
    silent = SilentWire(clock, dead_from_s=200)
    silenced(monkeypatch, silent)
    model = model_for(server, tmp_path, clock=clock, timeout_s=45, max_concurrency=1)
    answers = model.complete_all([question(user=f"{number}") for number in range(40)])
    assert sum(answer.failure is None for answer in answers) == 20
    assert 200 < clock.passed_s <= 260


def test_a_server_that_closes_every_connection_costs_little_and_the_next_run_asks_again(server, tmp_path):
    server.otherwise = does.close
    clock = FakeClock()
    wanted = [question(user=f"{number}") for number in range(30)]
    kinds = {answer.failure.kind for answer in model_for(server, tmp_path, clock=clock).complete_all(wanted)}
    assert kinds <= {"connection", "breaker"}
    assert clock.passed_s <= 60
    server.otherwise = does.answer({"title": "Owls"})
    assert model_for(server, tmp_path, run_id="run-2").complete(question(user="now?")).failure is None


def test_a_server_that_asks_for_an_hour_is_not_asked_again_in_this_run(server, tmp_path):
    server.will(does.rate_limited("3600"))
    answers = model_for(server, tmp_path, max_concurrency=1).complete_all([question(user=n) for n in "abc"])
    assert [str(answer.failure.kind) for answer in answers] == ["rate_limit", "breaker", "breaker"]
    assert "3600 s" in answers[1].failure.message
    assert model_for(server, tmp_path).complete(question(user="d")).failure.kind == "breaker"
    assert len(server.requests) == 1


def test_a_silent_server_is_given_up_in_real_time_too(server, tmp_path):
    server.otherwise = does.slow(20)
    model = model_for(server, tmp_path, clock=SystemClock(), timeout_s=0.3, outage_s=0.6)
    answers = model.complete_all([question(user=f"{number}") for number in range(20)])
    assert {str(answer.failure.kind) for answer in answers} == {"timeout", "breaker"}
    assert len(server.requests) <= 16, "each of four at a time fits in about twice; without the breaker it were eighty"


def test_a_key_that_is_not_accepted_ends_the_run_s_questions_at_the_first(server, tmp_path):
    server.key = "another"
    model = model_for(server, tmp_path, max_concurrency=1)
    kinds = [str(answer.failure.kind) for answer in model.complete_all([question(user=n) for n in "abc"])]
    assert kinds == ["unauthorized", "breaker", "breaker"]
    assert len(server.requests) == 1


def test_everybody_waits_when_the_server_asks_one_to(server, tmp_path):
    clock = FakeClock()
    server.will(does.rate_limited("7"))
    model_for(server, tmp_path, clock=clock, max_concurrency=1).complete_all([question(user="a"), question(user="b")])
    assert clock.passed_s == pytest.approx(7)


# The audit


def test_every_question_is_written_down_with_its_price_and_its_prompt(server, tmp_path):
    model = model_for(server, tmp_path, "anthropic", clock=FakeClock())
    model.complete(question("2026-01-b"))
    (row,) = rows(model)
    assert row["purpose"] == "naming"
    assert row["subject"] == "2026-01-b"
    assert (row["prompt_name"], row["run_id"], row["refresh_month"]) == ("naming.v1", "run-1", MONTH)
    assert row["model"] == "claude-sonnet-4-20250514"
    assert row["prompt_text"] == "# system\nYou name things.\n# user\nWhat is it called?"
    assert row["prompt_hash"] == question().prompt.sha256
    assert row["raw_reply"] == '{"title":"Owls"}'
    assert rows(model, date(2026, 2, 1)) == []


def test_what_is_paid_for_is_written_down_though_a_later_one_breaks_off(server, tmp_path, monkeypatch):
    model = model_for(server, tmp_path, max_concurrency=1)
    recorded = LanguageModel._recorded

    def break_at_second(self, request, asked, key):
        if request.subject == "second":
            raise StateError("locked")
        return recorded(self, request, asked, key)

    monkeypatch.setattr(LanguageModel, "_recorded", break_at_second)
    with pytest.raises(StateError):
        model.complete_all([question(name, user=name) for name in ("first", "second", "third")])
    assert [row["subject"] for row in rows(model)] == ["first", "third"]


# Nobody to ask


def test_with_the_rules_nobody_is_asked_and_nothing_is_written(tmp_path):
    model = LanguageModel(LlmSettings(), open_state(Home(tmp_path), Settings()), Run(MONTH, "run-1"))
    answer = model.complete(question())
    assert (answer.output, answer.failure.kind) == (None, "not_asked")
    assert "rules" in model.unavailable
    assert not model.is_misconfigured
    assert list(tmp_path.iterdir()) == []


@BOTH
def test_without_a_key_one_message_says_which_and_the_run_goes_on(server, tmp_path, protocol):
    model = model_for(server, tmp_path, protocol, environment={"OTHER": "x"})
    variable = "SERVER_KEY" if protocol == "openai" else "ANTHROPIC_API_KEY"
    assert f"no {variable}" in model.unavailable
    assert "Next:" in model.unavailable
    assert model.is_misconfigured
    assert model.complete(question()).failure.kind == "not_asked"
    assert server.requests == []


def test_a_compatible_server_that_wants_no_key_gets_none_of_ours(server, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-for-this-server")
    server.key = wire.NO_KEY
    assert model_for(server, tmp_path, key_variable="").complete(question()).failure is None
