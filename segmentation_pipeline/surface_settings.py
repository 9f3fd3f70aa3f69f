"""`[report]`, `[api]` and `[mcp]` of pipeline.toml: the language of reports, what programs may ask, what agents may do.

Add here: a limit of a surface, with unit, range and default. Keep out: tokens (state/) and what is answered (answers/).
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class ApiSettings(_Section):
    """What the HTTP API takes before it answers 413, 422, 429 or 503."""

    requests_per_second: float = Field(default=2000, gt=0, le=1e6)
    max_body_kb: int = Field(default=4096, ge=1, le=1_000_000)
    max_batch: int = Field(default=1000, ge=1, le=100_000)
    max_in_flight: int = Field(default=128, ge=1, le=10_000)
    max_lag_ms: float = Field(default=250, ge=10, le=60_000)
    allowed_hosts: tuple[str, ...] = ()
    is_token_needed: bool = False


class ReportSettings(_Section):
    """How the report of each refresh is written."""

    language: Literal["en", "tr"] = "en"
    formats: tuple[Literal["pdf", "html", "pptx"], ...] = ("pdf", "html", "pptx")
    """Those a refresh writes; none, and only `segpipe report` writes any."""


class McpSettings(_Section):
    """What agents may do beside reading."""

    is_writing_allowed: bool = False
