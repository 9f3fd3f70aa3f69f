"""Preset bands: three cuts through activity, for refreshes in which users do not differ repeatably.

Add here: another cut that is ours and says so.
Keep out: segments found in the data (segmenting.py) and the verdict that decides between the two (clustering/).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.segments.labels import Naming
from segmentation_pipeline.segments.scoring import ModelUnreadable, Scores, unreadable
from segmentation_pipeline.segments.tables import UNCLASSIFIED

if TYPE_CHECKING:
    from collections.abc import Sequence

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
class PresetModel:
    """Cuts of activity (ascending, one fewer than bands) and what the bands are called.

    A band is a definition, not an estimate: everyone belongs to exactly one, with membership 1.
    """

    cuts: tuple[float, ...]
    cluster_ids: tuple[str, ...]
    labels: tuple[str, ...]
    slugs: tuple[str, ...]

    def score(self, names: Sequence[str], matrix: Matrix) -> Scores:
        """Return the band of every row of raw model features; the runner-up is the nearest neighbouring band."""
        activity = activity_of(names, matrix)
        bands = np.searchsorted(self.cuts, activity, side="left").astype(np.int64)
        named = np.array([*self.cluster_ids, UNCLASSIFIED])
        return Scores(bands, named[bands], self._neighbours(activity, bands), np.ones(len(matrix)))

    def to_json(self) -> str:
        """Return the model as JSON text."""
        stored = {
            "kind": KIND,
            "format_version": FORMAT_VERSION,
            "cuts": list(self.cuts),
            "segments": [
                {"cluster_id": cluster_id, "label": label, "slug": slug}
                for cluster_id, label, slug in zip(self.cluster_ids, self.labels, self.slugs, strict=True)
            ],
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
                cuts=tuple(float(cut) for cut in stored["cuts"]),
                cluster_ids=tuple(str(segment["cluster_id"]) for segment in stored["segments"]),
                labels=tuple(str(segment["label"]) for segment in stored["segments"]),
                slugs=tuple(str(segment["slug"]) for segment in stored["segments"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ModelUnreadable(unreadable(f"{type(error).__name__}: {error}")) from error
        if len(model.cuts) + 1 != len(model.cluster_ids) or list(model.cuts) != sorted(model.cuts):
            raise ModelUnreadable(unreadable("its cuts do not fit its bands"))
        return model

    def _neighbours(self, activity: Matrix, bands: Labels) -> Labels:
        """Return the id of the band behind the nearer of the two cuts round each row."""
        edges = np.array([-np.inf, *self.cuts, np.inf])
        is_upper_nearer = edges[bands + 1] - activity <= activity - edges[bands]
        neighbour = np.where(is_upper_nearer, bands + 1, bands - 1)
        return np.array([*self.cluster_ids, ""])[np.where(len(self.cluster_ids) > 1, neighbour, -1)]


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
