"""What a model may answer: the typed forms of a discovery and of a batch of assignments, and what is wrong with one.

Add here: a field, or another mistake to tell the model of. Keep out: questions (prompting.py) and asking (asking.py).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from segmentation_pipeline.insights.discovery.protocol import WANTED_SEGMENTS
from segmentation_pipeline.segments.tables import UNCLASSIFIED

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

MOST_TEXT = 2_000
"""Characters of any text in an answer; longer ones are refused, what is kept is cut further."""

PROBLEMS_TOLD = 8
MOST_PCT = 105.0
"""Sum of estimated shares at most: estimates are rounded."""


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SignalForm(_Form):
    """One trait that sets a segment apart."""

    feature: str = Field(max_length=80, description="Code of the feature from the legend, such as f3 or depth.")
    level: Literal["high", "low"]


class CentroidForm(_Form):
    """Typical values of the segment's users."""

    session_frequency: float = Field(ge=0, le=1e6, allow_inf_nan=False)
    session_depth: float = Field(ge=0, le=1e6, allow_inf_nan=False)
    feature_breadth: float = Field(ge=0, le=1e6, allow_inf_nan=False)
    collaboration: float = Field(ge=0, le=100, allow_inf_nan=False)


class ClusterForm(_Form):
    """One segment."""

    id: str = Field(min_length=1, max_length=80, description="Id of the previous segment it continues, else new.")
    label: str = Field(min_length=1, max_length=MOST_TEXT, description="Two to four words, unique.")
    description: str = Field(min_length=1, max_length=MOST_TEXT, description="One sentence without figures.")
    defining_signals: list[SignalForm] = Field(min_length=1, max_length=8)
    churn_risk: Literal["low", "medium", "high"]
    personalization_strategy: str = Field(min_length=1, max_length=MOST_TEXT, description="Without figures.")
    estimated_pct: float = Field(ge=0, le=100, allow_inf_nan=False, description="Share of the users shown, percent.")
    centroid: CentroidForm


class DiscoveryForm(_Form):
    """The segments of the users shown."""

    clusters: list[ClusterForm] = Field(max_length=30)
    cluster_quality_notes: str = Field(max_length=MOST_TEXT, description="How clearly the segments differ.")


class AssignmentForm(_Form):
    """The segment of one user."""

    user_id: str = Field(max_length=80)
    cluster_id: str = Field(max_length=80, description='Id of a segment, or "unclassified".')
    cluster_label: str = Field(max_length=MOST_TEXT)
    confidence: float = Field(ge=0, le=1, allow_inf_nan=False)
    reasoning: str = Field(max_length=MOST_TEXT, description="One short sentence without figures.")


class BatchForm(_Form):
    """One assignment for each user shown."""

    assignments: list[AssignmentForm] = Field(max_length=100)


def discovery_problem(answer: DiscoveryForm, features: Collection[str], previous_ids: Collection[str]) -> str | None:
    """Return what is wrong with a discovery in words for the model, or None.

    Too few segments are no mistake of form: fewer dimensions are shown then.
    """
    clusters, problems = answer.clusters, []
    most = WANTED_SEGMENTS[1]
    if len(clusters) > most:
        problems.append(f"{len(clusters)} clusters were given, {WANTED_SEGMENTS[0]} to {most} are wanted")
    problems += [f"the id {name} is given twice" for name in _twice([c.id for c in clusters if c.id in previous_ids])]
    problems += [f"the label {name!r} is given twice" for name in _twice([_folded(c.label) for c in clusters])]
    unknown = dict.fromkeys(s.feature for c in clusters for s in c.defining_signals if s.feature not in features)
    if unknown:
        problems.append("defining_signals name features that are not in the legend; use its codes")
    if sum(cluster.estimated_pct for cluster in clusters) > MOST_PCT:
        problems.append("the estimated_pct add up to more than 100")
    return _told(problems)


def batch_problem(answer: BatchForm, users: Sequence[str], segment_ids: Collection[str]) -> str | None:
    """Return what is wrong with a batch in words for the model, or None."""
    given = [assignment.user_id for assignment in answer.assignments]
    wanted = set(users)
    unknown = sum(user not in wanted for user in given)
    invented = [a.cluster_id for a in answer.assignments if a.cluster_id not in (*segment_ids, UNCLASSIFIED)]
    problems = [f"the user {user} is missing" for user in users if user not in given]
    problems += [f"the user {user} is given twice" for user in _twice(given) if user in wanted]
    if unknown:
        problems.append(f"{unknown} user ids were not asked about")
    if invented:
        problems.append(f"{len(invented)} users were put into segments that do not exist")
    return _told(problems)


def _twice(names: Sequence[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _folded(label: str) -> str:
    return " ".join(label.casefold().split())[:60]


def _told(problems: Sequence[str]) -> str | None:
    if not problems:
        return None
    more = len(problems) - PROBLEMS_TOLD
    return "; ".join([*problems[:PROBLEMS_TOLD], *([f"and {more} more"] if more > 0 else [])])
