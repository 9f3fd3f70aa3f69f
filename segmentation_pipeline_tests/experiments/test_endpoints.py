"""Endpoints: which metric is judged how, what a relative effect of it is, and what groups are together."""

from __future__ import annotations

import numpy as np
import pytest

from segmentation_pipeline.experiments.endpoints import Mean, Share, Survival, endpoint_of, target_of
from segmentation_pipeline.experiments.sample_size import ErrorRates
from segmentation_pipeline.insights.catalogue import DEFINITIONS, decides_experiments

USUAL = ErrorRates(0.05, 0.8)


@pytest.mark.parametrize(
    ("metric_id", "kind"),
    [
        ("drop_off_rate", "survival"),
        ("retention_day_7", "survival"),
        ("conversion_rate", "share"),
        ("single_visit_share", "share"),
        ("action_reach:export", "share"),
        ("revision_share", "mean"),
        ("recent_visit_share", "mean"),
        ("session_depth", "mean"),
    ],
)
def test_a_metric_is_judged_by_what_is_known_of_each_user(metric_id: str, kind: str) -> None:
    assert endpoint_of(metric_id, 0.3, 0.2, "lower").kind == kind


def test_every_metric_that_decides_experiments_has_an_endpoint() -> None:
    deciding = [family for family in DEFINITIONS if decides_experiments(family)]
    assert len(deciding) > 8
    for family in deciding:
        found = endpoint_of(f"{family}_7" if family == "retention_day" else family, 0.4, 0.1, "higher")
        assert found.problem is None
        assert found.users_per_arm(target_of(found, 0.2), USUAL) >= 10


@pytest.mark.parametrize(
    ("endpoint", "target"),
    [
        (Share(0.1, "higher"), 0.12),
        (Share(0.1, "lower"), 0.08),
        (Share(0.9, "higher"), 0.92),  # a fifth of the 10 % it lacks
        (Mean(5.0, 2.0, "higher"), 6.0),
        (Mean(0.8, 0.1, "higher", ceiling=1.0), 0.84),
        (Mean(0.8, 0.1, "lower", ceiling=1.0), 0.64),
        (Survival(0.4, "lower"), 0.32),
        (Survival(0.9, "higher", is_kept=True), 0.92),
        (Survival(0.3, "higher", is_kept=True), 0.44),  # a fifth fewer of the 70 % lost
    ],
)
def test_a_relative_effect_is_a_part_of_what_can_change(endpoint: Share | Mean | Survival, target: float) -> None:
    assert target_of(endpoint, 0.2) == pytest.approx(target)


def test_a_retention_needs_the_users_of_the_drop_off_it_is() -> None:
    kept, lost = Survival(0.6, "higher", is_kept=True), Survival(0.4, "lower")
    assert kept.users_per_arm(0.68, USUAL) == lost.users_per_arm(0.32, USUAL)
    assert kept.detectable(500, USUAL) == pytest.approx(1 - lost.detectable(500, USUAL))


def test_a_fall_below_nothing_and_a_rise_above_everything_cannot_be_detected() -> None:
    assert Mean(1.0, 9.0, "lower").detectable(20, USUAL) is None
    assert Mean(1.0, 9.0, "higher").detectable(20, USUAL) > 1
    assert Mean(0.6, 0.5, "higher", ceiling=1.0).detectable(10, USUAL) is None


@pytest.mark.parametrize(
    "endpoint",
    [
        Share(0.0, "higher"),
        Share(1.0, "lower"),
        Mean(0.0, 1.0, "higher"),
        Mean(3.0, 0.0, "higher"),
        Mean(1.0, 0.1, "higher", ceiling=1.0),
        Survival(0.0, "lower"),
        Survival(1.0, "higher", is_kept=True),
    ],
    ids=str,
)
def test_what_has_no_part_that_could_change_says_so(endpoint: Share | Mean | Survival) -> None:
    assert endpoint.problem


def test_groups_together_are_all_their_users() -> None:
    draws = np.random.default_rng(5)
    groups = [draws.normal(mean, sd, 200_000) for mean, sd in ((4.0, 1.0), (7.0, 2.0))]
    both = np.concatenate([groups[0], groups[0], groups[0], groups[1]])
    parts = [Mean(float(group.mean()), float(group.std()), "higher") for group in groups]
    mixed = parts[0].mixed(parts[1:], [3.0, 1.0])
    assert mixed.value == pytest.approx(both.mean(), rel=1e-9)
    assert mixed.deviation == pytest.approx(both.std(), rel=1e-9)
    assert Share(0.1, "higher").mixed([Share(0.4, "higher")], [2.0, 1.0]).value == pytest.approx(0.2)
    together = Survival(0.9, "higher", is_kept=True).mixed([Survival(0.6, "higher", is_kept=True)], [1.0, 1.0])
    assert (together.value, together.is_kept) == (pytest.approx(0.75), True)
