"""Work beside the requests, one piece after the other: questions to a language model, which take seconds.

Keep out: what is asked, and whom (customers/, llm/).
"""

from __future__ import annotations

import logging
import queue
import threading
from typing import TYPE_CHECKING

from segmentation_pipeline.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)


class Questions:
    """A thread that does what it is given; it ends with the process, whatever it waits for."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def ask(self, question: Callable[[], None]) -> None:
        """Have a question asked, after those that wait; returns at once."""
        self._waiting.put(question)
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._ask_on, name="questions", daemon=True)
                self._thread.start()

    def _ask_on(self) -> None:
        while True:
            try:
                self._waiting.get()()
            except StateError as error:
                _log.warning("a question to the model came to nothing: %s", error)
