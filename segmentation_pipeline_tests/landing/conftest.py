"""Reading is tested through the events, the first stage that reads files."""

from __future__ import annotations

from segmentation_pipeline_tests.events.conftest import landing

__all__ = ["landing"]
