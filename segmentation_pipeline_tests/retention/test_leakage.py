"""Segments that do not matter are not found to matter: the landmark keeps what formed them out of what judges them.

Twenty seeds are run by `python -m benchmarks leakage`; here are three.
"""

from __future__ import annotations

import pytest

from benchmarks.leakage import trial


@pytest.mark.parametrize("seed", range(3))
def test_real_segments_with_one_hazard_for_all_are_not_told_apart_by_outcome(seed: int) -> None:
    found = trial(seed)
    assert found.agreement > 0.8  # the segments are real ...
    assert found.p >= 0.05  # ... and say nothing about who drops off
    assert found.least_holm_p >= 0.05
    assert found.naive_p < 1e-20  # clusters of the very window they are judged in say they do
    assert found.naive_hazard_ratio > 5
