"""Draw a shop whose truth is known: customers of planted types, their orders, their cities and regions.

Add here: another type of customer. Every draw comes from one generator in a fixed order, so the same arguments give the
same shop. Keep out: events (simulate.py) and what a pipeline makes of a shop.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STREAM = 20_260_101
"""Keeps the shop's draws apart from those of the events under the same seed."""

CITIES = (
    ("İzmir", "Ege", "Akdeniz", "Bahçe"),
    ("Aydın", "Ege", "Akdeniz", "Bahçe"),
    ("İstanbul", "Marmara", "Geçiş", "Elektronik"),
    ("Bursa", "Marmara", "Geçiş", "Elektronik"),
    ("Van", "Doğu Anadolu", "Karasal", "Isıtma"),
)
CATEGORIES = ("Bahçe", "Elektronik", "Isıtma", "Kitap", "Mutfak")
PRODUCTS_PER_CATEGORY = 8
OTHER_SHARE = 0.25
"""Share of lines outside a customer's favourite category."""

CANCELLED_SHARE = 0.01
GENEROUS_SHARE = 0.4
PRICES = {False: (40.0, 90.0), True: (160.0, 320.0)}
"""Range of prices of customers with small and with large baskets."""

LARGEST_SHOP = 1_000_000


@dataclass(frozen=True)
class CustomerType:
    """A planted type: days between orders, days since registration, days of silence at the end; (least, most)."""

    name: str
    share: float
    gap_days: tuple[float, float]
    member_days: tuple[int, int]
    silent_days: tuple[float, float]
    most_orders: int
    churn: str
    loyalty: str


TYPES = (
    CustomerType("devoted", 0.12, (10, 14), (370, 420), (0.5, 9), 99, "active", "platinum"),
    CustomerType("steady", 0.2, (20, 26), (200, 330), (1, 20), 99, "active", "gold"),
    CustomerType("slipping", 0.2, (50, 70), (260, 420), (32, 58), 99, "cooling", "silver"),
    CustomerType("lapsed", 0.23, (20, 40), (300, 420), (75, 150), 99, "at_risk", "silver"),
    CustomerType("newcomer", 0.15, (3, 6), (12, 28), (1, 6), 2, "active", "bronze"),
    CustomerType("window_shopper", 0.1, (1, 1), (5, 90), (0, 0), 0, "at_risk", "bronze"),
)


@dataclass(frozen=True)
class SimulatedCustomer:
    """The truth about one customer."""

    customer_id: str
    type: CustomerType
    city: str
    age: int
    gender: str
    registered_at: datetime
    is_generous: bool
    favourite: str


@dataclass(frozen=True)
class SimulatedLine:
    """One line of an order; a negative quantity takes it back."""

    customer_id: str
    product_id: str
    category: str
    quantity: int
    unit_price: float
    order_id: str
    purchased_at: datetime
    city: str


@dataclass(frozen=True)
class SimulatedShop:
    """A drawn shop; lines in the order of time."""

    customers: tuple[SimulatedCustomer, ...]
    lines: tuple[SimulatedLine, ...]


def simulate_shop(*, customers: int, end: datetime, seed: int) -> SimulatedShop:
    """Return a shop of so many customers, its last purchases shortly before `end`.

    Raises:
        PipelineError: fewer than one customer, too many, or a negative seed.
    """
    if not 1 <= customers <= LARGEST_SHOP:
        raise PipelineError(f"{customers} customers cannot be simulated. Next: ask for 1 to {LARGEST_SHOP:,}.")
    if seed < 0:
        raise PipelineError(f"{seed} is no seed. Next: give a whole number of at least 0.")
    draw = np.random.default_rng([seed, STREAM])
    kinds = draw.choice(len(TYPES), size=customers, p=[kind.share for kind in TYPES])
    people = [_customer(number, TYPES[kind], end, draw) for number, kind in enumerate(kinds, start=1)]
    lines = [line for person in people for line in _lines(person, end, draw)]
    return SimulatedShop(tuple(people), tuple(sorted(lines, key=lambda line: (line.purchased_at, line.order_id))))


