"""The OpenAPI document: what FastAPI knows, with problems, tokens, the fast route's bodies, and real examples.

Add here: what programs must be told and the routes do not say. Keep out: routes.
"""

import inspect
import json
from importlib import resources
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from segmentation_pipeline.answers import customers
from segmentation_pipeline.api import analyzing
from segmentation_pipeline.api.problems import MEDIA_TYPE, ProblemDetails

EXAMPLES = "examples.json"

DESCRIPTION = """Segments, retention, advice and scores of one home, read from its published copy.

Every answer names the refresh it comes from, in `refresh` and in the headers `Segpipe-Refresh` and `Segpipe-Copy`; it
is read from one copy as a whole, and a newly published one is seen at once. Errors are problem+json (RFC 9457).
Reading on loopback needs no token; writing, and everything off loopback, does: `Authorization: Bearer TOKEN`."""

TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "description": "Made by `segpipe api token create`; of scope read or write.",
}

EVERYWHERE = {
    "401": "The token is missing, unknown or revoked.",
    "421": "Addressed to another host.",
    "500": "A defect.",
}
BUSY = {"429": "More requests a second than one caller may make.", "503": "Too busy, or nothing is published yet."}
WITH_PARAMETERS = {"404": "There is no such thing.", "422": "Something asked for cannot be."}
WITH_BODY = {
    "400": "The body is no JSON.",
    "413": "The body is too large.",
    "415": "The body is not said to be JSON.",
    "422": "A field is not what it should be.",
}
WRITING = {"403": "The token may only read.", "404": "There is no such thing.", "409": "It is planned already."}

PAYLOADS: tuple[type[BaseModel], ...] = (customers.CustomerPayload, customers.CustomerData)
ANALYSES: tuple[type[BaseModel], ...] = (customers.CustomerAnalysis, customers.CustomerAnalyses)
ANSWERED: tuple[type[BaseModel], ...] = (*ANALYSES, ProblemDetails)


def describe(app: FastAPI) -> None:
    """Let an application describe itself; the document is made at the first request for it."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document."""
    made = get_openapi(title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes)
    schemas = made["components"]["schemas"]
    for gone in ("HTTPValidationError", "ValidationError"):
        schemas.pop(gone, None)
    _, given = models_json_schema([(kind, "validation") for kind in PAYLOADS], ref_template=_REF)
    _, answered = models_json_schema([(kind, "serialization") for kind in ANSWERED], ref_template=_REF)
    schemas.update(given["$defs"] | answered["$defs"])
    made["components"]["securitySchemes"] = {"token": TOKEN}
    examples = json.loads((resources.files("segmentation_pipeline.api") / EXAMPLES).read_text(encoding="utf-8"))
    made["paths"] = {analyzing.PATH: {"post": _analyzing()}, **made["paths"]}
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            _add_problems(path, method, operation)
            _add_examples(operation, examples.get(f"{method} {path}", {}))
    return made


_REF = "#/components/schemas/{model}"


def _ref(kind: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REF.format(model=kind.__name__)}


def _analyzing() -> dict[str, Any]:
    """Return the operation of the route that FastAPI does not know."""
    single = [_ref(kind) for kind in PAYLOADS]
    # In a list each is answered or refused by itself, so anything may stand there.
    given = {"anyOf": [*single, {"type": "array", "items": {"anyOf": [*single, {}]}}]}
    answered = {"anyOf": [_ref(kind) for kind in ANALYSES]}
    now = {
        "name": "now",
        "in": "query",
        "required": False,
        "description": "Moment to analyse at, ISO 8601; else the present one.",
        "schema": {"type": "string"},
    }
    return {
        "summary": "Analyze Customers",
        "description": inspect.getdoc(analyzing.analyze_customers),
        "operationId": "analyze_customers_v1_customers_analyze_post",
        "parameters": [now],
        "requestBody": {"required": True, "content": {"application/json": {"schema": given}}},
        "responses": {
            "200": {"description": "Successful Response", "content": {"application/json": {"schema": answered}}}
        },
    }


def _add_problems(path: str, method: str, operation: dict[str, Any]) -> None:
    is_writing = path.startswith("/v1/roadmap") and method != "get"
    found = dict(EVERYWHERE) | ({} if path == "/healthz" else BUSY)
    found |= WITH_PARAMETERS if operation.get("parameters") else {}
    found |= {"404": WITH_PARAMETERS["404"]} if path == "/v1/leads/score" else {}
    found |= WITH_BODY if method in ("post", "patch") else {}
    found |= WRITING if is_writing else {}
    operation["responses"].pop("422", None)
    for status in sorted(found):
        operation["responses"][status] = {
            "description": found[status],
            "content": {MEDIA_TYPE: {"schema": _ref(ProblemDetails)}},
        }
    operation["security"] = [{"token": []}] if is_writing else [{}, {"token": []}]


def _add_examples(operation: dict[str, Any], example: dict[str, Any]) -> None:
    if "request" in example:
        operation["requestBody"]["content"]["application/json"]["example"] = example["request"]
    for status, answer in operation["responses"].items():
        if status.startswith("2") and "response" in example:
            answer["content"]["application/json"]["example"] = example["response"]
    for parameter in operation.get("parameters", ()):
        if parameter["name"] in example.get("parameters", {}):
            parameter["example"] = example["parameters"][parameter["name"]]
