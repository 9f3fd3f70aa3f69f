"""Rates drawn to everyone's: by hand, with intervals, the chance to be best, tiers, and where nobody converted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import beta as beta_function

from segmentation_pipeline.leads.ranking import (
    best_probabilities,
    is_tier_uncertain,
    likeliest_weight,
    rank_rates,
    tier_of,
)

CUTS = (0.5, 0.25, 0.1, 0.05)


def test_a_persona_of_five_leads_is_drawn_to_the_common_rate_by_hand():
    """200 leads, 50 converted; the prior's mean is 50.5/201; 3 of 5 becomes (3 + 20 m) / 25."""
    ranking = rank_rates([3, 47], [5, 195])
    mean = 50.5 / 201
    assert ranking.prior_weight == 20
    assert ranking.overall == pytest.approx(0.25)
    assert ranking.rates[0].raw == pytest.approx(0.6)
    assert ranking.rates[0].shrunken == pytest.approx((3 + 20 * mean) / 25)
    assert ranking.rates[0].low < ranking.rates[0].shrunken < ranking.rates[0].high


def test_the_weight_is_learned_from_eight_personas_on_and_stays_within_its_bounds():
    alike = rank_rates([20] * 8, [100] * 8)
    apart = rank_rates([1, 99, 3, 97, 50, 2, 98, 45], [100] * 8)
    assert (alike.is_weight_learned, alike.prior_weight) == (True, pytest.approx(200))
    assert apart.prior_weight == pytest.approx(5)
    assert not rank_rates([1] * 7, [10] * 7).is_weight_learned


def test_a_learned_weight_is_near_the_one_the_rates_were_drawn_with():
    generator = np.random.default_rng(4)
    rates = generator.beta(30 * 0.2, 30 * 0.8, size=400)
    leads = np.full(400, 300)
    assert 25 < likeliest_weight(generator.binomial(leads, rates), leads, 0.2) < 36


def test_the_chance_to_be_best_of_two_is_the_closed_form():
    """Beta(2, 3) above Beta(3, 4), by Cook's sum over the integer parameter."""
    a, b, c, d = 2, 3, 3, 4
    closed = sum(
        beta_function(c + i, d + b) / ((b + i) * beta_function(1 + i, b) * beta_function(c, d)) for i in range(a)
    )
    assert best_probabilities(np.array([a, c]), np.array([b, d]))[0] == pytest.approx(closed, abs=2e-4)


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), min_size=1, max_size=10))
@settings(max_examples=25, deadline=None)
def test_rates_lie_between_nothing_and_all_and_chances_add_up(counts):
    conversions = [won for won, _ in counts]
    leads = [won + lost for won, lost in counts]
    ranking = rank_rates(conversions, leads)
    if not sum(leads):
        assert ranking is None
        return
    assert sum(rate.best_probability for rate in ranking.rates) == pytest.approx(1)
    for rate in ranking.rates:
        assert 0 <= rate.low <= rate.shrunken <= rate.high <= 1
        if rate.raw is not None:
            lowest, highest = sorted((rate.raw, (sum(conversions) + 0.5) / (sum(leads) + 1)))
            assert lowest - 1e-12 <= rate.shrunken <= highest + 1e-12


def test_one_lead_that_did_not_convert_is_not_known_never_to():
    rate = rank_rates([0], [1]).rates[0]
    assert rate.raw == 0
    assert rate.high > 0.4
    assert rate.best_probability == 1


@pytest.mark.parametrize(
    ("conversions", "leads"),
    [([0] * 4, [750] * 4), ([750] * 4, [750] * 4), ([10, 0, 0, 0], [25_000] * 4), ([0] * 9, [1_000_000] * 8 + [0])],
)
def test_a_rare_outcome_has_a_prior_of_half_a_lead_on_either_side(conversions, leads):
    ranking = rank_rates(conversions, leads)
    mean = (sum(conversions) + 0.5) / (sum(leads) + 1)
    assert ranking.prior_weight * min(mean, 1 - mean) == pytest.approx(0.5, rel=1e-3)
    assert all(rate.low < rate.shrunken < rate.high for rate in ranking.rates)


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 10**7), st.booleans()), min_size=1, max_size=10),
    st.sampled_from(["auto", 0.01, 1.0, 200.0]),
)
@settings(max_examples=100, deadline=None)
def test_the_interval_holds_the_rate_however_rare_the_outcome_is(counts, weight):
    pairs = [(few + many if is_swapped else few, few + many) for few, many, is_swapped in counts]
    ranking = rank_rates([won for won, _ in pairs], [leads for _, leads in pairs], prior_weight=weight)
    for rate in [] if ranking is None else ranking.rates:
        assert 0 <= rate.low <= rate.shrunken <= rate.high <= 1


def test_nobody_of_two_thousand_is_known_to_a_rate_below_a_fifth_of_a_percent():
    """Beta(.5, 4,000): prior of half a conversion in 2,000 leads, and 2,000 more without any."""
    rate = rank_rates([0], [2000]).rates[0]
    assert rate.low < 1e-5
    assert 0.0005 < rate.high < 0.002


@pytest.mark.parametrize(
    ("rate", "tier"),
    [
        (0.5, "PREMIUM"),
        (0.4999, "HIGH"),
        (0.25, "HIGH"),
        (0.1, "MEDIUM"),
        (0.05, "LOW"),
        (0.0499, "MINIMAL"),
        (0, "MINIMAL"),
    ],
)
def test_a_rate_on_a_cut_belongs_to_the_tier_above(rate, tier):
    assert tier_of(rate, CUTS) == tier


def test_a_tier_is_uncertain_exactly_when_the_interval_crosses_a_cut():
    assert is_tier_uncertain(0.24, 0.26, CUTS)
    assert is_tier_uncertain(0.2, 0.25, CUTS)
    assert not is_tier_uncertain(0.25, 0.49, CUTS)
