"""Every route over a real connection: what is answered, by whom it may be asked, and how errors are told."""

from __future__ import annotations

import socket
import time

import pytest

from segmentation_pipeline import client
from segmentation_pipeline.api.callers import KNOWN_S
from segmentation_pipeline.state.api_tokens import revoke_token
from segmentation_pipeline.state.database import open_state
from segmentation_pipeline_tests.api.api_server import make_token

CUSTOMER = {
    "customerId": "c-1",
    "customer": {
        "age": 30,
        "registeredAt": "2025-01-01",
        "productHistory": [
            {"productId": "p", "category": "Tea", "totalSpent": 90.0, "orderCount": 2, "lastPurchase": "2026-01-01"}
        ],
    },
    "region": {"medianBasket": 40},
}


@pytest.fixture(scope="module")
def opened(served_home):
    return client.open(served_home)


@pytest.fixture(scope="module")
def segment_id(opened):
    return opened.segments()[0].cluster_id


def test_every_answer_names_its_refresh_in_its_body_and_its_headers(server, segment_id, opened):
    with opened.snapshot() as snapshot:
        user_id = snapshot.connection.execute("SELECT min(user_id) FROM current_segments").fetchone()[0]
    paths = [
        "/readyz",
        "/v1/refreshes",
        "/v1/segments",
        "/v1/segments?month=2026-01",
        f"/v1/segments/{segment_id}",
        f"/v1/segments/{segment_id}/retention",
        "/v1/segments/overall/retention",
        f"/v1/segments/{segment_id}/recommendations?kind=experiment",
        f"/v1/users/{user_id}/segment",
        "/v1/roadmap",
    ]
    answers = [server.ask("GET", path) for path in paths]
    answers.append(server.ask("POST", "/v1/users/segments:batch", {"user_ids": [user_id, "nobody"]}))
    answers.append(server.ask("POST", "/v1/customers/analyze", CUSTOMER))
    answers.append(server.ask("POST", "/v1/customers/analyze", [CUSTOMER]))
    answers.append(server.ask("POST", "/v1/leads/score", {"leads": [{"state": "Texas"}]}))
    for answer in answers:
        assert answer.status == 200, answer
        assert answer.body["refresh"]["month"] == answer.headers["segpipe-refresh"] == "2026-01"
        assert answer.body["refresh"]["copy_id"] == answer.headers["segpipe-copy"] == "first"


def test_segments_are_those_of_the_client_under_their_names_of_the_moment(server, opened, segment_id):
    opened.rename_segment(segment_id, "Renamed here", by="ada")
    told = server.ask("GET", "/v1/segments").body["segments"]
    assert [one["segment_id"] for one in told] == [known.cluster_id for known in opened.segments()]
    assert told[0]["name"] == "Renamed here"
    assert told[0]["drop_off_low"] <= told[0]["drop_off_rate"] <= told[0]["drop_off_high"]


def test_users_come_back_in_the_order_asked_and_the_unseen_by_themselves(server, opened):
    with opened.snapshot() as snapshot:
        rows = snapshot.connection.execute("SELECT user_id FROM current_segments ORDER BY ALL LIMIT 3").fetchall()
    first, second, third = (row[0] for row in rows)
    told = server.ask("POST", "/v1/users/segments:batch", {"user_ids": [third, "nobody", first, third, second]}).body
    assert [user["user_id"] for user in told["users"]] == [third, first, second]
    assert told["not_seen"] == ["nobody"]
    assert told["users"][1] == server.ask("GET", f"/v1/users/{first}/segment").body["user"]


def test_a_list_of_customers_is_answered_one_by_one_and_the_wrong_one_named(server):
    wrong = CUSTOMER | {"region": {"medianBasket": -1}}
    single = server.ask("POST", "/v1/customers/analyze?now=2026-01-11", CUSTOMER).body
    told = server.ask("POST", "/v1/customers/analyze?now=2026-01-11", [CUSTOMER, wrong, *[CUSTOMER] * 30]).body
    assert told["refused_count"] == 1
    assert told["results"][1]["error"]["path"] == "region.medianBasket"
    assert {**told["results"][0], "refresh": single["refresh"]} == single
    assert single["analysis"]["lastPurchaseDaysAgo"] == 10


