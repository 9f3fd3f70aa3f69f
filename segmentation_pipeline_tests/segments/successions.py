"""An earlier refresh and what followed on it, written out by hand."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.clustering.matching import match_clusters
from segmentation_pipeline.clustering.membership import Membership
from segmentation_pipeline.clustering.scaling import Scaling
from segmentation_pipeline.segments.identity import Identities, PreviousRefresh, Succession, held_segments, identify
from segmentation_pipeline.segments.scoring import SegmentModel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FEBRUARY, MARCH = date(2026, 2, 1), date(2026, 3, 1)
PLAIN = Scaling(("x",), (0.0,), (1.0,), {}, clip=1e6)


def model_of(centres: Mapping[str, float], scaling: Scaling = PLAIN, floor: float = 0.5) -> SegmentModel:
    """Return a model with one segment of unit variance per id, at the places given in the first column."""
    width = len(scaling.columns)
    means = np.zeros((len(centres), width))
    means[:, 0] = list(centres.values())
    names = tuple(f"{cluster_id[-1]}-users" for cluster_id in centres)
    return SegmentModel(
        tuple(centres),
        tuple(name.replace("-", " ").title() for name in names),
        names,
        scaling,
        Membership(np.full(len(centres), 1 / len(centres)), means, np.array([np.eye(width)] * len(centres))),
        floor,
    )


def previous_refresh(model: SegmentModel, users: Mapping[str, str]) -> PreviousRefresh:
    """Return February's refresh with user -> segment."""
    return PreviousRefresh(
        FEBRUARY, model, np.array(list(users), dtype=object), np.array(list(users.values()), dtype=np.str_)
    )


def succession(
    previous: PreviousRefresh, users: Mapping[str, int], centres: Sequence[float], shares_now: Sequence[float]
) -> tuple[Identities, Succession]:
    """Return March's ids and how it follows, from user -> number of today's segment (-1: none) and their centres."""
    user_ids, segments = np.array(list(users), dtype=object), np.array(list(users.values()), dtype=np.int64)
    then = previous.segments_of(user_ids)
    places = np.asarray(centres, dtype=np.float64)[:, None]
    matching = match_clusters(then, segments, previous.centres_in(PLAIN), places)
    identities = identify(MARCH, range(len(centres)), previous.model.cluster_ids, matching)
    return identities, Succession(
        previous=previous,
        matching=matching.renumbered(identities.numbers),
        carried_from=identities.carried_from,
        segments_now=then,
        shares_now=np.asarray(shares_now, dtype=np.float64),
        held=held_segments(identities.carried_from, then),
    )


def users(**counts: tuple[int, object]) -> dict[str, object]:
    """Return user ids `name00`, `name01`, ... with what they are: `a=(3, "2026-02-a")`."""
    return {f"{name}{number:02d}": what for name, (count, what) in counts.items() for number in range(count)}
