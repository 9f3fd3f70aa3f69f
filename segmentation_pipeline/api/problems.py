"""Errors as problem+json (RFC 9457): one form for everything that is not answered, down to unreadable requests.

Add here: another error of ours and its status. Keep out: where errors are caught (guard.py, application.py).
"""

import functools
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, Field
from pydantic_core import to_json
from starlette.responses import Response
from starlette.types import Message

from segmentation_pipeline.errors import (
    AlreadyPlanned,
    EditRefused,
    HomeError,
    InvalidPayload,
    NotFound,
    NothingPublished,
    PipelineError,
    StateError,
)

MEDIA_TYPE = "application/problem+json"

RETRY = {"Retry-After": "1"}
"""Seconds after which a turned away request may be made again."""

OURS = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"))
"""Headers of every answer."""

STATUSES: tuple[tuple[type[PipelineError], int], ...] = (
    (NotFound, 404),
    (AlreadyPlanned, 409),
    (EditRefused, 422),
    (InvalidPayload, 422),
    (NothingPublished, 503),
    (HomeError, 503),
    (StateError, 503),
)
"""In the order asked; what is not here is a defect or a wrong setting, and answers 500."""


class FieldProblem(BaseModel):
    """One field that is not what it should be."""

    path: str
    message: str


class ProblemDetails(BaseModel):
    """RFC 9457: what went wrong, in words for people; `errors` names the fields of a request."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(ge=400, le=599, examples=[404])
    detail: str = Field(examples=["There is no segment 2026-01-z. Next: choose one of 2026-01-a, 2026-01-b."])
    errors: list[FieldProblem] | None = None


class Problem(Exception):
    """Ends a request with a status and a message."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        headers: dict[str, str] | None = None,
        errors: list[dict[str, str]] | None = None,
    ) -> None:
        self.status, self.detail, self.headers, self.errors = status, detail, headers or {}, errors
        super().__init__(detail)

    def body(self) -> bytes:
        """Return the problem as JSON."""
        told: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors is not None:
            told["errors"] = self.errors
        return to_json(told)

    @functools.cached_property
    def messages(self) -> tuple[Message, Message]:
        """The ASGI messages that tell of it, for those who stand before the application."""
        body = self.body()
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(body)).encode()),
            *((name.lower().encode(), value.encode()) for name, value in self.headers.items()),
            *OURS,
        ]
        start = {"type": "http.response.start", "status": self.status, "headers": headers}
        return start, {"type": "http.response.body", "body": body}

    def response(self) -> Response:
        """Return the answer that tells of it."""
        return Response(self.body(), self.status, headers=self.headers, media_type=MEDIA_TYPE)


def problem_of(error: PipelineError) -> Problem:
    """Return an error of ours as a problem."""
    status = next((code for kind, code in STATUSES if isinstance(error, kind)), 500)
    errors = [{"path": error.path, "message": str(error)}] if isinstance(error, InvalidPayload) else None
    headers = RETRY if status == HTTPStatus.SERVICE_UNAVAILABLE else None
    return Problem(status, str(error), headers=headers, errors=errors)
