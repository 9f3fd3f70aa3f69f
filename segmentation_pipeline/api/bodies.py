"""Bodies of requests: said to be JSON, and read as strictly as answers are written.

Add here: another condition every body must meet. Keep out: its size (guard.py), what its fields may be (routes.py).
"""

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute
from pydantic_core import from_json

from segmentation_pipeline.api.problems import Problem

JSON = "application/json"

MOST_FIELDS = 100
"""Of a body, more than any route has: each one too many is told of, and a million of them take gigabytes."""


async def json_sent(request: Request) -> None:
    """Make sure that a body says it is JSON: a page of another site cannot send that without being asked first.

    Raises:
        Problem: it says something else.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON and not kind.endswith("+json"):
        raise Problem(415, f"A body is JSON here. Next: send it with `Content-Type: {JSON}`.")


def read(body: bytes) -> Any:
    r"""Return what a body says.

    Raises:
        ValueError: it is no JSON, or holds NaN or half a character (a lone \ud800), which no answer could repeat.
    """
    return from_json(body, allow_inf_nan=False)


class _StrictRequest(Request):
    async def json(self) -> Any:
        try:
            given = read(await self.body())
        except ValueError as error:
            raise json.JSONDecodeError(str(error), "", 0) from None
        if isinstance(given, dict) and len(given) > MOST_FIELDS:
            raise HTTPException(422, f"A body has at most {MOST_FIELDS} fields. Next: send those the route names.")
        return given


class StrictRoute(APIRoute):
    """A route of FastAPI whose body is read by `read`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handle(_StrictRequest(request.scope, request.receive))

        return strictly
