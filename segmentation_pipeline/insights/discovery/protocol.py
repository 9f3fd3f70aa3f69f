"""What discovers segments and assigns users: one protocol, spoken by the rules and by language models.

Add here: another thing a provider is told or tells. Keep out: providers (offline.py, asking.py), and which one is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from segmentation_pipeline.clustering.rows import Indexes
    from segmentation_pipeline.insights.discovery.definitions import Retired, Segment
    from segmentation_pipeline.insights.discovery.vectors import BehaviourVectors, Detail

FEWEST_SEGMENTS = 3
"""Fewer tell users apart too little: fewer dimensions are tried."""

WANTED_SEGMENTS = (4, 8)
MOST_UNCLASSIFIED = 0.25
"""Share of users no segment fits above which a larger sample is looked at, once."""


@dataclass(frozen=True)
class Population:
    """The users at risk of a refresh: their vectors, and two orders of their row numbers.

    `spread`: any beginning is spread over all behaviour. `asked`: the order in which they are to be assigned.
    """

    month: date
    vectors: BehaviourVectors
    spread: Indexes
    asked: Indexes


@dataclass(frozen=True)
class Proposal:
    """Segments as one discovery found them, those of before that ended, and a note on their quality."""

    segments: tuple[Segment, ...]
    retired: tuple[Retired, ...]
    notes: str
    looked_at_count: int


@dataclass(frozen=True)
class Failed:
    """Why there is no proposal; `kind` is that of llm.failures, or `weekly_limit` or `too_few_segments`."""

    kind: str
    message: str


@dataclass(frozen=True)
class Assigned:
    """What became of one user: `segment` is a number, None while pending; `reason` says why in either case."""

    row: int
    segment: int | None
    confidence: float | None
    reason: str
    provider: str
    model: str


class Provider(Protocol):
    """Who finds segments and assigns users to them."""

    @property
    def provider(self) -> str:
        """The provider as tables tell it."""
        ...

    @property
    def model(self) -> str:
        """The model as tables tell it."""
        ...

    def propose(
        self, population: Population, sample_count: int, detail: Detail, previous: Sequence[Segment]
    ) -> Proposal | Failed:
        """Look at so many representative users and propose segments; `previous` ones keep their ids where they live."""
        ...

    def pilot_unclassified(self, population: Population, segments: Sequence[Segment]) -> float | None:
        """Assign some users and return the share that fits no segment; None where that cannot be told now."""
        ...
