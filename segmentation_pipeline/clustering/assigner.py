"""Rows that no method saw: their labels by neighbours, and how far the membership model agrees with the fit on them.

Add here: another way to assign rows outside a fit, or to test one.
Keep out: the membership model itself (membership) and finding partitions (choice).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.clustering.fitting import one_quiet_thread
from segmentation_pipeline.clustering.membership import fit_membership
from segmentation_pipeline.clustering.reduction import nearest_rows
from segmentation_pipeline.clustering.rows import NOISE, canonical_order, sample_indexes

if TYPE_CHECKING:
    from segmentation_pipeline.clustering.rows import Labels, Matrix

VOTING_NEIGHBOURS = 15
LABELLED_ROWS = 10_000
"""A row takes the label most of its 15 nearest of at most 10,000 labelled rows have. Against k-means' own rule for
unseen rows in 28 dimensions (3-8 clusters, planted groups and a continuum) that is right for .86-.99 of rows; the one
nearest of 50,000 is right for .74-.97 and takes five times as long."""

VOTED_ROWS = 100_000
"""Rows labelled at a time: the numbers of their neighbours take 12 MB."""

TESTED_ROWS = 10_000
"""Agreement is measured on at most this many rows of each kind: its standard error is then at most .005."""

LEAST_HELD_OUT = 0.85
"""Held-out agreement is .91-.99 for planted groups and real cases from 60 users on; under .85 it falls with eight
cuts of structureless users, or fewer than 200 of them: there the model has learned its rows rather than a rule."""

MOST_LOST_OUTSIDE = 0.05
"""In 32 trials from 1,000 fitted users on, agreement outside was at most .03 under that within (once .052, of a
mixture fitted to structureless users): more is lost only where the sample is unlike the rest."""

FOLDS = 2
"""Half of the fitted rows are held out at a time: the hardest split, so the figure is never too kind."""


@dataclass(frozen=True, slots=True)
class AssignerAgreement:
    """Shares of rows on which two ways to assign agree; rows the method called noise are left out.

    `fitted`: membership and the method's own label, on the rows both were learned from.
    `held_out`: the same, each half of the rows assigned by a membership model learned from the other half.
    `neighbours`: membership and neighbours, both learned from the other half.
    `outside`: membership and neighbours on rows that were never fitted; None when there are none.
    """

    fitted: float
    held_out: float
    neighbours: float
    outside: float | None
    fitted_count: int
    outside_count: int
    least_held_out: float = LEAST_HELD_OUT
    most_lost_outside: float = MOST_LOST_OUTSIDE

    @property
    def is_trusted(self) -> bool:
        """Tell whether unseen users are assigned as the fit would have, outside the sample as within."""
        outside = self.neighbours if self.outside is None else self.outside
        return self.held_out >= self.least_held_out and outside >= self.neighbours - self.most_lost_outside


@one_quiet_thread()
def assigner_agreement(features: Matrix, labels: Labels, outside: Matrix) -> AssignerAgreement:
    """Return how the membership model agrees with the fit it stands for, on rows it has and has not seen.

    `labels` are the chosen method's on the fitted rows `features` (at least one cluster), `outside` the rows beyond
    the fitted sample, all in feature space. Row order has no influence.
    """
    clustered = np.flatnonzero(labels != NOISE)
    clustered = clustered[canonical_order(features[clustered])]
    rows, truth = features[clustered], labels[clustered]
    assigned, voted = np.empty_like(truth), np.empty_like(truth)
    fold = _folds(truth)
    for number in range(FOLDS):
        held, learned = fold == number, fold != number
        if held.any() and learned.any():
            assigned[held] = _assigned(rows[learned], truth[learned], rows[held])
            voted[held] = neighbour_labels(rows[learned], truth[learned], rows[held])
    tested = outside[canonical_order(outside)]
    tested = tested[sample_indexes(len(tested), TESTED_ROWS, seed=0)]
    agreed_outside = _assigned(rows, truth, tested) == neighbour_labels(rows, truth, tested)
    return AssignerAgreement(
        fitted=float((_assigned(rows, truth, rows) == truth).mean()),
        held_out=float((assigned == truth).mean()),
        neighbours=float((assigned == voted).mean()),
        outside=float(agreed_outside.mean()) if len(tested) else None,
        fitted_count=len(rows),
        outside_count=len(outside),
    )


def _folds(labels: Labels) -> Labels:
    """Return 0, 1, 0, 1, ... within each cluster, so that both halves have their share of each."""
    fold = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        fold[members] = np.arange(len(members)) % FOLDS
    return fold


def _assigned(learned: Matrix, labels: Labels, rows: Matrix) -> Labels:
    present = np.unique(labels)
    model = fit_membership(learned, np.searchsorted(present, labels).astype(np.int64))
    return np.asarray(present[model.assign(rows, floor=0.0).likeliest], dtype=np.int64)


def neighbour_labels(fitted: Matrix, labels: Labels, rows: Matrix) -> Labels:
    """Return for each row the label most of its nearest fitted rows have (ties: the smaller number, noise first)."""
    known = sample_indexes(len(fitted), LABELLED_ROWS, seed=0)
    reference, votes_of = fitted[known], labels[known] - NOISE
    found = np.empty(len(rows), dtype=np.int64)
    for start in range(0, len(rows), VOTED_ROWS):
        batch = slice(start, start + VOTED_ROWS)
        found[batch] = _most_voted(votes_of[nearest_rows(reference, rows[batch], count=VOTING_NEIGHBOURS)])
    return found + NOISE


def _most_voted(votes: Labels) -> Labels:
    counts = np.stack([(votes == choice).sum(axis=1) for choice in range(int(votes.max(initial=0)) + 1)], axis=1)
    return np.asarray(counts.argmax(axis=1), dtype=np.int64)
