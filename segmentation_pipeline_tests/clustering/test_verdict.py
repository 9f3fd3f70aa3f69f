"""The verdict: what each kind of users is called, on what evidence, and what cannot change it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from segmentation_pipeline.clustering import verdict
from segmentation_pipeline.clustering.verdict import SessionHalves, judge_evidence, scaled_halves
from segmentation_pipeline_tests.clustering.blobs import blobs

NAMES = ("one", "two", "three", "four")
FOUR = [[6.0, 0.0, 0.0, 0.0], [0.0, 6.0, 0.0, 0.0], [0.0, 0.0, 6.0, 0.0], [0.0, 0.0, 0.0, 6.0]]
"""Each type stands out in a column of its own. (On a grid, marginals alone would explain the groups.)"""


def seen(lasting, *, noise, seed=0):
    """Return whole and halved features of users with these lasting places; a half sees them less exactly."""
    rng = np.random.default_rng(seed)
    first, second = (lasting + rng.normal(0, noise, lasting.shape) for _ in range(2))
    return (first + second) / 2, SessionHalves(np.arange(len(lasting)), first, second)


def types(seed=0, each=40):
    return seen(blobs(centres=FOUR, each=each, spread=0.7, seed=seed)[0], noise=1.0, seed=seed)


def continuum(seed=0):
    """Users who differ lastingly, in any degree."""
    return seen(np.random.default_rng(seed).normal(size=(160, 4)), noise=1.0, seed=seed)


def alike(seed=0):
    """Users who differ by chance alone."""
    return seen(np.zeros((160, 4)), noise=1.0, seed=seed)


def judged(features, halves, *, draws=99, seed=7):
    return judge_evidence(NAMES, features, halves, seed=seed, draws=draws)


@pytest.mark.parametrize(("users", "expected"), [(types, "distinct"), (continuum, "continuum"), (alike, "no_segments")])
def test_types_a_continuum_and_chance_are_told_apart(users, expected):
    found = judged(*users())
    assert found.verdict == expected
    assert (found.user_count, found.basis) == (160, "session_halves")
    assert [test.name for test in found.tests] == ["null", "repeat", "gap"]


def test_every_test_keeps_statistic_p_threshold_and_draws():
    null, repeat, gap = judged(*types()).tests
    assert (null.p, null.threshold, len(null.draws)) == (0.01, 0.01, 99)
    assert max(null.draws) < null.statistic
    assert (repeat.p, repeat.threshold, len(repeat.draws)) == (0.005, 0.5, 199)
    assert max(repeat.draws) < repeat.statistic
    assert gap.p == pytest.approx(min(1.0, len(gap.draws) * min(gap.draws)))
    assert gap.threshold == 0.05
    assert all(test.is_passed for test in (null, repeat, gap))


def test_repeat_and_gap_are_asked_about_the_k_of_the_largest_silhouette_of_whole_users():
    features, halves = types()
    # Halves in which two of the types look alike show three clusters best, and are still asked about the four.
    merged = replace(halves, a=np.where(halves.a[:, :1] > 3, halves.a[:, [1, 0, 2, 3]], halves.a))
    found = judged(features, merged, draws=3)
    assert found.k == 4
    assert found.tests[1].statistic < 0.8
    assert "at 4" in judged(features, halves, draws=3).tests[0].sentence


@pytest.mark.parametrize("failing", ["null", "repeat", "gap"])
def test_one_test_that_fails_is_enough_for_no_types(failing, monkeypatch):
    constant = {"null": ("NULL_P", 0.0), "repeat": ("DISTINCT_REPEAT", 1.01), "gap": ("GAP_P", 0.0)}[failing]
    monkeypatch.setattr(verdict, *constant)
    found = judged(*types())
    assert found.verdict == "continuum"
    assert [test.name for test in found.tests if not test.is_passed] == [failing]
    assert next(test.sentence for test in found.tests if not test.is_passed) in found.reason


def test_a_continuum_needs_a_repeat_that_is_both_large_enough_and_beyond_chance(monkeypatch):
    features, halves = continuum()
    assert judged(features, halves, draws=3).verdict == "continuum"
    monkeypatch.setattr(verdict, "CONTINUUM_REPEAT", 0.99)
    assert judged(features, halves, draws=3).verdict == "no_segments"
    monkeypatch.undo()
    monkeypatch.setattr(verdict, "CONTINUUM_P", 0.001)
    assert judged(features, halves, draws=3).verdict == "no_segments"


def test_without_halves_other_users_take_the_place_of_other_visits():
    features, _ = types()
    found = judged(features, None)
    assert (found.verdict, found.basis, found.k) == ("distinct", "user_halves", 4)
    assert [test.name for test in found.tests] == ["null", "prediction_strength", "gap"]
    assert found.tests[1].p is None
    assert judged(alike()[0], None).verdict == "no_segments"
    # Too few halved users are no basis either.
    halves = types()[1]
    few = SessionHalves(halves.users[:29], halves.a[:29], halves.b[:29])
    assert judged(features, few, draws=3).basis == "user_halves"


def test_only_the_halved_users_are_judged():
    features, halves = types()
    strangers = np.random.default_rng(9).normal(50, 30, (40, 4))
    shifted = SessionHalves(halves.users + 40, halves.a, halves.b)
    assert judged(np.vstack([strangers, features]), shifted, draws=3) == judged(features, halves, draws=3)


def test_at_most_a_thousand_users_are_judged(monkeypatch):
    monkeypatch.setattr(verdict, "MOST_USERS", 50)
    assert judged(types()[0], None, draws=3).user_count == 50


def test_under_thirty_users_nothing_is_claimed():
    found = judged(types(each=7)[0], None)
    assert (found.verdict, found.tests, found.user_count, found.k) == ("insufficient_data", (), 28, 0)
    assert "30 are needed" in found.reason


def test_users_without_any_difference_are_no_segments():
    constant = np.ones((60, 4))
    for halves in (None, SessionHalves(np.arange(60), constant, constant)):
        found = judged(constant, halves)
        assert (found.verdict, found.tests) == ("no_segments", ())


@pytest.mark.parametrize("users", [types, continuum])
def test_neither_order_of_users_nor_a_rerun_changes_the_evidence(users):
    features, halves = users()
    order = np.random.default_rng(3).permutation(len(features))
    shuffled = SessionHalves(np.arange(len(order)), halves.a[order], halves.b[order])
    first = judged(features, halves, draws=5)
    assert judged(features, halves, draws=5) == first
    assert judged(features[order], shuffled, draws=5) == first
    assert judged(features[order], None, draws=5) == judged(features, None, draws=5)


def test_both_halves_share_one_space():
    _, halves = types()
    both = scaled_halves(NAMES, halves.a, halves.b)
    moved = scaled_halves(NAMES, halves.a, halves.b + 5.0)
    # A shift between halves is a difference that centres must see, not one that scaling hides.
    assert np.abs(np.median(both.b - both.a, axis=0)).max() < 0.5
    assert np.median(moved.b - moved.a, axis=0).min() > 0.5
