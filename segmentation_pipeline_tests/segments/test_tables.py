"""Every constraint over a whole row turns red at a row that violates it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from segmentation_pipeline.errors import ContractBroken
from segmentation_pipeline.segments.tables import (
    ClusterCandidates,
    Clusters,
    CurrentSegments,
    Embeddings,
    SegmentModels,
    UserClusters,
)
from segmentation_pipeline.warehouse.database import memory_database

if TYPE_CHECKING:
    from segmentation_pipeline.warehouse.contracts import Table

MONTH = "DATE '2026-03-01'"
TRUE_ROWS: dict[type[Table], dict[str, str]] = {
    Embeddings: {
        "refresh_month": MONTH,
        "user_id": "'u1'",
        "map_x": "1.0",
        "map_y": "-1.0",
        "is_fitted": "true",
        "coordinates": "MAP {'pc01': 1.0::DOUBLE}",
    },
    ClusterCandidates: {
        "refresh_month": MONTH,
        "candidate_id": "'kmeans-3-pca'",
        "method": "'kmeans'",
        "space": "'pca'",
        "parameters": "'{}'",
        "cluster_count": "3",
        "noise_share": "0.0",
        "silhouette": "0.3",
        "min_jaccard": "NULL",
        "dbcv": "NULL",
        "smallest_share": "0.2",
        "is_chosen": "true",
        "is_weak": "true",
        "reason": "'best'",
    },
    Clusters: {
        "refresh_month": MONTH,
        "cluster_id": "'2026-03-a'",
        "label": "'Evening users'",
        "slug": "'evening-users'",
        "description": "'Text.'",
        "origin": "'clustered'",
        "user_count": "100",
        "share": "0.5",
        "jaccard": "0.9",
        "stability": "'highly stable'",
        "born_month": MONTH,
        "drop_off_count": "20",
        "drop_off_rate": "0.2",
        "drop_off_low": "0.1",
        "drop_off_high": "0.3",
        "drop_off_days": "14.0",
        "churn_risk": "'medium'",
        "contrasts": "'[]'",
        "profile": "MAP {'mix:comment': 0.2::DOUBLE}",
    },
    UserClusters: {
        "refresh_month": MONTH,
        "user_id": "'u1'",
        "cluster_id": "'2026-03-a'",
        "raw_label": "0",
        "is_noise": "false",
        "membership": "0.9",
        "runner_up": "'2026-03-b'",
    },
    SegmentModels: {"refresh_month": MONTH, "model": "'{}'"},
    CurrentSegments: {
        "user_id": "'u1'",
        "status": "'live'",
        "cluster_id": "'2026-03-a'",
        "label": "'Evening users'",
        "likeliest_cluster_id": "'2026-03-a'",
        "membership": "0.9",
        "model_month": MONTH,
        "scored_at": "TIMESTAMP '2026-04-01'",
    },
}
NOT_SCORED = {"cluster_id": "'unclassified'", "likeliest_cluster_id": "NULL", "membership": "NULL"}
UNKNOWN = dict.fromkeys(("drop_off_rate", "drop_off_low", "drop_off_high", "drop_off_days"), "NULL")


def write(table: type[Table], changes: dict[str, str]) -> Any:
    selected = ", ".join(f"{value} AS {name}" for name, value in (TRUE_ROWS[table] | changes).items())
    with memory_database() as db:
        return db.replace(table, f"SELECT {selected}")


@pytest.mark.parametrize(
    ("table", "changes"),
    [
        *((table, {}) for table in TRUE_ROWS),
        (ClusterCandidates, {"method": "'hdbscan'", "dbcv": "-0.2", "is_chosen": "false", "is_weak": "false"}),
        (Clusters, {"churn_risk": "'unknown'"}),  # drop-off by silence is told and not compared
        (Clusters, UNKNOWN | {"churn_risk": "'unknown'", "drop_off_count": "0", "jaccard": "NULL"}),
        (UserClusters, {"cluster_id": "'unclassified'", "raw_label": "-1", "is_noise": "true", "membership": "0.4"}),
        (UserClusters, {"runner_up": "NULL"}),
        (CurrentSegments, {"cluster_id": "'unclassified'", "membership": "0.4"}),
        (CurrentSegments, NOT_SCORED | {"status": "'ended'"}),
        (CurrentSegments, NOT_SCORED | {"model_month": "NULL"}),
    ],
)
def test_true_rows_keep_the_contract(table, changes):
    assert write(table, changes) == 1


@pytest.mark.parametrize(
    ("table", "changes", "broken"),
    [
        (Embeddings, {"coordinates": "MAP([]::VARCHAR[], []::DOUBLE[])"}, "has_coordinates"),
        (ClusterCandidates, {"is_chosen": "false"}, "only_the_chosen_can_be_weak"),
        (ClusterCandidates, {"dbcv": "0.5"}, "density_validity_of_density_methods"),
        (Clusters, {"drop_off_rate": "0.05"}, "rate_within_its_interval"),
        (Clusters, {"drop_off_rate": "0.35"}, "rate_within_its_interval"),
        *((Clusters, {name: "NULL"}, "drop_off_known_as_a_whole") for name in UNKNOWN),
        (Clusters, UNKNOWN | {"churn_risk": "'medium'"}, "drop_off_known_as_a_whole"),
        (Clusters, UNKNOWN, "drop_off_known_as_a_whole"),
        (Clusters, {"drop_off_count": "101"}, "drop_offs_within_users"),
        (Clusters, {"cluster_id": "'unclassified'"}, "has_a_real_id"),
        (Clusters, {"cluster_id": "'2026-03-A'"}, "has_a_real_id"),
        (UserClusters, {"is_noise": "true"}, "noise_is_the_raw_label"),
        (UserClusters, {"raw_label": "-1"}, "noise_is_the_raw_label"),
        (UserClusters, {"runner_up": "'2026-03-a'"}, "runner_up_is_another"),
        (CurrentSegments, {"status": "'ended'"}, "only_live_users_are_scored"),
        (CurrentSegments, {"status": "'ended'", "membership": "NULL"}, "only_live_users_are_scored"),
        (CurrentSegments, {"likeliest_cluster_id": "'2026-03-b'"}, "scored_by_a_model"),
        (CurrentSegments, {"likeliest_cluster_id": "NULL"}, "scored_by_a_model"),
        (CurrentSegments, NOT_SCORED | {"likeliest_cluster_id": "'2026-03-a'"}, "scored_by_a_model"),
        (CurrentSegments, {"model_month": "NULL"}, "scored_by_a_model"),
        (CurrentSegments, {"membership": "NULL"}, "scored_by_a_model"),
    ],
)
def test_a_row_that_cannot_be_is_refused(table, changes, broken):
    with pytest.raises(ContractBroken) as raised:
        write(table, changes)
    assert broken in {str(failure["check"]) for failure in raised.value.failures}
