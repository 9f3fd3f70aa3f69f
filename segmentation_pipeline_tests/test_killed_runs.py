"""A killed run loses nothing: the next one starts, and its tables are those of a run that was never killed."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from segmentation_pipeline_tests.homes import make_planted_home, refresh_in_process
from segmentation_pipeline_tests.warehouse_comparison import differences

pytestmark = pytest.mark.timeout(1800)

KILLS = 5
MOST_RUNS = 20
SEED = 20_260_105


def start_run(home):
    return subprocess.Popen(
        [sys.executable, "-m", "segmentation_pipeline.cli", "run", "--home", str(home.root)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def test_runs_of_the_command_line_killed_at_random_moments_leave_the_same_tables(tmp_path):
    reference = make_planted_home(tmp_path / "reference", users=200)
    started = time.monotonic()
    assert start_run(reference).wait(timeout=900) == 0
    usual_s = time.monotonic() - started
    home = make_planted_home(tmp_path / "killed", users=200)
    moments = random.Random(SEED)
    killed = 0
    for _ in range(MOST_RUNS):
        started = time.monotonic()
        process = start_run(home)
        try:
            process.wait(timeout=moments.uniform(0.25, 0.95) * usual_s)
            usual_s = time.monotonic() - started  # the machine is quicker now
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            killed += 1
        if killed == KILLS:
            break
    assert killed == KILLS, f"only {killed} of {MOST_RUNS} runs were still going when they should be killed"
    assert start_run(home).wait(timeout=900) == 0
    assert differences(reference.warehouse_file, home.warehouse_file) == {}
    assert differences(reference.published_file, home.published_file) == {}


def test_a_rerun_of_the_same_inputs_gives_the_same_tables(planted_home, tmp_path):
    again = make_planted_home(tmp_path / "again")
    outcome = refresh_in_process(again)
    assert outcome.is_success, outcome.problem
    assert differences(planted_home.warehouse_file, again.warehouse_file) == {}
    assert refresh_in_process(again).is_success
    assert differences(planted_home.warehouse_file, again.warehouse_file) == {}
