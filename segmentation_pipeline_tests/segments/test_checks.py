"""Each law between rows turns red at the one change that breaks it."""

from __future__ import annotations

import shutil

import dagster as dg
import pytest

from segmentation_pipeline.config import Home, Settings
from segmentation_pipeline.segments import checks
from segmentation_pipeline.segments.assets import clusters, current_segments, embeddings
from segmentation_pipeline.warehouse.warehouse import Warehouse
from segmentation_pipeline_tests.contract_mutations import VALID_ROWS
from segmentation_pipeline_tests.segments.samples import MONTH, sample_warehouse

MOVE = (
    "INSERT INTO user_moves (refresh_month, from_cluster_id, to_cluster_id, user_count, matched_against)"
    " VALUES (DATE '2026-03-01', '2026-02-a', '2026-03-a', 1, DATE '2026-02-01')"
)


@pytest.fixture(scope="module")
def _refreshed(tmp_path_factory):
    root = tmp_path_factory.mktemp("refreshed") / "home"
    warehouse = sample_warehouse(root)
    context = dg.build_asset_context(partition_key=MONTH.isoformat())
    for asset in (embeddings, clusters, current_segments):
        asset.function(context, warehouse)
    return root


@pytest.fixture
def warehouse(_refreshed, tmp_path):
    """A refreshed warehouse of one's own."""
    shutil.copytree(_refreshed, tmp_path / "home")
    return Warehouse(Home(tmp_path / "home"), Settings())


@pytest.mark.parametrize(
    ("law", "mutation", "severity"),
    [
        (checks.everyone_at_risk_has_one_segment, "DELETE FROM user_clusters WHERE user_id = 'u001'", "ERROR"),
        (
            checks.everyone_at_risk_has_one_segment,
            "UPDATE user_clusters SET user_id = 'z-gone' WHERE user_id = 'u001'",
            "ERROR",
        ),
        (
            checks.everyone_at_risk_has_one_segment,
            "INSERT INTO user_clusters FROM user_clusters WHERE user_id = 'u001'",
            "ERROR",
        ),
        (checks.shares_sum_to_one, "UPDATE clusters SET share = share + .01 WHERE cluster_id = '2026-03-a'", "ERROR"),
        (
            checks.shares_sum_to_one,
            "UPDATE clusters SET user_count = user_count + 1 WHERE cluster_id = '2026-03-a'",
            "ERROR",
        ),
        (checks.shares_sum_to_one, "DELETE FROM clusters WHERE cluster_id = '2026-03-c'", "ERROR"),
        (checks.labels_are_unique, "UPDATE clusters SET label = 'Same users'", "ERROR"),
        (checks.labels_are_unique, "UPDATE clusters SET slug = 'same-users'", "ERROR"),
        (
            checks.few_are_unclassified,
            "UPDATE user_clusters SET cluster_id = 'unclassified' WHERE user_id < 'u019'",
            "WARN",
        ),
        (
            checks.few_live_users_are_unclassified,
            "UPDATE current_segments SET cluster_id = 'unclassified' WHERE user_id > 'u100'",
            "WARN",
        ),
        (checks.every_segment_has_one_past, "DELETE FROM cluster_lineage WHERE cluster_id = '2026-03-b'", "ERROR"),
        (checks.every_segment_has_one_past, "UPDATE cluster_lineage SET kind = 'retired'", "ERROR"),
        (checks.moves_lose_nobody, MOVE, "ERROR"),
        (checks.unseen_users_are_assigned_as_fitted, "UPDATE refresh_verdicts SET is_assigner_trusted = false", "WARN"),
        (
            checks.models_agree_as_without_drift,
            (
                "UPDATE refresh_verdicts SET model_agreement = .4, expected_model_agreement = .9,"
                " least_model_agreement = .8, matched_against = DATE '2026-02-01'"
            ),
            "WARN",
        ),
        (
            checks.behaviour_has_not_drifted,
            (
                f"INSERT INTO feature_drift BY NAME {VALID_ROWS['feature_drift']};"
                " UPDATE feature_drift SET refresh_month = DATE '2026-03-01', is_drifting = true"
            ),
            "WARN",
        ),
    ],
)
def test_a_broken_law_is_found(warehouse, law, mutation, severity):
    assert law.function(warehouse, MONTH).passed
    with warehouse.transaction() as db:
        db.execute(mutation)
    outcome = law.function(warehouse, MONTH)
    assert (outcome.passed, outcome.severity) == (False, severity)


def test_fifteen_percent_unclassified_is_still_no_warning(warehouse):
    with warehouse.transaction() as db:
        db.execute("UPDATE user_clusters SET cluster_id = 'unclassified' WHERE user_id < 'u018'")  # 18 of 120
    assert checks.few_are_unclassified.function(warehouse, MONTH).passed