def write_home_shop(shop: SimulatedShop, out: Path) -> tuple[Path, ...]:
    """Write purchases, customers and regions into `landing/` of a home, the truth beside it; return the paths."""
    landing = out / "landing"
    return (
        _write(landing / "purchases" / "purchases.csv", _purchase_rows(shop)),
        _write(landing / "customers" / "customers.csv", _customer_rows(shop)),
        _write(landing / "regions" / "regions.csv", _region_rows()),
        _write(out / "truth_customers.csv", _truth_rows(shop)),
    )


def _customer(number: int, kind: CustomerType, end: datetime, draw: np.random.Generator) -> SimulatedCustomer:
    days = int(draw.integers(kind.member_days[0], kind.member_days[1] + 1))
    return SimulatedCustomer(
        customer_id=f"m{number:05d}",
        type=kind,
        city=CITIES[int(draw.integers(len(CITIES)))][0],
        age=int(draw.integers(18, 75)),
        gender="FM"[int(draw.integers(2))],
        registered_at=(end - timedelta(days=days)).replace(hour=0, minute=0, second=0, microsecond=0),
        is_generous=bool(draw.random() < GENEROUS_SHARE),
        favourite=CATEGORIES[int(draw.integers(len(CATEGORIES)))],
    )


def _lines(person: SimulatedCustomer, end: datetime, draw: np.random.Generator) -> Iterator[SimulatedLine]:
    """Yield a customer's lines, from the last order back to the registration."""
    at = end - timedelta(seconds=round(float(draw.uniform(*person.type.silent_days)) * 86_400))
    number = 0
    while at >= person.registered_at and number < person.type.most_orders:
        number += 1
        for _ in range(1 + int(draw.random() < 0.6)):
            line = _line(person, at, f"{person.customer_id[1:]}{number:03d}", draw)
            yield line
            if number > 1 and draw.random() < CANCELLED_SHARE:
                yield _taken_back(line)
        at -= timedelta(seconds=round(float(draw.uniform(*person.type.gap_days)) * 86_400))


def _line(person: SimulatedCustomer, at: datetime, order_id: str, draw: np.random.Generator) -> SimulatedLine:
    other = CATEGORIES[int(draw.integers(len(CATEGORIES)))]
    category = other if draw.random() < OTHER_SHARE else person.favourite
    product = int(draw.integers(PRODUCTS_PER_CATEGORY))
    low, high = PRICES[person.is_generous]
    return SimulatedLine(
        customer_id=person.customer_id,
        product_id=f"{CATEGORIES.index(category) + 1}{product:02d}",
        category=category,
        quantity=1 + int(draw.random() < 0.3),
        unit_price=round(float(draw.uniform(low, high)), 2),
        order_id=order_id,
        purchased_at=at.replace(microsecond=0),
        city=person.city,
    )


def _taken_back(line: SimulatedLine) -> SimulatedLine:
    return SimulatedLine(
        line.customer_id,
        line.product_id,
        line.category,
        -line.quantity,
        line.unit_price,
        f"C{line.order_id}",
        line.purchased_at + timedelta(hours=20),
        line.city,
    )


def _purchase_rows(shop: SimulatedShop) -> Iterator[str]:
    yield "customer_id,order_id,purchased_at,product_id,category,quantity,unit_price,city"
    for line in shop.lines:
        yield (
            f"{line.customer_id},{line.order_id},{line.purchased_at:%Y-%m-%dT%H:%M:%SZ},{line.product_id},"
            f"{line.category},{line.quantity},{line.unit_price:.2f},{line.city}"
        )


def _customer_rows(shop: SimulatedShop) -> Iterator[str]:
    yield "customer_id,age,gender,city,registered_at"
    for person in shop.customers:
        yield f"{person.customer_id},{person.age},{person.gender},{person.city},{person.registered_at:%Y-%m-%d}"


def _region_rows() -> Iterator[str]:
    yield "city,region,climate,trend"
    for city in CITIES:
        yield ",".join(city)


def _truth_rows(shop: SimulatedShop) -> Iterator[str]:
    yield "customer_id,type,churn,loyalty,is_generous,favourite"
    for person in shop.customers:
        kind = person.type
        yield (
            f"{person.customer_id},{kind.name},{kind.churn},{kind.loyalty},{str(person.is_generous).lower()},"
            f"{person.favourite}"
        )


def _write(path: Path, rows: Iterator[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{row}\n" for row in rows)
    return path
