"""A small contract that warehouse tests write rows of."""

from segmentation_pipeline.warehouse.contracts import CountMap, Day, Real, Table, Text, Utc, column, dataframe_check


class ToyRows(Table):
    """One row per refresh and toy."""

    refresh_month: Day = column("Refresh.")
    toy_id: Text = column("Name of the toy.", min_length=1)
    share: Real = column("Share of play.", "share", ge=0, le=1)
    kind: Text = column("What it is.", isin=["ball", "doll"])
    bought_at: Utc = column("When it was bought.", "UTC", nullable=True)
    counts: CountMap = column("Uses by room.", nullable=True)
    low: Real = column("Lower end of the share.", "share", nullable=True)

    @dataframe_check
    def low_is_below(cls, data):
        return data.table.low <= data.table.share

    class Config:
        unique = ["refresh_month", "toy_id"]


GOOD = (
    "SELECT DATE '2026-01-01' AS refresh_month, 'ball-1' AS toy_id, 0.5 AS share, 'ball' AS kind,"
    " TIMESTAMP '2026-01-01' AS bought_at, MAP {'hall': 1} AS counts, 0.1 AS low"
)
