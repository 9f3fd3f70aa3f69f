"""Homes, published copies and ticks for tests of schedules and sensors."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import dagster as dg
import duckdb

from segmentation_pipeline.homes import create_home

if TYPE_CHECKING:
    from datetime import date, datetime
    from pathlib import Path

    from segmentation_pipeline.config import Home

_numbers = itertools.count(1)


def a_home(root: Path, settings: str = 'first_month = "2026-01"\nclock = "calendar"\n') -> Home:
    home = create_home(root / "home")
    home.settings_file.write_text(settings, encoding="utf-8")
    return home


def publish(
    home: Home,
    *,
    run_id: str | None = None,
    refreshed: dict[date, datetime] | None = None,
    customers_refreshed: dict[date, datetime] | None = None,
    last_event: datetime | None = None,
    last_purchase: datetime | None = None,
    files: dict[str, tuple[int, datetime]] | None = None,
    accepted: int = 1,
    live: int = 0,
    unclassified: int = 0,
) -> None:
    """Put a published copy in place that says just this."""
    home.published.mkdir(parents=True, exist_ok=True)
    path = home.published / f"warehouse-{run_id or f'run{next(_numbers)}'}.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE raw_events AS SELECT $at::TIMESTAMP AS event_at", {"at": last_event})
        connection.execute("CREATE TABLE purchases AS SELECT $at::TIMESTAMP AS purchased_at", {"at": last_purchase})
        connection.execute(
            "CREATE TABLE landed_files (file_name VARCHAR, byte_count BIGINT, landed_recorded_at TIMESTAMP,"
            " accepted_count BIGINT)"
        )
        for name, (size, seen) in (files or {}).items():
            connection.execute("INSERT INTO landed_files VALUES (?, ?, ?, ?)", [name, size, seen, accepted])
        connection.execute(
            "CREATE TABLE table_writes (table_name VARCHAR, refresh_month DATE, written_recorded_at TIMESTAMP)"
        )
        for table, months in (("refreshes", refreshed), ("customer_segments", customers_refreshed)):
            for month, moment in (months or {}).items():
                connection.execute("INSERT INTO table_writes VALUES (?, ?, ?)", [table, month, moment])
        connection.execute(
            f"CREATE TABLE current_segments AS SELECT 'live' AS status, 0.9 AS membership,"
            f" CASE WHEN range < {unclassified} THEN 'unclassified' ELSE '2026-01-a' END AS cluster_id"
            f" FROM range({live})"
        )
    home.published_file.unlink(missing_ok=True)
    home.published_file.symlink_to(path.name)


def tick(sensor: dg.SensorDefinition, instance: dg.DagsterInstance, cursor: str | None = None) -> dg.SensorResult:
    """Evaluate a sensor as the daemon does; requests, reason when there is none, and the cursor it leaves."""
    context = dg.build_sensor_context(instance=instance, cursor=cursor, sensor_name=sensor.name)
    told: Any = sensor(context)
    if isinstance(told, dg.SensorResult):
        return told
    if isinstance(told, dg.RunRequest):
        return dg.SensorResult(run_requests=[told], cursor=context.cursor)
    return dg.SensorResult(skip_reason=told, cursor=context.cursor)


def run_of(instance: dg.DagsterInstance, job_name: str, status: dg.DagsterRunStatus, **tags: str) -> dg.DagsterRun:
    """Put a run of this status into the instance."""

    @dg.op
    def nothing() -> None:
        pass

    @dg.job(name=job_name)
    def job() -> None:
        nothing()

    return instance.create_run_for_job(job, tags=tags, status=status)
