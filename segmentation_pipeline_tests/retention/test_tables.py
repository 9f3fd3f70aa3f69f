"""Each constraint over a whole row of the retention contracts turns red at a row that breaks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg
import pytest

from segmentation_pipeline.errors import ContractBroken
from segmentation_pipeline.retention.assets import hazard_ratios, retention, survival_validations
from segmentation_pipeline.retention.tables import (
    CoxCoefficients,
    RetentionComparisons,
    RetentionCurves,
    SurvivalFits,
    SurvivalValidations,
)
from segmentation_pipeline.warehouse.contracts import table_name
from segmentation_pipeline_tests.retention.refresh_samples import MONTH, sample_warehouse

if TYPE_CHECKING:
    from segmentation_pipeline.warehouse.contracts import Table
    from segmentation_pipeline.warehouse.warehouse import Warehouse


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    warehouse = sample_warehouse(tmp_path_factory.mktemp("home"))
    context = dg.build_asset_context(partition_key=MONTH.isoformat())
    retention.function(context, warehouse)
    hazard_ratios.function(context, warehouse)
    survival_validations.function(context, warehouse)
    return warehouse


@pytest.mark.parametrize(
    ("table", "check", "change"),
    [
        (SurvivalFits, "not_fitted_says_why", "reason = 'none' WHERE status = 'fitted'"),
        (SurvivalFits, "not_fitted_says_why", "reason = NULL WHERE status = 'not_fitted'"),
        (SurvivalFits, "outcomes_add_up", "churn_count = churn_count + 1 WHERE cluster_id = 'overall'"),
        (SurvivalFits, "drop_off_within_its_interval", "drop_off_low = drop_off_rate + 0.01 WHERE status = 'fitted'"),
        (SurvivalFits, "drop_off_within_its_interval", "drop_off_high = NULL WHERE status = 'fitted'"),
        (SurvivalFits, "drop_off_within_its_interval", "drop_off_method = 'not_observed' WHERE status = 'fitted'"),
        (SurvivalFits, "logrank_only_overall_and_whole", "logrank_reason = 'x' WHERE cluster_id = '2026-01-a'"),
        (SurvivalFits, "logrank_only_overall_and_whole", "logrank_p = NULL WHERE cluster_id = 'overall'"),
        (SurvivalFits, "restricted_mean_within_its_interval", "rmst_low = rmst_days + 0.1 WHERE status = 'fitted'"),
        (SurvivalFits, "restricted_mean_within_its_interval", "rmst_high = rmst_tau_days + 1 WHERE status = 'fitted'"),
        (SurvivalFits, "restricted_mean_within_its_interval", "rmst_standard_error = NULL WHERE status = 'fitted'"),
        (SurvivalFits, "restricted_mean_within_its_interval", "rmst_tau_days = 14 WHERE status = 'not_fitted'"),
        (
            SurvivalFits,
            "difference_of_segments_within_its_interval",
            "rmst_difference_high = NULL WHERE cluster_id = '2026-01-a'",
        ),
        (
            SurvivalFits,
            "difference_of_segments_within_its_interval",
            "rmst_difference_days = 0, rmst_difference_low = -1, rmst_difference_high = 1 WHERE cluster_id = 'overall'",
        ),
        (RetentionComparisons, "each_pair_once", "cluster_id = '2026-01-z' WHERE other_cluster_id = '2026-01-b'"),
        (RetentionComparisons, "tests_only_where_fitted", "holm_p = 0, logrank_p = 0.01 WHERE true"),
        (RetentionComparisons, "tests_only_where_fitted", "logrank_statistic = NULL WHERE true"),
        (RetentionComparisons, "tests_only_where_fitted", "status = 'not_fitted', reason = 'why' WHERE true"),
        (RetentionComparisons, "difference_within_its_interval", "rmst_difference_low = 99 WHERE true"),
        (RetentionComparisons, "difference_within_its_interval", "rmst_tau_days = NULL WHERE true"),
        (SurvivalValidations, "scores_only_where_fitted", "concordance = NULL WHERE model = 'cox'"),
        (SurvivalValidations, "scores_only_where_fitted", "status = 'not_fitted', reason = 'why' WHERE model = 'km'"),
        (SurvivalValidations, "only_the_model_differs_from_the_baseline", "brier_difference = 0 WHERE model = 'km'"),
        (SurvivalValidations, "only_the_model_differs_from_the_baseline", "brier_difference = 9 WHERE model = 'cox'"),
        (RetentionCurves, "figures_only_where_observed", "estimate = 0.5 WHERE status = 'not_observed'"),
        (RetentionCurves, "figures_only_where_observed", "low = NULL WHERE status = 'observed'"),
        (RetentionCurves, "figures_only_where_observed", "reason = NULL WHERE status = 'not_observed'"),
        (RetentionCurves, "figures_only_where_observed", "low = 1 WHERE estimate < 0.9"),
        (CoxCoefficients, "figures_only_where_fitted", "p = NULL WHERE status = 'fitted'"),
        (CoxCoefficients, "figures_only_where_fitted", "low = hazard_ratio * 2 WHERE status = 'fitted'"),
        (CoxCoefficients, "figures_only_where_fitted", "reason = NULL WHERE status = 'not_fitted'"),
        (CoxCoefficients, "figures_only_where_fitted", "hazard_ratio = 2 WHERE status = 'reference'"),
    ],
)
def test_a_row_that_breaks_a_constraint_is_refused(
    written: Warehouse, table: type[Table], check: str, change: str
) -> None:
    with written.read() as db:  # reading contexts roll back, so each case starts from the written rows
        changed = db.execute(f"UPDATE {table_name(table)} SET {change}").fetchone()
        assert changed is not None
        assert changed[0] >= 1
        with pytest.raises(ContractBroken) as broken:
            db.validate(table, MONTH)
    assert check in {str(failure["check"]) for failure in broken.value.failures}
