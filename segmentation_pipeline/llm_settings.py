"""`[llm]` of pipeline.toml: which model is asked, and how much it may cost in time, tokens and money.

Add here: a setting of the model or of what is asked, with unit, range and default.
Keep out: keys. They are read from the environment when a model is asked, and are never part of settings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from segmentation_pipeline.addresses import checked_url, variable_name

ProviderKind = Literal["rules", "openai", "anthropic", "openai-compatible"]

FORMS = '"rules", "openai:MODEL", "anthropic:MODEL" or "openai-compatible:MODEL@BASE_URL"'

_MODEL = re.compile(r"[A-Za-z0-9][\w.:/@+-]{0,199}")


@dataclass(frozen=True)
class ProviderName:
    """What `provider` says: whose wire protocol is spoken, which model is asked and, where given, at which address."""

    kind: ProviderKind
    model: str = ""
    base_url: str | None = None

    @property
    def label(self) -> str:
        """The provider as tables tell it, without the model: `openai`, or `openai-compatible@http://...`."""
        return self.kind if self.base_url is None else f"{self.kind}@{self.base_url}"


RULES = ProviderName("rules")


def read_provider(written: str) -> ProviderName:
    """Return what a `provider` setting means.

    Raises:
        ValueError: it is none of the four forms, or its address is not one a model can be asked at.
    """
    if written == "rules":
        return RULES
    kind, _, rest = written.partition(":")
    match kind:
        case "openai" | "anthropic" | "openai-compatible":
            model, url = _split_address(rest)
        case _:
            raise ValueError(f"allowed: {FORMS}")
    if not _MODEL.fullmatch(model):
        raise ValueError(f"not a model's name; allowed: {FORMS}")
    if kind == "openai-compatible" and url is None:
        raise ValueError("not complete: a compatible server needs its address; allowed: openai-compatible:MODEL@URL")
    if kind == "openai" and url is not None:
        raise ValueError("not OpenAI's own address; allowed for another server: openai-compatible:MODEL@URL")
    return ProviderName(kind, model, None if url is None else checked_url(url, is_plain_allowed=kind != "anthropic"))


def _split_address(rest: str) -> tuple[str, str | None]:
    """Cut at the last `@http`: names of models may hold an @ themselves."""
    cut = max(rest.rfind("@http://"), rest.rfind("@https://"))
    return (rest, None) if cut < 0 else (rest[:cut], rest[cut + 1 :])


def _known_provider(written: str) -> str:
    read_provider(written)
    return written


class LlmSettings(BaseModel):
    """Which model writes advice and discovers segments, and what it may cost; `rules` asks none."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, hide_input_in_errors=True)

    provider: Annotated[str, AfterValidator(_known_provider)] = "rules"
    key_variable: Annotated[str, AfterValidator(variable_name)] = ""
    structured_output: Literal["auto", "schema", "tool"] = "auto"
    locale: Literal["en", "tr"] = "en"
    temperature: float | None = Field(default=None, ge=0, le=2)
    max_concurrency: int = Field(default=4, ge=1, le=32)
    timeout_s: float = Field(default=45, gt=0, le=1_800)
    outage_s: float = Field(default=60, gt=0, le=3_600)
    max_retries: int = Field(default=3, ge=0, le=10)
    max_prompt_tokens: int = Field(default=12_000, ge=1_000, le=200_000)
    max_output_tokens: int = Field(default=4_000, ge=256, le=32_000)
    budget_usd: float = Field(default=2.0, ge=0, le=10_000)
    budget_tokens: int = Field(default=500_000, ge=0)
    discoveries_per_week: int = Field(default=1, ge=0, le=100)
    discovery_users: int = Field(default=120, ge=50, le=200)
    assignments_per_day: int = Field(default=500, ge=0)
    assignment_batch: int = Field(default=30, ge=1, le=30)

    @property
    def named_provider(self) -> ProviderName:
        """The provider setting, taken apart."""
        return read_provider(self.provider)

    @model_validator(mode="after")
    def _one_answer_fits_into_an_outage(self) -> Self:
        if self.timeout_s > self.outage_s:
            raise ValueError(
                f"timeout_s = {self.timeout_s:g} is longer than outage_s = {self.outage_s:g}, after which a silent "
                f"server is given up for the run; allowed: timeout_s up to outage_s (raise both for a slow model)"
            )
        return self

    @model_validator(mode="after")
    def _variable_is_of_a_compatible_server(self) -> Self:
        if self.key_variable and self.named_provider.kind != "openai-compatible":
            raise ValueError(
                "key_variable is for openai-compatible servers; allowed elsewhere: OPENAI_API_KEY or ANTHROPIC_API_KEY "
                "in the environment"
            )
        return self