def test_the_roadmap_is_written_with_a_token_and_read_without(server, token, segment_id, opened):
    idea = opened.recommendations(segment_id, kind="experiment")[0].recommendation_id
    wanted = {"recommendation_id": idea, "priority": 1, "owner": "Growth"}
    added = server.ask("POST", "/v1/roadmap", wanted, token=token)
    assert (added.status, added.body["entry"]["created_by"]) == (201, "planner")
    place = added.headers["location"]
    assert server.ask("POST", "/v1/roadmap", wanted, token=token).status == 409
    changed = server.ask("PATCH", place, {"status": "running", "starts_on": "2026-01-20"}, token=token)
    assert (changed.body["entry"]["status"], changed.body["entry"]["priority"]) == ("running", 1)
    assert server.ask("PATCH", place, {"starts_on": None}, token=token).status == 422
    assert server.ask("GET", place).body["entry"] == changed.body["entry"]
    assert [entry["entry_id"] for entry in server.ask("GET", "/v1/roadmap").body["entries"]] == [1]


def test_a_token_writes_only_if_it_may_and_nothing_once_revoked(server, served_home):
    wanted = {"recommendation_id": "x"}
    reader = make_token(served_home, "read", "reader")
    time.sleep(KNOWN_S)
    assert server.ask("GET", "/v1/segments", token=reader).status == 200
    assert server.ask("POST", "/v1/roadmap", wanted, token=reader).status == 403
    assert server.ask("POST", "/v1/roadmap", wanted).status == 401
    with open_state(served_home, served_home.settings()).write() as state:
        revoke_token(state, "reader")
    time.sleep(KNOWN_S)
    refused = server.ask("GET", "/v1/segments", token=reader)
    assert (refused.status, refused.headers["www-authenticate"][:6]) == (401, "Bearer")
    assert reader.encode() not in b"".join(path.read_bytes() for path in served_home.root.glob("state.db*"))


LARGE = b"[" + b"1," * 3_000_000 + b"1]"

PROBLEMS = [
    ("GET", "/nothing", None, {}, 404),
    ("GET", "/v1/segments/2026-01-z", None, {}, 404),
    ("GET", "/v1/segments?month=2025-01", None, {}, 404),
    ("GET", "/v1/users/nobody/segment", None, {}, 404),
    ("GET", "/v1/users/a%00b/segment", None, {}, 404),
    ("GET", "/v1/roadmap/99", None, {}, 404),
    ("DELETE", "/v1/segments", None, {}, 405),
    ("GET", "/v1/customers/analyze", None, {}, 405),
    ("GET", "/v1/segments?month=0000-01", None, {}, 422),
    ("GET", "/v1/roadmap/abc", None, {}, 422),
    ("POST", "/v1/customers/analyze", b"{", {}, 400),
    ("POST", "/v1/customers/analyze", b'{"region": {"medianBasket": NaN}}', {}, 400),
    ("POST", "/v1/customers/analyze", b"{}", {"Content_Type": "text/plain"}, 415),
    ("POST", "/v1/customers/analyze", b"7", {}, 422),
    ("POST", "/v1/customers/analyze?now=soon", CUSTOMER, {}, 422),
    ("POST", "/v1/customers/analyze", [CUSTOMER] * 1_001, {}, 422),
    ("POST", "/v1/customers/analyze", LARGE, {}, 413),
    ("POST", "/v1/users/segments:batch", b"{", {}, 400),
    ("POST", "/v1/users/segments:batch", {"user_ids": []}, {}, 422),
    ("POST", "/v1/users/segments:batch", b'{"user_ids": ["\\ud800"]}', {}, 422),
    ("POST", "/v1/leads/score", {"leads": [{"age": 200}]}, {}, 422),
    ("POST", "/v1/leads/score", {"leads": [{}], "import_id": "no.csv"}, {}, 404),
    ("POST", "/v1/leads/score", b"{}", {"Content_Type": "text/plain"}, 415),
    ("GET", "/v1/segments", None, {"Host": "evil.example"}, 421),
    ("GET", "/healthz", None, {"Host": "127.0.0.1.evil.example:80"}, 421),
    ("GET", "/v1/segments", None, {"Authorization": "Bearer segpipe_wrong"}, 401),
]


@pytest.mark.parametrize(("method", "path", "body", "headers", "status"), PROBLEMS)
def test_every_refusal_is_a_problem_that_says_what_to_do(server, method, path, body, headers, status):
    told = server.ask(method, path, body, **headers)
    assert told.status == told.body["status"] == status, told
    assert told.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "detail"} <= set(told.body)
    assert "Next: " in told.body["detail"]
    if status == 405:
        assert told.headers["allow"] in ("GET", "POST")


def test_a_chunked_body_without_end_is_cut_off(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(
            b"POST /v1/customers/analyze HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        answer = b""
        for _ in range(200):
            try:
                connection.sendall(chunk)
            except OSError:
                break
        while b"problem" not in answer and (part := connection.recv(65536)):
            answer += part
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_what_is_no_http_is_told_as_a_problem_too(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(b"NONSENSE\r\n\r\n")
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in answer
