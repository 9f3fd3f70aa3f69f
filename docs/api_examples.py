"""The examples of the OpenAPI document: what the API of the sample answers, asked in this process.

Add here: an example of another route. Keep out: the document (segmentation_pipeline/api/documents.py).
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.api import __file__ as api_file
from segmentation_pipeline.api.application import create_app
from segmentation_pipeline.api.documents import EXAMPLES
from segmentation_pipeline.config import Home
from segmentation_pipeline.state.api_tokens import create_token
from segmentation_pipeline.state.database import open_state

if TYPE_CHECKING:
    from segmentation_pipeline.api.guard import Guard

FILE = Path(api_file).with_name(EXAMPLES)

CUSTOMER = {
    "customerData": {
        "customerId": "c-1042",
        "city": "Bursa",
        "customer": {
            "age": 34,
            "gender": "F",
            "registeredAt": "2024-11-02",
            "productHistory": [
                {
                    "productId": "p-17", "category": "Coffee", "totalQuantity": 14, "totalSpent": 1290.5,
                    "orderCount": 9, "lastPurchase": "2025-12-01T09:30:00Z", "avgDaysBetween": 21.0,
                },
                {
                    "productId": "p-80", "category": "Tea", "totalQuantity": 3, "totalSpent": 240.0,
                    "orderCount": 3, "lastPurchase": "2026-01-05T18:10:00Z", "avgDaysBetween": None,
                },
            ],
        },
        "region": {"name": "Marmara", "climateType": "Temperate", "medianBasket": 85.0, "trend": "Coffee"},
    }
}  # fmt: skip
LEAD = {
    "State": "Texas", "Industry": "Banking", "Job Title": "Chief Financial Officer", "Education Level": "Master",
    "Age_range": "45-54", "Years of Experience": 22, "Gender": "Female", "Lead Source": "Referral",
}  # fmt: skip

LISTED = 2
"""Entries of a list in an example."""


def write_examples(sample: Home) -> None:
    """Ask the API of a copy of the published sample, and write the examples."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        home.published.mkdir()
        shutil.copyfile(sample.settings_file, home.settings_file)
        shutil.copyfile(sample.published_file.resolve(), home.published_file)
        with open_state(home, home.settings()).write() as state:
            token, _ = create_token(state, "planner", "write", created_by="ada")
        examples = asyncio.run(_examples(create_app(home, hosts=None, needs_token=False), token))
    text = json.dumps(examples, indent=1, ensure_ascii=False)
    text = re.sub(r'("copy_id": )"[^"]*"', r'\1"1c9e0f3a-5b7d-4a52-9a0e-2f6f1a7c4b11"', text)
    text = re.sub(r'("(?:created|edited)_at": )"[^"]*"', r'\1"2026-01-12T09:00:00Z"', text)
    FILE.write_text(text + "\n", encoding="utf-8")


async def _examples(app: Guard, token: str) -> dict[str, Any]:
    segment_id = (await _asked(app, "GET", "/v1/segments"))["segments"][0]["segment_id"]
    advice = await _asked(app, "GET", f"/v1/segments/{segment_id}/recommendations", query="kind=experiment")
    idea = advice["recommendations"][0]["recommendation_id"]
    users = ["u0101", "u0102", "nobody"]
    entry = {"recommendation_id": idea, "priority": 2, "owner": "Growth", "note": "After the release."}
    of_segment = {"segment_id": segment_id}
    asked: list[tuple[str, str, dict[str, Any], Any]] = [
        ("get", "/v1/refreshes", {}, None),
        ("get", "/v1/segments", {}, None),
        ("get", "/v1/segments/{segment_id}", of_segment, None),
        ("get", "/v1/segments/{segment_id}/retention", of_segment, None),
        ("get", "/v1/segments/{segment_id}/recommendations", of_segment, None),
        ("get", "/v1/users/{user_id}/segment", {"user_id": users[0]}, None),
        ("post", "/v1/users/segments:batch", {}, {"user_ids": users}),
        ("post", "/v1/customers/analyze", {"now": "2026-01-11T00:00:00Z"}, CUSTOMER),
        ("post", "/v1/leads/score", {}, {"leads": [LEAD]}),
        ("post", "/v1/roadmap", {}, entry),
        ("patch", "/v1/roadmap/{entry_id}", {"entry_id": 1}, {"status": "running", "starts_on": "2026-01-19"}),
        ("get", "/v1/roadmap/{entry_id}", {"entry_id": 1}, None),
        ("get", "/v1/roadmap", {}, None),
        ("get", "/readyz", {}, None),
        ("get", "/healthz", {}, None),
    ]
    examples: dict[str, Any] = {}
    for method, path, parameters, body in asked:
        query = "now=2026-01-11" if "now" in parameters else ""
        answer = await _asked(app, method.upper(), path.format(**parameters), body=body, token=token, query=query)
        example: dict[str, Any] = {"parameters": parameters} if parameters else {}
        example |= {} if body is None else {"request": body}
        examples[f"{method} {path}"] = example | {"response": _shortened(answer)}
    return examples


async def _asked(
    app: Guard, method: str, path: str, *, body: Any = None, token: str = "", query: str = ""
) -> dict[str, Any]:
    sent = b"" if body is None else json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(sent)).encode())]
    headers += [(b"authorization", f"Bearer {token}".encode())] if token else []
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": query.encode(),
        "headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 1), "scheme": "http",
        "http_version": "1.1", "root_path": "",
    }  # fmt: skip
    told: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": sent, "more_body": False}

    async def send(message: Any) -> None:
        told.append(message)

    await app(scope, receive, send)
    answer: dict[str, Any] = json.loads(b"".join(message.get("body", b"") for message in told))
    if told[0]["status"] >= 300:
        raise RuntimeError(f"{method} {path}: {answer}")
    return answer


def _shortened(answer: Any) -> Any:
    if isinstance(answer, dict):
        return {name: _shortened(value) for name, value in answer.items()}
    return [_shortened(value) for value in answer[:LISTED]] if isinstance(answer, list) else answer
