"""Whom a destination knows a user as: by the same id, by a field of the events' metadata, or by a file.

Add here: another way to find the id. Keep out: what is written to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from segmentation_pipeline.errors import InputError
from segmentation_pipeline.warehouse.database import load_sql

if TYPE_CHECKING:
    from pathlib import Path

    from segmentation_pipeline.warehouse.database import Database

COLUMNS = ("user_id", "external_id")


def write_external_ids(db: Database, setting: str, home: Path, *, has_events: bool, is_caseless: bool) -> None:
    """Make the temporary table `external_ids` (user_id, external_id), one row a user.

    `has_events`: whether there are events whose metadata may be read. `is_caseless`: whether ids are written in lower
    case, because the destination takes those that differ in case alone for one.

    Raises:
        InputError: the file is missing, or is no CSV with the two columns.
    """
    kind, _, rest = setting.partition(":")
    if kind == "file":
        _from_file(db, rest.strip(), home / rest.strip())
    elif kind == "metadata" and has_events:
        path = "$." + ".".join(f'"{part}"' for part in rest.strip().replace('"', "").split("."))
        sql = load_sql(__package__, "ids_from_metadata")
        db.execute(f"CREATE TEMP TABLE external_ids AS {sql}", {"path": path})
    elif kind == "metadata":
        db.execute("CREATE TEMP TABLE external_ids (user_id VARCHAR, external_id VARCHAR)")
    else:
        db.execute("CREATE TEMP TABLE external_ids AS SELECT DISTINCT user_id, user_id AS external_id FROM wanted")
    if is_caseless:
        db.execute("UPDATE external_ids SET external_id = lower(external_id)")


def _from_file(db: Database, name: str, path: Path) -> None:
    if not path.is_file():
        raise InputError(f"{path} is not there. Next: put it there, or mend external_id under [activation].")
    try:
        columns = [
            row["column_name"]
            for row in db.rows("DESCRIBE FROM read_csv($path, all_varchar = true, header = true)", {"path": str(path)})
        ]
        missing = [column for column in COLUMNS if column not in columns]
        if missing:
            raise InputError(
                f"{name} has no column {' and no column '.join(missing)}; found: {', '.join(columns)}. "
                f"Next: name its columns user_id and external_id."
            )
        db.execute(
            "CREATE TEMP TABLE external_ids AS SELECT user_id, min(trim(external_id)) AS external_id"
            " FROM read_csv($path, all_varchar = true, header = true) WHERE trim(external_id) <> '' GROUP BY user_id"
            " HAVING count(DISTINCT trim(external_id)) = 1",
            {"path": str(path)},
        )
    except duckdb.Error as error:
        line = str(error).splitlines()[0]
        raise InputError(f"{name} cannot be read as CSV: {line}. Next: save it as CSV in UTF-8.") from error
