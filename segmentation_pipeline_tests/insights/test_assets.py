"""The two assets and their checks on a warehouse filled by hand: from users to advice, and to what makes it red."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

from segmentation_pipeline.config import Home, Settings
from segmentation_pipeline.insights.assets import cluster_metrics, recommendations
from segmentation_pipeline.insights.checks import (
    cited_metrics_exist,
    every_segment_is_advised,
    evidence_agrees_with_clusters,
    nothing_ungrounded_is_published,
)
from segmentation_pipeline.insights.reading import read_evidence
from segmentation_pipeline.warehouse.warehouse import Warehouse
from segmentation_pipeline_tests.insights.upstream_samples import (
    FEW,
    MONTH,
    NEGOTIATORS,
    READERS,
    write_empty_upstream,
    write_upstream,
)

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = Settings.model_validate(
    {
        "roles": {
            "churn": "drop_off",
            "conversion": "accept",
            "revision": "revise_offer",
            "collaboration": "comment",
        }
    }
)


def refreshed(
    root: Path, settings: Settings = SETTINGS, *, is_empty: bool = False, verdict: str = "distinct"
) -> tuple[Warehouse, dict[str, Any]]:
    warehouse = Warehouse(Home(root), settings)
    with warehouse.transaction() as db:
        if is_empty:
            write_empty_upstream(db)
        else:
            write_upstream(db, verdict=verdict)
    context = dg.build_asset_context(partition_key=MONTH.isoformat())
    cluster_metrics.function(context, warehouse)
    return warehouse, dict(recommendations.function(context, warehouse) or {})


@pytest.fixture(scope="module")
def finished_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A refresh written once; each test works on a copy."""
    root = tmp_path_factory.mktemp("finished")
    refreshed(root)
    return root


@pytest.fixture
def warehouse(finished_home: Path, tmp_path: Path) -> Warehouse:
    shutil.copytree(finished_home, tmp_path / "home")
    return Warehouse(Home(tmp_path / "home"), SETTINGS)


def rows(warehouse: Warehouse, sql: str) -> list[tuple[Any, ...]]:
    with warehouse.read() as db:
        return db.execute(sql).fetchall()


def outcome(check: Any, warehouse: Warehouse) -> bool:
    return bool(check.function(warehouse, MONTH).passed)


def test_who_revises_alone_and_leaves_is_told_so(warehouse: Warehouse) -> None:
    # By hand: 80 negotiators of (10, 11 or 12) in 20 events; drop-off 48 of 80, and 48 + 16 + 4 + 2 of all 180.
    advice = rows(
        warehouse,
        "SELECT DISTINCT r.text FROM recommendations AS r JOIN grounding_report AS g USING (recommendation_id)"
        " WHERE r.cluster_id = '2026-03-a' AND g.item = 'experiment:revision_drop_off'",
    )
    assert advice[0][0].startswith(
        "Revisions make up 55% of a user's events, higher than the 26% overall. "
        "Drop-off after the landmark is 60%, higher than the 39% overall. "
    )


def test_retention_is_cited_from_the_curve(warehouse: Warehouse) -> None:
    found = rows(
        warehouse,
        "SELECT cluster_id, value, low, high FROM cluster_metrics WHERE metric_id = 'retention_day_3' ORDER BY ALL",
    )
    assert found == [(NEGOTIATORS, 0.4, 0.3, 0.5), ("overall", 0.6, 0.5, 0.7)]


def test_the_small_segment_has_evidence_but_no_advice(tmp_path: Path) -> None:
    warehouse, reported = refreshed(tmp_path)
    assert rows(warehouse, f"SELECT value FROM cluster_metrics WHERE cluster_id = '{FEW}' AND metric_id = 'size'") == [
        (12.0,)
    ]
    assert {cluster for (cluster,) in rows(warehouse, "SELECT cluster_id FROM recommendations")} == {
        NEGOTIATORS,
        READERS,
    }
    assert reported["recommendations"]["segments_without_advice"] == {FEW: "12 users, advice needs 30"}


def test_a_refresh_without_segments_has_no_rows_and_says_why(tmp_path: Path) -> None:
    warehouse, reported = refreshed(tmp_path, is_empty=True)
    assert rows(warehouse, "FROM cluster_metrics UNION ALL BY NAME FROM recommendations") == []
    assert rows(warehouse, "FROM grounding_report") == []
    assert "too little data" in reported["why_empty"]
    assert all(
        outcome(check, warehouse)
        for check in (
            cited_metrics_exist,
            evidence_agrees_with_clusters,
            every_segment_is_advised,
            nothing_ungrounded_is_published,
        )
    )


def test_where_segments_are_cuts_of_ours_everyone_together_is_advised_too(tmp_path: Path) -> None:
    warehouse, _ = refreshed(tmp_path, verdict="no_segments")
    advised = {cluster for (cluster,) in rows(warehouse, "SELECT cluster_id FROM recommendations")}
    assert advised == {NEGOTIATORS, READERS, "overall"}
    # Nothing can set everyone apart from everyone: levels only.
    assert rows(
        warehouse, "SELECT count(*) FROM recommendations WHERE cluster_id = 'overall' AND text LIKE '%overall%'"
    )[0] == (0,)
    assert outcome(every_segment_is_advised, warehouse)
    assert outcome(cited_metrics_exist, warehouse)


