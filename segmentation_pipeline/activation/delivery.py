"""Sending changes: in batches, paced, asked to wait when told so, each batch confirmed or refused, until time is up.

What can happen to a request, and what is done:
- taken: confirmed; single rows the answer refuses are kept with their reason;
- 429, or 5xx with `Retry-After`: asked again after what it says, in seconds or as a date, and all others wait with it;
  a wait that outlasts the sync ends it, and its moment is kept for the next one;
- 5xx about what was sent: asked again with growing waits, then halved until the row at fault is alone;
- nobody there (502, 503, 504, time-out, cut connection): asked again with growing waits; after `outage_s` of that the
  destination is given up for this sync. Its batch may be why: in the next syncs it comes last, halved each time;
- a batch refused for its content (other 4xx): halved until the rows at fault are alone, which are kept with the reason;
- credentials or address refused (401, 403, 404, redirects): one clear end. The first request goes out alone, so that a
  wrong key is one request.
Add here: another way an answer is dealt with. Keep out: what a destination's answers say (its sink's module).
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import deque
from dataclasses import dataclass, field
from dataclasses import replace as changed
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from segmentation_pipeline.activation.changes import Answer, Reading
from segmentation_pipeline.activation.pace import Pace, retry_after_s
from segmentation_pipeline.llm.outage import Outage, backoff_s

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx2

    from segmentation_pipeline.activation.changes import Change, Request, Sink
    from segmentation_pipeline.activation.ledger import Ledger
    from segmentation_pipeline.llm.clock import Clock
    from segmentation_pipeline.llm.keys import Key

CONNECT_S = 5.0
"""Seconds to reach a destination: one that takes longer is not there."""

MAX_ANSWER_BYTES = 65_536
"""Most of an answer that is read; what matters stands at its beginning."""

REASON_CHARS = 300
"""Most of a refusal that is kept."""

TRIES = 3
"""Tries of a batch that nobody answers before it is halved, or its only row kept as failed."""

REFUSED_AT_FIRST = 20
"""Rows refused that never were before, while none has been taken: it is not the rows, and all others are spared."""

CHUNK = 25
"""Least rows noted as begun at a time: a second of the slowest destination, so that notes cost little."""

AWAY = (408, 502, 503, 504)
"""Statuses of a destination that is not there, whatever is sent to it."""

TURNED_AWAY = (401, 403, 404, 405, 410)
"""Statuses that the next request would get as well: of the key, and of the address."""

Ending = Literal["done", "time", "asked_to_wait", "outage", "refused"]

TIME_IS_UP = "The time for one sync is up; the next one goes on where this one stopped."


@dataclass
class Delivery:
    """How a sync ended; `problem` says why it stopped early, with what to do next.

    `asked_until`: the moment (naive UTC) before which the destination wants no request.
    """

    ending: Ending = "done"
    problem: str | None = None
    asked_until: datetime | None = None
    request_count: int = 0
    sent_count: int = 0
    waited_s: float = 0.0

    def stop(self, ending: Ending, problem: str) -> None:
        """End the sync; the first reason counts."""
        if self.ending == "done":
            self.ending, self.problem = ending, problem

    def wait_until(self, moment: datetime) -> None:
        """End the sync because the destination wants no request before a moment."""
        self.asked_until = max(moment, self.asked_until or moment)
        self.stop(
            "asked_to_wait",
            f"The destination asked to wait until {moment:%Y-%m-%d %H:%M:%S} UTC; the sync after that goes on here.",
        )


@dataclass
class _Batch:
    """Changes of one request; in doubt once a try of it was sent and not answered."""

    changes: Sequence[Change]
    is_in_doubt: bool = False


@dataclass
class _Work:
    """One sync under way."""

    sink: Sink
    ledger: Ledger
    key: Key
    clock: Clock
    deadline_s: float
    timeout_s: float
    outage: Outage
    pace: Pace
    sent_at: datetime
    http: httpx2.AsyncClient
    waiting: deque[_Batch]
    begun: deque[_Batch] = field(default_factory=deque)
    result: Delivery = field(default_factory=Delivery)
    new_refused_count: int = 0

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be begun."""
        if self.result.ending == "done" and self.is_outlasted_by(0):
            self.result.stop("time", TIME_IS_UP)
        return self.result.ending != "done"

    def is_outlasted_by(self, wait_s: float) -> bool:
        """Whether a wait from now on is longer than the sync."""
        return self.clock.monotonic_s() + wait_s >= self.deadline_s

    def next_batch(self) -> _Batch | None:
        """Return the next batch to write, None where nothing more is to be begun; some are noted as begun at a time."""
        if self.is_over:
            return None
        if not self.begun:
            rows: list[Change] = []
            while self.waiting and len(rows) < CHUNK:
                self.begun.append(self.waiting.popleft())
                rows += self.begun[-1].changes
            if rows:
                self.ledger.begin(rows)
        return self.begun.popleft() if self.begun else None

    def give_back(self) -> None:
        """Note that what was begun and never tried was not sent; what was tried may stand there, and stays unknown."""
        self.ledger.undo([change for batch in self.begun if not batch.is_in_doubt for change in batch.changes])


