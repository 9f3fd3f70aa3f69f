"""Homes for what programs look at: settings and a published copy, without what made it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import duckdb

from segmentation_pipeline.config import Home

if TYPE_CHECKING:
    from pathlib import Path


def published_only(home: Home, root: Path) -> Home:
    """Return a home of its own with the settings and the newest published copy of another."""
    copied = Home(root)
    copied.published.mkdir(parents=True)
    shutil.copy(home.settings_file, copied.settings_file)
    shutil.copy(home.published_file.resolve(), copied.published / "warehouse-first.duckdb")
    copied.published_file.symlink_to("warehouse-first.duckdb")
    return copied


def publish_again(home: Home, run_id: str, *statements: str) -> None:
    """Publish the same copy, changed by statements, as the pipeline does: the link is moved in one step."""
    copy = home.published / f"warehouse-{run_id}.duckdb"
    shutil.copy(home.published_file.resolve(), copy)
    with duckdb.connect(str(copy)) as connection:
        for statement in statements:
            connection.execute(statement)
    link = home.published / "next"
    link.symlink_to(copy.name)
    link.replace(home.published_file)
