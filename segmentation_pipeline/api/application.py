"""The application: routes, the form of errors, health, what lives as long as the server.

Add here: another thing that begins and ends with the server. Keep out: routes (routes.py), conditions (guard.py).
"""

import contextlib
from collections.abc import AsyncIterator

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException

from segmentation_pipeline.answers.reading import Answers
from segmentation_pipeline.answers.shape import Answer, Stamp
from segmentation_pipeline.api import analyzing, routes
from segmentation_pipeline.api.callers import Callers
from segmentation_pipeline.api.documents import describe
from segmentation_pipeline.api.guard import DEFECT, Guard
from segmentation_pipeline.api.problems import Problem, problem_of
from segmentation_pipeline.api.questions import Questions
from segmentation_pipeline.config import Home
from segmentation_pipeline.customers.calls import CallLog, analyzer_of
from segmentation_pipeline.errors import NothingPublished, PipelineError
from segmentation_pipeline.state.database import open_state

VERSION = "1"

NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""FastAPI would trace every request for whoever sets up an exporter."""


def create_app(home: Home, *, hosts: frozenset[str] | None, needs_token: bool) -> Guard:
    """Return the ASGI application of a home; `hosts` and `needs_token` as Guard takes them.

    Raises:
        HomeError: the folder is not a home.
        SettingsError: its pipeline.toml is wrong.
    """
    settings = home.settings()
    state = open_state(home, settings)
    app = FastAPI(
        title="segmentation_pipeline", version=VERSION, docs_url=None, redoc_url=None, redirect_slashes=False,
        lifespan=_lifespan, telemetry=NO_TELEMETRY,
    )  # fmt: skip
    app.state.answers = Answers(home)
    app.state.settings = settings.api
    app.state.analyzer = analyzer_of(settings, state, start=Questions().ask)
    app.state.calls = CallLog(state)
    app.add_route(analyzing.PATH, analyzing.analyze_customers, methods=["POST"], include_in_schema=False)
    app.include_router(routes.router)
    app.add_api_route("/healthz", healthz, methods=["GET"])
    app.add_api_route("/readyz", readyz, methods=["GET"], response_model=Ready)
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(PipelineError, _pipeline_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _defect)
    describe(app)
    return Guard(app, settings.api, Callers(state), hosts=hosts, needs_token=needs_token)


class Ready(Answer):
    """That questions can be answered, and from which refresh."""

    status: str
    refresh: Stamp


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.calls.start()
    try:
        yield
    finally:
        app.state.calls.stop()
        app.state.answers.close()


async def healthz() -> dict[str, str]:
    """Whether the server runs."""
    return {"status": "ok"}


def readyz(request: Request) -> Response:
    """Whether there is something to answer from, and from which refresh."""
    stamp = request.app.state.answers.stamp()
    if stamp is None:
        raise NothingPublished("Nothing is published in this home yet. Next: `segpipe run`.")
    return routes.told(Ready(status="ready", refresh=stamp))


async def _problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response()


async def _pipeline_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, PipelineError)
    return problem_of(error).response()


async def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    details = {404: "There is nothing here.", 405: "This is asked by another method."}
    detail = details.get(error.status_code, error.detail)
    if "Next: " not in detail:
        detail += " Next: /openapi.json tells what there is."
    return Problem(error.status_code, detail, headers=dict(error.headers or {})).response()


async def _invalid(_request: Request, error: Exception) -> Response:
    """Name each wrong field; what stood there is not repeated."""
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(one["type"] == "json_invalid" for one in found):
        return Problem(400, "The body is no JSON. Next: correct it.").response()
    errors = [{"path": ".".join(str(part) for part in one["loc"]), "message": one["msg"]} for one in found]
    named = ", ".join(dict.fromkeys(one["path"] for one in errors))
    return Problem(422, f"Not as it should be: {named}. Next: correct these fields.", errors=errors).response()


async def _defect(_request: Request, _error: Exception) -> Response:
    return DEFECT.response()
