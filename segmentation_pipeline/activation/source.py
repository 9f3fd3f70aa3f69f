"""What a sync reads: the tables of the published copy, so that nothing half-written or unpublished is ever sent.

Add here: a table a source reads. Keep out: what is made of them (planning.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segmentation_pipeline.config import Home
    from segmentation_pipeline.warehouse.database import Database

SOURCES = {
    "clusters": ("current_segments", "clusters", "segment_advice"),
    "llm_segments": ("llm_assignments", "llm_segments"),
}
"""Tables each source reads; while one is missing nobody has a segment yet."""

EVENTS = "raw_events"
"""Table whose metadata may hold the users' ids elsewhere."""

PUBLISHED = "published_copy"


def read_published(db: Database, home: Home) -> frozenset[str]:
    """Let the tables of the sources be those of the published copy while the connection lasts; return which are there.

    Temporary views go before the live tables of the same names.
    """
    if not home.published_file.exists():
        return frozenset()
    path = str(home.published_file.resolve()).replace("'", "''")
    db.execute(f"ATTACH '{path}' AS {PUBLISHED} (READ_ONLY)")
    wanted = {EVENTS, *(table for tables in SOURCES.values() for table in tables)}
    rows = db.rows("SELECT table_name FROM duckdb_tables() WHERE database_name = $name", {"name": PUBLISHED})
    present = wanted & {row["table_name"] for row in rows}
    for table in sorted(present):
        db.execute(f"CREATE TEMP VIEW {table} AS SELECT * FROM {PUBLISHED}.{table}")
    return frozenset(present)
