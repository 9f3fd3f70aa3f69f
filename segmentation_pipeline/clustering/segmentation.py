"""From feature rows to segments: choose a partition, learn its membership model, assign every row by it.

Add here: the order of these steps.
Keep out: the steps themselves (choice, membership) and names, months and tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.clustering.choice import choose
from segmentation_pipeline.clustering.membership import UNCLASSIFIED, fit_membership
from segmentation_pipeline.clustering.rows import NOISE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from segmentation_pipeline.clustering.choice import Choice, ChoiceOptions
    from segmentation_pipeline.clustering.incumbent import Incumbent
    from segmentation_pipeline.clustering.membership import Assignment, Membership
    from segmentation_pipeline.clustering.rows import Matrix

LEAST_AGREEMENT = 0.85
"""Share of clustered rows that the membership model leaves where the method put them: under it, the model
describes other groups (rings, shells) than the ones found."""


@dataclass(frozen=True, slots=True)
class Segmentation:
    """A partition of rows with the model that assigns them; segments are 0..k-1, -1 is unclassified.

    `raw_numbers`: per segment, the cluster of the chosen candidate it describes. `agreement` is the share of
    rows with a raw label that the model assigns to the same cluster.
    """

    choice: Choice
    membership: Membership
    assignment: Assignment
    raw_numbers: tuple[int, ...]
    agreement: float

    @property
    def weakness(self) -> str | None:
        """Why the partition is weak, None when nothing speaks against it."""
        if self.choice.weakness is None and self.agreement < LEAST_AGREEMENT:
            return f"its shapes are not those of the membership model (agreement {self.agreement:.0%})"
        return self.choice.weakness


def find_segments(
    features: Matrix,
    spaces: Mapping[str, Matrix],
    options: ChoiceOptions,
    *,
    floor: float,
    incumbent: Incumbent | None = None,
) -> Segmentation:
    """Choose a partition of the rows and assign each row by membership in feature space.

    An `incumbent` is the partition in office: another must be better by the challenger's rule to replace it.

    A cluster that keeps no row under its own model is not a segment: the model is reduced to the others.

    Raises:
        TooFewRows: fewer rows than any candidate needs.
    """
    choice = choose(features, spaces, options, incumbent)
    raw = choice.chosen.labels
    model = fit_membership(features, raw)
    assignment = model.assign(features, floor=floor)
    clustered = raw != NOISE
    agreement = float((assignment.segment[clustered] == raw[clustered]).mean())
    raw_numbers = list(range(len(model.shares)))
    while (kept := np.unique(assignment.segment[assignment.segment != UNCLASSIFIED])).size < len(raw_numbers):
        model = model.subset(kept.tolist())
        raw_numbers = [raw_numbers[number] for number in kept.tolist()]
        assignment = model.assign(features, floor=floor)
    return Segmentation(choice, model, assignment, tuple(raw_numbers), agreement)
