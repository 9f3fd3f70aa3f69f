"""The asset and its checks on a warehouse filled by hand: from users and advice to weighed experiments."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

from segmentation_pipeline.config import Home
from segmentation_pipeline.events.feature_tables import Refreshes
from segmentation_pipeline.experiments.assets import experiment_power
from segmentation_pipeline.experiments.checks import (
    baselines_are_the_evidence,
    every_experiment_is_weighed,
    more_weeks_show_smaller_effects,
    unions_are_of_living_segments,
)
from segmentation_pipeline.insights.assets import cluster_metrics, recommendations
from segmentation_pipeline.insights.reading import RoleUse, read_users
from segmentation_pipeline.warehouse.warehouse import Warehouse
from segmentation_pipeline_tests.insights.test_assets import SETTINGS
from segmentation_pipeline_tests.insights.upstream_samples import (
    MONTH,
    NEGOTIATORS,
    READERS,
    write_empty_upstream,
    write_upstream,
)

if TYPE_CHECKING:
    from pathlib import Path

CHECKS = (
    every_experiment_is_weighed,
    baselines_are_the_evidence,
    more_weeks_show_smaller_effects,
    unions_are_of_living_segments,
)

_REFRESH = """
SELECT $month AS refresh_month, 'ready' AS status, false AS is_provisional, $clock AS clock, 'As given.' AS clock_rule,
    $log_start::TIMESTAMP AS log_start_at, TIMESTAMP '2026-03-21' AS as_of, TIMESTAMP '2026-03-11' AS landmark_at,
    TIMESTAMP '2026-03-01' AS window_start, $lead_in_s::DOUBLE AS lead_in_s, 10.0 AS window_days, 10.0 AS horizon_days,
    true AS is_fully_followed, false AS is_proportional, 180 AS user_count, 180 AS at_risk_count,
    0 AS ended_early_count, 0 AS running_at_start_count, 70 AS drop_off_count, 18 AS conversion_count, 0 AS end_count,
    'action' AS churn_definition
"""


def refreshed(
    root: Path,
    *,
    is_empty: bool = False,
    verdict: str = "distinct",
    clock: str = "calendar",
    log_start: str = "2025-01-01",
) -> tuple[Warehouse, dict[str, Any]]:
    """Weigh the advice on the sample's users, of whom four in ten were first seen on 6 March, the rest before."""
    warehouse = Warehouse(Home(root), SETTINGS)
    with warehouse.transaction() as db:
        if is_empty:
            write_empty_upstream(db)
        else:
            write_upstream(db, verdict=verdict)
            db.execute(
                "UPDATE user_features SET entered_at = CASE WHEN right(user_id, 1)::INTEGER < 4"
                " THEN TIMESTAMP '2026-03-06' ELSE TIMESTAMP '2026-02-10' END,"
                " landmark_at = CASE WHEN $clock = 'entry' AND right(user_id, 1)::INTEGER < 2"
                " THEN TIMESTAMP '2026-03-10' ELSE landmark_at END",
                {"clock": clock},
            )
        parameters = {
            "month": MONTH,
            "clock": clock,
            "log_start": log_start,
            "lead_in_s": 86_400.0 if clock == "entry" else None,
        }
        db.replace(Refreshes, _REFRESH, parameters, month=MONTH)
    context = dg.build_asset_context(partition_key=MONTH.isoformat())
    cluster_metrics.function(context, warehouse)
    recommendations.function(context, warehouse)
    return warehouse, dict(experiment_power.function(context, warehouse) or {})


@pytest.fixture(scope="module")
def finished_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("weighed")
    refreshed(root)
    return root


@pytest.fixture
def warehouse(finished_home: Path, tmp_path: Path) -> Warehouse:
    shutil.copytree(finished_home, tmp_path / "home")
    return Warehouse(Home(tmp_path / "home"), SETTINGS)


def rows(warehouse: Warehouse, sql: str) -> list[dict[str, Any]]:
    with warehouse.read() as db:
        return db.rows(sql)


def passed(check: Any, warehouse: Warehouse) -> bool:
    return bool(check.function(warehouse, MONTH).passed)


def test_every_experiment_is_weighed_with_its_own_segment_s_figures(warehouse: Warehouse) -> None:
    found = rows(warehouse, "FROM experiment_power ORDER BY cluster_id, recommendation_id")
    assert {row["cluster_id"] for row in found} == {NEGOTIATORS, READERS}
    assert len(found) == 6
    assert {row["comparison_count"] for row in found} == {3}
    # 32 of 80 first seen on 6 March, in the ten days of the window: 22.4 a week.
    assert {(row["eligible_count"], round(row["eligible_per_week"], 9)) for row in found} == {(32, 22.4)}
    lost = [row for row in found if row["primary_metric"] == "drop_off_rate"]
    assert {(row["cluster_id"], row["baseline"], row["follow_days"]) for row in lost} <= {
        (NEGOTIATORS, 0.6, 10.0),
        (READERS, 0.2, 10.0),
    }
    assert all(passed(check, warehouse) for check in CHECKS)


def test_the_spread_of_a_mean_is_that_of_its_users(warehouse: Warehouse) -> None:
    found = rows(warehouse, "FROM experiment_power WHERE endpoint = 'mean' ORDER BY ALL")
    assert found
    with warehouse.read() as db:
        users = read_users(db, MONTH, (), RoleUse(has_revision=True, has_collaboration=True))
    for row in found:
        values = users.measures[row["primary_metric"]][users.cluster_ids == row["cluster_id"]]
        assert row["baseline_sd"] == pytest.approx(values.std(ddof=1), rel=1e-9)


