"""The retention assets write rows that keep their contracts and laws, whatever the refresh holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

from segmentation_pipeline.retention import checks
from segmentation_pipeline.retention.assets import hazard_ratios, retention, survival_validations
from segmentation_pipeline_tests.retention.refresh_samples import MONTH, SEGMENTS, sample_warehouse

if TYPE_CHECKING:
    from pathlib import Path

    from segmentation_pipeline.warehouse.warehouse import Warehouse

LAWS = [
    checks.curves_never_turn_back,
    checks.endings_add_up,
    checks.everyone_at_risk_is_judged,
    checks.drop_off_is_told_once,
    checks.every_pair_is_compared,
]


TABLES = (
    "survival_fits",
    "retention_curves",
    "retention_comparisons",
    "cox_coefficients",
    "schoenfeld_residuals",
    "survival_validations",
)


def _refresh(warehouse: Warehouse) -> dict[str, Any]:
    context = dg.build_asset_context(partition_key=MONTH.isoformat())
    reported = dict(retention.function(context, warehouse) or {})
    reported |= dict(hazard_ratios.function(context, warehouse) or {})
    return reported | {"survival_validations": survival_validations.function(context, warehouse)}


def _rows(warehouse: Warehouse, sql: str) -> list[dict[str, Any]]:
    with warehouse.read() as db:
        return db.rows(sql)


def test_a_refresh_has_fits_curves_pairs_ratios_and_their_pictures_and_keeps_every_law(tmp_path: Path) -> None:
    warehouse = sample_warehouse(tmp_path)
    reported = _refresh(warehouse)
    fits = _rows(warehouse, "SELECT * FROM survival_fits ORDER BY cluster_id")
    assert {row["cluster_id"]: row["status"] for row in fits} == {
        **dict.fromkeys([*SEGMENTS, "overall"], "fitted"),
        "unclassified": "not_fitted",
    }
    ratios = _rows(warehouse, "SELECT term FROM cox_coefficients WHERE status = 'reference'")
    assert ratios == [{"term": SEGMENTS[2]}]
    assert set(reported["retention_curves"]) == {"retention_picture", "incidence_picture", "incidence_by_segment"}
    for picture in (*reported["retention_curves"].values(), reported["cox_coefficients"]["proportionality_picture"]):
        assert "data:image/png" in str(picture.value)
    assert "Steady | Leaving" in reported["retention_comparisons"]["pairs"]
    pairs = _rows(warehouse, "SELECT count(*) AS pairs, max(pair_count) AS adjusted FROM retention_comparisons")
    assert pairs == [{"pairs": 3, "adjusted": 3}]
    validated = _rows(warehouse, "SELECT model, split, status FROM survival_validations ORDER BY model")
    assert validated == [{"model": name, "split": "hash", "status": "fitted"} for name in ("cox", "km")]
    assert reported["survival_validations"]["concordance"] > 0.6
    assert [law.name for law in LAWS if not law.function(warehouse, MONTH).passed] == []
    assert "Leaving" in reported["survival_fits"]["segments"]


def test_running_twice_changes_nothing(tmp_path: Path) -> None:
    warehouse = sample_warehouse(tmp_path)
    tables = TABLES
    _refresh(warehouse)
    first = [_rows(warehouse, f"FROM {name} ORDER BY ALL") for name in tables]
    _refresh(warehouse)
    assert [_rows(warehouse, f"FROM {name} ORDER BY ALL") for name in tables] == first


@pytest.mark.parametrize(
    ("status", "unjudged", "said"),
    [
        ("insufficient_data", None, "insufficient data: 4 users"),
        ("ready", "no churn action is configured", "no churn action is configured"),
    ],
)
def test_a_refresh_that_cannot_be_judged_is_rows_with_the_reason(
    tmp_path: Path, status: str, unjudged: str | None, said: str
) -> None:
    warehouse = sample_warehouse(
        tmp_path, status=status, unjudged=unjudged, definition="none" if unjudged else "action"
    )
    reported = _refresh(warehouse)
    assert said in str(reported["retention_curves"]["why_no_curve"])
    found = _rows(
        warehouse,
        " UNION ALL ".join(
            f"SELECT status, reason FROM {name}"
            for name in ("survival_fits", "retention_comparisons", "cox_coefficients", "survival_validations")
        ),
    )
    assert {row["status"] for row in found} == {"not_fitted"}
    assert all(said in row["reason"] for row in found)
    assert all(law.function(warehouse, MONTH).passed for law in LAWS)


def test_where_silence_is_drop_off_every_comparison_is_marked_mechanical(tmp_path: Path) -> None:
    warehouse = sample_warehouse(tmp_path, definition="inactivity")
    reported = _refresh(warehouse)
    for name in ("survival_fits", "retention_comparisons", "cox_coefficients", "survival_validations"):
        assert _rows(warehouse, f"SELECT DISTINCT is_mechanical FROM {name}") == [{"is_mechanical": True}]
        assert "never cite" in reported[name]["mechanical"]
