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


def test_too_few_customers_before_the_landmark_give_no_rows(shop):
    shop.load(csv("c1,p,T,1,10,o1,2026-01-01", "c1,p,T,1,10,o2,2026-05-01"))
    assert write_backtest(shop.db, date(2026, 5, 1), CustomerSettings()) == []


def test_the_interval_of_a_lift_is_that_of_the_delta_method():
    tier, others = Sums(100, 40, 40), Sums(400, 80, 80)
    lift, low, high = lift_interval(tier, others)
    spread = math.sqrt(0.6 / 40 * 100 / 99 + 0.8 / 80 * 400 / 399)
    assert lift == pytest.approx(2)
    assert (low, high) == (
        pytest.approx(2 * math.exp(-1.96 * spread), rel=1e-4),
        pytest.approx(2 * math.exp(1.96 * spread), rel=1e-4),
    )


def test_a_lift_over_nothing_is_none():
    assert lift_interval(Sums(10, 5, 5), Sums(10, 0, 0)) is None
    assert lift_interval(Sums(1, 5, 25), Sums(10, 5, 5)) is None


def test_shares_have_wilson_intervals():
    low, high = value_interval(Sums(10, 1, 1), is_share=True)
    assert (round(low, 4), round(high, 4)) == (0.0179, 0.4042)
