"""A refresh's segments from its features: choose, assign, identify, hold, name.

Add here: the order of these steps for one refresh.
Keep out: the steps themselves, drop-off (risk.py), and tables (writing.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from segmentation_pipeline.clustering.assigner import neighbour_labels
from segmentation_pipeline.clustering.choice import ChoiceOptions, TooFewRows, choose
from segmentation_pipeline.clustering.fitting import one_quiet_thread
from segmentation_pipeline.clustering.incumbent import Incumbent
from segmentation_pipeline.clustering.judging import LEAST_SHARE
from segmentation_pipeline.clustering.matching import match_clusters
from segmentation_pipeline.clustering.repeatability import repeat_of
from segmentation_pipeline.clustering.scaling import fit_scaling
from segmentation_pipeline.clustering.segmentation import find_segments
from segmentation_pipeline.clustering.verdict import scaled_halves
from segmentation_pipeline.errors import SettingsError
from segmentation_pipeline.segments.contrasts import contrasts
from segmentation_pipeline.segments.embedding import fitted_rows
from segmentation_pipeline.segments.identity import NOBODY, Succession, birth_order, held_segments, identify
from segmentation_pipeline.segments.labels import name_segments
from segmentation_pipeline.segments.scoring import SegmentModel
from segmentation_pipeline.segments.segments import Origin, Segments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from segmentation_pipeline.clustering.judging import Judged
    from segmentation_pipeline.clustering.rows import Indexes, Labels, Matrix
    from segmentation_pipeline.clustering.scaling import Scaling
    from segmentation_pipeline.clustering.segmentation import Segmentation
    from segmentation_pipeline.clustering.verdict import SessionHalves
    from segmentation_pipeline.config import SegmentSettings
    from segmentation_pipeline.segments.identity import PreviousRefresh
    from segmentation_pipeline.segments.scoring import Scores


@dataclass(frozen=True, slots=True, eq=False)
class RefreshSegments(Segments):
    """Segments found in the data of one refresh.

    `fitted` are the rows the method was fitted on, `features` all rows in feature space. `succession` says how the
    segments follow on the earlier refresh's; None when there was none.
    """

    origin: ClassVar[Origin] = "clustered"

    model: SegmentModel
    segmentation: Segmentation
    fitted: Indexes
    features: Matrix
    succession: Succession | None = None

    @property
    def weakness(self) -> str | None:
        """What speaks against the chosen candidate; None when nothing does."""
        return self.segmentation.weakness


def choice_options(settings: SegmentSettings, *, is_two_proven: bool = False) -> ChoiceOptions:
    """Return what the settings force and leave open; `is_two_proven`: a gap between two groups was shown."""
    parameters = settings.parameters
    return ChoiceOptions(
        method=settings.method,
        k=None if settings.k == "auto" else settings.k,
        k_max=settings.k_max,
        seed=settings.seed,
        is_two_proven=is_two_proven,
        covariance=None if parameters.covariance == "auto" else parameters.covariance,
        min_cluster_share=None if parameters.min_cluster_share == "auto" else parameters.min_cluster_share,
        min_samples=None if parameters.min_samples == "auto" else parameters.min_samples,
    )


@one_quiet_thread()
def segment_users(
    month: date,
    names: Sequence[str],
    matrix: Matrix,
    spaces: Mapping[str, Matrix],
    settings: SegmentSettings,
    *,
    user_ids: NDArray[np.object_] | None = None,
    previous: PreviousRefresh | None = None,
    as_before: tuple[Sequence[str], Matrix] | None = None,
    halves: SessionHalves | None = None,
    is_two_proven: bool = False,
) -> RefreshSegments:
    """Find the segments of the users of one refresh (rows of raw model features) and assign every user.

    With a `previous` refresh its centres and number of segments are where this one starts from, segments that are
    still the same keep their ids and slugs, and users keep their segment unless another is clearly likelier;
    `user_ids` (in the order of the rows) say who was there then; `as_before` are the names and values of the same
    users' features as the previous model knows them (shrunk to its month's population; default: as they are now).
    `halves`: raw features of some of the users from two halves of their visits, to tell whether a challenger is as
    repeatable.

    Raises:
        SettingsError: more segments are forced than the users could fill.
    """
    fitted = fitted_rows(names, matrix, settings)
    scaling = fit_scaling(names, matrix[fitted])
    features = scaling.transform(names, matrix)
    earlier = None if previous is None else _EarlierView.of(previous, names, matrix, as_before, scaling)
    try:
        segmentation = find_segments(
            features[fitted],
            {name: space[fitted] for name, space in spaces.items()},
            choice_options(settings, is_two_proven=is_two_proven),
            floor=settings.membership_floor,
            incumbent=_incumbent(earlier, names, halves, settings.seed),
        )
    except TooFewRows as error:
        raise SettingsError(f"segments.k = {settings.k}: {error}") from None

    membership = segmentation.membership
    assigned = membership.assign(features, floor=settings.membership_floor).segment
    sizes = np.bincount(assigned[assigned >= 0], minlength=len(membership.shares)).tolist()
    ranks = birth_order(sizes, [tuple(mean) for mean in membership.means.tolist()])
    matching = None
    if previous is not None and earlier is not None and user_ids is not None:
        then = previous.segments_of(user_ids)
        matching = match_clusters(then, assigned, earlier.centres, membership.means)
    identities = identify(month, ranks, () if previous is None else previous.model.cluster_ids, matching)
    order = list(identities.numbers)
    succession = None
    if previous is not None and earlier is not None and user_ids is not None and matching is not None:
        succession = Succession(
            previous=previous,
            matching=matching.renumbered(order),
            carried_from=identities.carried_from,
            segments_now=earlier.segments,
            shares_now=earlier.shares_now,
            held=held_segments(identities.carried_from, then),
        )
    # Names need contrasts, contrasts need assignments, assignments need ids only: so the model is named last.
    nameless = ("",) * len(order)
    unnamed = SegmentModel(
        identities.cluster_ids, nameless, nameless, scaling, membership.subset(order), settings.membership_floor
    )
    scores = _scores(unnamed, names, matrix, succession)
    compared = contrasts(names, matrix, scores.segments, len(order))
    namings = name_segments(compared, _birth_slugs(succession))
    draws = segmentation.choice.chosen.jaccard_draws or {}
    return RefreshSegments(
        model=replace(
            unnamed,
            labels=tuple(naming.label for naming in namings),
            slugs=tuple(naming.slug for naming in namings),
        ),
        segmentation=segmentation,
        scores=scores,
        raw_labels=_raw_labels(segmentation.choice.chosen.labels, features, fitted),
        user_counts=[int((scores.segments == segment).sum()) for segment in range(len(order))],
        candidates=_told(segmentation),
        jaccard_draws=[draws.get(segmentation.raw_numbers[number], ()) for number in order],
        contrasts=compared,
        namings=namings,
        fitted=fitted,
        features=features,
        succession=succession,
    )


def _told(segmentation: Segmentation) -> tuple[Judged, ...]:
    """Return all candidates; the reason of the chosen one tells a weakness that came to light after the choice."""
    choice, weakness = segmentation.choice, segmentation.weakness
    if weakness == choice.weakness:
        return choice.table
    return tuple(replace(one, reason=f"{one.reason}; {weakness}") if one.is_chosen else one for one in choice.table)


def candidates_only(
    names: Sequence[str], matrix: Matrix, spaces: Mapping[str, Matrix], settings: SegmentSettings
) -> tuple[Judged, ...]:
    """Return what would be offered for the users of a refresh that gets no segments found in the data; none chosen."""
    fitted = fitted_rows(names, matrix, settings)
    features = fit_scaling(names, matrix[fitted]).transform(names, matrix[fitted])
    try:
        table = choose(
            features, {name: space[fitted] for name, space in spaces.items()}, choice_options(settings)
        ).table
    except TooFewRows:
        return ()
    return tuple(
        replace(one, is_chosen=False, reason=f"not used, users do not differ repeatably; else: {one.reason}")
        for one in table
    )


@dataclass(frozen=True, slots=True, eq=False)
class _EarlierView:
    """Today's users as the previous model sees them: its segments' centres in today's space, users and shares."""

    centres: Matrix
    segments: Labels
    shares_now: Matrix

    @classmethod
    def of(
        cls,
        previous: PreviousRefresh,
        names: Sequence[str],
        matrix: Matrix,
        as_before: tuple[Sequence[str], Matrix] | None,
        scaling: Scaling,
    ) -> _EarlierView:
        segments = previous.model.score(*(as_before or (names, matrix))).segments
        counts = np.bincount(segments[segments >= 0], minlength=len(previous.model.cluster_ids))
        shifts = None if as_before is None else previous.shifts(names, matrix, as_before, segments)
        return cls(previous.centres_in(scaling, shifts), segments, counts / len(matrix))


