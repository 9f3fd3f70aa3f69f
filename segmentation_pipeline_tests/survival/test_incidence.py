"""Aalen-Johansen against hand computation, lifelines, Greenwood, the binomial and a real loan log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation_pipeline.survival.curves import kaplan_meier
from segmentation_pipeline.survival.follow_up import CAUSES
from segmentation_pipeline.survival.incidence import aalen_johansen

if TYPE_CHECKING:
    from pathlib import Path

FOLLOW_UPS = st.lists(
    st.tuples(st.integers(0, 12).map(float), st.sampled_from([*CAUSES, "censored"])), min_size=1, max_size=60
)


def _split(rows: list[tuple[float, str]]) -> tuple[Any, Any]:
    return np.array([row[0] for row in rows]), np.array([row[1] for row in rows])


def test_two_competing_endings_by_hand() -> None:
    # Day 1: 5 at risk, 1 churn: I = 1/5, S = 4/5. Day 2: 4 at risk, 1 conversion, S = 3/5; one censored.
    # Day 3: 2 at risk, 1 churn and 1 conversion on the same day: each takes 3/5 * 1/2.
    found = aalen_johansen([1, 2, 2, 3, 3], ["churn", "conversion", "censored", "churn", "conversion"])
    assert found.by_cause["churn"].estimate.tolist() == pytest.approx([0.2, 0.2, 0.5])
    assert found.by_cause["conversion"].estimate.tolist() == pytest.approx([0, 0.2, 0.5])
    assert found.still_open.estimate.tolist() == pytest.approx([0.8, 0.6, 0])


def test_variance_is_binomial_when_nobody_is_censored() -> None:
    outcomes = ["churn"] * 12 + ["conversion"] * 20 + ["end"] * 8
    durations = np.random.default_rng(5).integers(1, 6, 40).astype(float)
    curve = aalen_johansen(durations, outcomes).by_cause["churn"]
    for day in (1, 2, 3, 4, 5):
        share = float(np.mean((durations <= day) & (np.array(outcomes) == "churn")))
        width = 1.959963984540054 * np.sqrt(share * (1 - share) / 40) / abs((1 - share) * np.log(1 - share))
        expected = (share, 1 - (1 - share) ** np.exp(-width), 1 - (1 - share) ** np.exp(width))
        assert curve.at(day) == pytest.approx(expected)


def test_with_one_cause_it_is_one_minus_kaplan_meier_interval_included() -> None:
    from lifelines.datasets import load_lung

    lung = load_lung()
    durations, outcomes = lung["time"].to_numpy(float), np.where(lung["status"] == 1, "churn", "censored")
    incidence, curve = aalen_johansen(durations, outcomes).by_cause["churn"], kaplan_meier(durations, outcomes)
    assert incidence.estimate == pytest.approx(1 - curve.estimate, abs=1e-12)
    assert incidence.low == pytest.approx(1 - curve.high, abs=1e-9)
    assert incidence.high == pytest.approx(1 - curve.low, abs=1e-9)


def test_it_agrees_with_lifelines_where_no_day_is_tied() -> None:
    from lifelines import AalenJohansenFitter

    rng = np.random.default_rng(3)
    durations = rng.permutation(np.arange(1.0, 201.0))
    outcomes = rng.choice(["churn", "conversion", "censored"], 200, p=[0.4, 0.3, 0.3])
    codes = np.select([outcomes == "churn", outcomes == "conversion"], [1, 2], 0)
    curve = aalen_johansen(durations, outcomes).by_cause["churn"]
    fitter = AalenJohansenFitter(calculate_variance=True).fit(durations, codes, event_of_interest=1)
    for day in (5.0, 50.0, 120.0, 180.0):
        expected = float(fitter.cumulative_density_.loc[:day].iloc[-1, 0])
        assert curve.at(day)[0] == pytest.approx(expected, abs=1e-10)


def test_its_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    # Constant hazards .1 and .05, uniform censoring to day 20: I(5) = 2/3 (1 - exp(-.75)).
    truth, rng, covered = 2 / 3 * (1 - np.exp(-0.75)), np.random.default_rng(11), 0
    for _ in range(400):
        ending, censored = rng.exponential(1 / 0.15, 150), rng.uniform(0, 20, 150)
        cause = np.where(rng.random(150) < 2 / 3, "churn", "conversion")
        found = aalen_johansen(np.minimum(ending, censored), np.where(ending < censored, cause, "censored"))
        _, low, high = found.by_cause["churn"].at(5)
        covered += low <= truth <= high
    assert 0.92 <= covered / 400 <= 0.98


@settings(max_examples=150, deadline=None)
@given(FOLLOW_UPS)
def test_the_ways_of_ending_and_staying_always_add_up_to_one(rows: list[tuple[float, str]]) -> None:
    found = aalen_johansen(*_split(rows))
    total = found.still_open.estimate + sum(curve.estimate for curve in found.by_cause.values())
    assert total == pytest.approx(np.ones_like(total), abs=1e-12)
    assert found.still_open.estimate == pytest.approx(kaplan_meier(*_split(rows), events=CAUSES).estimate, abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(FOLLOW_UPS)
def test_an_incidence_never_falls_and_lies_within_its_interval(rows: list[tuple[float, str]]) -> None:
    for curve in aalen_johansen(*_split(rows)).by_cause.values():
        assert (np.diff(curve.estimate) >= -1e-12).all()
        assert (curve.low <= curve.estimate + 1e-9).all()
        assert (curve.estimate <= curve.high + 1e-9).all()
        assert ((curve.low >= 0) & (curve.high <= 1)).all()


@settings(max_examples=80, deadline=None)
@given(FOLLOW_UPS, st.randoms(use_true_random=False))
def test_the_order_of_users_never_matters(rows: list[tuple[float, str]], random: Any) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    first, second = aalen_johansen(*_split(rows)), aalen_johansen(*_split(shuffled))
    for cause in CAUSES:
        assert np.array_equal(first.by_cause[cause].estimate, second.by_cause[cause].estimate)
        assert np.array_equal(first.by_cause[cause].low, second.by_cause[cause].low)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9).map(float), st.sampled_from(CAUSES)), min_size=1, max_size=50))
def test_without_censoring_it_is_the_plain_proportion(rows: list[tuple[float, str]]) -> None:
    durations, outcomes = _split(rows)
    for cause, curve in aalen_johansen(durations, outcomes).by_cause.items():
        shares = [float(np.mean((outcomes == cause) & (durations <= day))) for day in curve.days]
        assert curve.estimate.tolist() == pytest.approx(shares, abs=1e-12)


def test_loan_offers_as_one_cohort_give_the_reference_figures(shared_data: Path) -> None:
    query = """
        WITH events AS (
            SELECT user_id, timestamp::TIMESTAMP AS event_at, action
            FROM read_csv($file, all_varchar = true)
        ),
        entries AS (
            SELECT user_id, min(event_at) + INTERVAL 24 HOUR AS landmark_at
            FROM events WHERE action = 'a_submitted' GROUP BY user_id
        ),
        endings AS (
            SELECT user_id, min(event_at) AS ended_at, arg_min(action, event_at) AS action
            FROM events WHERE action IN ('a_declined', 'a_cancelled', 'a_approved') GROUP BY user_id
        )
        SELECT epoch_us(coalesce(ended_at, (SELECT max(event_at) FROM events)) - landmark_at) / 864e8 AS days,
               CASE WHEN ended_at IS NULL THEN 'censored' WHEN action = 'a_approved' THEN 'conversion'
                    ELSE 'churn' END AS outcome
        FROM entries LEFT JOIN endings USING (user_id)
        WHERE coalesce(ended_at >= landmark_at, landmark_at < (SELECT max(event_at) FROM events))
    """
    file = str(shared_data / "events" / "loan_offers.csv.gz")
    columns = duckdb.connect().execute(query, {"file": file}).fetchnumpy()
    durations, outcomes = columns["days"].astype(float), np.asarray(columns["outcome"], dtype=np.str_)

    assert durations.size == 6_300
    assert {name: int((outcomes == name).sum()) for name in ("churn", "conversion")} == {
        "churn": 3_683,
        "conversion": 2_218,
    }
    incidence = aalen_johansen(durations, outcomes)
    dropped = [incidence.by_cause["churn"].at(day)[0] for day in (7, 14, 30)]
    assert dropped == pytest.approx([0.158, 0.295, 0.533], abs=5e-4)
    assert incidence.by_cause["conversion"].at(14)[0] == pytest.approx(0.190, abs=5e-4)
    assert 1 - kaplan_meier(durations, outcomes).at(30)[0] == pytest.approx(0.742, abs=5e-4)
