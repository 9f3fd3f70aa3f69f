"""The server as a process: where it listens, new copies, overload, what is left when it ends."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from datetime import datetime

from segmentation_pipeline.state.customer_calls import customer_calls_since
from segmentation_pipeline.state.database import open_state
from segmentation_pipeline_tests import llm_servers as does
from segmentation_pipeline_tests.api.api_server import make_token, served, with_settings
from segmentation_pipeline_tests.api.test_routes import CUSTOMER
from segmentation_pipeline_tests.llm_servers import ModelServer
from segmentation_pipeline_tests.surfaces import publish_again


def test_off_loopback_it_serves_nobody_without_a_token_and_does_not_start_without_any(home):
    command = [sys.executable, "-m", "segmentation_pipeline.cli", "api", "--home", str(home.root), "--host", "0.0.0.0"]
    done = subprocess.run([*command, "--port", "0"], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 2
    assert "segpipe api token create" in done.stderr
    assert "Traceback" not in done.stderr
    reader = make_token(home, "read")
    with served(home, "--host", "0.0.0.0") as running:
        for path in ("/healthz", "/readyz", "/openapi.json", "/v1/segments", "/nothing"):
            assert running.ask("GET", path).status == 401
            assert running.ask("GET", path, token=reader).status == (404 if path == "/nothing" else 200)


def test_behind_a_proxy_loopback_wants_tokens_too(home):
    with_settings(home, {"is_token_needed": True, "allowed_hosts": ["Segments.example"]})
    reader = make_token(home, "read")
    with served(home) as running:
        assert running.ask("GET", "/v1/segments").status == 401
        assert running.ask("GET", "/v1/segments", token=reader, Host="segments.example:443").status == 200


def test_a_new_copy_is_seen_at_once_and_no_answer_mixes_two(home):
    failures = []

    def ask_on(running, stop):
        while not stop.is_set():
            told = running.ask("GET", "/v1/segments")
            copy_id = told.body["refresh"]["copy_id"]
            counts = {segment["user_count"] for segment in told.body["segments"]}
            if told.status != 200 or (copy_id != "first" and counts != {int(copy_id)}):
                failures.append((copy_id, counts))

    with served(home) as running:
        stop = threading.Event()
        readers = [threading.Thread(target=ask_on, args=(running, stop)) for _ in range(2)]
        for reader in readers:
            reader.start()
        for number in range(1, 6):
            publish_again(home, str(number), f"UPDATE clusters SET user_count = {number}")
            assert running.ask("GET", "/v1/refreshes").headers["segpipe-copy"] == str(number)
            assert running.ask("POST", "/v1/customers/analyze", CUSTOMER).headers["segpipe-copy"] == str(number)
        stop.set()
        for reader in readers:
            reader.join()
    assert failures == []


def test_a_home_without_a_copy_is_not_ready_and_analyses_all_the_same(home):
    home.published_file.unlink()
    with served(home) as running:
        assert running.ask("GET", "/healthz").status == 200
        for path in ("/readyz", "/v1/segments"):
            told = running.ask("GET", path)
            assert (told.status, told.headers["content-type"]) == (503, "application/problem+json")
        analysed = running.ask("POST", "/v1/customers/analyze", CUSTOMER)
        assert (analysed.status, analysed.body["refresh"]) == (200, None)


def test_more_than_the_rate_is_turned_away_until_the_caller_slows_down(home):
    with_settings(home, {"requests_per_second": 20})
    with served(home) as running:
        told = [running.ask("GET", "/v1/refreshes") for _ in range(60)]
        turned_away = [one for one in told if one.status != 200]
        assert {one.status for one in turned_away} == {429}
        assert turned_away[0].headers["retry-after"] == "1"
        assert running.ask("GET", "/healthz").status == 200
        threading.Event().wait(1)
        assert running.ask("GET", "/v1/refreshes").status == 200


def test_calls_are_all_in_the_log_once_it_has_ended_and_nobody_is_named(home):
    secret = make_token(home, "write")
    named = CUSTOMER | {"customerId": "ayse@example.com"}
    wrong = named | {"region": {}}
    with served(home) as running:
        for _ in range(3):
            assert running.ask("POST", "/v1/customers/analyze", named, token=secret).status == 200
        assert running.ask("POST", "/v1/customers/analyze", [named, wrong], token=secret).status == 200
    with open_state(home, home.settings()).read() as state:
        calls = customer_calls_since(state, datetime(2020, 1, 1))
    assert [call.outcome for call in calls] == ["analysed"] * 4 + ["refused"]
    assert len({call.customer_pseudonym for call in calls[:4]}) == 1
    kept = b"".join(path.read_bytes() for path in (*home.root.glob("state.db*"), home.root / "api.log"))
    assert b"example.com" not in kept
    assert secret.encode() not in kept


def test_nobody_waits_for_a_model_and_what_it_wrote_is_told_from_then_on(home, monkeypatch):
    monkeypatch.setenv("SERVER_KEY", does.KEY)
    with ModelServer() as model:
        model.will(does.slow(1, does.answer({"text": "Nedeni {recency}; önerilen {strategy}."})))
        with home.settings_file.open("a", encoding="utf-8") as file:
            file.write(f'\n[llm]\nprovider = "{model.openai_provider}"\nkey_variable = "SERVER_KEY"\n')
        with served(home) as running:
            told = [running.ask("POST", "/v1/customers/analyze", CUSTOMER).body["explanation"]]
            until = time.monotonic() + 30
            while not told[-1].startswith("Nedeni") and time.monotonic() < until:
                time.sleep(0.1)
                told.append(running.ask("POST", "/v1/customers/analyze", CUSTOMER).body["explanation"])
    assert not told[0].startswith("Nedeni")
    assert told[-1].startswith("Nedeni")
    assert len(model.requests) == 1
