"""`/v1/customers/analyze`: the route that is asked a thousand times a second, and so is plain Starlette.

It reads and writes JSON itself; documents.py tells of it what FastAPI finds out of other routes.

Add here: another form of the same request. Keep out: the rules and what is logged of a call (customers/).
"""

import asyncio
from datetime import UTC, datetime
from typing import Any

from pydantic_core import from_json, to_json
from starlette.requests import Request
from starlette.responses import Response

from segmentation_pipeline.answers.shape import Stamp
from segmentation_pipeline.api.problems import Problem
from segmentation_pipeline.api.routes import JSON, json_sent, refuse_large, stamp_headers
from segmentation_pipeline.customers.calls import CallLog
from segmentation_pipeline.customers.payloads import moment_of
from segmentation_pipeline.customers.single import Analyzer
from segmentation_pipeline.errors import InvalidPayload

PATH = "/v1/customers/analyze"

INLINE = 20
"""Payloads analysed on the event loop, under a millisecond; larger batches go to a thread, so that others are heard."""


async def analyze_customers(request: Request) -> Response:
    """Analyse a customer (or a region) by rule, or a list of them.

    One payload is answered with its analysis or refused with 422; in a list each is answered or refused by itself.
    """
    await json_sent(request)
    given = _read(await request.body())
    moment = _moment(request)
    stamp: Stamp | None = request.app.state.answers.stamp()
    if type(given) is not list:
        return _single(request, given, moment, stamp)
    refuse_large(request, given)
    analyzer, calls = request.app.state.analyzer, request.app.state.calls
    if len(given) <= INLINE:
        results = _batch(calls, analyzer, given, moment)
    else:
        results = await asyncio.to_thread(_batch, calls, analyzer, given, moment)
    refused = sum("error" in result for result in results)
    body = to_json({"refresh": stamp, "refused_count": refused, "results": results})
    return Response(body, headers=stamp_headers(stamp), media_type=JSON)


def _single(request: Request, given: Any, moment: datetime, stamp: Stamp | None) -> Response:
    state = request.app.state
    result = state.calls.analyze(state.analyzer, given, now=moment)
    result["refresh"] = stamp
    return Response(to_json(result), headers=stamp_headers(stamp), media_type=JSON)


def _batch(calls: CallLog, analyzer: Analyzer, given: list[Any], moment: datetime) -> list[dict[str, Any]]:
    results = []
    for payload in given:
        try:
            results.append(calls.analyze(analyzer, payload, now=moment))
        except InvalidPayload as error:
            results.append({"error": {"path": error.path, "message": str(error)}})
    return results


def _read(body: bytes) -> Any:
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Problem(400, f"The body is no JSON: {error}. Next: correct it.") from None


def _moment(request: Request) -> datetime:
    """Return the moment to analyse at: `now` of the query, else the present one."""
    given = request.query_params.get("now") if request.scope["query_string"] else None
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0) if given is None else moment_of(given, "now")
