"""The evidence of a refresh: are there types, a continuum, or no lasting difference at all?

Add here: the tests a verdict rests on, their thresholds, and what they say in words.
Keep out: how each test works (copula.py, repeatability.py, gap.py), tables, and what follows from the verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from segmentation_pipeline.clustering.copula import COUNTS, DRAWS, NullTest, null_test
from segmentation_pipeline.clustering.gap import GapTest, gap_between_halves, gap_between_users
from segmentation_pipeline.clustering.repeatability import (
    Halves,
    PredictionStrength,
    Repeat,
    prediction_strength,
    repeat_of,
)
from segmentation_pipeline.clustering.rows import canonical_order, sample_indexes
from segmentation_pipeline.clustering.scaling import fit_scaling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segmentation_pipeline.clustering.rows import Indexes, Matrix

Verdict: TypeAlias = Literal["distinct", "continuum", "no_segments", "insufficient_data"]
Basis: TypeAlias = Literal["session_halves", "user_halves"]
TestName: TypeAlias = Literal["null", "repeat", "prediction_strength", "gap"]

LEAST_USERS = 30
"""Fewer users show nothing: neither a gap nor its absence."""

MOST_USERS = 1_000
"""Users judged: enough for every test, and a null draw stays at .1 s."""

NULL_P = 0.01
DISTINCT_REPEAT = 0.5
DISTINCT_PREDICTION = 0.8
"""Prediction strength that counts as well predicted (Tibshirani, Walther 2005)."""

GAP_P = 0.05
CONTINUUM_REPEAT = 0.05
CONTINUUM_P = 0.01
"""Homogeneous users repeat at .005 or less; a thousand of them would make even .01 significant, hence both."""


@dataclass(frozen=True, slots=True)
class SessionHalves:
    """Raw features of users seen in two halves of their visits; `users` are their row numbers among all users."""

    users: Indexes
    a: Matrix
    b: Matrix


@dataclass(frozen=True, slots=True)
class EvidenceTest:
    """One test: what was measured against which threshold, the draws it rests on, and what it says.

    `threshold` bounds the p from above for `null` and `gap`, the statistic from below otherwise. `draws`: largest
    silhouette of each copula draw (null), index under each permutation (repeat), strength of each split
    (prediction_strength), p of each neighbouring pair before Holm (gap).
    """

    name: TestName
    statistic: float
    p: float | None
    threshold: float
    draws: tuple[float, ...]
    is_passed: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """The verdict with everything it rests on; `k` is the number of clusters that repeat and gap were asked about.

    It is the k of the largest silhouette among 2 to 8 on the whole features of the judged users (0 when nothing
    was tested): the partition whose separation the null test has just judged, chosen before any half is looked at.
    """

    verdict: Verdict
    tests: tuple[EvidenceTest, ...]
    user_count: int
    basis: Basis
    k: int
    reason: str


def judge_evidence(
    names: Sequence[str], features: Matrix, halves: SessionHalves | None, *, seed: int, draws: int = DRAWS
) -> Evidence:
    """Return the verdict on users (rows of raw model features) and the tests behind it; row order has no influence.

    With `halves`, exactly those users are judged; without (one-shot cases, or fewer than 30 halved users), at most
    1,000 of all users are, and halves of the users take the place of halves of each user's visits.
    """
    if halves is not None and len(halves.users) >= LEAST_USERS:
        return _judged_by_visits(names, features[halves.users], halves, seed=seed, draws=draws)
    order = canonical_order(features)
    judged = features[order[sample_indexes(len(order), MOST_USERS, seed)]]
    if len(judged) < LEAST_USERS:
        reason = f"{len(judged)} users were seen; {LEAST_USERS} are needed to judge whether they differ."
        return Evidence("insufficient_data", (), len(judged), "user_halves", 0, reason)
    return _judged_by_users(names, judged, seed=seed, draws=draws)


def scaled_halves(names: Sequence[str], a: Matrix, b: Matrix) -> Halves:
    """Return both halves in one feature space: columns kept, centred and scaled by what both halves show together."""
    order = canonical_order(np.hstack([a, b]))  # sums of floats hang on the order of rows in their last bit
    scaling = fit_scaling(names, np.vstack([a[order], b[order]]))
    return Halves(scaling.transform(names, a), scaling.transform(names, b))


def _judged_by_visits(
    names: Sequence[str], judged: Matrix, halves: SessionHalves, *, seed: int, draws: int
) -> Evidence:
    scaled = _scaled(names, judged)
    both = scaled_halves(names, halves.a, halves.b)
    if not (_differs(scaled) and _differs(both.a) and _differs(both.b)):
        return _all_alike(len(judged), "session_halves")
    null = null_test(scaled, seed=seed, draws=draws)
    k = null.best.k
    repeat = repeat_of(both, k=k, seed=seed)
    gap = gap_between_halves(both, k=k, seed=seed)
    is_lasting = repeat.value >= CONTINUUM_REPEAT and repeat.p <= CONTINUUM_P
    tests = (_null_evidence(null), _repeat_evidence(repeat), _gap_evidence(gap))
    return _concluded(tests, len(judged), "session_halves", k, is_lasting=is_lasting)


def _judged_by_users(names: Sequence[str], judged: Matrix, *, seed: int, draws: int) -> Evidence:
    scaled = _scaled(names, judged)
    if not _differs(scaled):
        return _all_alike(len(judged), "user_halves")
    null = null_test(scaled, seed=seed, draws=draws)
    k = null.best.k
    strength = prediction_strength(scaled, k=k, seed=seed)
    gap = gap_between_users(scaled, k=k, seed=seed)
    tests = (_null_evidence(null), _strength_evidence(strength), _gap_evidence(gap))
    # Nobody was seen twice, so nothing can show that differences last: only structure beyond the null speaks for any.
    return _concluded(tests, len(judged), "user_halves", k, is_lasting=null.p <= NULL_P)


def _concluded(tests: tuple[EvidenceTest, ...], user_count: int, basis: Basis, k: int, *, is_lasting: bool) -> Evidence:
    if all(test.is_passed for test in tests):
        reason = f"Users form {k} or more types: these are better than chance makes, come back, and have gaps between."
        return Evidence("distinct", tests, user_count, basis, k, reason)
    failed = " ".join(test.sentence for test in tests if not test.is_passed)
    if is_lasting:
        reason = f"Users differ in a lasting way, but not as types. {failed}"
        return Evidence("continuum", tests, user_count, basis, k, reason)
    return Evidence("no_segments", tests, user_count, basis, k, f"Users did not differ repeatably. {failed}")


def _all_alike(user_count: int, basis: Basis) -> Evidence:
    return Evidence("no_segments", (), user_count, basis, 0, "Users did not differ: every feature is constant.")


def _scaled(names: Sequence[str], judged: Matrix) -> Matrix:
    ordered = judged[canonical_order(judged)]
    return fit_scaling(names, ordered).transform(names, ordered)


def _differs(rows: Matrix) -> bool:
    """Tell whether there is anything to cluster: at least three different rows."""
    return rows.shape[1] > 0 and len(np.unique(rows, axis=0)) > COUNTS[0]


def _null_evidence(null: NullTest) -> EvidenceTest:
    is_passed = null.p <= NULL_P
    beaten = f"{sum(draw < null.best.silhouette for draw in null.draws)} of {len(null.draws)}"
    outcome = "more than chance makes" if is_passed else "no more than chance makes"
    return EvidenceTest(
        "null",
        null.best.silhouette,
        null.p,
        NULL_P,
        null.draws,
        is_passed,
        f"The best of 2 to 8 groups (silhouette {null.best.silhouette:.3f} at {null.best.k}) is larger than in"
        f" {beaten} draws without groups but with the same features and correlations (p = {null.p:.3f}): {outcome}.",
    )


def _repeat_evidence(repeat: Repeat) -> EvidenceTest:
    is_passed = repeat.value >= DISTINCT_REPEAT and repeat.p <= CONTINUUM_P
    outcome = "the same users are grouped alike" if is_passed else "users change groups between their own visits"
    return EvidenceTest(
        "repeat",
        repeat.value,
        repeat.p,
        DISTINCT_REPEAT,
        repeat.draws,
        is_passed,
        f"Grouped by one half of their visits and by the other, users agree by {repeat.value:.2f} (adjusted Rand,"
        f" p = {repeat.p:.3f}; types from {DISTINCT_REPEAT}): {outcome}.",
    )


def _strength_evidence(strength: PredictionStrength) -> EvidenceTest:
    is_passed = strength.value >= DISTINCT_PREDICTION
    outcome = "one half of the users tells the groups of the other" if is_passed else "other users give other groups"
    return EvidenceTest(
        "prediction_strength",
        strength.value,
        None,
        DISTINCT_PREDICTION,
        strength.splits,
        is_passed,
        f"Most users come once, so halves of the users were compared: prediction strength {strength.value:.2f}"
        f" (types from {DISTINCT_PREDICTION}): {outcome}.",
    )


def _gap_evidence(gap: GapTest) -> EvidenceTest:
    is_passed = gap.p <= GAP_P
    apart = sum(pair.p * len(gap.pairs) <= GAP_P for pair in gap.pairs)
    outcome = f"{apart} of {len(gap.pairs)} neighbouring pairs are apart" if is_passed else "one runs into the next"
    return EvidenceTest(
        "gap",
        gap.largest_dip,
        gap.p,
        GAP_P,
        tuple(pair.p for pair in gap.pairs),
        is_passed,
        f"Between neighbouring groups the other half of the data has its largest dip at {gap.largest_dip:.3f}"
        f" (p = {gap.p:.3f} after Holm): {outcome}.",
    )
