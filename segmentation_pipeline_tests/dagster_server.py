"""A real `segpipe ui` of a home on loopback, spoken to over GraphQL as the browser does."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

from segmentation_pipeline_tests.loopback import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from segmentation_pipeline.config import Home

LOCATION = {
    "repositoryLocationName": "segmentation_pipeline",
    "repositoryName": "__repository__",
}

LAUNCH_RUN = """
mutation($job: String!, $tags: [ExecutionTag!]!, $location: String!, $repository: String!) {
  launchRun(executionParams: {
    selector: {repositoryLocationName: $location, repositoryName: $repository, pipelineName: $job},
    runConfigData: {}, mode: "default", executionMetadata: {tags: $tags}
  }) { __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } }
}
"""

LAUNCH_BACKFILL = """
mutation($names: [String!]!, $assets: [AssetKeyInput!]!) {
  launchPartitionBackfill(backfillParams: {assetSelection: $assets, partitionNames: $names}) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message }
  }
}
"""


class DagsterServer:
    """GraphQL calls to one running server."""

    def __init__(self, port: int) -> None:
        self.port = port

    def query(self, text: str, **variables: Any) -> dict[str, Any]:
        """Return the data of one GraphQL call."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql",
            json.dumps({"query": text, "variables": variables}).encode(),
            {"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                told = json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()[:2000]) from error
        assert "errors" not in told, told
        return told["data"]

    def launch(self, job: str, partition: str | None = None) -> str:
        """Queue a run as the UI's launchpad does; return its id."""
        tags = [{"key": "dagster/partition", "value": partition}] if partition else []
        told = self.query(
            LAUNCH_RUN,
            job=job,
            tags=tags,
            location=LOCATION["repositoryLocationName"],
            repository=LOCATION["repositoryName"],
        )["launchRun"]
        assert told["__typename"] == "LaunchRunSuccess", told
        return told["run"]["runId"]

    def backfill(self, assets: list[str], partitions: list[str]) -> str:
        """Launch a backfill of several months as the UI's dialog does; return its id."""
        told = self.query(LAUNCH_BACKFILL, names=partitions, assets=[{"path": [name]} for name in assets])
        assert told["launchPartitionBackfill"]["__typename"] == "LaunchBackfillSuccess", told
        return told["launchPartitionBackfill"]["backfillId"]

    def status(self, run_id: str) -> str:
        """Return the status of a run."""
        told = self.query("query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }", id=run_id)
        return told["runOrError"]["status"]

    def runs_because(self, reason: str) -> list[str]:
        """Return the statuses of the runs that give this reason."""
        told = self.query(
            "query($tags: [ExecutionTag!]!)"
            " { runsOrError(filter: {tags: $tags}) { ... on Runs { results { status } } } }",
            tags=[{"key": "segpipe/reason", "value": reason}],
        )
        return [run["status"] for run in told["runsOrError"]["results"]]

    def backfill_status(self, backfill_id: str) -> str:
        """Return the status of a backfill."""
        told = self.query(
            "query($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status } } }",
            id=backfill_id,
        )
        return told["partitionBackfillOrError"]["status"]


def wait_for(condition: Callable[[], bool], what: str, timeout_s: float = 900) -> None:
    """Wait until the condition holds; fail with what was waited for."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.5)
    raise AssertionError(f"waited {timeout_s:.0f} s in vain for {what}")


@contextlib.contextmanager
def dagster_server(home: Home) -> Iterator[DagsterServer]:
    """Start `segpipe ui` for a home, wait until its graph is loaded, end it with all its children."""
    port = free_port()
    log = (home.root / "ui.log").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "segmentation_pipeline.cli", "ui", "--home", str(home.root), "--port", str(port)],
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    server = DagsterServer(port)

    def is_loaded() -> bool:
        assert process.poll() is None, (home.root / "ui.log").read_text()[-2000:]
        with contextlib.suppress(OSError):
            told = server.query("{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }")
            return bool(told["repositoriesOrError"].get("nodes"))
        return False

    try:
        wait_for(is_loaded, "the UI to load the graph")
        yield server
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        log.close()
