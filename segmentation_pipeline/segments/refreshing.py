"""One refresh of segments from what was read to what is written: verdict, segments, their life, drift.

Add here: the order of these steps, and what one needs of another.
Keep out: the steps themselves, reading (reading.py), the form of rows (writing.py, evidence_rows.py) and tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.clustering.assigner import assigner_agreement
from segmentation_pipeline.clustering.incumbent import FEATURE_SPACE, WarmKMeans
from segmentation_pipeline.clustering.stability import seed_agreement
from segmentation_pipeline.clustering.verdict import judge_evidence
from segmentation_pipeline.segments.drift import feature_drift, model_drift
from segmentation_pipeline.segments.lineage import lineage
from segmentation_pipeline.segments.moves import user_moves
from segmentation_pipeline.segments.presets import preset_lineage, preset_segments
from segmentation_pipeline.segments.segmenting import candidates_only, segment_users

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from segmentation_pipeline.clustering.assigner import AssignerAgreement
    from segmentation_pipeline.clustering.candidates import Clusterer
    from segmentation_pipeline.clustering.judging import Judged
    from segmentation_pipeline.clustering.rows import Indexes, Matrix
    from segmentation_pipeline.clustering.stability import SeedAgreement
    from segmentation_pipeline.clustering.verdict import Evidence, SessionHalves
    from segmentation_pipeline.config import SegmentSettings
    from segmentation_pipeline.segments.drift import FeatureDrift, ModelDrift
    from segmentation_pipeline.segments.identity import PreviousRefresh
    from segmentation_pipeline.segments.lineage import LineageEvent
    from segmentation_pipeline.segments.moves import UserMove
    from segmentation_pipeline.segments.presets import PreviousBands
    from segmentation_pipeline.segments.reading import Features
    from segmentation_pipeline.segments.segmenting import RefreshSegments
    from segmentation_pipeline.segments.segments import Segments

SEEDS = 5
"""Other seeds the chosen candidate is refitted under: enough to see whether the partition hangs on one."""


@dataclass(frozen=True, slots=True, eq=False)
class RefreshInputs:
    """What a refresh of segments reads; rows of all arrays are the users at risk in the order of their ids.

    `previous` is the latest earlier refresh with segments found in the data, `previous_bands` the latest one with
    cuts of ours. `as_before` are this refresh's users as the previous model knows them: shrunk to the population of its
    month. `behaviour` pairs what users did then (at `previous.month`) and now; None at the first refresh.
    """

    month: date
    features: Features
    spaces: Mapping[str, Matrix]
    halves: SessionHalves | None
    previous: PreviousRefresh | None
    previous_bands: PreviousBands | None
    as_before: Features | None = None
    behaviour: tuple[Features, Features] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SegmentedRefresh:
    """Everything a refresh found out about its segments; what only found segments have is None for cuts of ours."""

    month: date
    evidence: Evidence
    segments: Segments
    lineage: list[LineageEvent]
    moves: list[UserMove]
    drift: list[FeatureDrift]
    model_drift: ModelDrift | None
    seeds: SeedAgreement | None
    assigner: AssignerAgreement | None

    @property
    def is_preset(self) -> bool:
        """Whether the segments are cuts of ours."""
        return self.segments.origin == "preset"

    @property
    def is_separated(self) -> bool:
        """Whether gaps were shown between the groups and nothing speaks against the chosen partition."""
        has_gap = any(test.name == "gap" and test.is_passed for test in self.evidence.tests)
        return has_gap and not self.is_preset and self.segments.weakness is None

    @property
    def matched_against(self) -> date | None:
        """Earlier refresh whose ids were carried over."""
        return next((event.matched_against for event in self.lineage if event.matched_against is not None), None)


def segment_refresh(inputs: RefreshInputs, settings: SegmentSettings) -> SegmentedRefresh:
    """Judge whether there are segments, find or cut them, and tell how they follow on those before.

    Where users do not differ repeatably the segments are preset bands of activity, unless settings force a method or
    a number of segments.

    Raises:
        SettingsError: more segments are forced than the users could fill.
    """
    features = inputs.features
    evidence = judge_evidence(features.names, features.matrix, inputs.halves, seed=settings.seed)
    is_forced = settings.method != "auto" or settings.k != "auto"
    if evidence.verdict == "no_segments" and not is_forced:
        return _cut(inputs, evidence, settings)
    return _found(inputs, evidence, settings)


def _cut(inputs: RefreshInputs, evidence: Evidence, settings: SegmentSettings) -> SegmentedRefresh:
    features, bands = inputs.features, inputs.previous_bands
    cut = preset_segments(
        inputs.month,
        features.names,
        features.matrix,
        None if bands is None else bands.model,
        candidates_only(features.names, features.matrix, inputs.spaces, settings),
    )
    return SegmentedRefresh(
        month=inputs.month,
        evidence=evidence,
        segments=cut,
        lineage=preset_lineage(cut, None if bands is None else bands.month),
        moves=[],
        drift=_feature_drift(inputs),
        model_drift=None,
        seeds=None,
        assigner=None,
    )


def _found(inputs: RefreshInputs, evidence: Evidence, settings: SegmentSettings) -> SegmentedRefresh:
    features, previous = inputs.features, inputs.previous
    found = segment_users(
        inputs.month,
        features.names,
        features.matrix,
        inputs.spaces,
        settings,
        user_ids=features.user_ids,
        previous=previous,
        as_before=None if inputs.as_before is None else (inputs.as_before.names, inputs.as_before.matrix),
        halves=inputs.halves,
        is_two_proven=evidence.verdict == "distinct" and evidence.k == 2,
    )
    fitted, scaled = found.fitted, found.features
    chosen = found.segmentation.choice.chosen
    space = scaled if chosen.space == FEATURE_SPACE else _space_of(inputs, chosen.space)
    moves = []
    if previous is not None:
        moves = user_moves(
            previous, features.user_ids, found.scores.cluster_ids, found.model, features.names, inputs.halves
        )
    return SegmentedRefresh(
        month=inputs.month,
        evidence=evidence,
        segments=found,
        lineage=lineage(found.model.cluster_ids, found.user_counts, len(features.user_ids), found.succession),
        moves=moves,
        drift=_feature_drift(inputs),
        model_drift=_model_drift(inputs, found, space, settings),
        seeds=seed_agreement(
            _without_memory(chosen),
            space[fitted],
            chosen.labels,
            seeds=tuple(range(settings.seed + 1, settings.seed + 1 + SEEDS)),
        ),
        assigner=assigner_agreement(scaled[fitted], chosen.labels, _others(scaled, fitted)),
    )


def _without_memory(chosen: Judged) -> Clusterer:
    """Return the chosen method as it would start anew: from its own centres it comes back under any seed."""
    method = chosen.clusterer
    return method.redrawn_by(chosen.cluster_count) if isinstance(method, WarmKMeans) else method


def _space_of(inputs: RefreshInputs, name: str) -> Matrix:
    """Return the coordinates a candidate was fitted in; `pca-first-5` are the first five of a space."""
    base, _, count = name.partition("-first-")
    return inputs.spaces[base][:, : int(count)] if count else inputs.spaces[base]


def _others(scaled: Matrix, fitted: Indexes) -> Matrix:
    return scaled[np.setdiff1d(np.arange(len(scaled)), fitted)]


def _feature_drift(inputs: RefreshInputs) -> list[FeatureDrift]:
    if inputs.behaviour is None or inputs.previous is None:
        return []
    before, now = inputs.behaviour
    return feature_drift(before, now, matched_against=inputs.previous.month)


def _model_drift(
    inputs: RefreshInputs, found: RefreshSegments, space: Matrix, settings: SegmentSettings
) -> ModelDrift | None:
    """Return how the earlier model and this one agree on the users the model was fitted on."""
    if found.succession is None:
        return None
    fitted = found.fitted
    return model_drift(
        found.succession.segments_now[fitted],
        found.model.score(inputs.features.names, inputs.features.matrix[fitted]).segments,
        clusterer=found.segmentation.choice.chosen.clusterer,
        space=space[fitted],
        features=found.features[fitted],
        before_count=len(found.succession.previous.user_ids),
        floor=settings.membership_floor,
        seed=settings.seed,
    )
