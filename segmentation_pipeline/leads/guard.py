"""The leak guard: a single column that nearly tells the outcome was filled in after it, and is kept out of the groups.

Add here: another way to judge one column against the outcome. Keep out: columns together (they may leak as well; a
person who knows the CRM must say which) and what happens to a leaking column (assembling.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.leads.columns import level_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from segmentation_pipeline.clustering.rows import Matrix
    from segmentation_pipeline.leads.columns import LeadColumn

FOLDS = 5
PSEUDO_LEADS = 1.0
"""A level's rate is drawn to everyone's by this many leads, so that one lead does not decide for its level."""

MOST_BINS = 50
"""Bins of an ordered column: enough for any course of the rate, and thousands of numbers share their leads."""

LEAST_OF_EACH = 10
"""Converted and not converted leads needed before a column is judged."""


def column_auc(column: LeadColumn, converted: NDArray[np.bool_], *, seed: int) -> float | None:
    """Return how well this one column ranks the leads by outcome: the area under the ROC curve, .5 for no use at all.

    Out of fold: a lead's score is the conversion rate of its level among the other folds, so that an id, which
    explains every lead it has seen and nothing else, is judged by what it says of others. `converted` belongs to the
    column's leads. None where fewer than 10 leads converted or fewer than 10 did not.
    """
    if min(int(converted.sum()), int((~converted).sum())) < LEAST_OF_EACH:
        return None
    codes = _binned(column)
    width = int(codes.max()) + 1
    fold = np.random.default_rng(seed).permutation(len(codes)) % FOLDS
    scores = np.empty(len(codes))
    for number in range(FOLDS):
        held, learned = fold == number, fold != number
        rate = converted[learned].mean()
        sizes = np.bincount(codes[learned], minlength=width)
        successes = np.bincount(codes[learned], weights=converted[learned], minlength=width)
        # Over the rate of the fold it was learned from: that rate is high where the held-out one happens to be low.
        scores[held] = ((successes + PSEUDO_LEADS * rate) / (sizes + PSEUDO_LEADS) - rate)[codes[held]]
    return area_under_curve(scores, converted)


def area_under_curve(scores: Matrix, converted: NDArray[np.bool_]) -> float:
    """Return the chance that a converted lead scores above one that did not convert; ties count half."""
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(counts) - (counts - 1) / 2
    positives, negatives = int(converted.sum()), int((~converted).sum())
    rank_sum = float(mean_rank[place][converted].sum())
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)


def _binned(column: LeadColumn) -> NDArray[np.int64]:
    """Return the codes, those of an ordered column with many numbers in bins of equally many leads."""
    numbers = level_numbers(column)
    codes = column.codes.astype(np.int64)
    if numbers is None:
        return codes
    of_leads = numbers[codes]
    edges = np.unique(np.nanquantile(of_leads, np.linspace(0, 1, MOST_BINS + 1)[1:-1]))
    binned = np.searchsorted(edges, of_leads, side="left") + 1
    binned[np.isnan(of_leads)] = 0
    return np.asarray(binned, dtype=np.int64)
