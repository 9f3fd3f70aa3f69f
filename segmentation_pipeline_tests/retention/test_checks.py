"""Each law between rows turns red at the one row that breaks it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from segmentation_pipeline.config import Home, Settings
from segmentation_pipeline.retention import checks
from segmentation_pipeline.retention.assets import retention
from segmentation_pipeline.warehouse.warehouse import Warehouse
from segmentation_pipeline_tests.retention.refresh_samples import MONTH, ROLES, sample_warehouse

if TYPE_CHECKING:
    from pathlib import Path

    from segmentation_pipeline.orchestration.table_checks import TableCheck

SOME_ROW = "cluster_id = '2026-01-b' AND day = 7"


@pytest.fixture(scope="module")
def judged_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose refresh was judged once; each test breaks a copy."""
    root = tmp_path_factory.mktemp("judged")
    retention.function(dg.build_asset_context(partition_key=MONTH.isoformat()), sample_warehouse(root))
    return root


@pytest.mark.parametrize(
    ("law", "mutation"),
    [
        (
            checks.curves_never_turn_back,
            f"UPDATE retention_curves SET estimate = 1, high = 1 WHERE curve = 'retention_km' AND {SOME_ROW}",
        ),
        (
            checks.curves_never_turn_back,
            f"UPDATE retention_curves SET estimate = 0 WHERE curve = 'incidence_churn' AND {SOME_ROW}",
        ),
        (
            checks.endings_add_up,
            f"UPDATE retention_curves SET estimate = estimate + 1e-6 WHERE curve = 'still_open' AND {SOME_ROW}",
        ),
        (checks.everyone_at_risk_is_judged, "UPDATE refreshes SET at_risk_count = at_risk_count + 1"),
        (checks.everyone_at_risk_is_judged, "DELETE FROM survival_fits WHERE cluster_id = '2026-01-b'"),
        (checks.everyone_at_risk_is_judged, "DELETE FROM survival_fits WHERE cluster_id = 'overall'"),
        (checks.every_pair_is_compared, "DELETE FROM retention_comparisons WHERE other_cluster_id = '2026-01-c'"),
        (checks.drop_off_is_told_once, "UPDATE clusters SET drop_off_rate = 0.41 WHERE cluster_id = '2026-01-b'"),
    ],
)
def test_a_broken_law_is_found(judged_home: Path, tmp_path: Path, law: TableCheck, mutation: str) -> None:
    shutil.copytree(judged_home, tmp_path / "home")
    warehouse = Warehouse(Home(tmp_path / "home"), Settings(roles=ROLES))
    assert law.function(warehouse, MONTH).passed
    with warehouse.transaction() as db:
        db.execute(mutation)
    outcome = law.function(warehouse, MONTH)
    assert (outcome.passed, outcome.severity) == (False, "ERROR")
    assert outcome.values["examples"]
