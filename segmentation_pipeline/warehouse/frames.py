"""Rows as dataclasses -> a data frame with a table's columns and types, as `Database.replace` takes it.

Add here: another way from Python rows to a table. Keep out: where the rows come from.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.warehouse import contracts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import pandas as pd

    from segmentation_pipeline.warehouse.contracts import Table

_NULLABLE = {"BIGINT": "Int64", "DOUBLE": "Float64", "BOOLEAN": "boolean", "VARCHAR": "string"}
"""Types that hold missing values as such: an all-null column of objects would reach DuckDB as integers."""


def typed_frame(table: type[Table], rows: Sequence[Any], *, month: date | None = None) -> pd.DataFrame:
    """Return dataclass rows as a frame with the table's columns, typed even when there are none.

    `month`: the refresh all rows belong to, where the dataclass leaves it out.
    """
    import pandas as pd

    own = {} if month is None else {"refresh_month": month}
    described = contracts.columns(table)
    frame = pd.DataFrame.from_records([own | asdict(row) for row in rows], columns=list(described))
    return frame.astype({name: _NULLABLE[kind] for name, (kind, *_) in described.items() if kind in _NULLABLE})
