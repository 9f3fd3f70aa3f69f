"""What the evidence is computed from is read once per user at risk, in one order."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from segmentation_pipeline.insights.contrasts import Interval
from segmentation_pipeline.insights.reading import RoleUse, read_judged, read_users
from segmentation_pipeline.warehouse.database import Database, memory_database
from segmentation_pipeline_tests.insights.upstream_samples import FEW, MONTH, NEGOTIATORS, SIZES, write_upstream

if TYPE_CHECKING:
    from collections.abc import Iterator

BOTH_ROLES = RoleUse(has_revision=True, has_collaboration=True)


@pytest.fixture
def db() -> Iterator[Database]:
    with memory_database() as database:
        write_upstream(database)
        yield database


def test_each_user_at_risk_is_read_once_unclassified_included(db: Database) -> None:
    users = read_users(db, MONTH, (), BOTH_ROLES)
    names, counts = np.unique(users.cluster_ids, return_counts=True)
    assert dict(zip(names.tolist(), counts.tolist(), strict=True)) == SIZES
    assert {len(values) for values in (*users.measures.values(), *users.flags.values())} == {sum(SIZES.values())}


def test_measures_are_those_of_the_user_in_the_same_place(db: Database) -> None:
    users = read_users(db, MONTH, (), BOTH_ROLES)
    # The first user is negotiator 0: 10 revisions of 20 events, last seen 2 days before, 1 visit, no gap.
    first = {name: float(values[0]) for name, values in users.measures.items()}
    assert (first["revision_share"], first["silent_days"]) == (0.5, 2.0)
    assert math.isnan(first["pause_minutes"])
    assert math.isnan(first["recent_visit_share"])
    assert users.measures["recent_visit_share"][1] == 0.5
    assert users.measures["visit_minutes"][6] == 10.1
    assert (users.flags["single_visit_share"][0], users.flags["time_of_day:evening"][0]) == (1.0, 1.0)
    assert (first["action_share:login"], first["action_share:revise_offer"]) == (0.25, 0.5)
    assert (users.durations_days[0], users.outcomes[0]) == (2.0, "churn")


def test_an_action_taken_no_time_is_no_use_of_it(db: Database) -> None:
    reach = read_users(db, MONTH, (), BOTH_ROLES).flags["action_reach:revise_offer"]
    assert reach[:80].sum() == 80  # every negotiator
    assert reach[80:160].sum() == 40  # every second reader; the others are listed with a count of 0


def test_without_role_actions_their_measures_are_not_evidence(db: Database) -> None:
    measures = read_users(db, MONTH, (), RoleUse(has_revision=False, has_collaboration=False)).measures
    assert {"revision_share", "collaboration_score"}.isdisjoint(measures)


def test_rare_actions_are_left_out_unless_settings_name_them(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segmentation_pipeline.insights.reading.MAX_ACTIONS", 1)
    assert "action_reach:revise_offer" not in read_users(db, MONTH, (), BOTH_ROLES).flags
    assert "action_reach:revise_offer" in read_users(db, MONTH, ("revise_offer",), BOTH_ROLES).flags


def test_only_observed_days_of_the_retention_curve_are_judged(db: Database) -> None:
    judged = read_judged(db, MONTH, (0, 1, 3, 7))
    assert judged[NEGOTIATORS].retention == {3.0: Interval(0.4, 0.3, 0.5)}
    assert judged["2026-03-b"].retention == {}
    assert set(judged) == {NEGOTIATORS, "2026-03-b", FEW, "overall"}
    assert judged[NEGOTIATORS].drop_off == Interval(0.6, 0.6 * 0.8, 0.6 * 1.2)
