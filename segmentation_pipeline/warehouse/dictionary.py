"""The view `data_dictionary`: every column of the warehouse explained, from the comments the contracts wrote.

Add here: another fact about columns. Keep out: the descriptions themselves; they stand in `tables.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segmentation_pipeline.warehouse.database import load_sql

if TYPE_CHECKING:
    from segmentation_pipeline.warehouse.database import Database


def create_data_dictionary(db: Database) -> None:
    """Create the view `data_dictionary`: table_name, table_comment, column_name, data_type, unit, comment."""
    db.execute(load_sql(__package__, "data_dictionary"))
