"""The monthly partitions of refreshes: from `first_month` in pipeline.toml to the open month.

Add here: another partitioning. Keep out: what a refresh does.
"""

import functools
import os
from datetime import date
from pathlib import Path

import dagster as dg

from segmentation_pipeline.config import HOME_VARIABLE, Settings, find_home
from segmentation_pipeline.errors import PipelineError

FALLBACK_FIRST_MONTH = date(2020, 1, 1)
"""First partition while `first_month` is not written yet; the run command writes it before it loads the graph."""


@functools.cache
def _partitions_from(first_month: date) -> dg.MonthlyPartitionsDefinition:
    return dg.MonthlyPartitionsDefinition(start_date=first_month.isoformat(), timezone="UTC", end_offset=1)


def monthly_partitions() -> dg.MonthlyPartitionsDefinition:
    """Return the monthly partitions of the home in use; the open month is the last one (provisional)."""
    return _partitions_from(_home_settings(os.environ.get(HOME_VARIABLE)).first_month or FALLBACK_FIRST_MONTH)


@functools.cache
def _home_settings(named: str | None) -> Settings:
    """Settings of the home while definitions load; defaults when they cannot be read, so the UI still opens."""
    try:
        return find_home(Path(named) if named else None).settings()
    except PipelineError:
        return Settings()


def months_between(first: date, last: date) -> list[date]:
    """Return the first of each month from `first` to `last`, both included."""
    count = (last.year - first.year) * 12 + last.month - first.month
    start = first.year * 12 + first.month - 1
    return [date((start + i) // 12, (start + i) % 12 + 1, 1) for i in range(count + 1)]
