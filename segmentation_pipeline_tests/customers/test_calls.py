"""Calls from outside leave their latency and outcome, and nothing that tells who the customer is."""

from __future__ import annotations

from datetime import datetime

import pytest

from segmentation_pipeline.config import Home, Settings
from segmentation_pipeline.customer_settings import CustomerSettings
from segmentation_pipeline.customers import InvalidPayload, analyzer
from segmentation_pipeline.customers import calls as calls_module
from segmentation_pipeline.customers.calls import CallLog, analyze_logged
from segmentation_pipeline.errors import StateError
from segmentation_pipeline.state import customer_calls
from segmentation_pipeline.state.customer_calls import customer_calls_since
from segmentation_pipeline.state.database import open_state

PAYLOAD = {
    "customerId": "ayşe@example.com",
    "customer": {"age": 30, "registeredAt": "2025-01-01", "productHistory": []},
    "region": {"medianBasket": 40},
}


def test_a_call_is_logged_with_latency_and_pseudonym_and_a_refused_one_with_its_field(tmp_path):
    state = open_state(Home(tmp_path), Settings())
    asked = analyzer(CustomerSettings())
    result = analyze_logged(state, asked, PAYLOAD, now="2026-01-01")
    assert result == asked.analyze(PAYLOAD, now="2026-01-01")
    with pytest.raises(InvalidPayload):
        analyze_logged(state, asked, PAYLOAD | {"region": {"medianBasket": -1}}, now="2026-01-01")
    with state.read() as connection:
        first, second = customer_calls_since(connection, datetime(2026, 1, 1))
    assert (first.mode, first.outcome, first.error_path) == ("new_customer", "analysed", None)
    assert (second.outcome, second.error_path) == ("refused", "region.medianBasket")
    assert first.latency_s > 0
    assert first.customer_pseudonym
    assert b"example.com" not in b"".join(path.read_bytes() for path in tmp_path.glob("state.db*"))


def logged(state):
    with state.read() as connection:
        return customer_calls_since(connection, datetime(2026, 1, 1))


def test_calls_wait_for_one_write_and_the_last_are_written_at_the_end(tmp_path, monkeypatch):
    state = open_state(Home(tmp_path), Settings())
    writes = []
    write = type(state).write
    monkeypatch.setattr(type(state), "write", lambda self: writes.append(1) or write(self))
    log, asked = CallLog(state), analyzer(CustomerSettings())
    log.start()
    for number in range(50):
        log.analyze(asked, PAYLOAD | {"customerId": f"c-{number % 2}"}, now="2026-01-01")
    log.stop()
    assert len(writes) <= 2
    found = logged(state)
    assert len(found) == 50
    assert len({call.customer_pseudonym for call in found}) == 2


def test_calls_wait_on_while_the_database_cannot_be_written_and_the_oldest_are_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(calls_module, "MOST_WAITING", 3)
    state = open_state(Home(tmp_path), Settings())
    log, asked = CallLog(state), analyzer(CustomerSettings())
    (tmp_path / "state.db").write_bytes(b"no database at all")
    for number in range(3):
        log.analyze(asked, PAYLOAD | {"customerId": f"c-{number}"}, now="2026-01-01")
    with pytest.raises(StateError):
        log.flush()
    log.analyze(asked, PAYLOAD | {"customer": None}, now="2026-01-01")
    (tmp_path / "state.db").unlink()
    log.flush()
    assert [call.mode for call in logged(state)] == ["new_customer", "new_customer", "region"]


def test_only_the_newest_calls_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(customer_calls, "KEPT_CALLS", 2)
    state = open_state(Home(tmp_path), Settings())
    asked = analyzer(CustomerSettings())
    for payload in (PAYLOAD, PAYLOAD, PAYLOAD | {"customer": None}):
        analyze_logged(state, asked, payload, now="2026-01-01")
    assert [call.mode for call in logged(state)] == ["new_customer", "region"]
