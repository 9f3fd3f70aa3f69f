"""The sample as a stranger meets it: `make run`, then segments that are the planted personas."""

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from docs.__main__ import FOLDER, prompt_page
from segmentation_pipeline.config import SAMPLE_HOME, Home
from segmentation_pipeline.events.features import feature_frame
from segmentation_pipeline.warehouse.database import Database
from segmentation_pipeline_tests.conftest import REPOSITORY
from segmentation_pipeline_tests.dashboard.dashboard_server import (
    PATIENCE_MS,
    chromium,
    dashboard_server,
    show_every_page,
)
from segmentation_pipeline_tests.homes import PLANTED_MONTH
from segmentation_pipeline_tests.warehouse_comparison import differences

pytestmark = [pytest.mark.xdist_group("sample"), pytest.mark.timeout(1800)]

ENOUGH_EVENTS = 10
"""A user with fewer events before the landmark has shown too little to be told apart by anybody."""


@pytest.fixture
def published(made_run):
    with duckdb.connect(str(Home(SAMPLE_HOME).published_file.resolve()), read_only=True) as connection:
        yield connection


def test_the_run_shows_segments_endings_and_where_to_look_next(made_run, published):
    segments = published.execute("SELECT cluster_id, user_count FROM clusters").fetchall()
    assert len(segments) >= 3
    for cluster_id, user_count in segments:
        assert cluster_id in made_run
        assert str(user_count) in made_run
    for told in ("drop-off by day", "retention (KM)", "Top advice", "ended_early", "Customers 2026-01", "segpipe ui"):
        assert told in made_run


def test_the_prompt_shown_in_the_docs_is_the_one_the_sample_sends(made_run):
    name, text = prompt_page()
    assert (FOLDER / name).read_text(encoding="utf-8") == text, "run `make run` and `make docs`, commit what it wrote"


def test_segments_are_the_planted_personas_nearly_as_well_as_supervised_analysis_tells_them(published):
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.metrics import adjusted_rand_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    with (SAMPLE_HOME / "truth.csv").open(newline="") as file:
        truth = {row["user_id"]: row["persona"] for row in csv.DictReader(file)}
    features = feature_frame(Database(published), PLANTED_MONTH).set_index("user_id")
    rows = published.execute(
        "SELECT user_id, cluster_id, event_count FROM user_clusters JOIN user_features USING (refresh_month, user_id)"
    ).fetchall()
    judged = {user: cluster for user, cluster, events in rows if events >= ENOUGH_EVENTS}
    users = [user for user in features.index if user in judged]
    personas = [truth[user] for user in users]
    supervised = cross_val_predict(
        LinearDiscriminantAnalysis(),
        features.loc[users].to_numpy(),
        personas,
        cv=StratifiedKFold(5, shuffle=True, random_state=0),
    )
    reachable = adjusted_rand_score(personas, supervised)
    reached = adjusted_rand_score(personas, [judged[user] for user in users])
    assert len(users) >= 0.6 * len(features)
    assert 0.85 <= reachable <= 0.97
    assert reached >= 0.85 * reachable


def test_every_page_of_the_dashboard_is_shown(made_run):
    with chromium() as browser, dashboard_server(Home(SAMPLE_HOME)) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 900}, locale="en-GB")
        page.set_default_timeout(PATIENCE_MS)
        show_every_page(page, address)


def test_a_fresh_home_in_a_fresh_process_gives_identical_tables(made_run, tmp_path):
    home = Home(tmp_path / "fresh")
    shutil.copytree(SAMPLE_HOME / "landing", home.landing)
    shutil.copyfile(SAMPLE_HOME / "pipeline.toml", home.settings_file)
    command = [sys.executable, "-m", "segmentation_pipeline.cli", "run", "--home", str(home.root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert differences(Home(SAMPLE_HOME).published_file, home.published_file) == {}


def test_running_the_sample_leaves_git_clean(made_run):
    if not (REPOSITORY / ".git").exists():
        pytest.skip("not a git checkout")
    told = subprocess.run(
        ["git", "status", "--porcelain", "--", "data"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert told.stdout == ""


def test_the_committed_sample_is_what_the_simulator_writes(tmp_path):
    command = [sys.executable, "-m", "segmentation_pipeline.cli", "simulate", "--out", str(tmp_path)]
    subprocess.run([*command, "--users", "1000", "--days", "7", "--seed", "7"], check=True, capture_output=True)
    written = (path.relative_to(tmp_path) for path in tmp_path.rglob("*.csv"))
    for name in ["truth.csv", *sorted(str(path) for path in written)]:
        assert (tmp_path / name).read_bytes() == (Path(SAMPLE_HOME) / name).read_bytes()
