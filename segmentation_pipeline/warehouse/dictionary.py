"""The page that explains every table and view, from the contracts and the heads of the view files.

Add here: another fact about columns. Keep out: the descriptions themselves; they stand in `tables.py`.
In SQL the same is the view `data_dictionary` (views.py makes it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segmentation_pipeline.markdown import code
from segmentation_pipeline.markdown import table as markdown_table
from segmentation_pipeline.warehouse import contracts
from segmentation_pipeline.warehouse.database import memory_database
from segmentation_pipeline.warehouse.views import create_views

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from segmentation_pipeline.warehouse.contracts import Table
    from segmentation_pipeline.warehouse.views import View


def tables_markdown(groups: Mapping[str, Sequence[type[Table]]], views: Sequence[View] = ()) -> str:
    """Return the page that explains every table, group by group, and every view whose tables are among them."""
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
            rows = [
                (code(name), kind, unit or "", "yes" if nullable else "", description)
                for name, (kind, nullable, description, unit) in contracts.columns(table).items()
            ]
            lines.append(markdown_table(("column", "type", "unit", "may be null", "what it holds"), rows))
    lines += _views([table for tables in groups.values() for table in tables], views)
    return "\n".join(lines) + "\n"


def _views(tables: Sequence[type[Table]], views: Sequence[View]) -> Iterator[str]:
    """Explain the views as they come out over empty tables."""
    with memory_database() as db:
        db.ensure(*tables)
        made = create_views(db, views)
        if made:
            yield from ("", "## views of the published copy")
        for view in views:
            if view.name not in made:
                continue
            yield from ("", f"### {view.name}", "", view.grain, "")
            columns = db.execute(
                "SELECT column_name, data_type, unit, comment FROM data_dictionary WHERE table_name = $name",
                {"name": view.name},
            ).fetchall()
            rows = [(code(name), kind, unit or "", comment or "") for name, kind, unit, comment in columns]
            yield markdown_table(("column", "type", "unit", "what it holds"), rows)
