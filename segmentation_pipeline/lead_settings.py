"""`[leads]` of pipeline.toml: which columns of a CRM export mean what, and how personas are found and ranked.

Add here: a setting of leads, with unit, range and default. Keep out: anything computed from leads.
"""

from __future__ import annotations

import itertools
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

TIER_COUNT = 4
"""Cuts between PREMIUM, HIGH, MEDIUM, LOW and MINIMAL."""


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class LeadColumns(_Section):
    """Which column of the files plays which role; None means: find it by its well-known names."""

    outcome: str | None = None
    lead_id: str | None = None
    lead_date: str | None = None
    state: str | None = None
    industry: str | None = None
    job_title: str | None = None
    education: str | None = None
    age: str | None = None
    experience: str | None = None
    gender: str | None = None
    source: str | None = None


class LeadSettings(_Section):
    """How leads are read, grouped and ranked."""

    columns: LeadColumns = LeadColumns()
    extra_columns: Literal["all"] | tuple[str, ...] = ()
    hidden_nulls: Words = ()
    converted_words: Words = ()
    not_converted_words: Words = ()
    encoding: Literal["one_hot", "label"] = "one_hot"
    method: Literal["kmeans", "gaussian_mixture", "hdbscan", "auto"] = "kmeans"
    k: int | Literal["auto"] = 4
    k_max: int = Field(default=8, ge=3, le=26)
    seed: int = Field(default=42, ge=0, le=2**32 - 1)
    min_leads: int = Field(default=30, ge=4)
    fit_sample: int = Field(default=10_000, ge=1_000)
    rare_share: float = Field(default=0.01, ge=0, lt=0.5)
    leak_auc: float = Field(default=0.9, gt=0.5, le=1)
    prior_weight: float | Literal["auto"] = "auto"
    tier_cuts: tuple[float, ...] = (0.5, 0.25, 0.1, 0.05)
    matured_after_days: float | None = Field(default=None, gt=0, le=3_650)
    is_spreadsheet_safe: bool = True

    @field_validator("extra_columns", mode="before")
    @classmethod
    def _one_name_is_a_list(cls, value: object) -> object:
        return (value,) if isinstance(value, str) and value != "all" else value

    @field_validator("k")
    @classmethod
    def _at_least_two(cls, value: int | str) -> int | str:
        if not isinstance(value, str) and not 2 <= value <= 26:
            raise ValueError('allowed: a whole number from 2 to 26, or "auto"')
        return value

    @field_validator("prior_weight")
    @classmethod
    def _some_leads(cls, value: float | str) -> float | str:
        if not isinstance(value, str) and not 0 < value <= 10_000:
            raise ValueError('allowed: a number of leads above 0 and up to 10000, or "auto"')
        return value

    @field_validator("tier_cuts")
    @classmethod
    def _falling(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        is_falling = all(first > second for first, second in itertools.pairwise(value))
        if len(value) != TIER_COUNT or not is_falling or not all(0 < cut < 1 for cut in value):
            raise ValueError("allowed: four falling shares between 0 and 1, such as [0.5, 0.25, 0.1, 0.05]")
        return value

    @model_validator(mode="after")
    def _label_encoding_is_whole(self) -> LeadSettings:
        if self.encoding == "label" and (self.method != "kmeans" or self.k == "auto"):
            raise ValueError(
                'encoding = "label" reproduces k-means with a given k; allowed: method = "kmeans", a number k',
            )
        return self

    @model_validator(mode="after")
    def _words_mean_one_thing(self) -> LeadSettings:
        both = {word.casefold() for word in self.converted_words} & {
            word.casefold() for word in self.not_converted_words
        }
        if both:
            raise ValueError(
                f"{', '.join(sorted(both))} is in converted_words and not_converted_words; allowed: one of them",
            )
        return self