async def deliver(
    changes: Sequence[Change],
    sink: Sink,
    ledger: Ledger,
    *,
    key: Key,
    clock: Clock,
    seconds: float,
    timeout_s: float,
    outage_s: float,
) -> Delivery:
    """Write the changes, as far as `seconds` reach; each is confirmed or refused in the ledger as it happens."""
    import httpx2

    timeout = httpx2.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s))
    async with httpx2.AsyncClient(timeout=timeout, follow_redirects=False) as http:
        work = _Work(
            sink=sink,
            ledger=ledger,
            key=key,
            clock=clock,
            deadline_s=clock.monotonic_s() + seconds,
            timeout_s=timeout_s,
            outage=Outage(clock, outage_s),
            pace=Pace(clock, sink.writes_per_s),
            sent_at=clock.now(),
            http=http,
            waiting=deque(batches_of(changes, sink.batch_size)),
        )
        if first := work.next_batch():
            await _write(work, first)
        async with asyncio.TaskGroup() as workers:
            for _ in range(sink.at_once):
                workers.create_task(_drain(work))
        work.give_back()
    return work.result


def batches_of(changes: Sequence[Change], size: int) -> list[_Batch]:
    """Return changes, in their order, in batches of one attempt count each, halved with each failed attempt."""
    batches = []
    for attempt_count, group in itertools.groupby(changes, key=lambda change: change.attempt_count):
        rows, most = list(group), max(size >> attempt_count, 1)
        batches += [_Batch(rows[start : start + most]) for start in range(0, len(rows), most)]
    return batches


async def _drain(work: _Work) -> None:
    while batch := work.next_batch():
        await _write(work, batch)


async def _write(work: _Work, batch: _Batch) -> None:
    """Write one batch to its end: confirmed, refused, halved, or given back."""
    for attempt in itertools.count(1):
        if not await _placed(work):
            work.begun.appendleft(batch)
            return
        since_s = work.clock.monotonic_s()
        answer = await _sent(work, batch.changes)
        if isinstance(answer, str) or answer.status >= 500 or answer.status == 408:
            batch.is_in_doubt = True
            asked = None if isinstance(answer, str) else retry_after_s(answer.retry_after, work.clock.now())
            work.outage.unanswered(since_s=since_s, retry_after_s=asked)
            is_going_on = await _tried_again(work, batch, answer, attempt, asked)
        else:
            work.outage.answered()
            is_going_on = answer.status == 429 and _held(work, batch, answer, attempt)
            if answer.status != 429:
                _settle(work, batch, answer)
        if not is_going_on:
            return


async def _placed(work: _Work) -> bool:
    """Wait for this request's turn; False where the sync ends before it."""
    while not work.is_over:
        wait = work.pace.reserve_s()
        if work.is_outlasted_by(wait):
            work.result.stop("time", TIME_IS_UP)
        elif wait > 0:
            await work.clock.sleep(wait)
        if not work.pace.is_held:  # while this one slept, an answer to another may have asked everybody to wait
            return not work.is_over
    return False


async def _sent(work: _Work, batch: Sequence[Change]) -> Answer | str:
    """Send one request; return its answer, or why there was none. Nothing that comes back holds the key."""
    import httpx2

    request = work.sink.request(batch, work.sent_at)
    work.result.request_count += 1
    try:
        async with asyncio.timeout(work.timeout_s):
            status, text, retry_after = await _exchanged(work.http, request)
    except TimeoutError:
        return f"no answer within {work.timeout_s:g} s"
    except httpx2.TimeoutException:
        return f"no answer within {work.timeout_s:g} s"
    except (httpx2.HTTPError, OSError) as error:
        return work.key.scrub(f"no connection: {type(error).__name__}: {error}", REASON_CHARS)
    return Answer(status, work.key.hidden_in(text), retry_after)


async def _exchanged(http: httpx2.AsyncClient, request: Request) -> tuple[int, str, str | None]:
    headers = {"content-type": "application/json", "accept-encoding": "identity", **request.headers}
    read = bytearray()
    async with http.stream(request.method, request.url, content=request.body, headers=headers) as response:
        async for part in response.aiter_raw():
            read += part
            if len(read) >= MAX_ANSWER_BYTES:
                break
        text = bytes(read[:MAX_ANSWER_BYTES]).decode("utf-8", errors="replace")
        return response.status_code, text, response.headers.get("retry-after")


