"""What tests of language models share: a question, a clock that does not wait, a model on a loopback server."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from segmentation_pipeline.config import Home, Settings
from segmentation_pipeline.llm.client import LanguageModel
from segmentation_pipeline.llm.prompts import Prompt
from segmentation_pipeline.llm.questions import Request, Run
from segmentation_pipeline.llm_settings import LlmSettings
from segmentation_pipeline.state.database import open_state
from segmentation_pipeline_tests.llm_servers import KEY

MONTH = date(2026, 1, 1)
ENVIRONMENT = {"SERVER_KEY": KEY, "ANTHROPIC_API_KEY": KEY}


class Titled(BaseModel):
    """A title."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(max_length=80)


class FakeClock:
    """Time passes only where somebody sleeps, or where a test says so."""

    def __init__(self):
        self.passed_s = 0.0
        self.slept = []
        self._looks = 0

    def now(self):
        """Each look is a microsecond after the last, so what is written down keeps its order."""
        self._looks += 1
        return datetime(2026, 1, 5, 12) + timedelta(seconds=self.passed_s, microseconds=self._looks)

    def monotonic_s(self):
        return self.passed_s

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.passed_s += seconds


def question(subject="2026-01-a", user="What is it called?", check=None):
    return Request("naming", subject, Prompt("naming.v1", "You name things.", user), Titled, check)


def settings_for(server, protocol="openai", **more):
    """Settings that ask a loopback server by one of the two protocols."""
    provider = getattr(server, f"{protocol}_provider")
    variable = {"key_variable": "SERVER_KEY"} if protocol == "openai" else {}
    return LlmSettings(provider=provider, **({"timeout_s": 5} | variable | more))


def model_for(server, tmp_path, protocol="openai", *, clock=None, run_id="run-1", environment=None, **more):
    """A model on a loopback server, with the state of a home in `tmp_path`."""
    return LanguageModel(
        settings_for(server, protocol, **more),
        open_state(Home(tmp_path), Settings()),
        Run(MONTH, run_id),
        environment=ENVIRONMENT if environment is None else environment,
        clock=clock or FakeClock(),
    )
