"""Simulated logs as files: byte-identical between processes, plain CSV, the truth out of the way."""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from segmentation_pipeline.cli import app
from segmentation_pipeline.simulation.personas import ACTIONS
from segmentation_pipeline.simulation.simulate import LOG_START, simulate
from segmentation_pipeline.simulation.writing import event_lines, write_home_log, write_log

SAMPLE = Path(__file__).parents[2] / "data" / "sample"

# The simulator is frozen: what is tuned on its logs must not be able to tune the logs. These hashes change
# only together with the committed sample, on purpose, and before anything is tuned on the new logs.
FROZEN_EVENTS = {
    (7, "personas"): "9a200027ef0508da144dc0fb9bb7bb204ea3552a1396b4bcc62cc29ff1f55efc",
    (7, "null"): "4afc0f356763d545575c26fcb485d3953332e2faf3781dea11bf1d60af7bd95c",
    (45, "personas"): "248383ca876327d2592a4da1cfe582f9b36b5f31494f2541d4619881ff6e0326",
}
FROZEN_TRUTH = "f833529d7c91c43652500471a7016dbcdc38ae3f0e8af710dc918df1af502290"

PROGRAM = """
import sys
from pathlib import Path
from segmentation_pipeline.simulation.simulate import simulate
from segmentation_pipeline.simulation.writing import write_log
write_log(simulate(users=200, days=7, seed=11, scenario=sys.argv[2]), Path(sys.argv[1]))
"""


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("kind", ["personas", "null", "lifecycle"])
def test_two_processes_write_the_same_bytes(tmp_path, kind):
    for name in ("one", "two"):
        subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path / name), kind], check=True)
    for file in ("events.csv", "truth.csv"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_every_written_row_reads_back_as_the_event_it_was(tmp_path):
    log = simulate(users=60, days=7, seed=1)
    events, truth = write_log(log, tmp_path)
    with events.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["user_id", "timestamp", "action", "metadata"]
    assert [row["user_id"] for row in rows] == [log.user_ids[user] for user in log.event_user]
    assert [row["action"] for row in rows] == [ACTIONS[action] for action in log.event_action]
    assert [row["metadata"] for row in rows] == [log.metadata_texts[text] for text in log.event_metadata]
    for row, ms in zip(rows, log.event_ms.tolist(), strict=True):
        moment = datetime.fromisoformat(row["timestamp"]).replace(tzinfo=None)
        assert round((moment - LOG_START).total_seconds() * 1000) == ms
        assert len(row["timestamp"]) == len("2026-01-05T00:00:00.000Z")
        assert row["metadata"] == "" or isinstance(json.loads(row["metadata"]), dict)
    with truth.open(newline="", encoding="utf-8") as file:
        told = [(row["user_id"], row["persona"]) for row in csv.DictReader(file)]
    assert told == list(zip(log.user_ids, log.personas, strict=True))


def test_metadata_names_deals_features_and_formats_where_they_mean_something_and_a_user_only_has_own_deals(
    tmp_path,
):
    log = simulate(users=60, days=7, seed=1)
    with write_log(log, tmp_path)[0].open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    keys = {(row["action"], tuple(json.loads(row["metadata"])) if row["metadata"] else ()) for row in rows}
    assert {("revise_offer", ("deal_id",)), ("feature_use", ("feature",)), ("login", ())} <= keys
    assert len(keys) == len({action for action, _ in keys}), "one action, one shape of metadata"
    owners: dict[str, set[str]] = {}
    for row in rows:
        if "deal_id" in row["metadata"]:
            owners.setdefault(json.loads(row["metadata"])["deal_id"], set()).add(row["user_id"])
    assert {len(users) for users in owners.values()} == {1}


def test_a_home_gets_the_events_to_land_and_the_truth_outside_of_what_is_read(tmp_path):
    events, truth = write_home_log(simulate(users=5, days=3, seed=1), tmp_path)
    assert events == tmp_path / "landing" / "events.csv"
    assert truth == tmp_path / "truth.csv"
    assert sorted(p.name for p in (tmp_path / "landing").iterdir()) == ["events.csv"]
    assert "closer" not in events.read_text(encoding="utf-8")


def test_the_parts_of_a_long_file_join_without_a_seam(monkeypatch):
    log = simulate(users=50, days=3, seed=1)
    whole = "".join(event_lines(log))
    monkeypatch.setattr("segmentation_pipeline.simulation.writing.ROWS_AT_A_TIME", 7)
    assert "".join(event_lines(log)) == whole


@pytest.mark.parametrize(("days", "scenario"), FROZEN_EVENTS)
def test_the_simulator_is_frozen(days, scenario):
    digest = hashlib.sha256()
    for part in event_lines(simulate(users=1000, days=days, seed=7, scenario=scenario)):
        digest.update(part.encode())
    assert digest.hexdigest() == FROZEN_EVENTS[days, scenario]


def test_the_committed_sample_is_what_the_simulator_writes():
    assert sha256(SAMPLE / "landing" / "events.csv") == FROZEN_EVENTS[7, "personas"]
    assert sha256(SAMPLE / "truth.csv") == FROZEN_TRUTH


def test_the_truth_of_an_evolving_log_tells_the_story_user_by_user_and_month_by_month(tmp_path):
    written = write_home_log(simulate(users=150, days=150, seed=1, scenario="evolve"), tmp_path)
    assert [path.name for path in written] == ["events.csv", "truth.csv", "truth_by_month.csv"]
    with (tmp_path / "truth.csv").open(newline="", encoding="utf-8") as file:
        users = list(csv.DictReader(file))
    assert list(users[0]) == ["user_id", "persona", "arrived_at", "ended_at", "later_persona", "changed_at"]
    changed = [row for row in users if row["later_persona"]]
    assert {row["persona"] for row in changed} == {"researcher"}
    assert {row["later_persona"] for row in changed} == {"searcher", "reporter"}
    assert all(row["arrived_at"] < row["changed_at"] < (row["ended_at"] or "9") for row in changed)
    with (tmp_path / "truth_by_month.csv").open(newline="", encoding="utf-8") as file:
        months = list(csv.DictReader(file))
    for month in sorted({row["month"] for row in months}):
        assert sum(float(row["share"]) for row in months if row["month"] == month) == pytest.approx(1, abs=0.001)


def test_the_command_writes_what_the_scenario_says_and_null_is_short_for_one(tmp_path):
    def written(*options: str) -> str:
        folder = tmp_path / "-".join(options)
        told = CliRunner().invoke(app, ["simulate", "--out", str(folder), "--users", "40", "--seed", "3", *options])
        assert told.exit_code == 0, told.output
        return sha256(folder / "landing" / "events.csv")

    assert written("--null") == written("--scenario", "null") != written("--scenario", "continuum")
    refused = CliRunner().invoke(app, ["simulate", "--out", str(tmp_path), "--null", "--scenario", "evolve"])
    assert refused.exit_code != 0
    assert "exclude each other" in refused.output


def test_a_folder_that_cannot_be_made_is_told_without_a_traceback(tmp_path):
    (tmp_path / "taken").write_text("a file")
    done = CliRunner().invoke(app, ["simulate", "--out", str(tmp_path / "taken"), "--users", "3"])
    assert done.exit_code == 2
    assert "cannot be written" in done.output
    assert "Next: name a folder" in " ".join(done.output.split())
