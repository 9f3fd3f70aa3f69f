"""One payload: the figures of the three modes, and errors that name the field."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation_pipeline.customer_settings import CustomerSettings
from segmentation_pipeline.customers import InvalidPayload, analyze
from segmentation_pipeline.customers.single import Analyzer

NOW = "2026-02-15T12:00:00"
BEFORE_TIME, AFTER_TIME = "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"
"""Moments that UTC has no year for."""

PAYLOAD = {
    "customerData": {
        "customerId": "c1",
        "city": "İzmir",
        "customer": {
            "age": 32,
            "gender": "F",
            "registeredAt": "2025-02-20T12:00:00",
            "productHistory": [
                {
                    "productId": "tea",
                    "category": "Drinks",
                    "totalQuantity": 6,
                    "totalSpent": 300.0,
                    "orderCount": 6,
                    "lastPurchase": "2026-01-31T12:00:00",
                    "avgDaysBetween": 10.0,
                },
                {
                    "productId": "cup",
                    "category": "Kitchen",
                    "totalQuantity": 1,
                    "totalSpent": 100,
                    "orderCount": 2,
                    "lastPurchase": "2025-12-01",
                    "avgDaysBetween": None,
                },
            ],
        },
        "region": {"name": "Ege", "climateType": "Akdeniz", "medianBasket": 45.5, "trend": "Garden"},
    }
}


def test_a_regular_customer():
    result = analyze(PAYLOAD, now=NOW)
    assert (result["customerId"], result["timestamp"]) == ("c1", NOW)
    analysis = result["analysis"]
    expected = {
        "mode": "regular",
        "ageSegment": "GençYetişkin",
        "churn": "Aktif",
        "value": "HighValue",
        "loyalty": "Gümüş",
        "affinityCategory": "Drinks",
        "affinityType": "Odaklı",
        "diversity": "Sadık",
        "region": "Ege",
        "regionClimate": "Akdeniz",
        "regionMedianBasket": 45.5,
        "avgBasket": 50.0,
        "estimatedBudget": 60.0,
        "avgMonthlySpend": 400 / 12,
        "lastPurchaseDaysAgo": 15,
        "orderCount": 8,
        "totalSpent": 400.0,
        "membershipDays": 360,
        "recommendedStrategy": "UPSELL",
        "discountPct": 0.0,
        "labels": "tr",
    }
    assert {name: analysis[name] for name in expected} == expected
    assert analysis["missingRegulars"] == [
        {
            "productId": "tea",
            "category": "Drinks",
            "avgDaysBetween": 10.0,
            "lastPurchaseDaysAgo": 15,
            "daysOverdue": 5.0,
        }
    ]
    assert [top["productId"] for top in analysis["topProducts"]] == ["tea", "cup"]
    assert "15 gün" in result["explanation"]


def test_a_customer_without_purchases_is_new_and_welcomed():
    payload = copy.deepcopy(PAYLOAD)
    payload["customerData"]["customer"]["productHistory"] = []
    analysis = analyze(payload, now=NOW)["analysis"]
    expected = {
        "mode": "new_customer",
        "churn": "Riskli",
        "value": "Standard",
        "loyalty": "Bronz",
        "affinityCategory": "Garden",
        "affinityType": "Keşifçi",
        "diversity": "Kaşif",
        "avgBasket": 45.5,
        "estimatedBudget": 45.5 * 1.2,
        "lastPurchaseDaysAgo": 999,
        "orderCount": 0,
        "recommendedStrategy": "WELCOME",
    }
    assert {name: analysis[name] for name in expected} == expected


def test_a_region_stands_for_nobody_in_particular():
    analysis = analyze({"region": PAYLOAD["customerData"]["region"]}, now=NOW)["analysis"]
    expected = {
        "mode": "region",
        "ageSegment": "Yetişkin",
        "churn": "Aktif",
        "value": "Standard",
        "loyalty": "Gümüş",
        "affinityCategory": "Garden",
        "affinityType": "Keşifçi",
        "diversity": "Dengeli",
        "avgBasket": 45.5,
        "estimatedBudget": 45.5 * 1.2,
        "avgMonthlySpend": 91.0,
        "lastPurchaseDaysAgo": 30,
        "recommendedStrategy": "GROW",
    }
    assert {name: analysis[name] for name in expected} == expected


def test_text_bytes_and_objects_with_and_without_the_wrapper_mean_the_same():
    inner = PAYLOAD["customerData"]
    expected = analyze(PAYLOAD, now=NOW)
    for form in (inner, json.dumps(PAYLOAD), json.dumps(inner).encode()):
        assert analyze(form, now=datetime.fromisoformat(NOW)) == expected


def test_moments_with_a_zone_are_turned_to_utc():
    there = timezone(timedelta(hours=3))
    assert analyze(PAYLOAD, now=datetime(2026, 2, 15, 15, tzinfo=there)) == analyze(PAYLOAD, now=NOW)
    assert analyze(PAYLOAD, now=datetime(2026, 2, 15, 12, tzinfo=UTC))["timestamp"] == NOW


@pytest.mark.parametrize(
    ("change", "path", "allowed"),
    [
        ({"customer.age": 121}, "customerData.customer.age", "from 0 to 120"),
        ({"customer.age": -1}, "customerData.customer.age", "from 0 to 120"),
        ({"customer.age": "32"}, "customerData.customer.age", "a number"),
        ({"customer.age": True}, "customerData.customer.age", "a number"),
        ({"customer.registeredAt": "soon"}, "customerData.customer.registeredAt", "ISO 8601"),
        ({"customer.registeredAt": None}, "customerData.customer.registeredAt", "ISO 8601"),
        ({"customer.registeredAt": BEFORE_TIME}, "customerData.customer.registeredAt", "ISO 8601"),
        ({"customer.registeredAt": AFTER_TIME}, "customerData.customer.registeredAt", "ISO 8601"),
        ({"customer.age": None, "customer.birthDate": BEFORE_TIME}, "customerData.customer.birthDate", "ISO 8601"),
        (
            {"customer.productHistory.0.lastPurchase": AFTER_TIME},
            "customerData.customer.productHistory[0].lastPurchase",
            "ISO 8601",
        ),
        ({"customer.productHistory": {}}, "customerData.customer.productHistory", "a list"),
        ({"customer.productHistory.0": 5}, "customerData.customer.productHistory[0]", "an object"),
        ({"customer.productHistory.1.totalSpent": -5}, "customerData.customer.productHistory[1].totalSpent", "from 0"),
        (
            {"customer.productHistory.1.totalSpent": float("nan")},
            "customerData.customer.productHistory[1].totalSpent",
            "from 0",
        ),
        (
            {"customer.productHistory.1.totalSpent": float("inf")},
            "customerData.customer.productHistory[1].totalSpent",
            "from 0",
        ),
        ({"customer.productHistory.0.orderCount": -1}, "customerData.customer.productHistory[0].orderCount", "from 0"),
        ({"customer.productHistory.0.orderCount": 1.5}, "customerData.customer.productHistory[0].orderCount", "whole"),
        (
            {"customer.productHistory.0.totalQuantity": -2},
            "customerData.customer.productHistory[0].totalQuantity",
            "from 0",
        ),
        (
            {"customer.productHistory.0.avgDaysBetween": -2},
            "customerData.customer.productHistory[0].avgDaysBetween",
            "from 0",
        ),
        (
            {"customer.productHistory.0.lastPurchase": "2026-03-15"},
            "customerData.customer.productHistory[0].lastPurchase",
            "not after now",
        ),
        (
            {"customer.productHistory.0.productId": " "},
            "customerData.customer.productHistory[0].productId",
            "not blank",
        ),
        ({"customer.productHistory.1.productId": "tea"}, "customerData.customer.productHistory[1].productId", "once"),
        ({"customer.productHistory.0.category": 5.5}, "customerData.customer.productHistory[0].category", "a text"),
        ({"region.medianBasket": -1}, "customerData.region.medianBasket", "from 0"),
        ({"region": None}, "customerData.region", "medianBasket"),
        ({"customer": []}, "customerData.customer", "an object"),
        ({"customerId": {}}, "customerData.customerId", "a text"),
    ],
)
def test_errors_name_the_field_and_what_is_allowed(change, path, allowed):
    payload = copy.deepcopy(PAYLOAD)
    for where, value in change.items():
        *steps, last = (int(step) if step.isdigit() else step for step in where.split("."))
        target = payload["customerData"]
        for step in steps:
            target = target[step]
        target[last] = value
    with pytest.raises(InvalidPayload) as error:
        analyze(payload, now=NOW)
    assert error.value.path == path
    assert allowed in str(error.value)


@pytest.mark.parametrize("missing", ["productId", "totalSpent", "orderCount", "lastPurchase"])
def test_a_missing_field_of_the_history_is_named(missing):
    payload = copy.deepcopy(PAYLOAD)
    del payload["customerData"]["customer"]["productHistory"][0][missing]
    with pytest.raises(InvalidPayload, match=rf"productHistory\[0\]\.{missing}: found nothing"):
        analyze(payload, now=NOW)


@pytest.mark.parametrize("now", ["soon", BEFORE_TIME, AFTER_TIME, datetime.fromisoformat(BEFORE_TIME)])
def test_a_moment_that_is_none_is_refused(now):
    with pytest.raises(InvalidPayload) as error:
        analyze(PAYLOAD, now=now)
    assert error.value.path == "now"


@pytest.mark.parametrize("payload", ["{", b"\xff", "[]", 5, None, {}, {"customerData": 5}])
def test_what_is_no_payload_is_refused(payload):
    with pytest.raises(InvalidPayload, match="Next: correct this field"):
        analyze(payload, now=NOW)


@pytest.mark.parametrize("field", ["productId", "category"])
def test_what_only_derives_from_a_text_is_none(field):
    class Derived(str):
        __slots__ = ()

    payload = copy.deepcopy(PAYLOAD)
    payload["customerData"]["customer"]["productHistory"][0][field] = Derived("tea")
    with pytest.raises(InvalidPayload, match=field):
        analyze(payload, now=NOW)


def test_texts_of_the_payload_are_not_repeated_in_errors():
    payload = copy.deepcopy(PAYLOAD)
    payload["customerData"]["customer"]["registeredAt"] = "Ayşe Yılmaz"
    with pytest.raises(InvalidPayload) as error:
        analyze(payload, now=NOW)
    assert "Ayşe" not in str(error.value)


def test_english_and_own_labels():
    assert analyze(PAYLOAD, now=NOW, settings=CustomerSettings(labels="en"))["analysis"]["loyalty"] == "Silver"
    own = CustomerSettings.model_validate({"labels": {"language": "en", "loyalty": {"silver": "Argent"}}})
    result = analyze(PAYLOAD, now=NOW, settings=own)
    assert (result["analysis"]["loyalty"], result["analysis"]["labels"]) == ("Argent", "own")
    assert "Argent: 8 orders in 360 days" in result["explanation"]


def test_another_explainer_takes_the_place_of_the_sentence():
    told = Analyzer(CustomerSettings(), explainer=lambda analysis, *, language: f"{language}:{analysis['churn']}")
    assert told.analyze(PAYLOAD, now=NOW)["explanation"] == "tr:Aktif"


def test_given_orders_of_the_customer_count_instead_of_the_sum_over_products():
    payload = copy.deepcopy(PAYLOAD)
    payload["customerData"]["customer"]["orderCount"] = 4
    analysis = analyze(payload, now=NOW)["analysis"]
    assert (analysis["orderCount"], analysis["avgBasket"], analysis["diversity"]) == (4, 100.0, "Sadık")


def test_who_is_at_risk_is_won_back_even_with_large_baskets():
    payload = copy.deepcopy(PAYLOAD)
    for entry in payload["customerData"]["customer"]["productHistory"]:
        entry["lastPurchase"] = "2025-10-01"
    analysis = analyze(payload, now=NOW)["analysis"]
    assert (analysis["value"], analysis["recommendedStrategy"], analysis["discountPct"]) == (
        "HighValue",
        "RETENTION",
        20,
    )


def spent_on(*amounts, category="Drinks"):
    """Return a payload of a product for each amount, all of a category or each of its own."""
    payload = copy.deepcopy(PAYLOAD)
    first = payload["customerData"]["customer"]["productHistory"][0]
    payload["customerData"]["customer"]["productHistory"] = [
        first | {"productId": f"p{place}", "category": category or f"category {place}", "totalSpent": amount}
        for place, amount in enumerate(amounts)
    ]
    return payload


@given(st.one_of(st.integers(0, 10**10), st.integers(10**12, 10**14), st.integers(10**15, 10**16)))
def test_an_amount_with_four_decimals_is_told_as_it_is(ten_thousandths):
    amount = ten_thousandths / 10_000
    analysis = analyze(spent_on(amount), now=NOW)["analysis"]
    assert (analysis["totalSpent"], analysis["topProducts"][0]["totalSpent"]) == (amount, amount)


@pytest.mark.parametrize("amount", [1.00004, 1.00006, 999_999_999.000_06, 1_000_000_001.000_06])
def test_further_decimals_are_rounded(amount):
    analysis = analyze(spent_on(amount), now=NOW)["analysis"]
    assert (analysis["totalSpent"], analysis["topProducts"][0]["totalSpent"]) == (round(amount, 4), round(amount, 4))


@pytest.mark.parametrize(
    ("amounts", "strongest"),
    [
        ((1.0, 1.00004, 0.99996), "category 0"),
        ((0.3, 0.1 + 0.2), "category 0"),
        ((1.0, 1.0001), "category 1"),
        ((1.0, 1.00006, 1.0001), "category 1"),
        ((7.0, 3.0, 9.0), "category 2"),
    ],
)
def test_categories_whose_spend_rounds_to_the_same_are_equal(amounts, strongest):
    assert analyze(spent_on(*amounts, category=None), now=NOW)["analysis"]["affinityCategory"] == strongest
