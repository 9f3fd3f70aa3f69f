"""The retention assets write rows that keep their contracts and laws, whatever the refresh holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

from segmentation_pipeline.config import Roles
from segmentation_pipeline.retention import checks
from segmentation_pipeline.retention.assets import cox_coefficients, retention
from segmentation_pipeline_tests.retention.refresh_samples import MONTH, ROLES, SEGMENTS, sample_warehouse

if TYPE_CHECKING:
    from pathlib import Path

    from segmentation_pipeline.warehouse.warehouse import Warehouse

LAWS = [
    checks.curves_never_turn_back,
    checks.endings_add_up,
    checks.everyone_at_risk_is_judged,
    checks.drop_off_is_told_once,
]


def _refresh(warehouse: Warehouse) -> dict[str, Any]:
    context = dg.build_asset_context(partition_key=MONTH.isoformat())
    reported = dict(retention.function(context, warehouse) or {})
    return reported | {"cox_coefficients": cox_coefficients.function(context, warehouse)}


def _rows(warehouse: Warehouse, sql: str) -> list[dict[str, Any]]:
    with warehouse.read() as db:
        return db.rows(sql)


def test_a_refresh_has_fits_curves_ratios_and_two_pictures(tmp_path: Path) -> None:
    warehouse = sample_warehouse(tmp_path)
    reported = _refresh(warehouse)
    fits = _rows(warehouse, "SELECT * FROM survival_fits ORDER BY cluster_id")
    assert {row["cluster_id"]: row["status"] for row in fits} == {
        **dict.fromkeys([*SEGMENTS, "overall"], "fitted"),
        "unclassified": "not_fitted",
    }
    ratios = _rows(warehouse, "SELECT term FROM cox_coefficients WHERE status = 'reference'")
    assert ratios == [{"term": SEGMENTS[2]}]
    assert set(reported["retention_curves"]) == {"retention_picture", "incidence_picture"}
    assert "data:image/png" in str(reported["retention_curves"]["retention_picture"].value)
    assert "Leaving" in str(reported["survival_fits"]["segments"].value)


def test_running_twice_changes_nothing(tmp_path: Path) -> None:
    warehouse = sample_warehouse(tmp_path)
    tables = ("survival_fits", "retention_curves", "cox_coefficients")
    _refresh(warehouse)
    first = [_rows(warehouse, f"FROM {name} ORDER BY ALL") for name in tables]
    _refresh(warehouse)
    assert [_rows(warehouse, f"FROM {name} ORDER BY ALL") for name in tables] == first


@pytest.mark.parametrize(
    ("status", "roles", "said"),
    [("insufficient_data", ROLES, "insufficient data: 4 users"), ("ready", Roles(), "no churn action is configured")],
)
def test_a_refresh_that_cannot_be_judged_is_rows_with_the_reason(
    tmp_path: Path, status: str, roles: Roles, said: str
) -> None:
    warehouse = sample_warehouse(tmp_path, status=status, roles=roles)
    reported = _refresh(warehouse)
    assert said in str(reported["retention_curves"]["why_no_curve"])
    found = _rows(
        warehouse, "SELECT status, reason FROM survival_fits UNION ALL SELECT status, reason FROM cox_coefficients"
    )
    assert {row["status"] for row in found} == {"not_fitted"}
    assert all(said in row["reason"] for row in found)
    assert all(law.function(warehouse, MONTH).passed for law in LAWS)


def test_all_laws_hold_on_what_the_assets_write(tmp_path: Path) -> None:
    warehouse = sample_warehouse(tmp_path)
    _refresh(warehouse)
    assert [law.name for law in LAWS if not law.function(warehouse, MONTH).passed] == []
