"""Refreshes to weigh experiments of: three segments, one metric of each kind, a week in which users were counted."""

from __future__ import annotations

import datetime as dt

from segmentation_pipeline.experiments.eligibility import CountedTime
from segmentation_pipeline.experiments.planning import Baseline, Idea, Refresh, Traffic

A, B, C = "2026-01-a", "2026-01-b", "2026-01-c"
WEEK = CountedTime(dt.datetime(2026, 1, 5), dt.datetime(2026, 1, 12))


def idea(cluster_id: str = A, metric: str = "drop_off_rate", direction: str = "lower", number: int = 1) -> Idea:
    return Idea(f"{cluster_id}:experiment:{number:012x}", cluster_id, metric, direction)  # type: ignore[arg-type]


def baseline(
    value: float,
    *,
    deviation: float | None = None,
    user_count: int = 200,
    follow_days: float = 14.0,
    measured_share: float = 1.0,
) -> Baseline:
    return Baseline(value, value * 0.9, value * 1.1, "pct", deviation, user_count, follow_days, measured_share)


def refresh(
    *ideas: Idea,
    eligible: dict[str, int] | None = None,
    baselines: dict[tuple[str, str], Baseline] | None = None,
    unreadable: str | None = None,
) -> Refresh:
    known = {(name, "drop_off_rate"): baseline(0.3) for name in (A, B, C, "overall")}
    return Refresh(
        ideas or (idea(),), known | (baselines or {}), Traffic(WEEK, eligible or {A: 100}), [A, B, C], unreadable
    )
