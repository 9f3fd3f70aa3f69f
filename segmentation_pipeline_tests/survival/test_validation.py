"""A model of groups is judged on users it has not seen: it gains where groups differ, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from segmentation_pipeline.survival.validation import Sample, validate_groups


def _sample(seed: int, rates: tuple[float, ...], size: int = 600) -> Sample:
    rng = np.random.default_rng(seed)
    rate = np.repeat(rates, size)
    ends = rng.exponential(1 / rate)
    return Sample(
        groups=np.repeat([f"2026-01-{letter}" for letter in "abc"], size),
        adjustments={"tenure_days": rng.uniform(0, 30, rate.size)},
        durations_days=np.minimum(ends, 14.0),
        outcomes=np.where(ends < 14, "churn", "censored"),
        followed_days=np.full(rate.size, 14.0),
    )


def test_groups_that_differ_order_users_and_lower_the_score() -> None:
    rates = (0.02, 0.06, 0.18)
    found = validate_groups(_sample(1, rates), _sample(2, rates), min_at_risk=20)
    assert found.model is not None
    assert found.baseline is not None
    assert found.tau_days == 14.0
    assert found.model.concordance > 0.65
    assert found.baseline.concordance == 0.5
    assert found.model.brier_difference == pytest.approx(
        found.model.integrated_brier - found.baseline.integrated_brier, abs=1e-12
    )
    assert found.model.brier_high is not None
    assert found.model.brier_high < 0


def test_groups_that_do_not_differ_gain_nothing_on_others() -> None:
    gains = []
    for seed in range(5):
        found = validate_groups(_sample(seed, (0.06,) * 3), _sample(seed + 50, (0.06,) * 3), min_at_risk=20)
        assert found.model is not None
        assert found.model.concordance == pytest.approx(0.5, abs=0.04)
        gains.append(float(found.model.brier_high or 0) < 0)
    assert not any(gains)


def test_a_model_that_learned_the_opposite_is_seen_to_do_harm() -> None:
    found = validate_groups(_sample(1, (0.02, 0.06, 0.18)), _sample(2, (0.18, 0.06, 0.02)), min_at_risk=20)
    assert found.model is not None
    assert found.model.concordance < 0.4
    assert found.model.brier_low is not None
    assert found.model.brier_low > 0


def test_users_of_a_group_the_model_has_not_met_are_left_out_of_both() -> None:
    train = _sample(1, (0.02, 0.06, 0.18))
    test = _sample(2, (0.02, 0.06, 0.18))
    found = validate_groups(train.chosen(train.groups != "2026-01-b"), test, min_at_risk=20)
    assert (found.train_user_count, found.test_user_count) == (1_200, 1_200)


@pytest.mark.parametrize(
    ("train_size", "test_size", "said"),
    [(600, 3, "drop-offs among the test users, fewer than 10"), (4, 600, "no segment has 10 drop-offs")],
)
def test_too_little_to_learn_or_to_test_is_said(train_size: int, test_size: int, said: str) -> None:
    found = validate_groups(
        _sample(1, (0.02, 0.06, 0.18), train_size), _sample(2, (0.02, 0.06, 0.18), test_size), min_at_risk=20
    )
    assert (found.model, found.baseline) == (None, None)
    assert said in str(found.reason)


def test_where_users_are_not_followed_there_is_no_day_to_predict() -> None:
    train, few = _sample(1, (0.02, 0.06, 0.18)), _sample(2, (0.02, 0.06, 0.18), size=5)
    test = replace(few, outcomes=np.full(15, "churn"), followed_days=np.array([0.0] + [14.0] * 14))
    found = validate_groups(train, test, min_at_risk=20)
    assert (found.tau_days, found.model, found.baseline) == (None, None, None)
    assert found.reason == "users are not followed beyond the landmark: there is no day to predict"