def _incumbent(
    earlier: _EarlierView | None, names: Sequence[str], halves: SessionHalves | None, seed: int
) -> Incumbent | None:
    """Return the previous centres, without those of segments that hold under 5 % of today's users.

    Those retire here: left in, their centres would capture users of others.
    """
    if earlier is None or not (earlier.shares_now >= LEAST_SHARE).any():
        return None
    centres = earlier.centres[earlier.shares_now >= LEAST_SHARE]
    if halves is None:
        return Incumbent(centres)
    both = scaled_halves(names, halves.a, halves.b)
    return Incumbent(centres, cache(lambda k: repeat_of(both, k=k, seed=seed, permutations=0).value))


def _scores(model: SegmentModel, names: Sequence[str], matrix: Matrix, succession: Succession | None) -> Scores:
    """Return the scores with users held in their segments, but for a segment that would then hold nobody."""
    if succession is None:
        return model.score(names, matrix)
    held = succession.held
    while True:
        scores = model.score(names, matrix, held=held)
        empty = np.setdiff1d(np.arange(len(model.cluster_ids)), scores.segments)
        kept = np.where(np.isin(model.score(names, matrix).segments, empty), NOBODY, held) if empty.size else held
        if np.array_equal(kept, held):
            return scores
        held = kept


def _birth_slugs(succession: Succession | None) -> list[str | None] | None:
    if succession is None:
        return None
    slugs = succession.previous.model.slugs
    return [None if old is None else slugs[old] for old in succession.carried_from]


def _raw_labels(labels: Labels, features: Matrix, fitted: Labels) -> Labels:
    """Return the chosen method's labels for all users; those not fitted take what most of their neighbours have."""
    raw = np.empty(len(features), dtype=np.int64)
    raw[fitted] = labels
    others = np.setdiff1d(np.arange(len(features)), fitted)
    if others.size:
        raw[others] = neighbour_labels(features[fitted], labels, features[others])
    return raw
