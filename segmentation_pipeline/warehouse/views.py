"""Views of the published copy: each a file `sql/NAME.sql` of a stage that says in its head what it is.

Add here: another line views may carry in their head. Keep out: the views themselves; they live with their stage.

The head of a view file, before its SELECT:
    -- One row per ...                        the comment of the view
    -- reads: table, table                    the tables it needs, nearest first; it is left out while one is missing
    -- column NAME: what it holds [unit]      comment of a column; one not named here has that of the tables read
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segmentation_pipeline.warehouse.contracts import quoted
from segmentation_pipeline.warehouse.database import load_sql

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from segmentation_pipeline.warehouse.database import Database

DATA_DICTIONARY = "data_dictionary"

_READS = re.compile(r"^-- reads: (.+)$", re.MULTILINE)
_COLUMN = re.compile(r"^-- column (\w+): (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class View:
    """A view of the published copy: the package with its SQL file, and its name."""

    package: str
    name: str

    @property
    def sql(self) -> str:
        """Text of its file."""
        return load_sql(self.package, self.name)

    @property
    def grain(self) -> str:
        """What one row is."""
        return self.sql.splitlines()[0].removeprefix("-- ")

    @property
    def reads(self) -> tuple[str, ...]:
        """Tables it needs, nearest first."""
        found = _READS.search(self.sql)
        return tuple(name.strip() for name in found[1].split(",")) if found else ()

    @property
    def comments(self) -> Mapping[str, str]:
        """What its own columns hold."""
        return dict(_COLUMN.findall(self.sql))


def create_views(db: Database, views: Sequence[View]) -> tuple[str, ...]:
    """Make every view whose tables are there anew, with comments; return their names. All others are dropped."""
    for (name,) in db.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal AND NOT temporary").fetchall():
        db.execute(f'DROP VIEW "{name}"')
    tables = {name for (name,) in db.execute("SELECT table_name FROM duckdb_tables() WHERE NOT temporary").fetchall()}
    made = [view for view in views if tables.issuperset(view.reads)]
    for view in made:
        db.execute(f"CREATE VIEW {view.name} AS\n{view.sql}")
        db.execute(f"COMMENT ON VIEW {view.name} IS {quoted(view.grain)}")
        for column, comment in _column_comments(db, view).items():
            db.execute(f'COMMENT ON COLUMN {view.name}."{column}" IS {quoted(comment)}')
    db.execute(load_sql(__package__, DATA_DICTIONARY))
    return tuple(view.name for view in made)


def _column_comments(db: Database, view: View) -> dict[str, str]:
    """Comments of the view's columns: its own, else that of the nearest table read with such a column."""
    inherited: dict[str, str] = {}
    for table in reversed(view.reads):
        inherited |= _commented(db, table)
    comments = inherited | dict(view.comments)
    columns = db.execute(
        "SELECT column_name FROM duckdb_columns() WHERE table_name = $name ORDER BY column_index", {"name": view.name}
    ).fetchall()
    return {name: comments[name] for (name,) in columns if name in comments}


def _commented(db: Database, table: str) -> dict[str, str]:
    rows = db.execute(
        "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = $table AND comment IS NOT NULL",
        {"table": table},
    ).fetchall()
    return dict(rows)
