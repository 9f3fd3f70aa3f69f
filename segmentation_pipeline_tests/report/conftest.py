"""Homes to report on, and reports without the time that drawing takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import segmentation_pipeline.client as client
from segmentation_pipeline.report import pictures
from segmentation_pipeline.report.building import build_report
from segmentation_pipeline.report.content import Picture
from segmentation_pipeline_tests.surfaces import published_only

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from segmentation_pipeline.config import Home
    from segmentation_pipeline.report.content import Report


@pytest.fixture
def home(_planted: Home, tmp_path: Path) -> Home:
    """A published home of one's own: segments, customers, leads, one refresh."""
    return published_only(_planted, tmp_path / "home")


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave pictures undrawn, which takes most of the time."""
    monkeypatch.setattr(pictures, "_picture", lambda draw, words: Picture(svg=b"", png=b"", **{"caption": "", **words}))


@pytest.fixture
def told(undrawn: None) -> Callable[..., Report]:
    """Return the report of a home, its pictures undrawn."""

    def tell(home, month=None, locale="en"):
        with client.open(home) as opened, opened.snapshot() as snapshot:
            return build_report(snapshot, month, locale)

    return tell
