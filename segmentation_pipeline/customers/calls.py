"""Analysing a payload for a caller from outside: the same as `analyze`, with the call logged in state.db.

Keep out: the analysis (single.py) and what is stored of a call (state/customer_calls.py).
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.errors import InvalidPayload
from segmentation_pipeline.state.customer_calls import CustomerCall, pseudonym_of, record_customer_call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from segmentation_pipeline.customers.single import Analyzer
    from segmentation_pipeline.state.database import State


def analyze_logged(
    state: State, analyzer: Analyzer, payload: Mapping[str, Any] | str | bytes, *, now: datetime | str
) -> dict[str, Any]:
    """Return what the analyzer says of a payload, and log latency and outcome; the customer's id only as a pseudonym.

    Raises:
        InvalidPayload: a field is missing, of the wrong type or out of range; such calls are logged too.
        StateError: the call cannot be logged.
    """
    started = time.perf_counter()
    result: dict[str, Any] = {}
    refused: InvalidPayload | None = None
    try:
        result = analyzer.analyze(payload, now=now)
    except InvalidPayload as error:
        refused = error
    latency_s = time.perf_counter() - started
    with state.write() as connection:
        record_customer_call(
            connection,
            CustomerCall(
                customer_pseudonym=pseudonym_of(connection, result.get("customerId")),
                mode=result["analysis"]["mode"] if result else None,
                outcome="refused" if refused else "analysed",
                error_path=refused.path if refused else None,
                rule_version=analyzer.settings.rule_version,
                latency_s=latency_s,
                called_at=datetime.now(UTC).replace(tzinfo=None),
            ),
        )
    if refused:
        raise refused
    return result
