"""The whole graph with a language model: one on loopback, or any OpenAI-compatible server that `make test-llm` names.

What is asserted must hold for any model, however well or badly it answers: the run ends, nothing ungrounded is
published, every call is written down, and nothing personal is in any prompt.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
import tomlkit
from rich.console import Console

from segmentation_pipeline import insights
from segmentation_pipeline.homes import create_home
from segmentation_pipeline.insights import discovery
from segmentation_pipeline.state.database import open_state
from segmentation_pipeline.state.llm_calls import calls_of_month
from segmentation_pipeline.terminal.refreshing import refresh_home
from segmentation_pipeline.terminal.reports import RunReport
from segmentation_pipeline_tests import llm_servers as does
from segmentation_pipeline_tests.conftest import REPOSITORY
from segmentation_pipeline_tests.homes import PLANTED_MONTH, make_planted_home, refresh_in_process
from segmentation_pipeline_tests.insights.advising import advice, is_about_advice
from segmentation_pipeline_tests.insights.discovery.planted import good_model
from segmentation_pipeline_tests.llm_servers import ModelServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from segmentation_pipeline.config import Home

BASE_URL, MODEL = os.environ.get("SEGPIPE_TEST_BASE_URL", ""), os.environ.get("SEGPIPE_TEST_MODEL", "")
KEY_VARIABLE = "SEGPIPE_TEST_KEY"
PATIENT = {"timeout_s": 900, "outage_s": 1800, "max_concurrency": 1, "assignments_per_day": 60}
"""A model on a laptop takes minutes for an answer; its batches are kept few."""


def model_answer(received: Any) -> dict[str, Any]:
    return advice(received) if is_about_advice(received) else good_model(received)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with ModelServer(does.answer(model_answer)) as server:
        yield server


def set_model(home: Home, llm: dict[str, Any]) -> None:
    document = tomlkit.parse(home.settings_file.read_text(encoding="utf-8"))
    document["llm"] = llm
    home.settings_file.write_text(tomlkit.dumps(document), encoding="utf-8")


def ask_the_loopback_server(home: Home, server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVER_KEY", does.KEY)
    set_model(home, {"provider": server.openai_provider, "key_variable": "SERVER_KEY", "timeout_s": 30})


def test_the_run_ends_and_publishes_only_what_is_grounded_whatever_the_model(
    tmp_path: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_planted_home(tmp_path / "home")
    if BASE_URL:
        assert MODEL, "make test-llm needs MODEL beside BASE_URL"
        key = {"key_variable": KEY_VARIABLE} if os.environ.get(KEY_VARIABLE) else {}
        set_model(home, {"provider": f"openai-compatible:{MODEL}@{BASE_URL}", **PATIENT, **key})
    else:
        ask_the_loopback_server(home, server, monkeypatch)
    outcome = refresh_in_process(home)
    assert outcome.is_success, outcome.problem

    made = calls_of(home)
    assert made, "the model was asked"
    with duckdb.connect(str(home.published_file.resolve()), read_only=True) as published:
        red = published.execute(
            "SELECT table_name, check_name, description FROM check_results WHERE NOT is_passed AND severity = 'ERROR'"
        ).fetchall()
        assert red == []
        checked = published.execute(
            "SELECT count(*) FROM check_results WHERE check_name = 'nothing_ungrounded_is_published' AND is_passed"
        ).fetchall()
        assert checked[0][0] >= 1
        kept = published.execute("SELECT call_id, outcome FROM llm_calls ORDER BY ALL").fetchall()
        assert kept == sorted((call.call_id, call.outcome) for call in made)
        unexplained = published.execute(
            "SELECT cluster_id FROM segment_advice WHERE advisor = 'rules' AND instead_because IS NULL"
        ).fetchall()
        assert unexplained == []
        assert published.execute("SELECT count(*) FROM clusters").fetchall()[0][0] >= 3
        show(published)
    if not BASE_URL:
        assert sum(1 + call.retry_count for call in made if call.outcome != "cached") == len(server.requests)
        assert {call.purpose for call in made} >= {"cluster_insights", "segment_discovery", "segment_assignment"}
        assert outcome.warnings == tuple(told for told in outcome.warnings if "in place of the model" not in told)


def calls_of(home: Home, month: Any = PLANTED_MONTH) -> list[Any]:
    with open_state(home, home.settings()).read() as connection:
        return calls_of_month(connection, month)


def show(published: duckdb.DuckDBPyConnection) -> None:
    """Print what the model did; `make test-llm` shows it."""
    for title, sql in {
        "calls": "SELECT purpose, outcome, count(*) AS calls, sum(input_tokens) AS sent,"
        " sum(output_tokens) AS received, round(sum(latency_s), 1) AS seconds FROM llm_calls GROUP BY ALL ORDER BY ALL",
        "personas": "SELECT cluster_id, persona_name, persona_by, advisor, instead_because FROM segment_advice",
        "gate": "SELECT advisor, attempt, verdict, violation, count(*) AS texts FROM grounding_report GROUP BY ALL"
        " ORDER BY ALL",
        "discovered": "SELECT segment_id, label, provider FROM llm_segments",
    }.items():
        Console().print(f"\n{title}\n{published.cursor().sql(sql)}", markup=False, soft_wrap=True)


def test_make_says_what_it_needs_and_runs_this_module() -> None:
    def make(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["make", "--no-print-directory", "test-llm", f"VENV={sys.prefix}", *arguments]
        return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)

    lacking = make("BASE_URL=http://127.0.0.1:1/v1")
    assert lacking.returncode != 0
    assert "Next: make test-llm BASE_URL=" in lacking.stdout
    planned = make("-n", "BASE_URL=http://127.0.0.1:1/v1", "MODEL=m")
    assert 'SEGPIPE_TEST_BASE_URL="http://127.0.0.1:1/v1" SEGPIPE_TEST_MODEL="m"' in planned.stdout
    module = Path(__file__).relative_to(REPOSITORY).as_posix()
    assert module in planned.stdout


@pytest.mark.skipif(bool(BASE_URL), reason="make test-llm asks one real server one whole run")
def test_no_prompt_from_a_log_of_persons_holds_a_name_or_a_user_agent(
    tmp_path: Path, shared_data: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = shared_data / "events" / "music_streaming.ndjson.gz"
    home = create_home(tmp_path / "home")
    home.settings_file.write_text('first_month = "2018-11"\n[segments]\nmap_method = "pca"\nreductions = ["pca"]\n')
    (home.landing / log.name).write_bytes(log.read_bytes())
    ask_the_loopback_server(home, server, monkeypatch)
    with (tmp_path / "said.txt").open("w") as said:
        assert refresh_home(home, Console(file=said), RunReport(None), month=None, all_months=False)

    assert {is_about_advice(request) for request in server.requests} == {True, False}
    prompts = [request.prompt for request in server.requests]
    prompts += [call.prompt_text for month in home_months(home) for call in calls_of(home, month)]
    words = {word for prompt in prompts for word in re.findall(r"\w+", prompt)}
    assert personal_words(log) & words == set()
    told = "\n".join(prompts)
    for mark in ("Mozilla", "AppleWebKit", "Chrome", "firstName", "userAgent", "location", "@"):
        assert mark not in told


def home_months(home: Home) -> list[Any]:
    with duckdb.connect(str(home.published_file.resolve()), read_only=True) as published:
        return [month for (month,) in published.execute("SELECT refresh_month FROM refreshes").fetchall()]


def personal_words(log: Path) -> set[str]:
    """Return names, user agents' parts, places, songs and artists of the log, but not the words of our own prompts."""
    own = {
        word
        for package in (insights, discovery)
        for prompt in files(package).joinpath("prompts").iterdir()
        for word in re.findall(r"\w+", prompt.read_text(encoding="utf-8"))
    }
    pages: set[str] = set()
    found: set[str] = set()
    with gzip.open(log, "rt", encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            pages |= set(re.findall(r"\w+", record["page"]))
            for field in ("firstName", "lastName", "userAgent"):
                found |= {word for word in re.findall(r"\w+", record.get(field) or "") if not word.isdigit()}
    return {word for word in found - own - pages if len(word) > 2}
