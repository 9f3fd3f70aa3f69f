"""A discovery from beginning to end: who does it, what is tried again, and what is carried over or done offline.

Add here: another rule of when to look again. Keep out: how a provider looks (offline.py, asking.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from segmentation_pipeline.insights.discovery.asking import WEEKLY_LIMIT, ModelProvider
from segmentation_pipeline.insights.discovery.protocol import (
    FEWEST_SEGMENTS,
    MOST_UNCLASSIFIED,
    Failed,
    Population,
    Proposal,
    Provider,
)
from segmentation_pipeline.insights.discovery.sampling import LARGEST_SAMPLE
from segmentation_pipeline.insights.discovery.vectors import FEWER_AND_FEWER, Detail

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from segmentation_pipeline.insights.discovery.definitions import Retired, Segment
    from segmentation_pipeline.insights.discovery.offline import TreeProvider

OFFLINE_SAMPLES = (LARGEST_SAMPLE, 5 * LARGEST_SAMPLE)
"""The rules look at as many users as a model at most, and at more where a quarter fits no segment: it costs nothing."""

FEWEST_USERS = 30
"""Fewer users at risk form no segments, whatever the settings of clusters say (product rule)."""


@dataclass(frozen=True)
class Earlier:
    """Definitions of a refresh before, or of an earlier run of this one, and when they were discovered."""

    segments: tuple[Segment, ...]
    discovered_month: date
    provider: str
    model: str
    notes: str


@dataclass(frozen=True)
class Discovery:
    """What a refresh's segments are and how that came about. `fallback` says why it was not as settings wish."""

    status: str
    reason: str | None
    segments: tuple[Segment, ...]
    retired: tuple[Retired, ...]
    provider: str
    model: str
    discovered_month: date
    looked_at_count: int
    detail: Detail | None
    proposal_count: int
    pilot_unclassified: float | None
    notes: str
    fallback: str | None = None


DISCOVERED = "discovered"
CARRIED_OVER = "carried_over"
INSUFFICIENT = "insufficient_data"


@dataclass(frozen=True)
class _Found:
    proposal: Proposal
    detail: Detail
    unclassified: float | None
    proposal_count: int


def discover(
    population: Population,
    offline: TreeProvider,
    model: ModelProvider | None,
    *,
    model_sample: int,
    previous: Earlier | None,
    own: Earlier | None,
) -> Discovery:
    """Return the segments of a refresh: by the model where one is given, else or where it fails by the rules.

    `previous`: the latest refresh before. `own`: what an earlier run of this refresh discovered; carried over rather
    than `previous` when the week's discovery is used up. All retries of a run are part of its one discovery.
    """
    if len(population.vectors) < FEWEST_USERS:
        reason = f"{len(population.vectors)} users at risk, discovery needs {FEWEST_USERS}"
        return _insufficient(population, reason, offline)
    known = previous.segments if previous else ()
    if model is None:
        return _offline(population, offline, known)
    with model.limits.discovery() as grant:
        model.may_discover = grant.count > 0
        found = _look(population, model, (min(model_sample, LARGEST_SAMPLE), LARGEST_SAMPLE), known)
        grant.used_count = int(model.has_spent and grant.count > 0)
    if isinstance(found, _Found):
        return _discovery(population, found, model)
    earlier = own or previous
    if found.kind == WEEKLY_LIMIT and earlier is not None:
        return Discovery(
            status=CARRIED_OVER,
            reason=f"{found.message}: the segments of {earlier.discovered_month:%Y-%m} stand",
            segments=earlier.segments,
            retired=(),
            provider=earlier.provider,
            model=earlier.model,
            discovered_month=earlier.discovered_month,
            looked_at_count=0,
            detail=None,
            proposal_count=0,
            pilot_unclassified=None,
            notes=earlier.notes,
        )
    return replace(_offline(population, offline, known), fallback=f"{found.kind}: {found.message}")


def _offline(population: Population, offline: TreeProvider, known: Sequence[Segment]) -> Discovery:
    found = _look(population, offline, OFFLINE_SAMPLES, known)
    if isinstance(found, Failed):
        return _insufficient(population, found.message, offline)
    return _discovery(population, found, offline)


def _look(
    population: Population, provider: Provider, sample_counts: Sequence[int], known: Sequence[Segment]
) -> _Found | Failed:
    """Look at a sample, and where too many users fit nothing, once more at a larger one; the better one counts."""
    best: _Found | None = None
    tried = 0
    for sample_count in dict.fromkeys(min(count, len(population.vectors)) for count in sample_counts):
        found = _enough_segments(population, provider, sample_count, known)
        if isinstance(found, Failed):
            return best or found
        tried += found.proposal_count
        unclassified = provider.pilot_unclassified(population, found.proposal.segments)
        found = replace(found, unclassified=unclassified, proposal_count=tried)
        if best is None or (unclassified or 0.0) < (best.unclassified or 0.0):
            best = found
        if unclassified is None or unclassified <= MOST_UNCLASSIFIED:
            break
    assert best is not None, "there is always a first sample"
    return replace(best, proposal_count=tried)


def _enough_segments(
    population: Population, provider: Provider, sample_count: int, known: Sequence[Segment]
) -> _Found | Failed:
    """Look with fewer and fewer dimensions until at least three segments are told apart."""
    fewest = 0
    for count, detail in enumerate(FEWER_AND_FEWER, start=1):
        proposal = provider.propose(population, sample_count, detail, known)
        if isinstance(proposal, Failed):
            return proposal
        if len(proposal.segments) >= FEWEST_SEGMENTS:
            return _Found(proposal, detail, None, count)
        fewest = max(fewest, len(proposal.segments))
    return Failed(
        "too_few_segments",
        f"{fewest} segments told apart at most, also with fewer dimensions; {FEWEST_SEGMENTS} are needed",
    )


def _discovery(population: Population, found: _Found, provider: Provider) -> Discovery:
    return Discovery(
        status=DISCOVERED,
        reason=None,
        segments=found.proposal.segments,
        retired=found.proposal.retired,
        provider=provider.provider,
        model=provider.model,
        discovered_month=population.month,
        looked_at_count=found.proposal.looked_at_count,
        detail=found.detail,
        proposal_count=found.proposal_count,
        pilot_unclassified=found.unclassified,
        notes=found.proposal.notes,
    )


def _insufficient(population: Population, reason: str, offline: TreeProvider) -> Discovery:
    return Discovery(
        status=INSUFFICIENT,
        reason=reason,
        segments=(),
        retired=(),
        provider=offline.provider,
        model=offline.model,
        discovered_month=population.month,
        looked_at_count=0,
        detail=None,
        proposal_count=0,
        pilot_unclassified=None,
        notes="",
    )
