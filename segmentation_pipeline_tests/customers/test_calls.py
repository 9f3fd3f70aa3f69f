"""Calls from outside leave their latency and outcome, and nothing that tells who the customer is."""

from __future__ import annotations

from datetime import datetime

import pytest

from segmentation_pipeline.config import Home, Settings
from segmentation_pipeline.customer_settings import CustomerSettings
from segmentation_pipeline.customers import InvalidPayload, analyzer
from segmentation_pipeline.customers.calls import analyze_logged
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
