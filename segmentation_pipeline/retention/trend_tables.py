"""Contract of the trends: each segment over the refreshes.

Add here: a figure worth following from month to month.
Keep out: one refresh's figures (tables.py).
"""

from typing import Any, ClassVar

from segmentation_pipeline.warehouse.contracts import Day, Integer, Real, Table, Text, column, dataframe_check


class SegmentTrends(Table):
    """One row per refresh and segment of it (and `overall`): size, drop-off and retention, and the change of size."""

    refresh_month: Day = column("Refresh, first of its month.")
    cluster_id: Text = column("Segment, or `overall` for all users at risk.", min_length=7)
    label: Text = column("What it was called then.", min_length=3)
    verdict: Text = column("Verdict of the refresh.", min_length=1)
    user_count: Integer = column("Users at risk.", ge=0)
    share: Real = column("Of all users at risk.", ge=0, le=1)
    share_change: Real = column(
        "Share minus that at the refresh the segment was last seen in.", nullable=True, ge=-1, le=1
    )
    drop_off_rate: Real = column("Share that dropped off by drop_off_days.", nullable=True, ge=0, le=1)
    drop_off_low: Real = column("Lower end of its interval.", nullable=True, ge=0, le=1)
    drop_off_high: Real = column("Upper end of its interval.", nullable=True, ge=0, le=1)
    drop_off_days: Real = column("Days after the landmark that the drop-off covers.", unit="days", nullable=True, ge=0)
    retention: Real = column(
        "Kaplan-Meier share without drop-off on retention_day, other endings censored.", nullable=True, ge=0, le=1
    )
    retention_day: Real = column("Longest day observed.", unit="days", nullable=True, ge=0)
    rmst_days: Real = column("Restricted mean days kept before dropping off.", unit="days", nullable=True, ge=0)
    previous_month: Day = column("Refresh the segment was last seen in before; null at its first.", nullable=True)

    class Config:
        """One row per refresh and segment."""

        unique: ClassVar[list[str]] = ["refresh_month", "cluster_id"]

    @dataframe_check
    def changes_since_an_earlier_refresh(cls, data: Any) -> Any:
        """A change is known exactly where there is something before, and before is earlier."""
        t = data.table
        return (t.share_change.isnull() == t.previous_month.isnull()) & (
            t.previous_month.isnull() | (t.previous_month < t.refresh_month)
        )