async def _tried_again(work: _Work, batch: _Batch, answer: Answer | str, attempt: int, asked: float | None) -> bool:
    """Wait before another try of a batch nobody answered; False where it is settled otherwise."""
    told = answer if isinstance(answer, str) else _reason(work, answer)
    is_about_its_content = not isinstance(answer, str) and answer.status not in AWAY
    if attempt >= TRIES and is_about_its_content and not work.outage.is_open:
        _narrow(work, batch, told)
        return False
    if asked is not None and (asked >= work.outage.allowed_s or work.is_outlasted_by(asked)):
        work.result.wait_until(work.clock.now() + timedelta(seconds=asked))
        work.begun.appendleft(batch)
        return False
    wait = work.outage.wait_s(key=batch.changes[0].external_id, retry=attempt, retry_after_s=asked)
    if work.outage.is_open or wait is None:
        work.result.stop(
            "outage",
            f"The destination did not answer for {work.outage.allowed_s:g} s ({told}). Nothing is lost: the next sync "
            f"goes on here. Next: look whether it is up and reachable from this machine.",
        )
        # Kept as failed, so that the next sync begins with the others: one of these may be what it cannot answer.
        work.ledger.refuse(batch.changes, {change.external_id: told for change in batch.changes}, is_untouched=False)
        return False
    work.result.waited_s += wait
    if asked is None:
        await work.clock.sleep(wait)
    else:
        work.pace.hold(wait)
    return True


def _held(work: _Work, batch: _Batch, answer: Answer, attempt: int) -> bool:
    """Wait as long as a 429 asks, everybody with it; False where that outlasts the sync."""
    asked = retry_after_s(answer.retry_after, work.clock.now())
    own = backoff_s(batch.changes[0].external_id, min(attempt, 8))
    wait = own if asked is None else max(asked, 0.0 if attempt == 1 else own)
    if work.is_outlasted_by(wait):
        if asked is None:
            work.result.stop("time", TIME_IS_UP)
        else:
            work.result.wait_until(work.clock.now() + timedelta(seconds=wait))
        work.begun.appendleft(batch)
        return False
    work.result.waited_s += wait
    work.pace.hold(wait)
    return True


def _settle(work: _Work, batch: _Batch, answer: Answer) -> None:
    """Deal with an answer that is neither a delay nor an outage."""
    reading = work.sink.read(answer, batch.changes)
    if reading is None and 200 <= answer.status < 300:
        reading = Reading()
    if reading is not None and reading.stop is None:
        _taken(work, batch, reading)
    elif reading is not None or answer.status in TURNED_AWAY or 300 <= answer.status < 400:
        stop = (reading.stop or "") if reading is not None else _turned_away(work, answer)
        work.result.stop("refused", work.key.scrub(stop, 2 * REASON_CHARS))
        work.begun.appendleft(batch)
    else:
        _narrow(work, batch, _reason(work, answer))


def _taken(work: _Work, batch: _Batch, reading: Reading) -> None:
    settled = [change for change in batch.changes if change.external_id not in reading.found]
    found = [
        changed(change, remote_id=reading.found[change.external_id])
        for change in batch.changes
        if change.external_id in reading.found
    ]
    if found:
        work.begun.appendleft(_Batch(found, batch.is_in_doubt))
    accepted = [change for change in settled if change.external_id not in reading.refused]
    if accepted:
        work.result.sent_count += len(accepted)
        work.ledger.confirm(accepted, reading.remote_ids)
    refused = [change for change in settled if change.external_id in reading.refused]
    if refused:
        reasons = {one.external_id: work.key.scrub(reading.refused[one.external_id], REASON_CHARS) for one in refused}
        work.ledger.refuse(refused, reasons, is_untouched=not batch.is_in_doubt)


def _narrow(work: _Work, batch: _Batch, told: str) -> None:
    """Halve a batch that is refused or cannot be dealt with; keep the row at fault once it is alone."""
    if len(batch.changes) > 1:
        middle = len(batch.changes) // 2
        halves = batch.changes[middle:], batch.changes[:middle]
        work.begun.extendleft(_Batch(half, batch.is_in_doubt) for half in halves)
        return
    (change,) = batch.changes
    work.ledger.refuse(batch.changes, {change.external_id: told}, is_untouched=not batch.is_in_doubt)
    work.new_refused_count += change.attempt_count == 0
    if work.new_refused_count >= REFUSED_AT_FIRST and not work.result.sent_count:
        work.result.stop(
            "refused",
            f"The first {REFUSED_AT_FIRST} rows were refused, so the others were not sent: {told}. "
            f"Next: mend what it names, in pipeline.toml or at the destination.",
        )


def _turned_away(work: _Work, answer: Answer) -> str:
    if answer.status in (401, 403):
        return (
            f"The destination refused the key ({_reason(work, answer)}); nothing more was sent. "
            f"Next: put a valid key into the environment variable of this destination."
        )
    return (
        f"There is no such place at the destination ({_reason(work, answer)}). "
        f"Next: check host and names of this destination under [activation] in pipeline.toml."
    )


def _reason(work: _Work, answer: Answer) -> str:
    """Return the status with the destination's own words, where it has some."""
    try:
        told = json.loads(answer.text)
    except ValueError:
        told = answer.text
    if isinstance(told, dict):
        told = told.get("message") or told.get("detail") or told.get("error") or told
    words = " ".join(str(told).split())
    return work.key.scrub(f"status {answer.status}{f': {words}' if words else ''}", REASON_CHARS)
