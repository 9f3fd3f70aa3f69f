"""The planted personas as data: different in every respect, comparable to each other, hazards known."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise

import pytest

from segmentation_pipeline.simulation.personas import (
    ACTIONS,
    NULL,
    PERSONAS,
    PLANTED,
    WORK_ACTIONS,
    drop_off_hazards,
    hazard_ratios,
    hazard_scale,
    pace,
)


def signature(persona):
    """Return the two actions a persona does most."""
    return frozenset(sorted(persona.mix, key=lambda action: persona.mix[action])[-2:])


def test_every_pair_of_personas_differs_in_rhythm_mix_workflow_hours_and_hazard():
    for one, another in combinations(PERSONAS, 2):
        assert one.visits_per_day != another.visits_per_day
        assert one.gap_s != another.gap_s
        assert signature(one) != signature(another)
        assert one.workflow != another.workflow
        assert one.peaks != another.peaks
        assert one.drop_off_hazard != another.drop_off_hazard


def test_personas_use_only_actions_that_exist():
    for persona in (*PERSONAS, *NULL.personas):
        assert set(persona.mix) | set(persona.workflow) <= set(WORK_ACTIONS)
    assert len(set(ACTIONS)) == len(ACTIONS)


def test_no_persona_outweighs_the_others_in_events_per_day():
    events_per_day = {p.name: p.visits_per_day * p.events_per_visit for p in PERSONAS}
    assert max(events_per_day.values()) < 1.3 * min(events_per_day.values())
    assert sum(p.share for p in PERSONAS) == pytest.approx(1)


def test_true_hazard_ratios_are_those_documented():
    assert hazard_ratios(PLANTED) == pytest.approx(
        {"closer": 1.0, "collaborator": 1.3, "author": 1.6, "researcher": 2.0, "explorer": 2.5}
    )


def test_a_longer_log_loses_the_same_share_of_a_cohort():
    week, six_weeks = drop_off_hazards(PLANTED, 7), drop_off_hazards(PLANTED, 42)
    assert {name: hazard * 42 for name, hazard in six_weeks.items()} == pytest.approx(
        {name: hazard * 7 for name, hazard in week.items()}
    )
    assert week["closer"] == pytest.approx(0.10)
    assert hazard_scale(14) == pytest.approx(0.5)


def test_pace_never_exceeds_that_of_the_launch_week_and_falls_with_length():
    paces = [pace(days) for days in (1, 7, 28, 150)]
    assert paces[:3] == pytest.approx([1.0, 1.0, 0.5])
    assert all(later <= earlier for earlier, later in pairwise(paces))


def test_the_homogeneous_population_has_one_persona_and_no_lasting_difference_between_users():
    spread = NULL.heterogeneity
    assert len(NULL.personas) == 1
    assert spread == replace(
        spread,
        activity_sigma=0,
        depth_sigma=0,
        gap_sigma=0,
        hour_spread_h=0,
        borrower_share=0,
        mix_concentration=None,
    )
