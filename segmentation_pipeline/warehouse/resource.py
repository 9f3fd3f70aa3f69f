"""The warehouse as a Dagster resource: holds the home's run lock from a run's start to its end.

Add here: nothing but the bridge to Dagster. Keep out: what the warehouse does (warehouse.py).
"""

import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from segmentation_pipeline.config import Home, find_home
from segmentation_pipeline.warehouse.locks import file_lock
from segmentation_pipeline.warehouse.warehouse import Warehouse

__all__ = ["Warehouse", "warehouse_resource"]


def warehouse_resource(home_root: Path | None) -> dg.ResourceDefinition:
    """Return the resource of one home; None means the home named by the environment when a run starts."""

    @dg.resource(description="DuckDB warehouse of the home; holds the run lock while the run lasts.")
    def warehouse(context: dg.InitResourceContext) -> Iterator[Warehouse]:
        home: Home = find_home(home_root)
        settings = home.settings()
        run_id = context.run.run_id if context.run else "outside a run"
        notify = context.log.info if context.log else None
        with file_lock(home.run_lock, holder={"run_id": run_id, "pid": os.getpid()}, notify=notify):
            yield Warehouse(home, settings)

    return warehouse
