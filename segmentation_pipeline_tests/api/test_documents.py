"""The OpenAPI document: valid, its examples true to it, and the server true to both."""

from __future__ import annotations

import hypothesis
import pytest
import schemathesis
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.generation import GenerationMode

from segmentation_pipeline_tests.api.api_server import make_token, served
from segmentation_pipeline_tests.surfaces import published_only

FITTING, UNFITTING = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
EXAMPLES = 15
"""Requests tried of each operation: what goes wrong does so for classes of values, which the first few cover."""


@pytest.fixture(scope="module")
def own_home(_planted, tmp_path_factory):
    return published_only(_planted, tmp_path_factory.mktemp("documents") / "home")


@pytest.fixture(scope="module")
def token(own_home):
    return make_token(own_home, "write")


@pytest.fixture(scope="module")
def server(own_home, token):
    """A server of one's own: what is tried on it is written on its roadmap."""
    with served(own_home) as running:
        yield running


@pytest.fixture(scope="module")
def told(server):
    return server.ask("GET", "/openapi.json").body


def test_it_is_valid(told):
    validate(told)


def test_it_tells_of_every_route_and_of_no_other(told, server):
    assert {(method, path) for path, known in told["paths"].items() for method in known} == {
        ("get", "/healthz"),
        ("get", "/readyz"),
        ("get", "/v1/refreshes"),
        ("get", "/v1/segments"),
        ("get", "/v1/segments/{segment_id}"),
        ("get", "/v1/segments/{segment_id}/retention"),
        ("get", "/v1/segments/{segment_id}/recommendations"),
        ("get", "/v1/users/{user_id}/segment"),
        ("post", "/v1/users/segments:batch"),
        ("post", "/v1/customers/analyze"),
        ("post", "/v1/leads/score"),
        ("get", "/v1/roadmap"),
        ("post", "/v1/roadmap"),
        ("get", "/v1/roadmap/{entry_id}"),
        ("patch", "/v1/roadmap/{entry_id}"),
    }


def operations(told):
    return [(f"{method} {path}", one) for path, known in told["paths"].items() for method, one in known.items()]


def test_every_operation_has_an_example_that_fits_its_schema(told):
    for name, operation in operations(told):
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        bodies += [answer for status, answer in operation["responses"].items() if status < "300"]
        for body in bodies:
            content = body["content"]["application/json"]
            schema = {**content["schema"], "components": told["components"]}
            problems = [error.message for error in Draft202012Validator(schema).iter_errors(content["example"])]
            assert problems == [], name


def test_the_example_of_an_analysis_is_what_the_server_answers(told, server):
    content = told["paths"]["/v1/customers/analyze"]["post"]
    answered = server.ask("POST", "/v1/customers/analyze?now=2026-01-11", content["requestBody"]["content"][
        "application/json"]["example"]).body  # fmt: skip
    example = content["responses"]["200"]["content"]["application/json"]["example"]
    assert answered["analysis"].keys() == example["analysis"].keys()
    assert answered["analysis"]["totalSpent"] == example["analysis"]["totalSpent"]


def test_the_server_answers_whatever_is_asked_as_the_document_says(server, token, told):
    """Schemathesis: nothing answers 500, nor a status, form or body the document does not tell of."""
    load_all_checks()
    schema = schemathesis.openapi.from_dict(told, config=SchemathesisConfig())
    schema.config.update(base_url=server.address)
    # The schema of dates and products is wider than what can be: a product twice, a time that is none.
    left_out = {"positive_data_acceptance", "use_after_free", "ensure_resource_availability"}
    checks = [check for name in CHECKS.get_all_names() if name not in left_out for check in CHECKS.get_by_names([name])]
    for found in schema.get_all_operations():
        operation = found.ok()

        @hypothesis.settings(
            max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        )  # fmt: skip
        @hypothesis.given(case=operation.as_strategy(FITTING) | operation.as_strategy(UNFITTING))
        def conforms(case):
            case.call_and_validate(checks=checks, headers={"Authorization": f"Bearer {token}"})

        conforms()
