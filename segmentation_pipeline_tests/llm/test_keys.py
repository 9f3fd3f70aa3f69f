"""Keys are shown nowhere: not by repr, not in tables, errors, logs, or what is kept of an answer."""

import logging
import traceback

import pytest

from segmentation_pipeline.llm.audit import llm_calls_frame
from segmentation_pipeline.llm.keys import HIDDEN, Key, find_key
from segmentation_pipeline.llm_settings import LlmSettings
from segmentation_pipeline_tests import llm_servers as does
from segmentation_pipeline_tests.llm.asking import MONTH, model_for, question

SHOWING_IT = {
    "an error": does.failing(400, f"bad request with {does.KEY} in it", error_type="invalid_request_error"),
    "an answer": does.answer({"title": f"your key is {does.KEY}"}),
    "a wrong answer": does.answer({does.KEY: does.KEY}),
    "no JSON": does.text(f"the key: {does.KEY}"),
    "a refusal": does.refusal(f"not with {does.KEY}"),
    "a wrong body": lambda to: to.send(200, {"choices": does.KEY, "content": does.KEY}),
    "half a body": does.cut_body({"title": does.KEY}),
    "a page": lambda to: to.send_bytes(200, does.KEY.encode(), content_type="text/html"),
    "a rejected key": None,
}


@pytest.mark.parametrize("protocol", ["openai", "anthropic"])
@pytest.mark.parametrize("by", SHOWING_IT)
def test_a_server_that_repeats_the_key_gets_it_into_nothing_we_keep(server, tmp_path, caplog, protocol, by):
    caplog.set_level(logging.DEBUG)
    if SHOWING_IT[by] is None:
        server.key = "another"
    else:
        server.otherwise = SHOWING_IT[by]
    model = model_for(server, tmp_path, protocol, max_retries=1)
    answer = model.complete(question())
    assert server.requests, "the server was asked, with the key"
    frame = llm_calls_frame(model._state, MONTH)
    for kept in (repr(answer.failure), frame.to_csv(), repr(model.__dict__), str(model.usage()), caplog.text):
        assert does.KEY not in kept
        assert does.KEY[8:] not in kept
    if answer.failure is not None:
        with (tmp_path / "state.db").open("rb") as file:
            assert does.KEY.encode() not in file.read()


def test_a_prompt_that_holds_the_key_is_not_kept_with_it(server, tmp_path):
    model = model_for(server, tmp_path)
    model.complete(question(user=f"an action is called {does.KEY}"))
    assert HIDDEN in llm_calls_frame(model._state, MONTH).prompt_text[0]
    assert does.KEY not in llm_calls_frame(model._state, MONTH).to_csv()


def test_a_key_shows_itself_nowhere():
    key = Key(does.KEY)
    assert does.KEY not in f"{key} {key!r} {[key]}"
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - what matters is how it is shown
        raise ValueError(key)
    assert does.KEY not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize(
    "secret", ["sk-ant-REDACTED", "sk-proj-abc***xyz", "Bearer abcdefgh12345678", "api_key=abcdef123456"]
)
def test_whatever_is_shaped_like_a_key_is_taken_out(secret):
    assert Key().scrub(f"told: {secret}.", 100).replace(".", "") == f"told: {HIDDEN}"


@pytest.mark.parametrize(
    "harmless", ["key_features_used", "task-completed", "risk-free trial", "the key metric: drop-off"]
)
def test_words_that_look_a_little_like_keys_stay(harmless):
    assert Key().scrub(harmless, 100) == harmless


def test_what_is_kept_is_bounded_and_printable():
    assert Key().scrub("a\x00b\x1b[31m" + "c" * 100, 10) == "ab[31mccc…"


@pytest.mark.parametrize("found", ["", "   ", "two words", "sk-\u2026cut", "line\nbreak"])
def test_a_key_that_can_be_none_is_told_without_showing_it(found):
    key = find_key(LlmSettings(provider="openai:gpt-4.1"), {"OPENAI_API_KEY": found})
    assert key.problem is not None
    assert "OPENAI_API_KEY" in key.problem
    assert not key.secret
    assert not found.strip() or found not in key.problem


def test_keys_are_stripped_of_what_pasting_adds():
    assert (
        find_key(LlmSettings(provider="openai:gpt-4.1"), {"OPENAI_API_KEY": " sk-abc123def \n"}).secret
        == "sk-abc123def"
    )
