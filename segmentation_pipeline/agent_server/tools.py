"""The tools: who is this user or customer, which segments are there, what should be done.

Answers are cut to what an agent can read: MOST_* of everything, and they say how many there were.
Add here: another tool. Keep out: what is answered (answers/), and the protocol.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field

from segmentation_pipeline.answers import advice, customers, segments
from segmentation_pipeline.answers.reading import Answers, month_of
from segmentation_pipeline.answers.shape import MONTH_PATTERN, Answer, Stamp
from segmentation_pipeline.customers.calls import analyze_logged
from segmentation_pipeline.customers.single import Analyzer
from segmentation_pipeline.errors import PipelineError
from segmentation_pipeline.state.database import State

MOST_CONTRASTS = 10
MOST_PROFILE = 40
MOST_NOTES = 10
MOST_RECOMMENDATIONS = 30
MOST_SEGMENTS = 50
MOST_EVIDENCE = 5
MOST_DIFFERENCES = 15
MOST_HISTORY = 500
"""Products of a customer: a payload is bounded as answers are."""

Month = Annotated[str | None, Field(pattern=MONTH_PATTERN, description="Refresh, as 2026-01; else the newest.")]
SegmentId = Annotated[str, Field(min_length=1, max_length=200, description="Id as list_segments gives it.")]
Kind = Literal["pain_point", "product_recommendation", "experiment"]

READING = ToolAnnotations(read_only_hint=True, open_world_hint=False)
WRITING = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=False)

AUTHOR = "agent"
"""Who is written beside what agents change."""


class Advice(Answer):
    """What is advised; `count` pieces in all, the first of them here."""

    refresh: Stamp
    count: int
    recommendations: list[advice.Recommendation]


def add_tools(server: MCPServer[Any], answers: Answers, analyzer: Analyzer, state: State, *, may_write: bool) -> None:
    """Give a server the tools of a home; the one that writes only where it may."""
    for tool in (*_segment_tools(answers), *_user_tools(answers, analyzer, state), _advice_tool(answers)):
        server.add_tool(tool, annotations=READING, structured_output=True)
    if may_write:
        server.add_tool(_roadmap_tool(answers), annotations=WRITING, structured_output=True)


def _segment_tools(answers: Answers) -> tuple[Callable[..., Any], ...]:
    def list_segments(month: Month = None) -> segments.Segments:
        """List the segments of users, largest first: size, drop-off, retention, risk, the strongest advice."""
        with plainly():
            found = answers.segments(month_of(month))
        return found.model_copy(update={"segments": found.segments[:MOST_SEGMENTS]})

    def describe_segment(segment_id: SegmentId, month: Month = None) -> segments.SegmentDescription:
        """Tell who the users of a segment are: what sets them apart from all others, strongest first."""
        with plainly():
            found = answers.segment(segment_id, month_of(month))
        cut = {
            "contrasts": found.contrasts[:MOST_CONTRASTS],
            "profile": dict(list(found.profile.items())[:MOST_PROFILE]),
            "notes": found.notes[-MOST_NOTES:],
        }
        return found.model_copy(update=cut)

    def compare_segments(first_id: SegmentId, second_id: SegmentId, month: Month = None) -> segments.ComparedSegments:
        """Compare two segments: size, drop-off, days kept and whether that differs, typical values."""
        with plainly():
            found = answers.compared(first_id, second_id, month_of(month))
        largest = sorted(found.differences.items(), key=lambda one: (-abs(one[1]), one[0]))
        return found.model_copy(update={"differences": dict(largest[:MOST_DIFFERENCES])})

    return list_segments, describe_segment, compare_segments


def _user_tools(answers: Answers, analyzer: Analyzer, state: State) -> tuple[Callable[..., Any], ...]:
    def user_segment(
        user_id: Annotated[str, Field(min_length=1, max_length=2_000, description="Id as in the events.")],
    ) -> segments.UserAnswer:
        """Tell which segment a user belongs to now, and how surely."""
        with plainly():
            return answers.user(user_id)

    def analyze_customer(
        customer: Annotated[
            customers.CustomerData, Field(description="A customer with purchases, a new one, or a region alone.")
        ],
    ) -> customers.CustomerAnalysis:
        """Say who a customer is by purchase history: churn, value, loyalty, affinity, what is overdue, what to do."""
        history = customer.customer.productHistory if customer.customer else None
        if history is not None and len(history) > MOST_HISTORY:
            raise ToolError(f"A customer has at most {MOST_HISTORY} products here. Next: leave out the smallest.")
        payload = customer.model_dump(exclude_unset=True)
        now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        with plainly():
            result = analyze_logged(state, analyzer, payload, now=now)
            return customers.CustomerAnalysis.model_validate({**result, "refresh": answers.stamp()})

    return user_segment, analyze_customer


def _advice_tool(answers: Answers) -> Callable[..., Any]:
    def list_recommendations(
        segment_id: Annotated[
            str | None, Field(max_length=200, description="Of this segment, `overall` for everyone; else of all.")
        ] = None,
        kind: Annotated[Kind | None, Field(description="Only of this kind.")] = None,
        month: Month = None,
        limit: Annotated[int, Field(ge=1, le=MOST_RECOMMENDATIONS)] = 10,
    ) -> Advice:
        """List what is advised and the figures it rests on; experiments with what they would take."""
        with plainly():
            found = answers.recommendations(segment_id, month_of(month), kind=kind)
        shown = [
            one.model_copy(update={"evidence": one.evidence[:MOST_EVIDENCE]}) for one in found.recommendations[:limit]
        ]
        return Advice(refresh=found.refresh, count=len(found.recommendations), recommendations=shown)

    return list_recommendations


def _roadmap_tool(answers: Answers) -> Callable[..., Any]:
    def add_to_roadmap(
        recommendation_id: Annotated[str, Field(max_length=200, description="Of an experiment that is recommended.")],
        priority: Annotated[int, Field(ge=1, le=5, description="1 first, 5 last.")] = 3,
        owner: Annotated[str | None, Field(max_length=200)] = None,
        note: Annotated[str | None, Field(min_length=1, max_length=4_000)] = None,
    ) -> advice.RoadmapAnswer:
        """Put a recommended experiment on the roadmap, where people see it as planned by an agent."""
        given: dict[str, Any] = {"recommendation_id": recommendation_id, "priority": priority}
        given |= {name: value for name, value in (("owner", owner), ("note", note)) if value is not None}
        with plainly():
            return answers.add_to_roadmap(advice.NewEntry(**given), by=AUTHOR)

    return add_to_roadmap


@contextmanager
def plainly() -> Iterator[None]:
    """Tell the agent what it can do about an error of ours.

    Raises:
        ToolError: with its text.
    """
    try:
        yield
    except PipelineError as error:
        raise ToolError(str(error)) from error
