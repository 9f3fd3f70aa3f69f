"""Tiers of a landmark against what came after: counted by hand, with intervals that hold the lift."""

from __future__ import annotations

import math
from datetime import date, datetime

import pytest

from segmentation_pipeline.customer_settings import CustomerSettings
from segmentation_pipeline.customers.backtest import Sums, lift_interval, value_interval, write_backtest
from segmentation_pipeline_tests.customers.shop import csv


def test_customers_of_each_tier_are_followed_after_the_landmark_only(shop):
    # as_of is 30 June; with 60 days the landmark is 1 May. 20 bought on 20 April (active then), 20 on 1 January.
    rows = [f"a{i},p,T,1,10,x{i},2026-04-20" for i in range(20)] + [f"r{i},p,T,1,10,y{i},2026-01-01" for i in range(20)]
    rows += [f"a{i},p,T,1,10,z{i},2026-05-20" for i in range(10)] + [
        "r0,p,T,1,30,w,2026-06-30",
        "n,p,T,1,10,v,2026-06-01",
    ]
    shop.land("purchases/lines.csv", csv(*rows))
    shop.ingest(now=datetime(2026, 7, 1))
    found = {
        (row.dimension, row.tier, row.outcome): row
        for row in write_backtest(shop.db, date(2026, 6, 1), CustomerSettings())
    }
    active, at_risk = found["churn", "Aktif", "repurchase"], found["churn", "Riskli", "repurchase"]
    assert (active.customer_count, active.value, at_risk.customer_count, at_risk.value) == (20, 0.5, 20, 0.05)
    assert active.lift == pytest.approx(10)
    assert active.lift_low < 10 < active.lift_high
    assert at_risk.lift == pytest.approx(0.1)
    spend = found["churn", "Riskli", "spend"]
    assert (spend.value, spend.others_value) == (1.5, 5.0)
    assert shop.db.one("SELECT count(*) FROM tier_backtests") == (len(found),)


def test_a_tier_of_few_has_a_share_with_an_interval_and_a_mean_without(shop):
    rows = [f"a{i},p,T,1,10,x{i},2026-04-20" for i in range(20)] + [f"r{i},p,T,1,10,y{i},2026-01-01" for i in range(2)]
    rows += [f"a{i},p,T,1,{10 + i},z{i},2026-05-20" for i in range(10)] + ["r0,p,T,1,30,w,2026-06-30"]
    shop.land("purchases/lines.csv", csv(*rows))
    shop.ingest(now=datetime(2026, 7, 1))
    found = {
        (row.tier, row.outcome): row
        for row in write_backtest(shop.db, date(2026, 6, 1), CustomerSettings())
        if row.dimension == "churn"
    }
    share, spend = found["Riskli", "repurchase"], found["Riskli", "spend"]
    assert share.lift_low < share.lift < share.lift_high
    assert (spend.value, spend.low, spend.high, spend.lift) == (15.0, None, None, None)
    assert found["Aktif", "spend"].low is not None
    assert found["Aktif", "spend"].lift is None


def test_too_few_customers_before_the_landmark_give_no_rows(shop):
    shop.load(csv("c1,p,T,1,10,o1,2026-01-01", "c1,p,T,1,10,o2,2026-05-01"))
    assert write_backtest(shop.db, date(2026, 5, 1), CustomerSettings()) == []


def test_the_interval_of_a_lift_is_that_of_the_delta_method():
    tier, others = Sums(100, 40, 400), Sums(400, 80, 800)
    lift, low, high = lift_interval(tier, others, is_share=False)
    spread = math.sqrt((400 * 100 - 1600) / (40**2 * 99) + (800 * 400 - 6400) / (80**2 * 399))
    assert lift == pytest.approx(2)
    assert (low, high) == (
        pytest.approx(2 * math.exp(-1.96 * spread), rel=1e-4),
        pytest.approx(2 * math.exp(1.96 * spread), rel=1e-4),
    )


def test_two_of_two_are_not_known_to_be_everyone():
    """2 of 2 against 40 of 100: variances of the logarithms 1/2.5 - 1/3 and 1/40.5 - 1/101."""
    lift, low, high = lift_interval(Sums(2, 2, 2), Sums(100, 40, 40), is_share=True)
    factor = math.exp(1.96 * math.sqrt(1 / 15 + 1 / 40.5 - 1 / 101))
    assert (lift, low, high) == (2.5, pytest.approx(2.5 / factor, rel=1e-4), pytest.approx(2.5 * factor, rel=1e-4))
    assert low < 1.5


@pytest.mark.parametrize(
    ("tier", "others", "is_share"),
    [
        (Sums(10, 5, 5), Sums(10, 0, 0), True),
        (Sums(10, 0, 0), Sums(10, 5, 5), True),
        (Sums(10, 5, 5), Sums(0, 0, 0), True),
        (Sums(9, 50, 400), Sums(100, 50, 400), False),
        (Sums(100, 50, 400), Sums(9, 50, 400), False),
        (Sums(10, 10, 10), Sums(100, 50, 400), False),
        (Sums(10, 0, 0), Sums(100, 50, 400), False),
    ],
)
def test_a_lift_over_nothing_or_of_too_few_is_none(tier, others, is_share):
    assert lift_interval(tier, others, is_share=is_share) is None


def test_a_mean_of_too_few_or_of_all_alike_has_no_interval():
    assert value_interval(Sums(9, 50, 400), is_share=False) is None
    assert value_interval(Sums(10, 10, 10), is_share=False) is None
    low, high = value_interval(Sums(10, 50, 400), is_share=False)
    assert 0 <= low < 5 < high


def test_shares_have_wilson_intervals():
    low, high = value_interval(Sums(10, 1, 1), is_share=True)
    assert (round(low, 4), round(high, 4)) == (0.0179, 0.4042)
