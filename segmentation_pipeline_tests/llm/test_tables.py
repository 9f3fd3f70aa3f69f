"""The contract of `llm_calls`, and its rows from state.db."""

from datetime import datetime

import pytest

from segmentation_pipeline.llm.audit import llm_calls_frame
from segmentation_pipeline.llm.tables import LlmCalls
from segmentation_pipeline.warehouse.database import memory_database
from segmentation_pipeline_tests import llm_servers as does
from segmentation_pipeline_tests.llm.asking import MONTH, FakeClock, model_for, question


@pytest.fixture
def frame(server, tmp_path):
    server.will(does.answer({"title": "Owls"}), does.refusal())
    model = model_for(server, tmp_path, max_concurrency=1, clock=FakeClock())
    model.complete_all([question(user="a"), question(user="b")])
    model.complete(question(user="a"))
    return llm_calls_frame(model._state, MONTH)


def test_calls_of_every_outcome_keep_the_contract(frame):
    with memory_database() as db:
        db.ensure(LlmCalls)
        assert db.replace(LlmCalls, frame, month=MONTH) == 3
        kept = db.rows("SELECT outcome, cost_usd, error, created_at FROM llm_calls ORDER BY created_at")
    assert [row["outcome"] for row in kept] == ["ok", "refusal", "cached"]
    assert [row["error"] is None for row in kept] == [True, False, True]
    assert kept[0]["created_at"].replace(microsecond=0) == datetime(2026, 1, 5, 12)


def test_a_month_without_calls_is_an_empty_table(server, tmp_path):
    with memory_database() as db:
        db.ensure(LlmCalls)
        empty = llm_calls_frame(model_for(server, tmp_path)._state, MONTH)
        assert db.replace(LlmCalls, empty, month=MONTH) == 0
