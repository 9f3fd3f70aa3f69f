"""Which clusters of a new partition are those of an earlier one: by the rows both hold, or by their centres.

Add here: another way to tell that two clusters are the same.
Keep out: ids, months and users (segments/identity.py), and how partitions are found.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segmentation_pipeline.clustering.rows import Indexes, Labels, Matrix

MatchedBy: TypeAlias = Literal["rows", "profile"]

SURE_JACCARD = 0.5
"""Above it at most one other cluster can be as similar: whatever the profiles say, most of the rows stayed together.
Chance alone gives it only to clusters that hold two thirds of all rows."""

LEAST_JACCARD = 1 / 3
"""Two clusters of one size that share half of their rows; each half of an evenly split cluster has 1/2 with it. Asked
only where no profile fits: clusters of 46 % of all rows have it by chance."""

LEAST_COMMON = 10
"""A cluster of which fewer rows are in both partitions cannot be followed by them: strewn over three clusters by
chance, they lie mostly in one given cluster once in 13 times at 10, but once in 5 times at 5."""

MOST_DISTANCE = 0.75
"""Clusters are the same by profile when their centres are nearer than three quarters of the way to the nearest sibling
of either. On a continuum centres move by up to .73 from month to month though nothing changed; a new group that
came in the month an old one faded lay 1 or more away from it."""

TIE_WEIGHT = 1e-6
"""Of two pairs that share equally many rows (a cluster split evenly) the one with nearer centres is preferred."""


@dataclass(frozen=True, slots=True)
class Match:
    """An old and a new cluster that are one; figures are None where they could not be measured.

    `distance` is that of the centres, in distances to the nearest sibling of either.
    """

    old: int
    new: int
    matched_by: MatchedBy
    jaccard: float | None
    distance: float | None


@dataclass(frozen=True, slots=True)
class Matching:
    """Matches in the order of old clusters, and the figures of every pair (old x new) they were made from."""

    matches: tuple[Match, ...]
    common: Indexes
    """Rows that old cluster i and new cluster j share; rows without a cluster on either side are left out."""
    jaccards: Matrix
    distances: Matrix

    def renumbered(self, new: Sequence[int]) -> Matching:
        """Return the same matching with new clusters in another order: `new` holds their present numbers."""
        place = {number: position for position, number in enumerate(new)}
        matches = tuple(replace(match, new=place[match.new]) for match in self.matches)
        columns = list(new)
        return Matching(matches, self.common[:, columns], self.jaccards[:, columns], self.distances[:, columns])

    def new_of(self) -> dict[int, Match]:
        """Return the match of every new cluster that has one."""
        return {match.new: match for match in self.matches}


def match_clusters(old_labels: Labels, new_labels: Labels, old_centres: Matrix, new_centres: Matrix) -> Matching:
    """Match old clusters with new ones, one to one; clusters without a counterpart stay alone.

    `old_labels` and `new_labels` are those of the rows in both partitions (-1: none); centres lie in one feature
    space. Three questions are asked in turn, each of the clusters left by the one before: do most of the rows stay
    together, is the profile the same, does at least a third stay together. In the middle because rows of a continuum
    change cluster by chance while the clusters stay what they are. Pairs are chosen for the greatest sum (Kuhn 1955,
    Munkres 1957); neither the order of the rows nor that of the clusters has an influence.
    """
    common = _common_rows(old_labels, new_labels, len(old_centres), len(new_centres))
    jaccards = _jaccards(common)
    distances = _sibling_distances(old_centres, new_centres)
    is_known = (common.sum(axis=1) >= LEAST_COMMON)[:, None] & (common.sum(axis=0) >= LEAST_COMMON)[None, :]
    by_rows = np.where(is_known, jaccards + TIE_WEIGHT / (1.0 + distances), 0.0)
    stages: tuple[tuple[MatchedBy, Matrix], ...] = (
        ("rows", np.where(jaccards >= SURE_JACCARD, by_rows, 0.0)),
        ("profile", np.maximum(1.0 - distances / MOST_DISTANCE, 0.0)),
        ("rows", np.where(jaccards >= LEAST_JACCARD, by_rows, 0.0)),
    )
    matches: list[Match] = []
    for kind, worth in stages:
        left = worth.copy()
        left[[match.old for match in matches]] = 0.0
        left[:, [match.new for match in matches]] = 0.0
        matches += [
            Match(
                old=old,
                new=new,
                matched_by=kind,
                jaccard=float(jaccards[old, new]) if common[old].sum() + common[:, new].sum() else None,
                distance=float(distances[old, new]),
            )
            for old, new in _best_pairs(left)
        ]
    return Matching(tuple(sorted(matches, key=lambda match: match.old)), common, jaccards, distances)


def _common_rows(old_labels: Labels, new_labels: Labels, old_count: int, new_count: int) -> Indexes:
    common = np.zeros((old_count, new_count), dtype=np.int64)
    is_clustered = (old_labels >= 0) & (new_labels >= 0)
    np.add.at(common, (old_labels[is_clustered], new_labels[is_clustered]), 1)
    return common


def _jaccards(common: Indexes) -> Matrix:
    either = common.sum(axis=1)[:, None] + common.sum(axis=0)[None, :] - common
    return np.asarray(common / np.maximum(either, 1), dtype=np.float64)


def _sibling_distances(old_centres: Matrix, new_centres: Matrix) -> Matrix:
    """Return old x new distances over the distance to the nearest sibling of either; without siblings in their unit."""
    apart = _distances(old_centres, new_centres)
    nearest = np.minimum(_nearest_sibling(old_centres)[:, None], _nearest_sibling(new_centres)[None, :])
    return np.asarray(apart / np.where(np.isfinite(nearest), np.maximum(nearest, np.finfo(float).tiny), 1.0))


def _nearest_sibling(centres: Matrix) -> Matrix:
    between = _distances(centres, centres)
    np.fill_diagonal(between, np.inf)
    return np.asarray(between.min(axis=1, initial=np.inf), dtype=np.float64)


def _distances(rows: Matrix, others: Matrix) -> Matrix:
    return np.asarray(np.sqrt(((rows[:, None, :] - others[None, :, :]) ** 2).sum(axis=2)), dtype=np.float64)


def _best_pairs(worth: Matrix) -> list[tuple[int, int]]:
    """Return the one-to-one pairs of the greatest total worth, pairs worth nothing left out."""
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(worth, maximize=True)
    return [(int(row), int(column)) for row, column in zip(rows, columns, strict=True) if worth[row, column] > 0]
