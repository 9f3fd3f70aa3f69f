"""Runs of a Dagster server over GraphQL: launch one, and tell how far those of a request are.

Add here: another question to Dagster. Keep out: which runs are wanted, and what people are told (refresh_requests.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.errors import HomeError

if TYPE_CHECKING:
    from collections.abc import Mapping

ASK_S, LAUNCH_S = 10.0, 60.0
"""Seconds for an answer; a UI whose machine is busy with a run takes some, and a launch must not be asked twice."""

PARTITION_TAG = "dagster/partition"

WHERE = """
query {
  workspaceOrError { ... on Workspace { locationEntries { name locationOrLoadError {
    ... on RepositoryLocation { repositories { name pipelines { name } } }
  } } } }
}
"""

LAUNCH = """
mutation($job: String!, $tags: [ExecutionTag!]!, $location: String!, $repository: String!) {
  launchRun(executionParams: {
    selector: {repositoryLocationName: $location, repositoryName: $repository, pipelineName: $job},
    runConfigData: {}, mode: "default", executionMetadata: {tags: $tags}
  }) { __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } }
}
"""

RUNS = """
query($tags: [ExecutionTag!]!) {
  runsOrError(filter: {tags: $tags}) { ... on Runs { results {
    runId jobName status endTime tags { key value }
    stepStats { stepKey status startTime }
    executionPlan { steps { key } }
  } } }
}
"""

FAILURES = """
query($run: ID!) {
  logsForRun(runId: $run) { ... on EventConnection { events {
    __typename
    ... on ExecutionStepFailureEvent { stepKey error { message causes { message } } failureMetadata { description } }
    ... on RunFailureEvent { message }
  } } }
}
"""


@dataclass(frozen=True)
class DagsterRun:
    """A run as Dagster tells of it; `ended_at` in seconds since 1970, `step` the one that was begun last."""

    run_id: str
    job: str
    status: str
    partition: str | None
    step: str | None
    done_count: int
    step_count: int | None
    ended_at: float | None


class DagsterSilent(HomeError):
    """No Dagster answers at the address, or it answers something else."""


class DagsterSlow(DagsterSilent):
    """A Dagster is there, but takes too long to answer: what was asked of it may happen all the same."""


class DagsterRuns:
    """Speaks to one server; each call raises DagsterSilent where it does not answer."""

    def __init__(self, address: str) -> None:
        self.address = address

    def launch(self, job: str, tags: Mapping[str, str], partition: str | None = None) -> str:
        """Queue a run and return its id.

        Raises:
            DagsterSilent: it was not taken.
        """
        location, repository = self._where(job)
        given = {**tags, **({PARTITION_TAG: partition} if partition else {})}
        told = self._ask(
            LAUNCH,
            job=job,
            tags=[{"key": key, "value": value} for key, value in given.items()],
            location=location,
            repository=repository,
        )["launchRun"]
        if told["__typename"] != "LaunchRunSuccess":
            raise DagsterSilent(f"Dagster at {self.address} did not take the run: {told.get('message', told)}")
        return str(told["run"]["runId"])

    def runs(self, tags: Mapping[str, str]) -> list[DagsterRun]:
        """Return the runs with these tags, newest first."""
        found = self._ask(RUNS, tags=[{"key": key, "value": value} for key, value in tags.items()])
        return [_run(told) for told in found["runsOrError"].get("results", [])]

    def problem(self, run_id: str) -> str | None:
        """Return the first failure of a run, in the words of whoever raised it."""
        events = self._ask(FAILURES, run=run_id)["logsForRun"].get("events", [])
        for event in events:
            if event["__typename"] == "ExecutionStepFailureEvent":
                return _failure(event)
            if event["__typename"] == "RunFailureEvent":
                return str(event["message"]).strip()
        return None

    def _where(self, job: str) -> tuple[str, str]:
        """Return location and repository of a job."""
        entries = self._ask(WHERE)["workspaceOrError"].get("locationEntries", [])
        for entry in entries:
            for repository in (entry["locationOrLoadError"] or {}).get("repositories", []):
                if any(pipeline["name"] == job for pipeline in repository["pipelines"]):
                    return str(entry["name"]), str(repository["name"])
        raise DagsterSilent(f"Dagster at {self.address} has not loaded {job}.")

    def _ask(self, text: str, **variables: Any) -> Any:
        import httpx2

        timeout_s = LAUNCH_S if text in (WHERE, LAUNCH) else ASK_S
        try:
            answer = httpx2.post(
                f"{self.address}/graphql", json={"query": text, "variables": variables}, timeout=timeout_s
            )
            told = answer.json()
        except httpx2.TimeoutException as error:
            raise DagsterSlow(
                f"Dagster at {self.address} has not answered within {timeout_s:.0f} s. Next: look there, or try again."
            ) from error
        except (httpx2.HTTPError, ValueError) as error:
            raise DagsterSilent(f"No Dagster answers at {self.address} ({type(error).__name__}).") from error
        if not isinstance(told, dict) or told.get("errors") or not told.get("data"):
            raise DagsterSilent(f"Dagster at {self.address} did not understand: {str(told)[:300]}")
        return told["data"]


def _run(told: Mapping[str, Any]) -> DagsterRun:
    steps = sorted((one for one in told["stepStats"] if one["startTime"]), key=lambda one: float(one["startTime"]))
    plan = told["executionPlan"]
    tags = {tag["key"]: tag["value"] for tag in told["tags"]}
    return DagsterRun(
        str(told["runId"]),
        str(told["jobName"]),
        str(told["status"]),
        tags.get(PARTITION_TAG),
        steps[-1]["stepKey"] if steps else None,
        sum(one["status"] == "SUCCESS" for one in steps),
        len(plan["steps"]) if plan else None,
        told["endTime"],
    )


def _failure(event: Mapping[str, Any]) -> str:
    described = (event.get("failureMetadata") or {}).get("description")
    error = event.get("error") or {}
    causes = [cause["message"] for cause in error.get("causes") or [] if cause.get("message")]
    told = described or (causes[0] if causes else error.get("message")) or "it failed"
    return f"{event['stepKey']}: {str(told).strip()}" if not described else str(told).strip()
