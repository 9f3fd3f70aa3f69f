"""Analysing payloads for callers from outside: by the settings of a home, the call logged in its state.db.

Keep out: the analysis (single.py) and what is stored of a call (state/customer_calls.py).
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.customers.model_explanation import ModelExplainer
from segmentation_pipeline.customers.single import Analyzer
from segmentation_pipeline.errors import InvalidPayload
from segmentation_pipeline.llm.client import LanguageModel
from segmentation_pipeline.llm.questions import Run
from segmentation_pipeline.state.customer_calls import CustomerCall, pseudonym_of, record_customer_call

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from segmentation_pipeline.config import Settings
    from segmentation_pipeline.state.database import State


def analyzer_of(
    settings: Settings, state: State, *, start: Callable[[Callable[[], None]], object] | None = None
) -> Analyzer:
    """Return the analyzer of a home, whose explanations a language model writes where `[llm]` names one.

    `start` runs a question to the model beside the caller; without it the first customer of each kind waits for it.
    """
    if settings.llm.named_provider.kind == "rules":
        return Analyzer(settings.customers)

    def model_of(day: date) -> LanguageModel:
        return LanguageModel(settings.llm, state, Run(day.replace(day=1), f"customers {day}"))

    explainer = ModelExplainer(model_of, settings.customers, today=lambda: datetime.now(UTC).date(), start=start)
    return Analyzer(settings.customers, explainer)


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
