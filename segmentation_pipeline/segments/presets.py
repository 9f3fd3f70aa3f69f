"""Preset bands: three cuts through activity, for refreshes in which users do not differ repeatably.

Add here: another cut that is ours and says so.
Keep out: segments found in the data (segmenting.py) and the verdict that decides between the two (clustering/).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from segmentation_pipeline.segments.contrasts import contrasts
from segmentation_pipeline.segments.identity import new_cluster_ids
from segmentation_pipeline.segments.labels import Naming
from segmentation_pipeline.segments.lineage import LineageEvent
from segmentation_pipeline.segments.scoring import Model, ModelUnreadable, Scores, names_of, unreadable
from segmentation_pipeline.segments.segments import Origin, Segments

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

    from segmentation_pipeline.clustering.judging import Judged
    from segmentation_pipeline.clustering.rows import Labels, Matrix

KIND = "preset_bands"
FORMAT_VERSION = 1

ACTIVITY = ("intensity:sessions_per_week", "depth:events_per_session")
"""Model features whose sum is the logarithm of events a week: what the bands cut."""

BAND_NAMES = (
    Naming("Low activity users", "low-activity", "The least active third of users at risk, cut by us."),
    Naming("Medium activity users", "medium-activity", "The middle third of users at risk by activity, cut by us."),
    Naming("High activity users", "high-activity", "The most active third of users at risk, cut by us."),
)
"""From the least to the most active; the cuts are thirds, ties kept together."""


@dataclass(frozen=True, slots=True)
class PresetModel(Model):
    """Cuts of activity, ascending, one fewer than bands.

    A band is a definition, not an estimate: everyone belongs to exactly one, with membership 1.
    """

    cuts: tuple[float, ...]

    def score(self, names: Sequence[str], matrix: Matrix) -> Scores:
        """Return the band of every row of raw model features; the runner-up is the nearest neighbouring band."""
        activity = activity_of(names, matrix)
        bands = np.searchsorted(self.cuts, activity, side="left").astype(np.int64)
        return Scores(bands, self.named()[bands], self._neighbours(activity, bands), np.ones(len(matrix)))

    def to_json(self) -> str:
        """Return the model as JSON text."""
        stored = {
            "kind": KIND,
            "format_version": FORMAT_VERSION,
            "cuts": list(self.cuts),
            "segments": self.stored_names(),
        }
        return json.dumps(stored, ensure_ascii=False, sort_keys=True, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> PresetModel:
        """Return the model that `to_json` wrote.

        Raises:
            ModelUnreadable: the text is not such a model.
        """
        try:
            stored = json.loads(text)
            if stored["kind"] != KIND or stored["format_version"] != FORMAT_VERSION:
                raise ModelUnreadable(unreadable(f"it is a {stored['kind']} of format {stored['format_version']}"))
            model = cls(
                *names_of(stored),
                cuts=tuple(float(cut) for cut in stored["cuts"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ModelUnreadable(unreadable(f"{type(error).__name__}: {error}")) from error
        if len(model.cuts) + 1 != len(model.cluster_ids) or list(model.cuts) != sorted(model.cuts):
            raise ModelUnreadable(unreadable("its cuts do not fit its bands"))
        return model

    def _neighbours(self, activity: Matrix, bands: Labels) -> NDArray[np.str_]:
        """Return the id of the band behind the nearer of the two cuts round each row."""
        edges = np.array([-np.inf, *self.cuts, np.inf])
        is_upper_nearer = edges[bands + 1] - activity <= activity - edges[bands]
        neighbour = np.where(is_upper_nearer, bands + 1, bands - 1)
        return np.array([*self.cluster_ids, ""])[np.where(len(self.cluster_ids) > 1, neighbour, -1)]


@dataclass(frozen=True, slots=True, eq=False)
class PreviousBands:
    """The latest earlier refresh whose segments are cuts of ours."""

    month: date
    model: PresetModel


@dataclass(frozen=True, slots=True, eq=False)
class PresetSegments(Segments):
    """Bands of one refresh, from the least to the most active; their raw labels are the bands themselves.

    `candidates`: what clustering would have offered. `is_carried`: the ids are those of an earlier refresh's bands.
    """

    origin: ClassVar[Origin] = "preset"

    model: PresetModel
    is_carried: bool


def is_preset_model(text: str) -> bool:
    """Tell whether a stored model is one of bands; a text that is no model at all is not."""
    try:
        stored = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(stored, dict) and stored.get("kind") == KIND


def preset_segments(
    month: date,
    names: Sequence[str],
    matrix: Matrix,
    previous: PresetModel | None,
    candidates: tuple[Judged, ...] = (),
) -> PresetSegments:
    """Cut users (rows of raw model features) into bands of activity; bands keep the ids of an earlier refresh's."""
    cuts = activity_cuts(activity_of(names, matrix))
    namings = band_namings(len(cuts) + 1)
    is_carried = previous is not None and len(previous.cluster_ids) == len(namings)
    ids = previous.cluster_ids if previous is not None and is_carried else tuple(new_cluster_ids(month, len(namings)))
    model = PresetModel(ids, tuple(one.label for one in namings), tuple(one.slug for one in namings), cuts)
    scores = model.score(names, matrix)
    return PresetSegments(
        model=model,
        scores=scores,
        raw_labels=scores.segments,
        user_counts=np.bincount(scores.segments, minlength=len(ids)).tolist(),
        contrasts=contrasts(names, matrix, scores.segments, len(ids)),
        namings=namings,
        candidates=candidates,
        jaccard_draws=[()] * len(ids),
        is_carried=is_carried,
    )


def preset_lineage(cut: PresetSegments, previous_month: date | None) -> list[LineageEvent]:
    """Return one event per band: born, or continued because the same cuts are made again."""
    total = sum(cut.user_counts)
    return [
        LineageEvent(
            kind="continued" if cut.is_carried else "born",
            cluster_id=cluster_id,
            other_cluster_id=None,
            user_count=count,
            share=count / total,
            jaccard=None,
            distance=None,
            matched_by="profile" if cut.is_carried else "none",
            matched_against=previous_month if cut.is_carried else None,
            reason="the same third of users by activity" if cut.is_carried else "a cut of ours, for want of segments",
        )
        for cluster_id, count in zip(cut.model.cluster_ids, cut.user_counts, strict=True)
    ]


def activity_of(names: Sequence[str], matrix: Matrix) -> Matrix:
    """Return the logarithm of each row's events a week, from raw model features; 0 for what is not measured."""
    columns = [matrix[:, names.index(name)] for name in ACTIVITY if name in names]
    return np.nan_to_num(np.sum(columns, axis=0)) if columns else np.zeros(len(matrix))


def activity_cuts(activity: Matrix) -> tuple[float, ...]:
    """Return the cuts at the thirds of activity; fewer where ties leave a band empty.

    Users with the same activity are in the same band, so bands hold a third each only where no tie is cut.
    """
    thirds = np.quantile(activity, [1 / 3, 2 / 3], method="inverted_cdf")
    return tuple(cut for cut in np.unique(thirds).tolist() if (activity > cut).any())


def band_namings(count: int) -> list[Naming]:
    """Return the names of so many bands, from the least to the most active."""
    return {1: [BAND_NAMES[1]], 2: [BAND_NAMES[0], BAND_NAMES[2]], 3: list(BAND_NAMES)}[count]
