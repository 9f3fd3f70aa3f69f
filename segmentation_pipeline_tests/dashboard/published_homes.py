"""Published copies put into states that no short log leads to, and pages run on them without a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from segmentation_pipeline.dashboard.launch import APP

if TYPE_CHECKING:
    import pytest

    from segmentation_pipeline.config import Home

RUN_S = 300

HOSTILE = "</script><script>window.broken=1</script> [here](javascript:alert(1)) $x$ ![](http://example.com/a.png) "
HOSTILE += "W" * (200 - len(HOSTILE))

SECOND_MONTH = """
UPDATE refresh_verdicts SET matched_against = DATE '2026-01-01', moved_share = 0.2, expected_moved_share = 0.1
WHERE refresh_month = DATE '2026-02-01';

UPDATE cluster_lineage SET kind = 'continued', matched_by = 'users', matched_against = DATE '2026-01-01'
WHERE refresh_month = DATE '2026-02-01';

INSERT INTO user_moves BY NAME
SELECT refresh_month, cluster_id AS from_cluster_id, cluster_id AS to_cluster_id, user_count,
    DATE '2026-01-01' AS matched_against
FROM clusters WHERE refresh_month = DATE '2026-02-01'
UNION ALL BY NAME
SELECT DATE '2026-02-01' AS refresh_month, min(cluster_id) AS from_cluster_id, max(cluster_id) AS to_cluster_id,
    7 AS user_count, DATE '2026-01-01' AS matched_against
FROM clusters WHERE refresh_month = DATE '2026-02-01'
UNION ALL BY NAME
SELECT DATE '2026-02-01' AS refresh_month, 'not_at_risk' AS from_cluster_id, min(cluster_id) AS to_cluster_id,
    3 AS user_count, DATE '2026-01-01' AS matched_against
FROM clusters WHERE refresh_month = DATE '2026-02-01'
UNION ALL BY NAME
SELECT DATE '2026-02-01' AS refresh_month, 'overall' AS from_cluster_id, 'moved' AS to_cluster_id, 7 AS user_count,
    0.2 AS share, 0.1 AS expected_share, 0.1 AS excess_share, DATE '2026-01-01' AS matched_against;
"""


def alter(home: Home, *statements: str) -> Home:
    """Change the published copy of a home, which nobody has open."""
    with duckdb.connect(str(home.published_file.resolve())) as connection:
        for statement in statements:
            connection.execute(statement)
    return home


def add_second_month(home: Home) -> Home:
    """Let the refresh of January be followed by one of February that found the same, with moves between them."""
    monthly = (
        "SELECT c.table_name FROM duckdb_columns() AS c JOIN duckdb_tables() AS t USING (table_name)"
        " WHERE c.column_name = 'refresh_month' AND NOT c.internal ORDER BY ALL"
    )
    with duckdb.connect(str(home.published_file.resolve())) as connection:
        for (table,) in connection.execute(monthly).fetchall():
            connection.execute(
                f"INSERT INTO {table} SELECT * REPLACE ((refresh_month + INTERVAL 1 MONTH)::DATE AS refresh_month)"
                f" FROM {table} WHERE refresh_month = DATE '2026-01-01'"
            )
    return alter(home, SECOND_MONTH)


def opened(home: Home, monkeypatch: pytest.MonkeyPatch, page: str = "home", **state: Any) -> AppTest:
    """Return a page of the dashboard of a home after its first run."""
    monkeypatch.setenv("SEGPIPE_HOME", str(home.root))
    app = AppTest.from_file(str(APP), default_timeout=RUN_S)
    for name, value in state.items():
        app.session_state[name] = value
    app._page_hash = calc_hash(page)  # Streamlit's own switch_page knows pages that are files only
    return app.run()


def told(app: AppTest) -> str:
    """Return everything a page says in words."""
    kinds = ("title", "subheader", "caption", "markdown", "info", "success", "warning", "error")
    words = [str(element.value) for kind in kinds for element in getattr(app.main, kind)]
    return "\n".join([*words, *(element.proto.body for element in app.main.get("html"))])
