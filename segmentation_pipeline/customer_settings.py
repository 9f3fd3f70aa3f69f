"""Settings of customers: thresholds of the rules, labels in any language, what is recommended to whom.

Add here: a threshold, a language, a condition. Keep out: computing anything from data (customers/).
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

RULES = 1
"""Raised when the same settings would give other segments than before."""

CODES: dict[str, tuple[str, ...]] = {
    "age_segment": ("gen_z", "young_adult", "adult", "mature", "unknown"),
    "churn": ("active", "cooling", "at_risk"),
    "value": ("high", "standard"),
    "loyalty": ("platinum", "gold", "silver", "bronze"),
    "affinity_type": ("focused", "exploring"),
    "diversity": ("discoverer", "balanced", "loyal"),
}
"""The values of each dimension that rules decide; labels are words for them."""

MODES = ("regular", "new_customer", "region")

_TR = {
    "age_segment": ("GenZ", "GençYetişkin", "Yetişkin", "Olgun", "Bilinmiyor"),
    "churn": ("Aktif", "Ilık", "Riskli"),
    "value": ("HighValue", "Standard"),
    "loyalty": ("Platin", "Altın", "Gümüş", "Bronz"),
    "affinity_type": ("Odaklı", "Keşifçi"),
    "diversity": ("Kaşif", "Dengeli", "Sadık"),
}
_EN = {
    "age_segment": ("GenZ", "YoungAdult", "Adult", "Mature", "Unknown"),
    "churn": ("Active", "Cooling", "AtRisk"),
    "value": ("HighValue", "Standard"),
    "loyalty": ("Platinum", "Gold", "Silver", "Bronze"),
    "affinity_type": ("Focused", "Exploring"),
    "diversity": ("Discoverer", "Balanced", "Loyal"),
}
SHIPPED = {"tr": (_TR, "Bilinmiyor"), "en": (_EN, "Unknown")}


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class CustomerColumns(_Section):
    """Which column of the files of purchases, customers and regions plays which role; None: found by its name."""

    customer_id: str | None = None
    product_id: str | None = None
    category: str | None = None
    quantity: str | None = None
    unit_price: str | None = None
    line_total: str | None = None
    order_id: str | None = None
    purchased_at: str | None = None
    city: str | None = None
    region: str | None = None
    age: str | None = None
    birth_date: str | None = None
    gender: str | None = None
    registered_at: str | None = None
    climate: str | None = None
    median_basket: str | None = None
    trend: str | None = None


class Thresholds(_Section):
    """Where one tier ends and the next begins."""

    gen_z_max_age: float = Field(default=25, ge=0, le=120)
    young_adult_max_age: float = Field(default=35, ge=0, le=120)
    adult_max_age: float = Field(default=50, ge=0, le=120)
    active_days: int = Field(default=30, ge=1)
    risk_days: int = Field(default=60, ge=1)
    platinum_months: float = Field(default=12, ge=0)
    platinum_orders_per_month: float = Field(default=2, ge=0)
    gold_months: float = Field(default=6, ge=0)
    gold_orders_per_month: float = Field(default=1, ge=0)
    silver_orders: int = Field(default=3, ge=1)
    focused_share: float = Field(default=0.6, ge=0, le=1)
    discoverer_ratio: float = Field(default=0.7, ge=0)
    balanced_ratio: float = Field(default=0.4, ge=0)
    budget_factor: float = Field(default=1.2, gt=0)
    regular_days: float = Field(default=60, gt=0)
    overdue_factor: float = Field(default=1.2, ge=1)
    top_products: int = Field(default=5, ge=0, le=100)

    @model_validator(mode="after")
    def _in_order(self) -> Thresholds:
        rising = (
            ("gen_z_max_age", "young_adult_max_age", "adult_max_age"),
            ("active_days", "risk_days"),
            ("gold_months", "platinum_months"),
            ("balanced_ratio", "discoverer_ratio"),
        )
        for names in rising:
            values = [getattr(self, name) for name in names]
            if values != sorted(values):
                raise ValueError(f"allowed: {' <= '.join(names)}; a tier must not end before the one below it")
        return self


class OwnLabels(_Section):
    """Words of one's own for the values of the dimensions; what is left out is said in `language`."""

    language: Literal["tr", "en"] = "en"
    unknown: str | None = None
    age_segment: dict[str, str] = {}
    churn: dict[str, str] = {}
    value: dict[str, str] = {}
    loyalty: dict[str, str] = {}
    affinity_type: dict[str, str] = {}
    diversity: dict[str, str] = {}

    @model_validator(mode="after")
    def _known_and_distinct(self) -> OwnLabels:
        for dimension, codes in CODES.items():
            given: dict[str, str] = getattr(self, dimension)
            unknown = sorted(set(given) - set(codes))
            if unknown:
                raise ValueError(f"{dimension}.{unknown[0]} is no value; allowed: {', '.join(codes)}")
            words = [
                given.get(code, word) for code, word in zip(codes, SHIPPED[self.language][0][dimension], strict=True)
            ]
            if len(set(words)) < len(words) or not all(words):
                raise ValueError(f"two values of {dimension} have one label; allowed: a word of its own for each")
        return self


