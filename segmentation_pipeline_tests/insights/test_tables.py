"""Constraints over whole rows of the insight tables, from both sides; those of single columns are proved elsewhere."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
import pytest

from segmentation_pipeline.errors import ContractBroken
from segmentation_pipeline.insights.tables import ClusterMetrics, GroundingReport, Recommendations
from segmentation_pipeline.warehouse.contracts import Table, columns
from segmentation_pipeline.warehouse.database import memory_database

METRIC: dict[str, Any] = {
    "refresh_month": dt.date(2026, 3, 1),
    "cluster_id": "2026-03-a",
    "metric_id": "drop_off_rate",
    "value": 0.6,
    "low": 0.5,
    "high": 0.7,
    "unit": "pct",
    "basis": "outcome",
    "user_count": 100,
    "overall_value": 0.4,
    "contrast_low": 0.1,
    "contrast_high": 0.3,
    "contrast_direction": "higher",
    "difference_sd": 0.4,
    "metric_window": "4 days after the landmark",
    "description": "Users who dropped off.",
}
EXPERIMENT: dict[str, Any] = {
    "refresh_month": dt.date(2026, 3, 1),
    "cluster_id": "2026-03-a",
    "recommendation_id": "2026-03-a:experiment:0123456789ab",
    "kind": "experiment",
    "rank": 1,
    "title": "Exit question",
    "text": "Drop-off is 60%.",
    "text_template": "Drop-off is {value}.",
    "hypothesis": "If asked, drop-off will be lower.",
    "hypothesis_template": "If asked, drop-off will be {direction}.",
    "primary_metric": "drop_off_rate",
    "expected_direction": "lower",
    "effort": "S",
    "evidence": '[{"metric_id": "drop_off_rate"}]',
    "advisor": "rules",
}
PAIN_ONLY = dict.fromkeys(("hypothesis", "hypothesis_template", "primary_metric", "expected_direction", "effort"))
PAIN_POINT = EXPERIMENT | PAIN_ONLY | {"kind": "pain_point", "recommendation_id": "2026-03-a:pain_point:0123456789ab"}


CHECKED: dict[str, Any] = {
    "refresh_month": dt.date(2026, 3, 1),
    "cluster_id": "2026-03-a",
    "advisor": "rules",
    "attempt": 1,
    "item": "experiment:drop_off_high",
    "part": "claim",
    "claim_index": 0,
    "recommendation_id": "2026-03-a:experiment:0123456789ab",
    "metric_id": "drop_off_rate",
    "verdict": "ok",
    "violation": None,
    "violation_count": 0,
    "text": "Drop-off is {value}.",
    "expected": None,
    "found": None,
}
REFUSED = CHECKED | {
    "claim_index": 1,
    "recommendation_id": None,
    "verdict": "dropped",
    "violation": "wrong_figure",
    "violation_count": 1,
    "expected": "it is 60%",
    "found": "61%",
}


def write(table: type[Table], *rows: dict[str, Any]) -> int:
    frame = pd.DataFrame(rows, columns=list(columns(table)))
    with memory_database() as db:
        return db.replace(table, frame, month=dt.date(2026, 3, 1))


def test_true_rows_keep_their_contracts() -> None:
    unknown = {"metric_id": "size", "contrast_direction": "none", "low": None, "high": None, "difference_sd": None}
    counted = METRIC | unknown | {"contrast_low": None, "contrast_high": None, "unit": "count", "basis": "size"}
    assert write(ClusterMetrics, METRIC, counted) == 2
    assert write(Recommendations, EXPERIMENT, PAIN_POINT) == 2
    title = CHECKED | {"part": "title", "claim_index": None, "metric_id": None}
    assert write(GroundingReport, CHECKED, REFUSED, title) == 3


@pytest.mark.parametrize(
    "violation",
    [
        {"value": 0.4},
        {"value": 0.8},
        {"low": None},
        {"contrast_high": None, "contrast_direction": "none"},
        {"contrast_direction": "lower"},
        {"contrast_direction": "none"},
        {"contrast_low": -0.1},
        {"contrast_low": -0.3, "contrast_high": -0.1},
        {"contrast_low": None, "contrast_high": None},
        {"value": 1.2, "low": 1.1, "high": 1.3},
        {"value": -0.1, "low": -0.2, "high": 0.0},
    ],
    ids=str,
)
def test_a_violating_metric_breaks_the_contract(violation: dict[str, Any]) -> None:
    with pytest.raises(ContractBroken):
        write(ClusterMetrics, METRIC, METRIC | {"metric_id": "other"} | violation)


@pytest.mark.parametrize(
    "violation",
    [
        {"cluster_id": "2026-03-b"},
        {"recommendation_id": "2026-03-a:pain_point:0123456789ab"},
        {"recommendation_id": "2026-03-a:experiment:drop_off_high"},
        {"text": "Drop-off is {value}."},
        {"hypothesis": None},
        {"hypothesis_template": None},
        {"primary_metric": None},
        {"expected_direction": None},
        {"effort": None},
        {"evidence": "[]"},
    ],
    ids=str,
)
def test_violating_advice_breaks_the_contract(violation: dict[str, Any]) -> None:
    with pytest.raises(ContractBroken):
        write(Recommendations, PAIN_POINT, EXPERIMENT | violation)


@pytest.mark.parametrize("name", PAIN_ONLY)
def test_a_pain_point_has_nothing_of_an_experiment(name: str) -> None:
    with pytest.raises(ContractBroken):
        write(Recommendations, PAIN_POINT | {name: EXPERIMENT[name]})


@pytest.mark.parametrize(
    "violation",
    [
        {"verdict": "ok"},
        {"violation": None},
        {"violation_count": 0},
        {"expected": None},
        {"found": None},
        {"recommendation_id": "2026-03-a:experiment:0123456789ab"},
        {"metric_id": None},
        {"claim_index": None},
        {"part": "body"},
        {"attempt": 3},
    ],
    ids=str,
)
def test_a_violating_report_breaks_the_contract(violation: dict[str, Any]) -> None:
    with pytest.raises(ContractBroken):
        write(GroundingReport, CHECKED, REFUSED | violation)