def test_with_the_entry_clock_users_count_when_they_reach_their_own_landmark(tmp_path: Path) -> None:
    # Two in ten reach it on 10 March; 11 March itself is no longer counted. Landmarks begin on 2 March: nine days.
    warehouse, _ = refreshed(tmp_path, clock="entry")
    [(count, week)] = {
        (row["eligible_count"], row["eligible_per_week"]) for row in rows(warehouse, "FROM experiment_power")
    }
    assert (count, week) == (16, pytest.approx(16 * 7 / 9))


def test_where_the_log_begins_in_the_window_its_first_half_is_left_out(tmp_path: Path) -> None:
    warehouse, _ = refreshed(tmp_path, log_start="2026-03-01 12:00")
    assert {row["eligible_count"] for row in rows(warehouse, "FROM experiment_power")} == {0}
    found = rows(warehouse, "SELECT DISTINCT verdict, eligible_from FROM experiment_power")
    assert [(row["verdict"], f"{row['eligible_from']:%d %H}") for row in found] == [("do_not_run", "06 12")]


def test_a_log_too_short_to_count_newcomers_is_not_computed(tmp_path: Path) -> None:
    warehouse, reported = refreshed(tmp_path, log_start="2026-03-05 12:00")
    assert reported["verdicts"] == {"not_computed": 6}
    assert "detectable_picture" not in reported
    reasons = {row["reason"] for row in rows(warehouse, "FROM experiment_power")}
    assert reasons == {"the log leaves 0.50 days in which users newly reach the landmark; a weekly figure needs one"}


def test_without_segments_everyone_is_weighed_together(tmp_path: Path) -> None:
    warehouse, _ = refreshed(tmp_path, verdict="no_segments")
    overall = rows(warehouse, "FROM experiment_power WHERE cluster_id = 'overall'")
    assert len(overall) == 3
    # By the last digit of the running number: 32 of 80, 32 of 80, 6 of 12 and 4 of 8 unclassified.
    assert {row["eligible_count"] for row in overall} == {74}
    assert all(row["union_cluster_ids"] is None for row in overall)
    assert all(passed(check, warehouse) for check in CHECKS)


def test_a_refresh_without_advice_has_no_rows_and_says_why(tmp_path: Path) -> None:
    warehouse, reported = refreshed(tmp_path, is_empty=True)
    assert rows(warehouse, "FROM experiment_power") == []
    assert reported == {"why_empty": "no experiment is recommended in 2026-03"}
    assert all(passed(check, warehouse) for check in CHECKS)


def test_a_rerun_writes_the_same_rows_and_reports_picture_and_verdicts(warehouse: Warehouse) -> None:
    before = rows(warehouse, "FROM experiment_power")
    reported = experiment_power.function(dg.build_asset_context(partition_key=MONTH.isoformat()), warehouse)
    assert reported is not None
    assert rows(warehouse, "FROM experiment_power") == before
    assert sum(reported["verdicts"].values()) == 6
    assert "data:image/png;base64," in reported["detectable_picture"].value
    assert "drop_off_rate" in reported["experiments"]


WORSE = json.dumps([{"week": 1, "users_per_arm": 9, "mde": 0.1}, {"week": 2, "users_per_arm": 9, "mde": 0.2}])
LOST = json.dumps([{"week": 1, "users_per_arm": 9, "mde": 0.1}, {"week": 2, "users_per_arm": 9, "mde": None}])


@pytest.mark.parametrize(
    ("check", "tampering"),
    [
        (every_experiment_is_weighed, "DELETE FROM recommendations WHERE kind = 'experiment' AND rank = 1"),
        (every_experiment_is_weighed, "DELETE FROM experiment_power WHERE cluster_id = '2026-03-b'"),
        (every_experiment_is_weighed, "UPDATE experiment_power SET cluster_id = '2026-03-c'"),
        (every_experiment_is_weighed, "UPDATE experiment_power SET comparison_count = 1"),
        (every_experiment_is_weighed, "UPDATE experiment_power SET primary_metric = 'size'"),
        (baselines_are_the_evidence, "UPDATE cluster_metrics SET value = value * 1.01"),
        (baselines_are_the_evidence, "DELETE FROM cluster_metrics"),
        (more_weeks_show_smaller_effects, f"UPDATE experiment_power SET mde_by_week = '{WORSE}'"),
        (more_weeks_show_smaller_effects, f"UPDATE experiment_power SET mde_by_week = '{LOST}'"),
        (unions_are_of_living_segments, "UPDATE experiment_power SET union_cluster_ids = '[\"2026-03-c\"]'"),
        (unions_are_of_living_segments, "UPDATE experiment_power SET union_cluster_ids = '[\"' || cluster_id || '\"]'"),
        (
            unions_are_of_living_segments,
            "UPDATE experiment_power SET union_cluster_ids = '[\"' || cluster_id || '\", \"2025-01-a\"]'",
        ),
    ],
    ids=lambda value: value[:60] if isinstance(value, str) else value.name,
)
def test_a_check_turns_red_when_its_promise_is_broken(warehouse: Warehouse, check: Any, tampering: str) -> None:
    assert passed(check, warehouse)
    with warehouse.transaction() as db:
        db.execute(tampering)
    assert not passed(check, warehouse)
