"""The segments of a refresh as rows, texts and pictures need them, whether found in the data or cut by us.

Add here: what both have, or what reads as nothing for cuts of ours.
Keep out: how they come about (segmenting.py, presets.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from segmentation_pipeline.clustering.judging import Judged
    from segmentation_pipeline.clustering.rows import Labels
    from segmentation_pipeline.segments.contrasts import Contrast
    from segmentation_pipeline.segments.labels import Naming
    from segmentation_pipeline.segments.scoring import Model, Scores

Origin: TypeAlias = Literal["clustered", "preset"]


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """Segments of one refresh, in the order of their ids; arrays have one entry per user.

    `raw_labels` are those of the chosen method, `candidates` all that was tried, the chosen one marked (none for cuts
    of ours); `jaccard_draws` are empty where stability was not measured.
    """

    origin: ClassVar[Origin]

    model: Model
    scores: Scores
    raw_labels: Labels
    user_counts: list[int]
    contrasts: list[list[Contrast]]
    namings: list[Naming]
    candidates: tuple[Judged, ...]
    jaccard_draws: list[tuple[float, ...]]

    @property
    def jaccards(self) -> list[float | None]:
        """Mean bootstrap Jaccard of each segment; None where it was not measured."""
        return [float(np.mean(draws)) if draws else None for draws in self.jaccard_draws]

    @property
    def candidate_id(self) -> str | None:
        """The candidate they come from; None for cuts of ours."""
        return next((one.candidate_id for one in self.candidates if one.is_chosen), None)

    @property
    def weakness(self) -> str | None:
        """What speaks against the chosen candidate; None when nothing does, and for cuts of ours."""
        return None
