"""Has the population moved since the last refresh: per feature, and by what two models say of the same users.

Add here: another comparison of two refreshes, with the value it takes by chance alone.
Keep out: who changed segment (identity.py), and which months are compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.clustering.fitting import one_quiet_thread
from segmentation_pipeline.clustering.membership import UNCLASSIFIED
from segmentation_pipeline.clustering.stability import refit_agreement

if TYPE_CHECKING:
    from datetime import date

    from segmentation_pipeline.clustering.candidates import Clusterer
    from segmentation_pipeline.clustering.rows import Labels, Matrix
    from segmentation_pipeline.segments.reading import Features

BINS = 10
"""Deciles of the earlier month."""

EMPTY_BIN_USERS = 0.5
"""Users added to every bin of both months (Jeffreys' prior): an empty bin would make the index infinite."""

NOTABLE_PSI = 0.2
"""Above it a change of the population matters in practice (Siddiqi 2006 names .1 small and .25 large)."""

FALSE_ALARM_RATE = 0.01
"""Chance that any feature of a refresh is called drifting though nothing changed, shared among the features."""

AGREEMENT_DRAWS = 20
"""Pairs of refits: the smallest of 20 is what models of an unchanged population fall short of once in 20 refreshes."""

HIGH_AGREEMENT = 0.9
"""Two models that agree this well are the same for any use, however rarely chance alone would part them so far."""


@dataclass(frozen=True, slots=True)
class FeatureDrift:
    """One behaviour compared between two refreshes; a row of `feature_drift`.

    `psi` is the population stability index, `psi_expected` its mean when nothing changed, `threshold` what drift
    begins above. Means are in the behaviour's own unit, over the users that have it; None when nobody has.
    """

    feature: str
    psi: float
    psi_expected: float
    threshold: float
    is_drifting: bool
    mean_before: float | None
    mean_now: float | None
    matched_against: date


@dataclass(frozen=True, slots=True)
class ModelDrift:
    """Last month's model and this month's, on this month's users.

    `agreement` is the adjusted Rand index between what they say; `expected` that of models refitted to this month's
    users redrawn, a pair of sizes like the two months'; models agree less than chance explains under `threshold`.
    """

    agreement: float
    expected: tuple[float, ...]
    share_unclassified_before: float
    share_unclassified_now: float

    @property
    def expected_mean(self) -> float:
        """Agreement of models when nothing changed."""
        return float(np.mean(self.expected))

    @property
    def threshold(self) -> float:
        """Agreement under which something has changed."""
        return min(HIGH_AGREEMENT, *self.expected)

    @property
    def is_drifting(self) -> bool:
        """Tell whether the models differ by more than chance explains and by enough to matter."""
        return self.agreement < self.threshold


def feature_drift(before: Features, now: Features, *, matched_against: date) -> list[FeatureDrift]:
    """Return one comparison per behaviour that both months have, in the order of their names; NaN is missing.

    For plain behaviour (`read_behaviour`), not for model features: those are shrunk to each month's own population,
    so everyone who never did a rare thing moves when its rate does, and months without any change of behaviour
    (loan_offers) reach an index of 7.
    """
    names = sorted({*before.names} & {*now.names})
    rows = []
    for name in names:
        earlier, later = _column(before, name), _column(now, name)
        psi, bins = stability_index(earlier, later)
        expected, bound = chance_index(len(earlier), len(later), bins, comparisons=len(names))
        threshold = max(NOTABLE_PSI, bound)
        rows.append(
            FeatureDrift(
                feature=name,
                psi=psi,
                psi_expected=expected,
                threshold=threshold,
                is_drifting=psi > threshold,
                mean_before=_mean(earlier),
                mean_now=_mean(later),
                matched_against=matched_against,
            )
        )
    return rows


def stability_index(reference: Matrix, values: Matrix) -> tuple[float, int]:
    """Return the population stability index of the values against the reference, and the bins anybody is in.

    Sum over bins of (q - p) ln(q / p), half a user added to every bin (Lin 2017); the missing are a bin of their own.
    """
    edges = bin_edges(reference)
    earlier, later = _counts(reference, edges), _counts(values, edges)
    occupied = (earlier > 0) | (later > 0)
    p, q = _smoothed_shares(earlier[occupied]), _smoothed_shares(later[occupied])
    return float(((q - p) * np.log(q / p)).sum()), int(occupied.sum())


def bin_edges(reference: Matrix) -> Matrix:
    """Return the values that bins of a feature end with: its deciles, and a bin apart for what many users share."""
    present = reference[~np.isnan(reference)]
    if present.size == 0:
        return np.empty(0)
    deciles = np.quantile(present, np.arange(1, BINS) / BINS, method="inverted_cdf")
    edges, repeats = np.unique(deciles, return_counts=True)
    # Below a shared value there may be users too: without an edge there they would count as having it.
    return np.unique(np.concatenate([edges, np.nextafter(edges[repeats > 1], -np.inf)]))


def chance_index(before_count: int, now_count: int, bins: int, *, comparisons: int) -> tuple[float, float]:
    """Return the index's mean when nothing changed, and the bound it passes once in a hundred refreshes then.

    Two samples of one population: the index over (1/n + 1/m) is chi-squared with bins - 1 degrees of freedom
    (Yurdakul, Naranjo 2020). The bound is Bonferroni's over all features compared.
    """
    from scipy.stats import chi2

    scale = 1 / before_count + 1 / now_count
    degrees = max(bins - 1, 1)
    bound = float(chi2.isf(FALSE_ALARM_RATE / max(comparisons, 1), degrees)) * scale
    return (bins - 1) * scale, bound


@one_quiet_thread()
def model_drift(
    before: Labels,
    now: Labels,
    *,
    clusterer: Clusterer,
    space: Matrix,
    features: Matrix,
    before_count: int,
    floor: float,
    seed: int,
) -> ModelDrift:
    """Return how two months' models agree on this month's users, and how far they would if nothing had changed.

    `before` and `now`: segment numbers of this month's users (one per row) by last month's model and by this month's,
    -1 for unclassified. The rest is what this month's model was fitted with: the chosen method, the coordinates it
    was fitted in, the feature space (rows alike); `before_count` users had last month's.
    """
    from sklearn.metrics import adjusted_rand_score

    return ModelDrift(
        agreement=float(adjusted_rand_score(before, now)),
        expected=refit_agreement(
            clusterer, space, features, sizes=(before_count, len(space)), draws=AGREEMENT_DRAWS, floor=floor, seed=seed
        ),
        share_unclassified_before=float((before == UNCLASSIFIED).mean()),
        share_unclassified_now=float((now == UNCLASSIFIED).mean()),
    )


def _column(features: Features, name: str) -> Matrix:
    return features.matrix[:, features.names.index(name)]


def _mean(values: Matrix) -> float | None:
    present = values[~np.isnan(values)]
    return float(present.mean()) if present.size else None


def _counts(values: Matrix, edges: Matrix) -> Matrix:
    bins = np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, side="left"))
    return np.bincount(bins, minlength=len(edges) + 2).astype(np.float64)


def _smoothed_shares(counts: Matrix) -> Matrix:
    smoothed = counts + EMPTY_BIN_USERS
    return np.asarray(smoothed / smoothed.sum(), dtype=np.float64)