def test_every_text_of_the_rules_is_in_the_report_and_passes(warehouse: Warehouse) -> None:
    assert rows(warehouse, "SELECT DISTINCT verdict, violation FROM grounding_report") == [("ok", None)]
    unreported = rows(
        warehouse,
        "SELECT recommendation_id FROM recommendations"
        " WHERE recommendation_id NOT IN (SELECT recommendation_id FROM grounding_report WHERE part = 'claim')",
    )
    assert unreported == []


def test_the_refresh_before_is_evidence_for_trends(warehouse: Warehouse) -> None:
    with warehouse.transaction() as db:
        db.execute("INSERT INTO clusters SELECT * REPLACE (DATE '2026-02-01' AS refresh_month) FROM clusters")
        db.execute(
            "INSERT INTO cluster_metrics SELECT * REPLACE (DATE '2026-02-01' AS refresh_month, 0.5 AS value)"
            " FROM cluster_metrics WHERE metric_id = 'drop_off_rate'"
        )
    with warehouse.read() as db:
        evidence = read_evidence(db, MONTH)
    assert evidence.previous[NEGOTIATORS].metrics["drop_off_rate"].value == 0.5
    assert evidence.segments[NEGOTIATORS].metrics["drop_off_rate"].value == 0.6


def test_a_second_refresh_writes_the_same_rows(warehouse: Warehouse) -> None:
    tables = ("cluster_metrics", "recommendations", "grounding_report")
    before = [rows(warehouse, f"FROM {table}") for table in tables]
    context = dg.build_asset_context(partition_key=MONTH.isoformat())
    cluster_metrics.function(context, warehouse)
    recommendations.function(context, warehouse)
    assert [rows(warehouse, f"FROM {table}") for table in tables] == before


def test_segments_of_the_same_refresh_get_different_advice(warehouse: Warehouse) -> None:
    titles = rows(
        warehouse,
        "SELECT cluster_id, title FROM recommendations WHERE kind = 'experiment' AND cluster_id < '2026-03-c'",
    )
    by_segment = [{title for cluster, title in titles if cluster == name} for name in (NEGOTIATORS, READERS)]
    assert by_segment[0].isdisjoint(by_segment[1])


def test_silence_as_drop_off_is_never_cited_with_a_direction(tmp_path: Path) -> None:
    silent = SETTINGS.model_copy(update={"roles": SETTINGS.roles.model_copy(update={"churn": ()})})
    warehouse, _ = refreshed(tmp_path, silent)
    cited = [json.loads(evidence) for (evidence,) in rows(warehouse, "SELECT evidence FROM recommendations")]
    directions = {c["direction"] for claims in cited for c in claims if c["metric_id"] == "drop_off_rate"}
    assert directions <= {"none"}
    assert outcome(every_segment_is_advised, warehouse)


@pytest.mark.parametrize(
    ("check", "tampering"),
    [
        (cited_metrics_exist, "UPDATE cluster_metrics SET value = value * 1.01 WHERE metric_id = 'drop_off_rate'"),
        (cited_metrics_exist, "DELETE FROM cluster_metrics WHERE metric_id = 'drop_off_rate'"),
        (cited_metrics_exist, "UPDATE cluster_metrics SET contrast_direction = 'none'"),
        (cited_metrics_exist, "UPDATE recommendations SET text = replace(text, '60%', '61%')"),
        (nothing_ungrounded_is_published, "UPDATE cluster_metrics SET value = 0.5 WHERE metric_id = 'drop_off_rate'"),
        (nothing_ungrounded_is_published, "UPDATE cluster_metrics SET contrast_direction = 'none'"),
        (nothing_ungrounded_is_published, "UPDATE recommendations SET text = replace(text, '60%', '61%')"),
        (nothing_ungrounded_is_published, "UPDATE recommendations SET text = text || ' Half of them leave.'"),
        (nothing_ungrounded_is_published, "UPDATE recommendations SET title = title || ' for 3 users'"),
        (nothing_ungrounded_is_published, "UPDATE recommendations SET title = title || ' of `somebody`'"),
        (nothing_ungrounded_is_published, "UPDATE recommendations SET hypothesis = hypothesis || ' By far more.'"),
        (
            nothing_ungrounded_is_published,
            "UPDATE recommendations SET text = replace(text, '60%', '61%'), evidence = replace(evidence, '60%', '61%')",
        ),
        (evidence_agrees_with_clusters, "UPDATE cluster_metrics SET value = value + 1 WHERE metric_id = 'size'"),
        (evidence_agrees_with_clusters, "UPDATE clusters SET drop_off_rate = drop_off_rate / 2"),
        (evidence_agrees_with_clusters, "DELETE FROM cluster_metrics WHERE cluster_id = '2026-03-b'"),
        (every_segment_is_advised, "DELETE FROM recommendations WHERE kind = 'experiment' AND rank = 3"),
        (every_segment_is_advised, "DELETE FROM recommendations WHERE cluster_id = '2026-03-b'"),
        (every_segment_is_advised, "DELETE FROM recommendations WHERE kind = 'pain_point'"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_a_check_turns_red_when_its_promise_is_broken(warehouse: Warehouse, check: Any, tampering: str) -> None:
    assert outcome(check, warehouse)
    with warehouse.transaction() as db:
        db.execute(tampering)
    assert not outcome(check, warehouse)
