"""Payloads of customers to analyse and what is answered, as programs are told of them.

The analyzer (customers/) reads payloads itself, ten times as fast as a model would, and names a wrong field as here.
Add here: a field of the payload or the analysis, with its range. Keep out: the rules.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from segmentation_pipeline.answers.shape import Answer, Stamp

MOST = 1e12

Amount = Annotated[float, Field(ge=0, le=MOST)]
Count = Annotated[int, Field(ge=0, le=int(MOST))]
Time = Annotated[str, Field(description="ISO 8601; without a zone it is UTC.", examples=["2025-12-20T14:03:00Z"])]
Id = Annotated[str, Field(min_length=1, pattern=r"\S")] | int


class _Payload(BaseModel):
    model_config = ConfigDict(extra="allow")


class ProductHistory(_Payload):
    """What a customer bought of one product; each product once."""

    productId: Id
    category: str | None = None
    totalQuantity: Amount | None = None
    totalSpent: Amount
    orderCount: Count
    lastPurchase: Time
    avgDaysBetween: Amount | None = None


class Customer(_Payload):
    """A customer; without purchases it is a new one. `orderCount`: orders in all, where one held several products."""

    age: float | None = Field(default=None, ge=0, le=120)
    birthDate: Time | None = None
    gender: str | None = None
    registeredAt: Time
    orderCount: Count | None = None
    productHistory: list[ProductHistory] | None = None


class Region(_Payload):
    """What is usual where the customer lives."""

    name: str | None = None
    climateType: str | None = None
    medianBasket: Amount
    trend: str | None = Field(default=None, description="Category most is spent on.")


class CustomerData(_Payload):
    """A customer with its region; without `customer` the region as a whole is analysed."""

    customerId: Id | None = None
    city: str | None = None
    customer: Customer | None = None
    region: Region


class CustomerPayload(_Payload):
    """The nested form other systems send."""

    customerData: CustomerData


class MissingRegular(Answer):
    """A product bought regularly whose next purchase is overdue."""

    productId: str
    category: str | None
    avgDaysBetween: float
    lastPurchaseDaysAgo: int
    daysOverdue: float


class TopProduct(Answer):
    """One of the products most was spent on."""

    productId: str
    totalSpent: float


class Analysis(Answer):
    """Where a customer is in eight dimensions, the figures behind it, and what to do."""

    mode: Literal["regular", "new_customer", "region"]
    ageSegment: str
    churn: str
    value: str
    loyalty: str
    affinityCategory: str
    affinityType: str
    diversity: str
    region: str | None
    regionClimate: str
    regionMedianBasket: float
    avgBasket: float
    estimatedBudget: float
    avgMonthlySpend: float
    lastPurchaseDaysAgo: int
    orderCount: int
    totalSpent: float
    membershipDays: int
    missingRegulars: list[MissingRegular]
    topProducts: list[TopProduct]
    recommendedStrategy: str
    discountPct: float
    ruleVersion: str
    labels: str


class CustomerAnalysis(Answer):
    """What is said of one payload; `refresh` is the published data of that moment, which the rules do not read."""

    customerId: str | None
    analysis: Analysis
    explanation: str
    timestamp: str = Field(description="The moment it was analysed at, in UTC.")
    refresh: Stamp | None


class Refusal(Answer):
    """The field that keeps a payload of a batch from being analysed."""

    path: str
    message: str


class BatchItem(Answer):
    """One payload of a batch: analysed, or refused with the field at fault."""

    customerId: str | None = None
    analysis: Analysis | None = None
    explanation: str | None = None
    timestamp: str | None = None
    error: Refusal | None = None


class CustomerAnalyses(Answer):
    """What is said of each payload of a batch, in the order given."""

    refresh: Stamp | None
    refused_count: int
    results: list[BatchItem]
