"""Fixtures every test may use: where shared data lies, and homes of one's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from segmentation_pipeline.config import Home
from segmentation_pipeline_tests.activation_servers import PosthogServer, WebhookReceiver
from segmentation_pipeline_tests.homes import make_planted_home, refresh_in_process

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).resolve().parent.parent

LONGEST_FIRST = ("test_under_the_daemon.py", "test_killed_runs.py", "test_sample.py")
"""Modules of whole runs; begun first, they end while the other core is still busy with the rest."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest tests; the order of all others stays."""
    items.sort(key=lambda item: item.path.name not in LONGEST_FIRST)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a parameter of bytes by its place: compressed bytes hold the time, and workers must agree on names."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The public data sets beside the checkout; the test is skipped where they are absent."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs the public data sets in ../shared/data, which are not distributed with the source")
    return folder


@pytest.fixture(scope="session")
def _planted(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A small simulated home, ingested and refreshed once; tests get copies of it."""
    home = make_planted_home(tmp_path_factory.mktemp("planted") / "home")
    outcome = refresh_in_process(home)
    assert outcome.is_success, outcome.problem
    return home


@pytest.fixture
def planted_home(_planted: Home, tmp_path: Path) -> Home:
    """A home of one's own with a finished refresh of 300 simulated users; the test may change it."""
    root = tmp_path / "home"
    shutil.copytree(_planted.root, root, symlinks=True)
    return Home(root)


@pytest.fixture(scope="session")
def made_run() -> str:
    """What `make run` prints, in the environment the tests run in; ask for it in the xdist group `sample` alone."""
    environment = {**os.environ, "COLUMNS": "120"}
    environment.pop("SEGPIPE_HOME", None)
    make = ["make", "--no-print-directory", "run", f"VENV={sys.prefix}"]
    done = subprocess.run(make, cwd=REPOSITORY, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def posthog() -> Iterator[PosthogServer]:
    """PostHog on loopback, which remembers what it was told."""
    with PosthogServer() as server:
        yield server


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    """A receiver of signed messages on loopback, which keeps them."""
    with WebhookReceiver() as server:
        yield server
