"""What stands before every route, asked without a server."""

from __future__ import annotations

import asyncio
import json

import pytest

from segmentation_pipeline.api.callers import Callers
from segmentation_pipeline.api.guard import Guard
from segmentation_pipeline.api.limits import MOST_CALLERS, Lag, Rates
from segmentation_pipeline.config import Home, Settings
from segmentation_pipeline.state.database import open_state
from segmentation_pipeline.surface_settings import ApiSettings


async def asked(guard, path="/v1/segments"):
    told = []

    async def send(message):
        told.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "client": ("127.0.0.1", 1)}
    await guard(scope, None, send)
    return told[0]["status"], json.loads(b"".join(message.get("body", b"") for message in told))


def guard_of(app, tmp_path, **settings):
    callers = Callers(open_state(Home(tmp_path), Settings()))
    return Guard(app, ApiSettings(**settings), callers, hosts=None, needs_token=False)


async def fine(scope, receive, send):
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"{}"})


def test_a_defect_is_a_problem_and_its_text_stays_out_of_answer_and_log(tmp_path, caplog):
    customer = "ayse@example.com"

    async def broken(scope, receive, send):
        raise ZeroDivisionError(customer)

    status, problem = asyncio.run(asked(guard_of(broken, tmp_path)))
    assert (status, problem["status"]) == (500, 500)
    assert "ZeroDivisionError" in caplog.text
    assert "broken" in caplog.text
    assert "example.com" not in caplog.text + json.dumps(problem)


def test_requests_above_the_most_at_once_are_turned_away_and_let_in_again_later(tmp_path):
    async def trial():
        free = asyncio.Event()

        async def waiting(scope, receive, send):
            await free.wait()
            await fine(scope, receive, send)

        guard = guard_of(waiting, tmp_path, max_in_flight=2)
        held = [asyncio.create_task(asked(guard)) for _ in range(2)]
        await asyncio.sleep(0)
        turned_away = await asked(guard)
        free.set()
        return turned_away[0], [(await one)[0] for one in held], (await asked(guard))[0]

    assert asyncio.run(trial()) == (503, [200, 200], 200)


def test_a_server_that_is_behind_turns_requests_away_until_it_has_caught_up():
    async def trial():
        lag = Lag(0.01)
        lag.start()
        before = lag.is_too_long()
        await asyncio.sleep(0)
        blocking = asyncio.get_running_loop().time() + 0.1
        while asyncio.get_running_loop().time() < blocking:
            pass
        behind = lag.is_too_long()
        await asyncio.sleep(0.001)
        caught_up = lag.is_too_long()
        lag.stop()
        return before, behind, caught_up

    assert asyncio.run(trial()) == (False, True, False)


def test_each_caller_has_a_rate_of_its_own_and_a_seconds_worth_at_once():
    moment = 0.0
    rates = Rates(3, clock=lambda: moment)
    assert [rates.admits("a") for _ in range(4)] == [True, True, True, False]
    assert rates.admits("b")
    moment = 0.34
    assert [rates.admits("a") for _ in range(2)] == [True, False]
    moment = 100.0
    assert [rates.admits("a") for _ in range(4)] == [True, True, True, False]


def test_callers_that_have_been_quiet_longest_are_forgotten():
    rates = Rates(1, clock=lambda: 0.0)
    assert rates.admits("first")
    assert not rates.admits("first")
    for number in range(MOST_CALLERS):
        rates.admits(str(number))
    assert rates.admits("first")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_told_however_busy_it_is(tmp_path, path):
    guard = guard_of(fine, tmp_path, requests_per_second=1, max_in_flight=1)
    assert [asyncio.run(asked(guard))[0] for _ in range(2)] == [200, 429]
    assert asyncio.run(asked(guard, path))[0] == 200
