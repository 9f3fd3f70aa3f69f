"""Prices come from the installed list: known for the named models, null otherwise, and never over the network."""

import socket
import subprocess
import sys

import pytest

from segmentation_pipeline.llm.prices import cost_usd
from segmentation_pipeline.llm_settings import read_provider


@pytest.mark.parametrize(
    ("provider", "usd"),
    [
        ("openai:gpt-4.1", 2 + 8),
        ("anthropic:claude-sonnet-4-20250514", 3 + 15),
        ("openai:no-such-model", None),
        ("openai-compatible:gpt-4.1@http://127.0.0.1:8080/v1", None),
    ],
)
def test_a_million_tokens_each_way_cost_what_the_list_says(monkeypatch, provider, usd):
    def refuse(*_):
        raise AssertionError("a price was looked up over the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    cost = cost_usd(read_provider(provider), 1_000_000, 1_000_000)
    assert cost == (None if usd is None else pytest.approx(usd, rel=0.5))


def test_what_talks_to_models_is_not_loaded_before_one_is_asked():
    script = (
        "import sys, segmentation_pipeline.definitions, segmentation_pipeline.llm.client;"
        "import segmentation_pipeline.llm.audit;"
        "print(sorted({name.split('.')[0] for name in sys.modules}"
        " & {'pydantic_ai', 'openai', 'anthropic', 'genai_prices', 'httpx2', 'logfire'}))"
    )
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert loaded.strip().endswith("[]")
