"""Contracts of the warehouse's own tables: what was written when, and how the checks ended.

Add here: a table about tables. Keep out: tables a stage computes.
"""

from segmentation_pipeline.warehouse.contracts import Day, Flag, Table, Text, Utc, column


class TableWrites(Table):
    """One row per table and refresh (null month: unpartitioned): when its rows were last written."""

    table_name: Text = column("Table that was written.", min_length=1)
    refresh_month: Day = column("Refresh the rows belong to; null for unpartitioned tables.", nullable=True)
    written_recorded_at: Utc = column("When the writing transaction noted it.", unit="UTC")

    class Config:
        """One row per table and month."""

        unique = ["table_name", "refresh_month"]


class CheckResults(Table):
    """One row per check and refresh (null month: unpartitioned): its last result."""

    table_name: Text = column("Table the check is about.", min_length=1)
    check_name: Text = column("Name of the check.", min_length=1)
    refresh_month: Day = column("Refresh that was checked; null for unpartitioned tables.", nullable=True)
    is_passed: Flag = column("Whether the check passed.")
    severity: Text = column("ERROR stops what follows, WARN only tells.", isin=["ERROR", "WARN"])
    description: Text = column("What was found, in words.")
    values_found: Text = column("Figures behind the result, JSON.")
    checked_recorded_at: Utc = column("When the check ran.", unit="UTC")

    class Config:
        """One row per check and month."""

        unique = ["table_name", "check_name", "refresh_month"]
