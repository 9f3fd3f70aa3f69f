"""Questions asked beside the requests: one that fails keeps none of those behind it from being asked."""

from __future__ import annotations

import threading

from segmentation_pipeline.api.questions import Questions
from segmentation_pipeline.errors import StateError


def test_a_question_that_fails_is_logged_by_its_kind_and_the_next_is_asked(caplog):
    asked, done = Questions(), threading.Event()

    def failing(error):
        raise error

    for error in (StateError("state.db is locked"), ZeroDivisionError("ayse@example.com")):
        asked.ask(lambda error=error: failing(error))
    asked.ask(done.set)
    assert done.wait(10)
    assert "state.db is locked" in caplog.text
    assert "ZeroDivisionError" in caplog.text
    assert "example.com" not in caplog.text
