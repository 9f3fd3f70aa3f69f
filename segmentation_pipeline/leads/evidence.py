"""Do leads' columns hang together at all, and do their groups come back in other leads? Two tests on at most 1,000.

Add here: another test a verdict on leads rests on. Keep out: how the tests work (clustering/) and choosing k.

A third question, types or bands, is not asked: every category is apart from the next by nature, so a gap between
groups of categories shows nothing (on simulated leads without types the dip test found one in 6 of 6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from segmentation_pipeline.clustering.copula import DRAWS, MOST_EXCEEDANCES, best_partition
from segmentation_pipeline.clustering.fitting import one_quiet_thread
from segmentation_pipeline.clustering.repeatability import prediction_strength
from segmentation_pipeline.clustering.rows import sample_indexes
from segmentation_pipeline.clustering.verdict import (
    DISTINCT_PREDICTION,
    LEAST_USERS,
    MOST_USERS,
    NULL_P,
    EvidenceTest,
)
from segmentation_pipeline.leads.columns import LeadColumn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segmentation_pipeline.leads.encoding import Encoding


LeadVerdict: TypeAlias = Literal["repeatable", "bands", "no_structure", "insufficient_data"]


@dataclass(frozen=True, slots=True)
class LeadEvidence:
    """The verdict on an import, in one word and one sentence, with the tests behind it."""

    verdict: LeadVerdict
    reason: str
    tests: tuple[EvidenceTest, ...]
    lead_count: int


@one_quiet_thread()
def judge_leads(
    encoding: Encoding,
    columns: Sequence[LeadColumn],
    row_count: int,
    *,
    k: int,
    seed: int,
    draws: int = DRAWS,
) -> LeadEvidence:
    """Return whether k groups of leads mean anything; halves of the leads stand for other leads.

    The null shuffles each column by itself: then no column tells anything of another, which is what having no types
    means for categories (a latent class model of one class). A copula of the axes would not do: the axes of one
    column are functions of each other.
    """
    if row_count < LEAST_USERS:
        return LeadEvidence(
            "insufficient_data",
            f"{row_count} leads; {LEAST_USERS} are needed to judge.",
            (),
            row_count,
        )
    some = sample_indexes(row_count, MOST_USERS, seed)
    judged = [column.taken(some) for column in columns]
    rows = encoding.matrix(judged, len(some))
    if len(np.unique(rows, axis=0)) <= 2:
        return LeadEvidence("no_structure", "Leads do not differ.", (), len(some))
    best = best_partition(rows, seed=seed)
    generator = np.random.default_rng(seed)
    drawn: list[float] = []
    exceedances = 0
    while len(drawn) < draws and exceedances < MOST_EXCEEDANCES:
        shuffled = [
            LeadColumn(column.name, column.header, column.levels, generator.permutation(column.codes))
            for column in judged
        ]
        drawn.append(best_partition(encoding.matrix(shuffled, len(some)), seed=seed).silhouette)
        exceedances += drawn[-1] >= best.silhouette
    p = (1 + exceedances) / (len(drawn) + 1)
    strength = prediction_strength(rows, k=k, seed=seed)
    tests = (
        EvidenceTest(
            "null",
            best.silhouette,
            p,
            NULL_P,
            tuple(drawn),
            p <= NULL_P,
            f"The best of 2 to 8 groups has silhouette {best.silhouette:.3f} at {best.k}; with every column shuffled by"
            f" itself {exceedances} of {len(drawn)} draws do as well (p = {p:.3f}).",
        ),
        EvidenceTest(
            "prediction_strength",
            strength.value,
            None,
            DISTINCT_PREDICTION,
            strength.splits,
            strength.value >= DISTINCT_PREDICTION,
            f"One half of the leads tells the groups of the other with strength {strength.value:.2f}"
            f" (repeatable from {DISTINCT_PREDICTION}).",
        ),
    )
    return LeadEvidence(*_verdict(tests), tests, len(some))


def _verdict(tests: Sequence[EvidenceTest]) -> tuple[LeadVerdict, str]:
    failed = " ".join(test.sentence for test in tests if not test.is_passed)
    if not failed:
        return "repeatable", "Groups that other leads form again, of columns that hang together more than by chance."
    if tests[0].is_passed:
        return "bands", f"Columns hang together, but other leads form other groups: the edges are ours. {failed}"
    return "no_structure", f"The columns tell nothing of each other: these cuts are ours. {failed}"
