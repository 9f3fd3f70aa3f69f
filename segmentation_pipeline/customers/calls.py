"""Analysing payloads for callers from outside: by the settings of a home, each call logged in its state.db.

Add here: another way to log calls. Keep out: the analysis (single.py), what is stored of a call
(state/customer_calls.py).
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.customers.model_explanation import ModelExplainer
from segmentation_pipeline.customers.single import Analyzer, analyzer
from segmentation_pipeline.errors import InvalidPayload, StateError
from segmentation_pipeline.llm.client import LanguageModel
from segmentation_pipeline.llm.questions import Run
from segmentation_pipeline.state.customer_calls import (
    CustomerCall,
    pseudonyms_of,
    record_customer_calls,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from segmentation_pipeline.config import Settings
    from segmentation_pipeline.state.database import State

FLUSH_S = 1.0
"""Seconds between writes: a call is in state.db a second later, at any number of calls a second."""

FLUSH_CALLS = 5_000
"""Calls of one transaction: some 50 ms, so that people who edit meanwhile notice nothing."""

MOST_WAITING = 100_000
"""Calls kept while state.db cannot be written; older ones are given up, and counted in the log."""

_log = logging.getLogger(__name__)


def analyzer_of(
    settings: Settings, state: State, *, start: Callable[[Callable[[], None]], object] | None = None
) -> Analyzer:
    """Return the analyzer of a home, whose explanations a language model writes where `[llm]` names one.

    `start` runs a question to the model beside the caller; without it the first customer of each kind waits for it.
    """
    if settings.llm.named_provider.kind == "rules":
        return analyzer(settings.customers)

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
    log = CallLog(state)
    try:
        return log.analyze(analyzer, payload, now=now)
    finally:
        log.flush()


class CallLog:
    """Analyses payloads and keeps the calls until they are written: by `flush()`, or every second once started.

    May be used from several threads. Ids of customers wait in memory only; what is written is their pseudonym.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._waiting: deque[tuple[str | None, CustomerCall]] = deque(maxlen=MOST_WAITING)
        self._given_up = 0
        self._stopped = threading.Event()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None

    def analyze(
        self, analyzer: Analyzer, payload: Mapping[str, Any] | str | bytes, *, now: datetime | str
    ) -> dict[str, Any]:
        """Return what the analyzer says of a payload; the call is logged later.

        Raises:
            InvalidPayload: a field is missing, of the wrong type or out of range; such calls are logged too.
        """
        started = time.perf_counter()
        try:
            result = analyzer.analyze(payload, now=now)
        except InvalidPayload as error:
            self._keep(None, None, "refused", error.path, analyzer, started)
            raise
        self._keep(result["customerId"], result["analysis"]["mode"], "analysed", None, analyzer, started)
        return result

    def start(self) -> None:
        """Write what waits every second, in a thread of its own, until `stop()`."""
        self._stopped.clear()
        self._thread = threading.Thread(target=self._write_on, name="customer calls", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and write what still waits; state.db being unusable is told in the log only."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._flush_or_tell()

    def flush(self) -> None:
        """Write what waits.

        Raises:
            StateError: the calls cannot be written; they wait on.
        """
        with self._writing:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(FLUSH_CALLS, len(self._waiting)))]
                try:
                    self._write(batch)
                except StateError:
                    room = MOST_WAITING - len(self._waiting)
                    self._given_up += max(len(batch) - room, 0)
                    self._waiting.extendleft(reversed(batch[-room:] if room else []))
                    raise

    def _keep(
        self,
        customer_id: str | None,
        mode: str | None,
        outcome: str,
        error_path: str | None,
        analyzer: Analyzer,
        started: float,
    ) -> None:
        latency_s = time.perf_counter() - started
        if len(self._waiting) == MOST_WAITING:
            self._given_up += 1
        called_at = datetime.now(UTC).replace(tzinfo=None)
        call = CustomerCall(None, mode, outcome, error_path, analyzer.rule_version, latency_s, called_at)
        self._waiting.append((customer_id, call))

    def _write(self, batch: list[tuple[str | None, CustomerCall]]) -> None:
        with self._state.write() as connection:
            names = pseudonyms_of(connection, [customer_id for customer_id, _ in batch])
            record_customer_calls(connection, [call for _, call in batch], names)

    def _write_on(self) -> None:
        while not self._stopped.wait(FLUSH_S):
            self._flush_or_tell()

    def _flush_or_tell(self) -> None:
        try:
            self.flush()
        except StateError as error:
            _log.warning("calls of customers wait to be logged (%d given up so far): %s", self._given_up, error)
