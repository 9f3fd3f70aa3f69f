"""The partition in office: an earlier one's centres on today's rows, and when a challenger takes its place.

Add here: the rule by which a partition is kept or replaced.
Keep out: how challengers are found (choice), and what became of single clusters (matching).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.clustering.candidates import KMeans

if TYPE_CHECKING:
    from collections.abc import Callable

    from segmentation_pipeline.clustering.candidates import Method, Parameters
    from segmentation_pipeline.clustering.rows import Labels, Matrix

LEAST_GAIN = 0.02
"""Silhouette by which a challenger must be better: candidates on a continuum differ by less than .02 from each other
and from refit to refit, so that any smaller gain would rename users for nothing."""

MOST_REPEAT_LOST = 0.05
"""Repeat (agreement of the two halves of the same users) may be lower by this and still not have fallen: two standard
errors of the difference with some 350 halved users; one more true type was seen to cost up to .03."""

FEATURE_SPACE = "features"
UPDATES = 1
"""Times the centres move to their rows. On a steady continuum a centre then lies .43 of the way to its nearest sibling
away from its earlier place at most nine times in ten; with moves to the end it is .51, and one segment in eight was
no longer the same from month to month. What the borders lose by it (silhouette .0556 instead of .0593) is little."""


@dataclass(frozen=True, slots=True, eq=False)
class Incumbent:
    """Centres of an earlier partition in today's feature space, and how repeatable so many clusters are today.

    `repeat_of(k)`: agreement of the two halves of the same rows for k clusters; None where it cannot be measured.
    """

    centres: Matrix
    repeat_of: Callable[[int], float] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class WarmKMeans:
    """Nearest of given centres, moved once to the rows nearest to them: borders follow, none are looked for.

    A cluster with fewer than `least_share` of the rows is given up and its rows go to the others.
    """

    centres: Matrix
    least_share: float
    method: Method = "kmeans"

    @property
    def name(self) -> str:
        """`incumbent-k`, k being that of the earlier partition."""
        return f"incumbent-{len(self.centres)}"

    @property
    def parameters(self) -> Parameters:
        """Number of clusters it starts with, and where they come from."""
        return {"k": len(self.centres), "start": "centres of the earlier refresh"}

    def redrawn_by(self, k: int) -> KMeans:
        """Return the same method without memory: from their own centres clusters would come back in any rows."""
        return KMeans(k)

    def fit(self, rows: Matrix, *, seed: int, starts: int) -> Labels:  # noqa: ARG002  nothing random in it
        """Return the nearest of the centres that are left."""
        centres = self.centres
        for _ in range(UPDATES):
            centres, labels = self._large_enough(rows, centres)
            centres = np.vstack([rows[labels == number].mean(axis=0) for number in range(len(centres))])
        return self._large_enough(rows, centres)[1]

    def _large_enough(self, rows: Matrix, centres: Matrix) -> tuple[Matrix, Labels]:
        """Return the centres without those that hold too few rows, the smallest given up first, and the labels."""
        while True:
            labels = _nearest(rows, centres)
            sizes = np.bincount(labels, minlength=len(centres))
            if len(centres) == 1 or sizes.min() >= max(self.least_share * len(rows), 1):
                return centres, labels
            centres = np.delete(centres, int(sizes.argmin()), axis=0)


@dataclass(frozen=True, slots=True)
class Contest:
    """Whether a challenger replaces the incumbent, and the figures in words."""

    is_replaced: bool
    words: str


def contest(gain: float, repeats: tuple[float, float] | None, *, cuts_groups: bool = False) -> Contest:
    """Decide between an incumbent and a challenger.

    `gain` is the challenger's silhouette less the incumbent's, `repeats` the incumbent's and the challenger's
    (None: not measured). With `cuts_groups`, the challenger's groups are separated by density and the incumbent's
    borders are not theirs: silhouette is no judge between such shapes.
    """
    if cuts_groups:
        return Contest(is_replaced=True, words="density separates the challenger's groups, which the incumbent cuts")
    told = f"silhouette {gain:+.3f}"
    if repeats is not None:
        told += f", repeat {repeats[0]:.2f} -> {repeats[1]:.2f}"
    if gain < LEAST_GAIN:
        return Contest(is_replaced=False, words=f"{told}; less than the {LEAST_GAIN} asked of a challenger")
    if repeats is not None and repeats[1] < repeats[0] - MOST_REPEAT_LOST:
        return Contest(is_replaced=False, words=f"{told}; it is less repeatable")
    return Contest(is_replaced=True, words=told)


def _nearest(rows: Matrix, centres: Matrix) -> Labels:
    squared = (centres**2).sum(axis=1)[None, :] - 2.0 * rows @ centres.T
    return np.asarray(squared.argmin(axis=1), dtype=np.int64)
