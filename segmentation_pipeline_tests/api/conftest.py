"""One server of a planted home for all tests that only ask it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from segmentation_pipeline_tests.api.api_server import make_token, served
from segmentation_pipeline_tests.surfaces import published_only

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from segmentation_pipeline.config import Home
    from segmentation_pipeline_tests.api.api_server import Served


@pytest.fixture(scope="package")
def served_home(_planted: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The home behind `server`."""
    return published_only(_planted, tmp_path_factory.mktemp("api") / "home")


@pytest.fixture(scope="package")
def token(served_home: Home) -> str:
    """A token of `server` that may write."""
    return make_token(served_home, "write", "planner")


@pytest.fixture(scope="package")
def server(served_home: Home, token: str) -> Iterator[Served]:
    """A server on loopback."""
    with served(served_home) as running:
        yield running


@pytest.fixture
def home(_planted: Home, tmp_path: Path) -> Home:
    """A published home of one's own."""
    return published_only(_planted, tmp_path / "home")
