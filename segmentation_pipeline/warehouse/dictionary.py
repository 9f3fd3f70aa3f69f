"""The view `data_dictionary`: every column of the warehouse explained, from the comments the contracts wrote.

Add here: another fact about columns. Keep out: the descriptions themselves; they stand in `tables.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segmentation_pipeline.warehouse import contracts
from segmentation_pipeline.warehouse.database import load_sql

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from segmentation_pipeline.warehouse.contracts import Table
    from segmentation_pipeline.warehouse.database import Database


def create_data_dictionary(db: Database) -> None:
    """Create the view `data_dictionary`: table_name, table_comment, column_name, data_type, unit, comment."""
    db.execute(load_sql(__package__, "data_dictionary"))


def tables_markdown(groups: Mapping[str, Sequence[type[Table]]]) -> str:
    """Return the page that explains every table, group by group, from the contracts alone."""
    lines = [
        "# Tables",
        "",
        "Every table of the warehouse, as its contract describes it. In SQL the same is `FROM data_dictionary`.",
        "Moments are UTC. Monthly tables carry `refresh_month`, the first of the month they stand for.",
    ]
    for group, tables in groups.items():
        lines += ["", f"## {group}"]
        for table in tables:
            lines += ["", f"### {contracts.table_name(table)}", "", contracts.grain(table), ""]
            lines += ["| column | type | unit | may be null | what it holds |", "|---|---|---|---|---|"]
            lines += [
                f"| `{name}` | {kind} | {unit or ''} | {'yes' if nullable else ''} | {description} |"
                for name, (kind, nullable, description, unit) in contracts.columns(table).items()
            ]
    return "\n".join(lines) + "\n"
