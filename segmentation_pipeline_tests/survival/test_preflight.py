"""What stops a Cox model before it is fitted, each in words a reader can act on."""

from __future__ import annotations

import numpy as np
import pytest

from segmentation_pipeline.survival.preflight import POOLED, enough_events, group_levels, usable_covariates

RNG = np.random.default_rng(1)
X, Y = RNG.normal(size=200), RNG.normal(size=200)


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        (np.full(200, 3.7), "constant"),
        (np.full(200, 0.1) + 1e-17, "constant"),
        (X.copy(), "duplicate: the same values as x"),
        (-2 * X + 5, "collinear: a linear function of x"),
        (7 - Y, "collinear: a linear function of y"),
        (X + 3 * Y, "collinear: a linear function of x, y"),
        (1e9 - 1e6 * X, "collinear: a linear function of x"),
        (np.where(np.arange(200) == 3, np.nan, X), "has missing"),
    ],
)
def test_a_covariate_that_adds_nothing_is_dropped_with_its_reason(column: np.ndarray, reason: str) -> None:
    checked = usable_covariates({"x": X, "y": Y, "suspect": column})
    assert checked.kept == ("x", "y")
    assert checked.dropped["suspect"].startswith(reason)


def test_correlated_covariates_that_still_differ_are_kept() -> None:
    assert usable_covariates({"x": X, "near": X + 0.05 * Y}).kept == ("x", "near")


def test_a_tiny_scale_is_not_mistaken_for_a_constant() -> None:
    assert usable_covariates({"seconds_as_years": np.abs(X) * 1e-6}).kept == ("seconds_as_years",)


def test_the_last_of_a_full_set_of_levels_is_collinear_with_the_others() -> None:
    level = np.arange(200) % 3
    checked = usable_covariates({name: (level == place) * 1.0 for place, name in enumerate("abc")})
    assert checked.kept == ("a", "b")


@pytest.mark.parametrize(
    ("events", "parameters", "reason"),
    [(70, 7, None), (69, 7, "69 events for 7 parameters; at least 70"), (50, 0, "no covariate differs")],
)
def test_ten_events_per_parameter_are_needed(events: int, parameters: int, reason: str | None) -> None:
    found = enough_events(events, parameters)
    assert found is None if reason is None else reason in str(found)


def _users(**counts: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    groups = np.concatenate([np.full(users, name) for name, (users, _) in counts.items()])
    happened = np.concatenate([np.arange(users) < events for users, events in counts.values()])
    return groups, happened


def test_the_reference_is_the_group_with_most_events_not_most_users() -> None:
    levels = group_levels(*_users(a=(500, 20), b=(100, 60), c=(50, 12)))
    assert levels.reference == "b"
    assert levels.estimated == ("a", "c")


def test_a_group_that_is_none_never_becomes_the_reference() -> None:
    levels = group_levels(*_users(a=(50, 20), unclassified=(100, 60)), never_reference=["unclassified"])
    assert (levels.reference, levels.estimated) == ("a", ("unclassified",))


def test_groups_with_few_events_share_one_level() -> None:
    groups, happened = _users(a=(50, 30), b=(50, 6), c=(50, 7))
    levels = group_levels(groups, happened)
    assert levels.estimated == (POOLED,)
    assert levels.pooled == {"b": 6, "c": 7}
    assert set(levels.level[groups != "a"]) == {POOLED}


def test_users_of_groups_with_few_events_even_together_are_left_out() -> None:
    groups, happened = _users(a=(50, 30), b=(50, 15), c=(50, 3))
    levels = group_levels(groups, happened)
    assert (levels.left_out, levels.pooled, levels.estimated) == ({"c": 3}, {}, ("b",))
    assert set(levels.level[groups == "c"]) == {""}


def test_there_is_no_reference_when_every_group_has_few_events() -> None:
    assert group_levels(*_users(a=(50, 9), b=(50, 9))).reference is None
