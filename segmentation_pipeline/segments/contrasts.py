"""What sets a segment apart: differences from everyone and from its siblings, in standard deviations.

Add here: another way to compare a segment with the others on what it was learned from.
Keep out: p-values (segments were made from these features, so every test would reject) and words (labels.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from segmentation_pipeline.segments.wording import natural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segmentation_pipeline.clustering.rows import Labels, Matrix

MOST_CONTRASTS = 8
SMALLEST_DIFFERENCE_SD = 0.2
"""A difference under a fifth of a standard deviation is small (Cohen 1988) and is not called a contrast."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """One feature of one segment: typical value, that of all users at risk, and the difference.

    `mean` and `overall` are in `unit`; `difference_sd` compares on the scale the model sees.
    `lead_sd`: how far the segment is ahead of its nearest sibling in that direction; negative when it is not
    the most extreme.
    """

    feature: str
    unit: str
    mean: float
    overall: float
    difference_sd: float
    lead_sd: float

    @property
    def direction(self) -> Literal["above", "below"]:
        """Side of the overall mean."""
        return "above" if self.difference_sd > 0 else "below"

    def to_json(self) -> dict[str, str | float]:
        """Return the contrast as it is stored."""
        return {
            "feature": self.feature,
            "unit": self.unit,
            "mean": self.mean,
            "overall": self.overall,
            "difference_sd": self.difference_sd,
            "direction": self.direction,
        }


def contrasts(names: Sequence[str], matrix: Matrix, segments: Labels, count: int) -> list[list[Contrast]]:
    """Return for each segment 0..count-1 its contrasts, strongest first; -1 (unclassified) is in the overall only.

    Only features that vary are compared. Each segment has at least one row.
    """
    overall = matrix.mean(axis=0)
    spread = matrix.std(axis=0)
    varying = np.flatnonzero(spread > 1e-9 * np.maximum(1.0, np.abs(overall)))
    means = np.vstack([matrix[segments == segment].mean(axis=0) for segment in range(count)])
    differences = (means[:, varying] - overall[varying]) / spread[varying]
    return [
        sorted(
            (
                _contrast(names[feature], means[segment, feature], overall[feature], differences[:, place], segment)
                for place, feature in enumerate(varying.tolist())
            ),
            key=lambda contrast: (-abs(contrast.difference_sd), contrast.feature),
        )
        for segment in range(count)
    ]


def strongest(segment_contrasts: Sequence[Contrast]) -> list[Contrast]:
    """Return the contrasts worth telling: at least a fifth of a standard deviation, at most eight."""
    visible = [one for one in segment_contrasts if abs(one.difference_sd) >= SMALLEST_DIFFERENCE_SD]
    return visible[:MOST_CONTRASTS]


def _contrast(feature: str, mean: float, overall: float, differences: Matrix, segment: int) -> Contrast:
    shown_mean, unit = natural(feature, float(mean))
    shown_overall, _ = natural(feature, float(overall))
    difference = float(differences[segment])
    side = 1.0 if difference > 0 else -1.0
    siblings = np.delete(differences, segment) * side
    lead = abs(difference) - float(siblings.max()) if siblings.size else abs(difference)
    return Contrast(feature, unit, shown_mean, shown_overall, difference, lead)
