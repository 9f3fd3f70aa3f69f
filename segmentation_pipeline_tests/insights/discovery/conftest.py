"""Fixtures of discovery's tests: a server that answers well, and no proxy between it and us."""

import pytest

from segmentation_pipeline_tests.insights.discovery.planted import good_model
from segmentation_pipeline_tests.llm_servers import ModelServer, answer


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server():
    with ModelServer(answer(good_model)) as server:
        yield server
