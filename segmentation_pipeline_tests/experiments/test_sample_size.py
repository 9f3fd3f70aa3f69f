"""Sample sizes: those of published tables, the power they promise in simulated experiments, and laws they keep."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from segmentation_pipeline.experiments.sample_size import (
    ErrorRates,
    detectable_difference,
    detectable_loss,
    detectable_share,
    events_for_hazards,
    hazard_ratio_of,
    users_for_hazards,
    users_for_means,
    users_for_shares,
)

USUAL = ErrorRates(alpha=0.05, power=0.8)
TRIALS = 4_000
"""Standard error of a power of .8: .006."""

shares = st.floats(0.02, 0.98)
many_users = st.integers(10, 200_000)
error_rates = st.builds(ErrorRates, st.sampled_from([0.05, 0.05 / 3, 0.005]), st.sampled_from([0.5, 0.8, 0.95]))


@pytest.mark.parametrize(
    ("share", "target", "power", "users"),
    [
        (0.10, 0.12, 0.8, 3841),  # R power.prop.test
        (0.12, 0.10, 0.8, 3841),
        (0.50, 0.75, 0.9, 77),  # R documentation of power.prop.test: 76.7
        (0.05, 0.10, 0.8, 435),
        (0.60, 0.70, 0.8, 356),
    ],
)
def test_shares_need_the_users_of_published_tables(share: float, target: float, power: float, users: int) -> None:
    assert math.ceil(users_for_shares(share, target, ErrorRates(0.05, power))) == users


@pytest.mark.parametrize(
    ("effect", "power", "users"),
    [
        (0.2, 0.8, 394),  # Cohen (1988), table 2.4.1 (393 by his approximation)
        (0.5, 0.8, 64),
        (0.8, 0.8, 26),
        (1.0, 0.9, 23),  # R documentation of power.t.test: 22.02
    ],
)
def test_means_need_the_users_of_published_tables(effect: float, power: float, users: int) -> None:
    assert math.ceil(users_for_means(effect * 7, 7.0, ErrorRates(0.05, power))) == users


@pytest.mark.parametrize(("ratio", "events"), [(0.7, 247), (0.8, 631), (0.5, 66), (1 / 0.7, 247)])
def test_hazards_need_the_events_of_schoenfeld(ratio: float, events: int) -> None:
    assert math.ceil(events_for_hazards(ratio, USUAL)) == events


def test_freedman_by_lifelines_asks_for_about_as_many_users() -> None:
    # Another formula (Freedman 1982) for the same test; the two are known to agree near a ratio of one.
    from lifelines.statistics import sample_size_necessary_under_cph

    target = 0.24
    freedman, _ = sample_size_necessary_under_cph(0.8, 1, target, 0.30, hazard_ratio_of(0.30, target), 0.05)
    assert users_for_hazards(0.30, target, USUAL) == pytest.approx(freedman, rel=0.03)


def test_a_share_lost_by_a_day_is_kept_to_the_power_of_the_hazard_ratio() -> None:
    # By hand: 0.64 = 0.8 squared, so losing 36 % instead of 20 % is twice the hazard.
    assert hazard_ratio_of(0.2, 0.36) == pytest.approx(2)


def test_shares_are_found_as_often_as_promised() -> None:
    users = math.ceil(users_for_shares(0.2, 0.26, USUAL))
    draws = np.random.default_rng(1)
    first, second = (draws.binomial(users, p, TRIALS) / users for p in (0.2, 0.26))
    pooled = (first + second) / 2
    z = (second - first) / np.sqrt(2 * pooled * (1 - pooled) / users)
    assert np.mean(z > 1.959964) == pytest.approx(0.8, abs=0.025)


def test_means_are_found_as_often_as_promised() -> None:
    from scipy.stats import ttest_ind

    users = math.ceil(users_for_means(0.6, 1.5, USUAL))
    draws = np.random.default_rng(2)
    found = ttest_ind(draws.normal(0.6, 1.5, (TRIALS, users)), draws.normal(0, 1.5, (TRIALS, users)), axis=1)
    assert np.mean((found.pvalue < 0.05) & (found.statistic > 0)) == pytest.approx(0.8, abs=0.025)


def test_hazards_are_found_as_often_as_promised() -> None:
    """Exponential times to being lost, everyone followed for a day; the log-rank statistic by its definition."""
    lost, target = 0.5, 0.38
    users = math.ceil(users_for_hazards(lost, target, USUAL))
    draws = np.random.default_rng(3)
    rates = np.repeat([-math.log1p(-target), -math.log1p(-lost)], users)
    found = []
    for _ in range(2_000):
        times = draws.exponential(1 / rates)
        order = np.argsort(times)
        is_treated, is_lost = order < users, times[order] <= 1
        at_risk = np.arange(2 * users, 0, -1)
        share = np.cumsum(is_treated[::-1])[::-1] / at_risk
        found.append(np.sum((is_treated - share)[is_lost]) / math.sqrt(np.sum((share * (1 - share))[is_lost])))
    assert np.mean(np.array(found) < -1.959964) == pytest.approx(0.8, abs=0.03)


@given(shares, st.sampled_from([-1, 1]), many_users, many_users, error_rates)
@settings(max_examples=60, deadline=None)
def test_more_users_show_smaller_changes_of_a_share(
    share: float, direction: int, users: int, more: int, rates: ErrorRates
) -> None:
    few, many = (detectable_share(share, direction, count, rates) for count in (users, users + more))
    if few is not None:
        assert many is not None
        assert abs(many - share) <= abs(few - share) + 1e-12
        assert (few - share) * direction > 0
        assert 0 <= few <= 1


@given(shares, st.sampled_from([-1, 1]), many_users, many_users, error_rates)
@settings(max_examples=60, deadline=None)
def test_more_users_show_smaller_changes_of_a_hazard(
    lost: float, direction: int, users: int, more: int, rates: ErrorRates
) -> None:
    few, many = (detectable_loss(lost, direction, count, rates) for count in (users, users + more))
    if few is not None:
        assert many is not None
        assert abs(many - lost) <= abs(few - lost) + 1e-12
        assert (few - lost) * direction >= 0


@given(st.floats(0.001, 1e6), many_users, many_users, error_rates)
@settings(max_examples=40, deadline=None)
def test_more_users_show_smaller_differences_of_means(
    deviation: float, users: int, more: int, rates: ErrorRates
) -> None:
    few, many = (detectable_difference(deviation, count, rates) for count in (users, users + more))
    assert few is not None
    assert many is not None
    assert 0 < many <= few * (1 + 1e-9)


@given(shares, st.floats(0.05, 0.5), error_rates)
@example(0.875, 0.5, ErrorRates(0.05, 0.5))  # ten users an arm: one more or less makes a large difference
@settings(max_examples=40, deadline=None)
def test_the_users_a_change_needs_detect_that_change_and_no_smaller_one(
    share: float, part: float, rates: ErrorRates
) -> None:
    target = share * (1 - part)
    for needed, detectable in ((users_for_shares, detectable_share), (users_for_hazards, detectable_loss)):
        users = math.ceil(needed(share, target, rates))
        found, with_fewer = (detectable(share, -1, count, rates) for count in (users, users - 1))
        assert found is not None
        assert found >= target - 1e-9
        assert with_fewer is None or with_fewer <= target + 1e-9
    difference = share * part
    users = math.ceil(users_for_means(difference, share, rates))
    assert detectable_difference(share, users, rates) <= difference * (1 + 1e-6)


@given(shares, st.floats(0.05, 0.5), st.integers(2, 10))
@settings(max_examples=30, deadline=None)
def test_sharing_alpha_costs_users(share: float, part: float, comparisons: int) -> None:
    shared = ErrorRates(0.05 / comparisons, 0.8)
    target = share * (1 - part)
    assert users_for_shares(share, target, shared) > users_for_shares(share, target, USUAL)
    assert users_for_hazards(share, target, shared) > users_for_hazards(share, target, USUAL)
    assert users_for_means(share * part, share, shared) > users_for_means(share * part, share, USUAL)


def test_so_few_users_that_no_change_would_show_show_none() -> None:
    assert detectable_share(0.02, -1, 10, USUAL) is None
    assert detectable_loss(0.02, -1, 10, ErrorRates(1e-9, 0.99)) is None
    assert detectable_share(0.5, 1, 20, USUAL) is not None
