"""A refresh's segments from its features: choose, assign, identify, name.

Add here: the order of these steps for one refresh.
Keep out: the steps themselves, drop-off (risk.py), and tables (frames.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.clustering.assigner import neighbour_labels
from segmentation_pipeline.clustering.choice import ChoiceOptions, TooFewRows
from segmentation_pipeline.clustering.fitting import one_quiet_thread
from segmentation_pipeline.clustering.scaling import fit_scaling
from segmentation_pipeline.clustering.segmentation import find_segments
from segmentation_pipeline.errors import SettingsError
from segmentation_pipeline.segments.contrasts import contrasts
from segmentation_pipeline.segments.embedding import fitted_rows
from segmentation_pipeline.segments.identity import birth_order, new_cluster_ids
from segmentation_pipeline.segments.labels import name_segments
from segmentation_pipeline.segments.scoring import SegmentModel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from segmentation_pipeline.clustering.rows import Labels, Matrix
    from segmentation_pipeline.clustering.segmentation import Segmentation
    from segmentation_pipeline.config import SegmentSettings
    from segmentation_pipeline.segments.contrasts import Contrast
    from segmentation_pipeline.segments.labels import Naming
    from segmentation_pipeline.segments.scoring import Scores


@dataclass(frozen=True, slots=True)
class RefreshSegments:
    """Segments of one refresh, in the order of their ids; arrays have one entry per user.

    `raw_labels` are those of the chosen method; `jaccards` may lack a segment's stability (None).
    """

    model: SegmentModel
    segmentation: Segmentation
    scores: Scores
    raw_labels: Labels
    user_counts: list[int]
    jaccards: list[float | None]
    contrasts: list[list[Contrast]]
    namings: list[Naming]


def choice_options(settings: SegmentSettings) -> ChoiceOptions:
    """Return what the settings force and leave open."""
    return ChoiceOptions(
        method=settings.method,
        k=None if settings.k == "auto" else settings.k,
        k_max=settings.k_max,
        seed=settings.seed,
    )


@one_quiet_thread()
def segment_users(
    month: date, names: Sequence[str], matrix: Matrix, spaces: Mapping[str, Matrix], settings: SegmentSettings
) -> RefreshSegments:
    """Find the segments of the users of one refresh (rows of raw model features) and assign every user.

    Raises:
        SettingsError: more segments are forced than the users could fill.
    """
    fitted = fitted_rows(names, matrix, settings)
    scaling = fit_scaling(names, matrix[fitted])
    features = scaling.transform(names, matrix)
    try:
        segmentation = find_segments(
            features[fitted],
            {name: space[fitted] for name, space in spaces.items()},
            choice_options(settings),
            floor=settings.membership_floor,
        )
    except TooFewRows as error:
        raise SettingsError(f"segments.k = {settings.k}: {error}") from None

    membership = segmentation.membership
    assigned = membership.assign(features, floor=settings.membership_floor).segment
    sizes = np.bincount(assigned[assigned >= 0], minlength=len(membership.shares)).tolist()
    order = birth_order(sizes, [tuple(mean) for mean in membership.means.tolist()])
    cluster_ids = new_cluster_ids(month, len(order))
    # Names need contrasts, contrasts need assignments, assignments need ids only: so the model is named last.
    unnamed = SegmentModel(
        scaling, membership.subset(order), tuple(cluster_ids), ("",) * len(order), settings.membership_floor
    )
    scores = unnamed.score(names, matrix)
    compared = contrasts(names, matrix, scores.segments, len(order))
    namings = name_segments(compared)
    jaccards = segmentation.choice.chosen.jaccards or {}
    return RefreshSegments(
        model=SegmentModel(
            scaling,
            unnamed.membership,
            unnamed.cluster_ids,
            tuple(naming.label for naming in namings),
            settings.membership_floor,
        ),
        segmentation=segmentation,
        scores=scores,
        raw_labels=_raw_labels(segmentation.choice.chosen.labels, features, fitted),
        user_counts=[int((scores.segments == segment).sum()) for segment in range(len(order))],
        jaccards=[jaccards.get(segmentation.raw_numbers[number]) for number in order],
        contrasts=compared,
        namings=namings,
    )


def _raw_labels(labels: Labels, features: Matrix, fitted: Labels) -> Labels:
    """Return the chosen method's labels for all users; those not fitted take what most of their neighbours have."""
    raw = np.empty(len(features), dtype=np.int64)
    raw[fitted] = labels
    others = np.setdiff1d(np.arange(len(features)), fitted)
    if others.size:
        raw[others] = neighbour_labels(features[fitted], labels, features[others])
    return raw
