"""Simulated logs are called what they are; the twenty seeds of each are in `benchmarks/verdicts.py`."""

from __future__ import annotations

import pytest

from benchmarks.simulated import observed_months
from benchmarks.verdicts import MONTHS, evidence_of
from segmentation_pipeline.simulation.simulate import simulate


@pytest.mark.parametrize(
    ("scenario", "days", "expected"),
    [
        ("personas", 7, "distinct"),
        ("null", 7, "no_segments"),
        ("continuum", 45, "continuum"),
        ("lifecycle", 45, "continuum"),
    ],
)
def test_a_simulated_log_is_called_what_it_is(scenario, days, expected):
    [month] = observed_months(simulate(users=600, days=days, seed=0, scenario=scenario), [MONTHS[days]])
    found = evidence_of(month)
    assert (found.verdict, found.basis) == (expected, "session_halves")
    assert found.user_count >= 300
