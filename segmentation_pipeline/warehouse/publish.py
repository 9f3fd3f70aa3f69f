"""Publishing: a consistent copy of the warehouse behind a symlink that readers resolve at each request.

Add here: another condition under which nothing may be published. Keep out: what readers do with the copy.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segmentation_pipeline.errors import PublishRefused
from segmentation_pipeline.warehouse.tables import CheckResults, TableWrites
from segmentation_pipeline.warehouse.unpublished import forget_unpublished
from segmentation_pipeline.warehouse.views import create_views

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from segmentation_pipeline.warehouse.database import Database
    from segmentation_pipeline.warehouse.views import View
    from segmentation_pipeline.warehouse.warehouse import Warehouse

KEPT_COPIES = 3
"""Published copies kept: the current one, and two for readers that opened an older one a moment ago."""


@dataclass(frozen=True)
class Published:
    """What was published."""

    path: Path
    byte_count: int
    removed: tuple[str, ...]
    views: tuple[str, ...]


def half_written(db: Database, upstream: Mapping[str, Sequence[str]]) -> list[str]:
    """Return one sentence per table of a refresh that is missing or older than what it was computed from.

    `upstream` maps each monthly table to the monthly tables it reads. A refresh that failed or was killed
    has written some tables anew and not those after them; that is what this finds. Tables that share no source, as
    those of users and those of customers, are refreshed apart: a month needs only those of which it has any.
    """
    if not db.exists(TableWrites):
        return []
    written = {
        (row["table_name"], row["refresh_month"]): row["written_recorded_at"]
        for row in db.rows("SELECT * FROM table_writes WHERE refresh_month IS NOT NULL ORDER BY ALL")
    }
    problems = []
    together = _connected(upstream)
    for month in sorted({month for _, month in written}):
        begun = {member for table, of in written if of == month for member in together.get(table, ())}
        for table, sources in sorted(upstream.items()):
            moment = written.get((table, month))
            if moment is None and table not in begun:
                continue
            if moment is None:
                problems.append(f"{table} of {month:%Y-%m} has not been written")
                continue
            newer = [source for source in sources if (at := written.get((source, month))) and at > moment]
            if newer:
                problems.append(f"{table} of {month:%Y-%m} is older than {', '.join(newer)} it is computed from")
    return problems


def _connected(upstream: Mapping[str, Sequence[str]]) -> dict[str, set[str]]:
    """Return each table with all that share a source with it, however far away, itself among them."""
    groups = {table: {table} for table in upstream}
    for table, sources in upstream.items():
        for source in sources:
            joined = groups[table] | groups.setdefault(source, {source})
            for member in joined:
                groups[member] = joined
    return groups


def publish(
    warehouse: Warehouse, run_id: str, upstream: Mapping[str, Sequence[str]], views: Sequence[View] = ()
) -> Published:
    """Make the views, copy the warehouse to `published/`, and move the symlink to the copy.

    Raises:
        PublishRefused: a refresh is failed or half-written; the old copy stays in place.
    """
    with warehouse.transaction() as db:
        problems = half_written(db, upstream)
        if problems:
            raise PublishRefused(
                f"Nothing was published: {'; '.join(problems[:3])}"
                f"{f' and {len(problems) - 3} more' if len(problems) > 3 else ''}. "
                f"Readers keep the previous copy. Next: refresh that month again with `segpipe run --month`."
            )
        for own in (CheckResults, TableWrites):
            db.ensure(own)
            db.validate(own)
        made = create_views(db, views)
    home = warehouse.home
    home.published.mkdir(parents=True, exist_ok=True)
    target = home.published / f"warehouse-{run_id}.duckdb"
    partial = target.with_suffix(".tmp")
    with warehouse.closed():
        shutil.copyfile(home.warehouse_file, partial)
    with partial.open("rb") as copied:
        os.fsync(copied.fileno())
    partial.replace(target)
    _point(home.published_file, target)
    forget_unpublished(home)
    removed = _prune(home.published, keep=target)
    return Published(target, target.stat().st_size, removed, made)


def _point(link: Path, target: Path) -> None:
    """Move the symlink in one step: readers see the old copy or the new one, never none."""
    waiting = link.with_suffix(".link")
    waiting.unlink(missing_ok=True)
    waiting.symlink_to(target.name)
    waiting.replace(link)


def _prune(folder: Path, keep: Path) -> tuple[str, ...]:
    for leftover in folder.glob("warehouse-*.tmp"):
        leftover.unlink()
    copies = sorted(
        (path for path in folder.glob("warehouse-*.duckdb") if path != keep),
        key=lambda path: (path.stat().st_mtime_ns, path.name),
        reverse=True,
    )
    removed = copies[KEPT_COPIES - 1 :]
    for path in removed:
        path.unlink()
    return tuple(path.name for path in removed)
