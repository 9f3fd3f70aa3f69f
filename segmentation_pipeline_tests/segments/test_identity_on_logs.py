"""Identity on simulated logs, a few seeds of benchmarks/identity.py: kept where nothing changed, told where it did."""

from __future__ import annotations

import pytest

from benchmarks.identity import excess_moves, in_order, months_of, refits, strangers, untrue
from benchmarks.simulated import FIRST_MONTH, observed_months
from segmentation_pipeline.simulation.scenarios import CONTINUUM, EVOLVE, steady
from segmentation_pipeline.simulation.simulate import simulate


def test_lineage_tells_of_the_birth_the_fading_and_the_split_and_of_nothing_else():
    assert untrue(in_order(months_of(EVOLVE, seed=3))) == []


@pytest.mark.parametrize("scenario", ["personas", "continuum"])
def test_users_keep_their_ids_when_the_same_log_is_fitted_again(scenario):
    log = simulate(users=400, days=45, seed=1, scenario=scenario)
    for change, refit in refits(observed_months(log, [FIRST_MONTH])[0], seed=1).items():
        assert refit.is_good, f"{change}: {refit}"


def test_two_months_without_a_common_user_are_matched_by_profile():
    first, second = strangers("personas", users=600, days=45, seed=2)
    ids = first.found.model.cluster_ids
    assert second.found.model.cluster_ids == ids
    assert {event.matched_by for event in second.events} == {"profile"}
    assert [second.persona_of(one) for one in ids] == [first.persona_of(one) for one in ids]


def test_on_a_steady_continuum_nothing_is_told_and_moves_are_those_of_chance():
    steps = in_order(months_of(steady(CONTINUUM), seed=2, count=2))
    assert {event.kind for event in steps[1].events} == {"continued"}
    assert abs(excess_moves(steps)[0]) < 0.15
