"""The tools as an agent has them: the official client, a real process, stdin and stdout."""

from __future__ import annotations

import json
import subprocess
import sys

import anyio
import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from segmentation_pipeline import client
from segmentation_pipeline.agent_server.tools import MOST_HISTORY
from segmentation_pipeline.state.customer_calls import customer_calls_since
from segmentation_pipeline.state.database import open_state
from segmentation_pipeline_tests.surfaces import publish_again, published_only

READING = [
    "analyze_customer",
    "compare_segments",
    "describe_segment",
    "list_recommendations",
    "list_segments",
    "user_segment",
]

MOST_CHARS = 60_000
"""Of an answer: some 15,000 tokens, what an agent can hold beside its task."""


@pytest.fixture(scope="module")
def home(_planted, tmp_path_factory):
    return published_only(_planted, tmp_path_factory.mktemp("agents") / "home")


def talk(home, conversation, *options):
    """Run a conversation with a server of its own; return what it returns."""

    async def run():
        arguments = ["-m", "segmentation_pipeline.cli", "mcp", "--home", str(home.root), *options]
        async with Client(stdio_client(StdioServerParameters(command=sys.executable, args=arguments))) as agent:
            return await conversation(agent)

    return anyio.run(run)


def test_an_agent_finds_out_who_is_there_and_what_to_do(home):
    opened = client.open(home)
    with opened.snapshot() as snapshot:
        ((user_id,),) = snapshot.connection.execute("SELECT min(user_id) FROM current_segments").fetchall()
    first, second = (segment.cluster_id for segment in opened.segments()[:2])
    customer = {"customerId": "c-1", "region": {"medianBasket": 40, "trend": "Tea"}}

    async def conversation(agent):
        tools = {tool.name: tool for tool in (await agent.list_tools()).tools}
        asked = {
            "list_segments": {},
            "describe_segment": {"segment_id": first},
            "compare_segments": {"first_id": first, "second_id": second},
            "user_segment": {"user_id": user_id},
            "analyze_customer": {"customer": customer},
            "list_recommendations": {"segment_id": first, "limit": 2},
        }
        return tools, {name: await agent.call_tool(name, given) for name, given in asked.items()}

    tools, told = talk(home, conversation)
    assert sorted(tools) == READING
    assert all(tool.output_schema and tool.annotations.read_only_hint for tool in tools.values())
    for name, answer in told.items():
        assert not answer.is_error, answer
        assert answer.structured_content["refresh"]["month"] == "2026-01", name
        assert len(json.dumps(answer.structured_content)) < MOST_CHARS
    found = {name: answer.structured_content for name, answer in told.items()}
    assert [one["segment_id"] for one in found["list_segments"]["segments"]][:2] == [first, second]
    assert found["describe_segment"]["segment"]["name"] == opened.segment(first).display_name
    assert found["compare_segments"]["second"]["segment_id"] == second
    assert found["user_segment"]["user"]["user_id"] == user_id
    assert found["analyze_customer"]["analysis"]["mode"] == "region"
    assert len(found["list_recommendations"]["recommendations"]) == 2 < found["list_recommendations"]["count"]
    with open_state(home, home.settings()).read() as state:
        (call,) = customer_calls_since(state, opened.refreshes()[0].as_of)
    assert (call.mode, call.outcome) == ("region", "analysed")


def test_what_cannot_be_answered_says_what_to_ask_instead_and_the_server_goes_on(home):
    history = [
        {"productId": str(number), "totalSpent": 1, "orderCount": 1, "lastPurchase": "2026-01-01"}
        for number in range(MOST_HISTORY + 1)
    ]
    many = {"customer": {"registeredAt": "2025-01-01", "productHistory": history}, "region": {"medianBasket": 1}}
    twice = {**many, "customer": {**many["customer"], "productHistory": [history[0], history[0]]}}
    wrong = [
        ("describe_segment", {"segment_id": "2026-01-z"}, "choose one of"),
        ("list_segments", {"month": "2020-01"}, "There is no refresh 2020-01"),
        ("list_segments", {"month": "soon"}, "should match pattern"),
        ("user_segment", {"user_id": "nobody"}, "no events of late"),
        ("analyze_customer", {"customer": {"region": {}}}, "medianBasket"),
        ("analyze_customer", {"customer": many}, "at most 500 products"),
        ("analyze_customer", {"customer": twice}, "productHistory[1].productId"),
        ("add_to_roadmap", {"recommendation_id": "x"}, "Unknown tool"),
    ]

    async def conversation(agent):
        told = [await agent.call_tool(name, given) for name, given, _ in wrong]
        return told, await agent.call_tool("list_segments", {})

    told, fine = talk(home, conversation)
    for (name, _, words), answer in zip(wrong, told, strict=True):
        assert answer.is_error, name
        assert words in answer.content[0].text
    assert not fine.is_error


@pytest.mark.parametrize("allowed_by", ["flag", "settings"])
def test_an_agent_writes_on_the_roadmap_only_where_it_is_allowed(home, tmp_path, allowed_by):
    own = published_only(home, tmp_path / "home")
    options = ["--allow-writes"] if allowed_by == "flag" else []
    if allowed_by == "settings":
        with own.settings_file.open("a", encoding="utf-8") as file:
            file.write("\n[mcp]\nis_writing_allowed = true\n")
    opened = client.open(own)
    idea = opened.recommendations(kind="experiment")[0].recommendation_id

    async def conversation(agent):
        added = await agent.call_tool("add_to_roadmap", {"recommendation_id": idea, "priority": 1, "note": "Try."})
        return added, await agent.call_tool("add_to_roadmap", {"recommendation_id": idea})

    added, again = talk(own, conversation, *options)
    assert added.structured_content["entry"]["priority"] == 1
    assert again.is_error
    assert "already" in again.content[0].text
    assert [(entry.created_by, entry.plan.status) for entry in opened.roadmap()] == [("agent", "planned")]


def test_a_new_copy_is_seen_in_the_same_conversation(home, tmp_path):
    own = published_only(home, tmp_path / "home")

    async def conversation(agent):
        before = await agent.call_tool("list_segments", {})
        publish_again(own, "second")
        return before, await agent.call_tool("list_segments", {})

    copies = [answer.structured_content["refresh"]["copy_id"] for answer in talk(own, conversation)]
    assert copies == ["first", "second"]


def test_stdout_holds_the_protocol_and_nothing_else(home):
    asked = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "list_segments", "arguments": {}}},
        {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {
            "name": "describe_segment", "arguments": {"segment_id": "no"}}},
    ]  # fmt: skip
    command = [sys.executable, "-m", "segmentation_pipeline.cli", "mcp", "--home", str(home.root)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    process.stdin.write("\n".join(map(json.dumps, asked)) + "\nno json at all\n")
    process.stdin.flush()
    lines = []
    while len({line.get("id") for line in lines} & {1, 2, 3}) < 3:
        lines.append(json.loads(process.stdout.readline()))
    rest, _ = process.communicate(timeout=300)
    lines += [json.loads(line) for line in rest.splitlines()]
    assert all(line["jsonrpc"] == "2.0" for line in lines)
    assert process.returncode == 0
