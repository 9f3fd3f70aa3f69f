"""The assets: rows under contract, laws kept, drop-off by hand, the same twice, plain words for too little data."""

from __future__ import annotations

import json

import dagster as dg
import numpy as np
import pytest

from segmentation_pipeline.segments import checks
from segmentation_pipeline.segments.assets import SEGMENT_TABLES, clusters, current_segments, embeddings
from segmentation_pipeline.warehouse.contracts import table_name
from segmentation_pipeline_tests.segments.samples import EACH, KINDS, MONTH, NAMES, kinds, sample_warehouse

TABLES = ("embeddings", *(table_name(table) for table in SEGMENT_TABLES), "current_segments")
LAWS = [
    checks.everyone_at_risk_has_one_segment,
    checks.shares_sum_to_one,
    checks.labels_are_unique,
    checks.few_are_unclassified,
    checks.few_live_users_are_unclassified,
]


def refresh(warehouse):
    context = dg.build_asset_context(partition_key=MONTH.isoformat())
    return {
        "embeddings": dict(embeddings.function(context, warehouse) or {}),
        **dict(clusters.function(context, warehouse) or {}),
        "current_segments": dict(current_segments.function(dg.build_asset_context(), warehouse) or {}),
    }


def rows(warehouse, sql):
    with warehouse.read() as db:
        return db.rows(sql)


def by_kind(warehouse):
    """Segment rows by the kind of their users."""
    assigned = rows(warehouse, "SELECT cluster_id FROM user_clusters ORDER BY user_id")
    ids = np.array([row["cluster_id"] for row in assigned])
    found = {row["cluster_id"]: row for row in rows(warehouse, "FROM clusters")}
    return {kind: found[str(ids[kinds() == kind][0])] for kind in KINDS}


def test_a_refresh_has_segments_with_size_drop_off_and_contrasts(tmp_path):
    warehouse = sample_warehouse(tmp_path)
    reported = refresh(warehouse)
    found = by_kind(warehouse)
    assert {kind: row["user_count"] for kind, row in found.items()} == dict.fromkeys(KINDS, EACH)
    assert {kind: row["drop_off_rate"] for kind, row in found.items()} == {
        "searcher": 0.75,
        "commenter": 0.3,
        "reviser": 0.05,
    }
    assert {kind: row["churn_risk"] for kind, row in found.items()} == {
        "searcher": "high",
        "commenter": "medium",
        "reviser": "low",
    }
    assert {row["drop_off_days"] for row in found.values()} == {14.0}
    stored = {one["feature"]: one for one in json.loads(found["reviser"]["contrasts"])}
    assert set(stored) == {"mix:revise_offer", "mix:search", "mix:comment", *NAMES[:3]}
    assert (stored["mix:revise_offer"]["direction"], stored["mix:revise_offer"]["unit"]) == ("above", "share")
    assert stored["mix:search"]["direction"] == "below"
    assert found["reviser"]["profile"]["mix:revise_offer"] == pytest.approx(0.64, abs=0.02)
    assert all(law.function(warehouse, MONTH).passed for law in LAWS)
    assert "data:image/png" in str(reported["clusters"]["map"].value)
    assert "Evening searchers" in reported["clusters"]["segments"]
    assert reported["embeddings"]["features_dropped"] == {"mix:revise_offer": "repeats depth:events_per_session"}
    assert reported["embeddings"]["features_used"] == 5


def test_the_candidate_table_is_stored_whole_with_one_chosen(tmp_path):
    warehouse = sample_warehouse(tmp_path)
    refresh(warehouse)
    found = rows(warehouse, "FROM cluster_candidates")
    assert sum(row["is_chosen"] for row in found) == 1
    assert {row["method"] for row in found} == {"kmeans", "hdbscan"}
    assert json.loads(next(row for row in found if row["is_chosen"])["parameters"]) == {"k": 3}


def test_todays_users_are_scored_and_those_who_ended_are_not(tmp_path):
    warehouse = sample_warehouse(tmp_path)
    refresh(warehouse)
    found = rows(
        warehouse,
        "SELECT s.status, count(*) AS users, bool_and(s.cluster_id = u.cluster_id) AS is_as_fitted,"
        " bool_and(s.cluster_id = 'unclassified' AND s.membership IS NULL) AS is_without"
        " FROM current_segments AS s JOIN user_clusters AS u USING (user_id) GROUP BY s.status ORDER BY s.status",
    )
    assert found == [
        {"status": "ended", "users": 44, "is_as_fitted": False, "is_without": True},
        {"status": "live", "users": 76, "is_as_fitted": True, "is_without": False},
    ]


def test_running_twice_changes_nothing(tmp_path):
    warehouse = sample_warehouse(tmp_path)
    refresh(warehouse)
    first = [rows(warehouse, f"FROM {name} ORDER BY ALL") for name in TABLES]
    refresh(warehouse)
    assert [rows(warehouse, f"FROM {name} ORDER BY ALL") for name in TABLES] == first


def test_without_a_churn_action_risk_is_unknown_and_segments_stay(tmp_path):
    warehouse = sample_warehouse(tmp_path, churn=())
    refresh(warehouse)
    found = rows(warehouse, "SELECT DISTINCT churn_risk, drop_off_rate, drop_off_days, drop_off_count FROM clusters")
    assert found == [{"churn_risk": "unknown", "drop_off_rate": None, "drop_off_days": None, "drop_off_count": 0}]


def test_too_little_data_empties_the_month_says_why_and_breaks_no_law(tmp_path):
    warehouse = sample_warehouse(tmp_path)
    refresh(warehouse)
    with warehouse.transaction() as db:
        db.execute("UPDATE refreshes SET status = 'insufficient_data', status_reason = '4 users are at risk.'")
    reported = refresh(warehouse)
    assert reported["clusters"]["why_empty"] == "insufficient data for 2026-03: 4 users are at risk."
    assert reported["embeddings"]["why_empty"] == reported["clusters"]["why_empty"]
    for name in ("embeddings", "clusters", "user_clusters", "cluster_candidates", "segment_models", "cluster_evidence"):
        assert rows(warehouse, f"FROM {name}") == []
    assert rows(warehouse, "SELECT verdict, reason, segment_count FROM refresh_verdicts") == [
        {"verdict": "insufficient_data", "reason": "4 users are at risk.", "segment_count": 0}
    ]
    assert all(law.function(warehouse, MONTH).passed for law in LAWS)


def test_before_the_first_model_everybody_is_unclassified_and_the_reason_is_told(tmp_path):
    warehouse = sample_warehouse(tmp_path)
    reported = current_segments.function(dg.build_asset_context(), warehouse)
    assert reported == {"why_unclassified": "no refresh has a model yet"}
    assert rows(warehouse, "SELECT DISTINCT cluster_id, label, model_month FROM current_segments") == [
        {"cluster_id": "unclassified", "label": "unclassified", "model_month": None}
    ]
