"""The rules in SQL and the rules for one payload agree on every field of every customer, boundaries included."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segmentation_pipeline.customer_settings import CustomerSettings
from segmentation_pipeline.customers import analyze
from segmentation_pipeline.customers.segmenting import (
    payloads_sql,
    prepare_facts,
    prepare_history,
    segment_parameters,
    segments_sql,
)
from segmentation_pipeline.customers.tables import Customers, Purchases, Regions
from segmentation_pipeline.warehouse.database import memory_database

NOWS = (
    datetime(2024, 2, 29, 12),
    datetime(2025, 2, 28, 23, 59),
    datetime(2025, 3, 1),
    datetime(2026, 2, 15, 12, 30, 15, 250_000),
)
NOT_COMPARED = {"customer_id", "missing_regulars", "top_products"}

days_before = st.one_of(
    st.sampled_from([0, 29, 30, 31, 59, 60, 61, 180, 360, 365, 366]), st.integers(min_value=0, max_value=800)
)
part_of_day = st.sampled_from([timedelta(), timedelta(microseconds=1), timedelta(hours=11), timedelta(hours=23)])
product = st.sampled_from(["p1", "p2", "p3", "p10", "P1", "ürün", "-"])
money = st.one_of(st.sampled_from([100_000, 250_000, 1]), st.integers(min_value=0, max_value=5_000_000))
"""In ten-thousandths; few values, so that ties are frequent."""

line = st.tuples(days_before, part_of_day, product, st.integers(1, 6), money)
person = st.tuples(
    st.one_of(
        st.none(),
        st.sampled_from([0, 25, 26, 35, 36, 50, 51, 120]),
        st.sampled_from([date(2000, 2, 29), date(1999, 2, 28), date(1999, 3, 1), date(2000, 2, 15), date(2000, 2, 16)]),
        st.dates(min_value=date(1930, 1, 1), max_value=date(2023, 12, 31)),
    ),
    st.sampled_from(["Ege", "Marmara", None]),
    days_before,
    st.lists(line, max_size=9),
)
CATEGORY = {"p1": "A", "p2": "B", "p3": "B", "p10": "C", "P1": "A", "ürün": None, "-": None}


@pytest.fixture(scope="module")
def database():
    with memory_database() as db:
        yield db


def fill(db, people, now):
    db.ensure(Purchases, Customers, Regions)
    for table in ("purchases", "customers", "regions"):
        db.execute(f"DELETE FROM {table}")
    db.execute("INSERT INTO regions VALUES ('Ege', NULL, 'Akdeniz', 25, 'B')")
    known, bought = [], []
    for number, (age, region, _, lines) in enumerate(people):
        moments = [now - timedelta(days=days) - part for days, part, *_ in lines]
        told = (None, age) if isinstance(age, date) else (age, None)
        known.append((f"c{number}", number, *told, region, since(people[number], now), min(moments, default=None)))
        bought += [
            (f"c{number}", number, name, CATEGORY[name], units, number * 10 + order, moment)
            for moment, (_, _, name, order, units) in zip(moments, lines, strict=True)
        ]
    db.connection.executemany(
        "INSERT INTO customers BY NAME SELECT ? AS customer_id, ? AS customer_key, ?::DOUBLE AS age,"
        " ?::DATE AS birth_date, ? AS region, ?::TIMESTAMP AS member_since, ?::TIMESTAMP AS first_purchase_at",
        known,
    )
    if bought:
        db.connection.executemany(
            "INSERT INTO purchases BY NAME SELECT ? AS customer_id, ? AS customer_key, ? AS product_id, ? AS category,"
            " 1 AS quantity, (? / 10000)::DECIMAL(18, 4) AS line_total, ? AS order_key, ?::TIMESTAMP AS purchased_at",
            bought,
        )


def since(someone, now):
    """When a customer registered, or bought first where that is earlier."""
    _, _, joined, lines = someone
    return min([now - timedelta(days=joined), *(now - timedelta(days=days) - part for days, part, *_ in lines)])


def years(told, today):
    """Full years at a birth date, those told otherwise: a year is full on the birthday, or on the day it would be."""
    if not isinstance(told, date):
        return told
    birthdays = [(year, told.month, told.day) for year in range(told.year + 1, today.year + 1)]
    return sum(birthday <= (today.year, today.month, today.day) for birthday in birthdays)


def both(db, people, now, chosen):
    """(customer, row of SQL, analysis of the payload) of everyone; ages and registrations are those of `people`."""
    parts = prepare_history(db, now)
    prepare_facts(db, now, chosen)
    batch = {row["customer_id"]: row for row in db.rows(segments_sql(chosen, parts), segment_parameters(now, chosen))}
    payloads = dict(db.execute(payloads_sql(now)).fetchall())
    assert set(batch) == set(payloads)
    for customer, text in payloads.items():
        payload, someone = json.loads(text), people[int(customer.removeprefix("c"))]
        payload["customerData"]["customer"] |= {
            "age": years(someone[0], now),
            "registeredAt": since(someone, now).isoformat(),
        }
        yield customer, batch[customer], analyze(payload, now=now, settings=chosen)["analysis"]


def camel(name):
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)


def assert_agree(row, single):
    for name, value in row.items():
        if name not in NOT_COMPARED:
            assert single[camel(name)] == value, (name, value, single[camel(name)])
    assert row["missing_regulars"] == single["missingRegulars"]
    assert row["top_products"] == single["topProducts"]


OTHER = CustomerSettings.model_validate(
    {
        "labels": {"language": "en", "churn": {"at_risk": "leaving"}},
        "thresholds": {"active_days": 31, "top_products": 2, "overdue_factor": 1.5, "focused_share": 0.5},
        "strategies": [
            {"strategy": "VIP", "loyalty": ["platinum", "gold"], "age_segment": "gen_z", "discount_pct": 12.5},
            {"strategy": "REST"},
        ],
    }
)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(
    people=st.lists(person, min_size=1, max_size=8),
    now=st.sampled_from(NOWS),
    chosen=st.sampled_from([CustomerSettings(), CustomerSettings(labels="en"), OTHER]),
)
def test_sql_and_single_payload_agree_field_by_field(database, people, now, chosen):
    fill(database, people, now)
    compared = 0
    for _, row, single in both(database, people, now, chosen):
        assert_agree(row, single)
        compared += 1
    assert compared == len(people)


def spread(*days, product="p1"):
    """Purchases so many days before now, an order each."""
    return [(day, timedelta(), product, place % 7, 100_000) for place, day in enumerate(days)]


NOW = NOWS[-1]
BOUNDARIES = {
    "29 days are active": ((30, None, 400, spread(29)), "churn", "Aktif"),
    "30 days are cooling": ((30, None, 400, spread(30)), "churn", "Ilık"),
    "60 days are cooling": ((30, None, 400, spread(60)), "churn", "Ilık"),
    "61 days are at risk": ((30, None, 400, spread(61)), "churn", "Riskli"),
    "25 is GenZ": ((25, None, 400, spread(1)), "ageSegment", "GenZ"),
    "26 is not": ((26, None, 400, spread(1)), "ageSegment", "GençYetişkin"),
    "26 since today is not": ((date(2000, 2, 15), None, 400, spread(1)), "ageSegment", "GençYetişkin"),
    "26 from tomorrow on is GenZ": ((date(2000, 2, 16), None, 400, spread(1)), "ageSegment", "GenZ"),
    "no age is known": ((None, None, 400, spread(1)), "ageSegment", "Bilinmiyor"),
    "exactly 2 months with 2 orders are not yet 3 orders": ((30, None, 60, spread(1, 2)), "loyalty", "Bronz"),
    "3 orders are silver": ((30, None, 1000, spread(1, 2, 3)), "loyalty", "Gümüş"),
    "6 months with an order a month are gold": ((30, None, 180, spread(1, 2, 3, 4, 5, 6)), "loyalty", "Altın"),
    "5 orders in 6 months are not": ((30, None, 180, spread(1, 2, 3, 4, 5)), "loyalty", "Gümüş"),
    "a share of .6 is not above .6": (
        (30, None, 400, spread(1, 2, 3) + spread(4, 5, product="p2")), "affinityType", "Keşifçi",
    ),
    "a share of 2/3 is": ((30, None, 400, spread(1, 2) + spread(4, product="p2")), "affinityType", "Odaklı"),
    "1.2 times the usual gap is not overdue": ((30, None, 400, spread(12, 22, 32)), "missingRegulars", []),
    "a day more is": (
        (30, None, 400, spread(13, 23, 33)), "missingRegulars",
        [{"productId": "p1", "category": "A", "avgDaysBetween": 10.0, "lastPurchaseDaysAgo": 13, "daysOverdue": 3.0}],
    ),
    "a gap of 60 days is regular": (
        (30, None, 400, spread(73, 133)), "missingRegulars",
        [{"productId": "p1", "category": "A", "avgDaysBetween": 60.0, "lastPurchaseDaysAgo": 73, "daysOverdue": 13.0}],
    ),
    "a gap of 61 days is not": ((30, None, 400, spread(99, 160)), "missingRegulars", []),
    "of equal categories the first by name": (
        (30, None, 400, spread(1, product="p2") + spread(2, product="p10")), "affinityCategory", "B",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BOUNDARIES)
def test_boundaries_fall_on_the_side_the_rules_say(database, case):
    someone, field, expected = BOUNDARIES[case]
    fill(database, [someone], NOW)
    ((_, row, single),) = both(database, [someone], NOW, CustomerSettings())
    assert single[field] == expected
    assert_agree(row, single)


def test_exactly_twelve_months_with_two_orders_a_month_are_platinum(database):
    orders = [(place + 1, timedelta(), "p1", place, 100_000) for place in range(24)]
    with_orders = [(days, part, bought, place, units) for days, part, bought, place, units in orders]
    someone = (30, None, 360, with_orders)
    fill(database, [someone], NOW)
    database.execute("UPDATE purchases SET order_key = rowid")
    ((_, row, single),) = both(database, [someone], NOW, CustomerSettings())
    assert (single["membershipDays"], single["orderCount"], single["loyalty"]) == (360, 24, "Platin")
    assert_agree(row, single)


def test_equal_spend_is_ordered_by_product(database):
    bought = [
        (1, timedelta(), name, place, 100_000) for place, name in enumerate(["p3", "p10", "p1", "ürün", "P1", "p2"])
    ]
    someone = (30, None, 400, bought)
    fill(database, [someone], NOW)
    ((_, row, single),) = both(database, [someone], NOW, CustomerSettings())
    assert [top["productId"] for top in single["topProducts"]] == ["P1", "p1", "p10", "p2", "p3"]
    assert_agree(row, single)


@pytest.mark.parametrize(
    ("now", "born", "segment"),
    [
        (datetime(2026, 2, 28, 23, 59), date(2000, 2, 29), "GenZ"),
        (datetime(2026, 3, 1), date(2000, 2, 29), "GençYetişkin"),
        (datetime(2028, 2, 28), date(1992, 2, 29), "GençYetişkin"),
        (datetime(2028, 2, 29), date(1992, 2, 29), "Yetişkin"),
        (datetime(2024, 2, 29), date(1998, 2, 28), "GençYetişkin"),
        (datetime(2024, 2, 29), date(1998, 3, 1), "GenZ"),
    ],
)
def test_who_was_born_on_a_leap_day_is_a_year_older_on_the_first_of_march(database, now, born, segment):
    someone = (born, None, 400, spread(1))
    fill(database, [someone], now)
    ((_, row, single),) = both(database, [someone], now, CustomerSettings())
    assert (row["age_segment"], single["ageSegment"]) == (segment, segment)
    assert_agree(row, single)
