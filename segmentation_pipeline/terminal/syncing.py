"""`segpipe sync`: the plan for each destination, and what became of it.

Add here: another way to show a plan. Keep out: planning and sending (activation/).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from segmentation_pipeline.activation.syncing import TABLES, destination_of
from segmentation_pipeline.errors import HomeError
from segmentation_pipeline.orchestration.refresh_requests import ACTIVATION_SYNC
from segmentation_pipeline.terminal.refreshing import run_here
from segmentation_pipeline.terminal.reports import RunReport
from segmentation_pipeline.warehouse.contracts import table_name
from segmentation_pipeline.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    from rich.console import Console

    from segmentation_pipeline.config import Home


def sync_home(home: Home, console: Console) -> bool:
    """Sync every destination that is set up, or plan to; return whether the run succeeded.

    Raises:
        HomeError: no destination is set up.
    """
    settings = home.settings()
    if not settings.activation.used:
        raise HomeError(
            f"No destination is set up. Next: name a host, object, webhook or file under [activation] in "
            f"{home.settings_file}; docs/running-itself.md shows how."
        )
    outcome = run_here(home, console, RunReport(None), ACTIVATION_SYNC, "sync")
    with Warehouse(home, settings).read() as db:
        for name in settings.activation.used:
            if not db.exists(TABLES[name]):
                continue  # the run failed before it had a plan; what failed it was told above
            shown = Table("do", "why", "status", "users", title=destination_of(name, settings.activation).title)
            written = table_name(TABLES[name])
            for row in db.rows(
                f"SELECT action, reason, status, count(*) AS users FROM {written} GROUP BY ALL ORDER BY ALL"
            ):
                shown.add_row(row["action"], row["reason"], row["status"], f"{row['users']:,}")
            console.print(shown)
    if not settings.activation.enabled:
        console.print(
            "a dry run: nothing was sent before enabled = true under [activation] in pipeline.toml", markup=False
        )
    return outcome.is_success
