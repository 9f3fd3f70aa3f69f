"""The routes under /v1: each asks one question of the answers, or makes one change.

Add here: a route, as one call. Keep out: what is answered (answers/), and what all requests must meet (guard.py).
"""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StrictFloat, StrictInt, StrictStr, StringConstraints

from segmentation_pipeline.answers import advice, leads, segments
from segmentation_pipeline.answers.reading import Answers, month_of
from segmentation_pipeline.answers.shape import MONTH_PATTERN, Answer, Stamp
from segmentation_pipeline.api.guard import CALLER, unauthorised
from segmentation_pipeline.api.problems import Problem
from segmentation_pipeline.state.api_tokens import ApiToken
from segmentation_pipeline.state.roadmap import LARGEST_ID

router = APIRouter(prefix="/v1")

JSON = "application/json"

MonthAsked = Annotated[
    str | None, Query(pattern=MONTH_PATTERN, description="Refresh, as 2026-01; else the newest.", alias="month")
]
SegmentId = Annotated[str, Path(max_length=200, description="Id of a segment, as /v1/segments lists it.")]
UserId = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
EntryId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="Number of an entry.")]


class UsersAsked(BaseModel):
    """Users to look up."""

    model_config = ConfigDict(extra="forbid")

    user_ids: list[UserId] = Field(min_length=1)


class LeadsAsked(BaseModel):
    """Leads to score, by the names of the import's columns or well-known ones; import_id: else the newest import."""

    model_config = ConfigDict(extra="forbid")

    leads: list[dict[str, StrictStr | StrictInt | StrictFloat | None]] = Field(min_length=1)
    import_id: str | None = Field(default=None, max_length=1_000)


async def answers_of(request: Request) -> Answers:
    """Return what answers questions about the home served."""
    answers: Answers = request.app.state.answers
    return answers


async def json_sent(request: Request) -> None:
    """Make sure that a body says it is JSON: a page of another site cannot send that without being asked first.

    Raises:
        Problem: it says something else.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON and not kind.endswith("+json"):
        raise Problem(415, f"A body is JSON here. Next: send it with `Content-Type: {JSON}`.")


async def writer(request: Request) -> ApiToken:
    """Return the token that may write.

    Raises:
        Problem: there is none, or it may only read.
    """
    token: ApiToken | None = request.scope[CALLER]
    if token is None:
        raise unauthorised(is_known=False)
    if not token.may_write:
        raise Problem(403, "This token may only read. Next: `segpipe api token create --scope write` makes one.")
    return token


Found = Annotated[Answers, Depends(answers_of)]
Writer = Annotated[ApiToken, Depends(writer)]
SENT = [Depends(json_sent)]


@router.get("/refreshes", response_model=segments.Refreshes)
def refreshes(found: Found) -> Response:
    """Every refresh, oldest first."""
    return told(found.refreshes())


@router.get("/segments", response_model=segments.Segments)
def list_segments(found: Found, month: MonthAsked = None) -> Response:
    """The segments of a refresh, largest first."""
    return told(found.segments(month_of(month)))


@router.get("/segments/{segment_id}", response_model=segments.SegmentDescription)
def segment(found: Found, segment_id: SegmentId, month: MonthAsked = None) -> Response:
    """One segment with what sets it apart."""
    return told(found.segment(segment_id, month_of(month)))


@router.get("/segments/{segment_id}/retention", response_model=segments.Retention)
def retention(found: Found, segment_id: SegmentId, month: MonthAsked = None) -> Response:
    """Curves, fit and comparisons of a segment; `overall` is all users."""
    return told(found.retention(segment_id, month_of(month)))


@router.get("/segments/{segment_id}/recommendations", response_model=advice.Recommendations)
def recommendations(
    found: Found,
    segment_id: SegmentId,
    month: MonthAsked = None,
    kind: Annotated[str | None, Query(pattern="^(pain_point|product_recommendation|experiment)$")] = None,
) -> Response:
    """What is advised for a segment, the figures it rests on, and what its experiments would take."""
    return told(found.recommendations(segment_id, month_of(month), kind=kind))


@router.get("/users/{user_id:path}/segment", response_model=segments.UserAnswer)
def user_segment(
    found: Found, user_id: Annotated[str, Path(max_length=2_000, description="Id as in the events.")]
) -> Response:
    """Where a user belongs now."""
    return told(found.user(user_id))


@router.post("/users/segments:batch", response_model=segments.UsersAnswer, dependencies=SENT)
def user_segments(request: Request, found: Found, asked: Annotated[UsersAsked, Body()]) -> Response:
    """Where many users belong now, in the order asked."""
    refuse_large(request, asked.user_ids)
    return told(found.users(asked.user_ids))


@router.post("/leads/score", response_model=leads.ScoredLeads, dependencies=SENT)
def score_leads(request: Request, found: Found, asked: Annotated[LeadsAsked, Body()]) -> Response:
    """The persona each lead is nearest to, with its rate, tier, and how sure both are."""
    refuse_large(request, asked.leads)
    return told(found.scored_leads(asked.leads, asked.import_id))


@router.get("/roadmap", response_model=advice.Roadmap)
def roadmap(found: Found) -> Response:
    """Every planned experiment: running ones first, then planned, decided, dropped."""
    return told(found.roadmap())


@router.post("/roadmap", response_model=advice.RoadmapAnswer, status_code=201, dependencies=SENT)
def add_to_roadmap(found: Found, token: Writer, wanted: Annotated[advice.NewEntry, Body()]) -> Response:
    """Put a recommended experiment on the roadmap, with a copy of its figures as they are now."""
    added = found.add_to_roadmap(wanted, by=token.name)
    return told(added, status=201, headers={"Location": f"/v1/roadmap/{added.entry.entry_id}"})


@router.get("/roadmap/{entry_id}", response_model=advice.RoadmapAnswer)
def roadmap_entry(found: Found, entry_id: EntryId) -> Response:
    """One planned experiment."""
    return told(found.roadmap_entry(entry_id))


@router.patch("/roadmap/{entry_id}", response_model=advice.RoadmapAnswer, dependencies=SENT)
def change_roadmap(
    found: Found, token: Writer, entry_id: EntryId, change: Annotated[advice.PlanChange, Body()]
) -> Response:
    """Change the given fields of a plan."""
    return told(found.change_roadmap(entry_id, change, by=token.name))


def refuse_large(request: Request, batch: list[Any]) -> None:
    """Make sure that a batch is not larger than the settings allow.

    Raises:
        Problem: it is.
    """
    most: int = request.app.state.settings.max_batch
    if len(batch) > most:
        raise Problem(
            422, f"A batch has at most {most:,} entries; this one has {len(batch):,}. Next: send it in parts."
        )


def told(answer: Answer, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer as JSON, with the refresh it comes from in its headers too."""
    stamp: Stamp = answer.refresh  # type: ignore[attr-defined]
    return Response(
        answer.model_dump_json(), status, headers={**stamp_headers(stamp), **(headers or {})}, media_type=JSON
    )


def stamp_headers(stamp: Stamp | None) -> dict[str, str]:
    """Return the headers that name a refresh and the copy it was read from."""
    if stamp is None:
        return {}
    return {"Segpipe-Copy": stamp.copy_id} | ({"Segpipe-Refresh": stamp.month} if stamp.month else {})
