"""The monthly partitions of refreshes: from `first_month` in pipeline.toml to the open month.

Add here: another partitioning. Keep out: what a refresh does.
"""

from datetime import date

import dagster as dg

from segmentation_pipeline.config import Settings

FALLBACK_FIRST_MONTH = date(2020, 1, 1)
"""First partition while `first_month` is not written yet; the run command writes it before it loads the graph."""


def monthly_partitions(settings: Settings) -> dg.MonthlyPartitionsDefinition:
    """Return the monthly partitions of a home; the open month is the last one (provisional)."""
    first_month = settings.first_month or FALLBACK_FIRST_MONTH
    return dg.MonthlyPartitionsDefinition(start_date=first_month.isoformat(), timezone="UTC", end_offset=1)


def months_between(first: date, last: date) -> list[date]:
    """Return the first of each month from `first` to `last`, both included."""
    count = (last.year - first.year) * 12 + last.month - first.month
    start = first.year * 12 + first.month - 1
    return [date((start + i) // 12, (start + i) % 12 + 1, 1) for i in range(count + 1)]


def month_before(moment: date) -> date:
    """Return the first of the month before the one `moment` lies in."""
    return date(moment.year - 1, 12, 1) if moment.month == 1 else date(moment.year, moment.month - 1, 1)