Codes = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]


class Strategy(_Section):
    """What is recommended where all conditions hold; a condition that is left out holds for everyone."""

    strategy: str = Field(min_length=1, max_length=40)
    discount_pct: float = Field(default=0, ge=0, le=100)
    mode: Codes = ()
    age_segment: Codes = ()
    churn: Codes = ()
    value: Codes = ()
    loyalty: Codes = ()
    affinity_type: Codes = ()
    diversity: Codes = ()

    @model_validator(mode="after")
    def _known_codes(self) -> Strategy:
        for dimension, codes in {"mode": MODES, **CODES}.items():
            unknown = [code for code in getattr(self, dimension) if code not in codes]
            if unknown:
                raise ValueError(f"{dimension} has no value {unknown[0]}; allowed: {', '.join(codes)}")
        return self

    @property
    def conditions(self) -> dict[str, tuple[str, ...]]:
        """Dimension (or mode) -> the values it may have."""
        return {name: values for name in ("mode", *CODES) if (values := getattr(self, name))}


DEFAULT_STRATEGIES = (
    Strategy(strategy="WELCOME", mode=("new_customer",)),
    Strategy(strategy="RETENTION", discount_pct=20, mode=("regular",), churn=("at_risk",)),
    Strategy(strategy="UPSELL", mode=("regular",), value=("high",)),
    Strategy(strategy="GROW"),
)
"""Who never bought is welcomed before anything else: nobody can be won back who was never there."""


class CustomerSettings(_Section):
    """How purchases are read, and by which rules customers are segmented."""

    columns: CustomerColumns = CustomerColumns()
    decimal: Literal["auto", ".", ","] = "auto"
    cancellation_prefix: str = Field(default="C", max_length=10)
    labels: Literal["tr", "en"] | OwnLabels = "tr"
    thresholds: Thresholds = Thresholds()
    strategies: tuple[Strategy, ...] = DEFAULT_STRATEGIES
    region_min_orders: int = Field(default=20, ge=1)
    trend_days: int = Field(default=90, ge=1)
    backtest_days: int = Field(default=60, ge=7, le=730)

    @field_validator("labels", mode="before")
    @classmethod
    def _language_or_table(cls, value: object) -> object:
        if isinstance(value, str) and value not in SHIPPED:
            raise ValueError('allowed: "tr", "en", or a table of your own words')
        return value

    @field_validator("strategies")
    @classmethod
    def _someone_is_left(cls, value: tuple[Strategy, ...]) -> tuple[Strategy, ...]:
        if not value or value[-1].conditions:
            raise ValueError("allowed: a list whose last entry has no condition, so that everyone gets a strategy")
        return value

    @property
    def language(self) -> Literal["tr", "en"]:
        """Language of the explanation."""
        return self.labels if isinstance(self.labels, str) else self.labels.language

    def label_table(self) -> dict[str, dict[str, str]]:
        """Return dimension -> code -> word."""
        shipped = SHIPPED[self.language][0]
        own = {} if isinstance(self.labels, str) else self.labels.model_dump()
        return {
            dimension: {
                code: own.get(dimension, {}).get(code, word)
                for code, word in zip(codes, shipped[dimension], strict=True)
            }
            for dimension, codes in CODES.items()
        }

    @property
    def unknown(self) -> str:
        """Word for a category, trend or climate that is not known."""
        own = None if isinstance(self.labels, str) else self.labels.unknown
        return own or SHIPPED[self.language][1]

    @property
    def labels_name(self) -> str:
        """What is told of the labels beside each result: tr, en or own."""
        return self.labels if isinstance(self.labels, str) else "own"

    @property
    def rule_version(self) -> str:
        """Version of our rules and a hash of everything in the settings that decides a result."""
        told: dict[str, Any] = self.model_dump(mode="json", exclude={"columns", "decimal", "cancellation_prefix"})
        digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
        return f"{RULES}-{digest[:10]}"
