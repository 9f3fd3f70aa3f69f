"""Rows that say what speaks for a refresh's segments: the verdict in words, and every test with its draws.

Add here: how another finding becomes a row of `refresh_verdicts` or `cluster_evidence`.
Keep out: the tests (clustering/), thresholds, and writing to the warehouse (writing.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segmentation_pipeline.clustering.stability import VALID, stability_word
from segmentation_pipeline.segments.moves import MOVED
from segmentation_pipeline.segments.tables import OVERALL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from segmentation_pipeline.segments.refreshing import SegmentedRefresh

TITLES = {
    "distinct": "Types found in your data",
    "continuum": "Bands: useful for targeting, the edges are ours",
    "no_segments": "Your users did not differ repeatably: these cuts are ours",
    "insufficient_data": "Too little data to form segments",
}
"""What each verdict is called where people read it."""

FORCED_TITLE = "Your users did not differ repeatably: the settings force these segments"
LEAST_SEED_RAND = 0.9
"""Adjusted Rand of refits under other seeds, under which a partition hangs on its seed."""


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """A row of `refresh_verdicts`, the month left out."""

    verdict: str
    reason: str
    evidence_basis: str | None = None
    evidence_user_count: int = 0
    segment_count: int = 0
    candidate_id: str | None = None
    weakness: str | None = None
    unclassified_share: float | None = None
    fit_agreement: float | None = None
    held_out_agreement: float | None = None
    outside_agreement: float | None = None
    is_assigner_trusted: bool | None = None
    matched_against: date | None = None
    moved_share: float | None = None
    expected_moved_share: float | None = None
    model_agreement: float | None = None
    expected_model_agreement: float | None = None
    least_model_agreement: float | None = None


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """A row of `cluster_evidence`, the month left out; `draws` is a JSON list."""

    test: str
    cluster_id: str
    statistic: float
    p: float | None
    threshold: float
    is_passed: bool
    stability: str | None
    draw_count: int
    draws: str
    description: str


def insufficient_row(reason: str | None) -> VerdictRow:
    """Return the verdict of a refresh with too few users."""
    return VerdictRow("insufficient_data", reason or "Too few users are at risk to form segments.")


def verdict_row(found: SegmentedRefresh) -> VerdictRow:
    """Return the verdict of a refresh with the figures it is judged by."""
    segments, drift, assigner = found.segments, found.model_drift, found.assigner
    moved = next((move for move in found.moves if move.to_cluster_id == MOVED), None)
    is_forced = found.evidence.verdict == "no_segments" and not found.is_preset
    title = FORCED_TITLE if is_forced else TITLES[found.evidence.verdict]
    return VerdictRow(
        verdict=found.evidence.verdict,
        reason=f"{title}. {found.evidence.reason.removeprefix('Users did not differ repeatably. ')}",
        evidence_basis=found.evidence.basis,
        evidence_user_count=found.evidence.user_count,
        segment_count=len(segments.model.cluster_ids),
        candidate_id=segments.candidate_id,
        weakness=segments.weakness,
        unclassified_share=float((segments.scores.segments < 0).mean()),
        fit_agreement=None if assigner is None else assigner.fitted,
        held_out_agreement=None if assigner is None else assigner.held_out,
        outside_agreement=None if assigner is None else assigner.outside,
        is_assigner_trusted=None if assigner is None else assigner.is_trusted,
        matched_against=found.matched_against,
        moved_share=None if moved is None else moved.share,
        expected_moved_share=None if moved is None else moved.expected_share,
        model_agreement=None if drift is None else drift.agreement,
        expected_model_agreement=None if drift is None else drift.expected_mean,
        least_model_agreement=None if drift is None else drift.threshold,
    )


def evidence_rows(found: SegmentedRefresh) -> list[EvidenceRow]:
    """Return every test of a refresh: the verdict's, then those of the chosen partition and its segments."""
    rows = [
        EvidenceRow(
            test.name,
            OVERALL,
            test.statistic,
            test.p,
            test.threshold,
            test.is_passed,
            None,
            len(test.draws),
            _json(test.draws),
            test.sentence,
        )
        for test in found.evidence.tests
    ]
    return [*rows, *_seed_rows(found), *_assigner_rows(found), *_jaccard_rows(found)]


def stability_of(found: SegmentedRefresh, number: int) -> str | None:
    """Return the word for a segment's bootstrap Jaccard; None where it was not measured or the segment is our cut."""
    jaccard = found.segments.jaccards[number]
    return None if jaccard is None else stability_word(jaccard, is_separated=found.is_separated)


def _jaccard_rows(found: SegmentedRefresh) -> Iterator[EvidenceRow]:
    segments = found.segments
    for number, cluster_id in enumerate(segments.model.cluster_ids):
        jaccard, draws = segments.jaccards[number], segments.jaccard_draws[number]
        word = stability_of(found, number)
        if jaccard is None or word is None:
            continue
        sentence = (
            f"Refitted to users drawn again, the segment comes back with a mean Jaccard similarity of {jaccard:.2f}: "
            f"{word}."
        )
        yield EvidenceRow(
            "jaccard",
            cluster_id,
            jaccard,
            None,
            VALID,
            jaccard >= VALID,
            word,
            len(draws),
            _json(draws),
            sentence,
        )


def _seed_rows(found: SegmentedRefresh) -> Iterator[EvidenceRow]:
    if found.seeds is not None:
        mean, each = found.seeds.mean, found.seeds.each
        sentence = f"Refitted under {len(each)} other seeds, the partition agrees by {mean:.2f} (adjusted Rand)."
        yield EvidenceRow(
            "seeds",
            OVERALL,
            mean,
            None,
            LEAST_SEED_RAND,
            mean >= LEAST_SEED_RAND,
            None,
            len(each),
            _json(each),
            sentence,
        )


def _assigner_rows(found: SegmentedRefresh) -> Iterator[EvidenceRow]:
    if found.assigner is not None:
        held_out = found.assigner.held_out
        sentence = (
            f"Learned from one half of the users, the stored model puts {held_out:.0%} of the other half where the "
            "chosen method does."
        )
        yield EvidenceRow(
            "assigner",
            OVERALL,
            held_out,
            None,
            found.assigner.least_held_out,
            found.assigner.is_trusted,
            None,
            0,
            "[]",
            sentence,
        )


def _json(draws: Sequence[float]) -> str:
    return json.dumps([round(draw, 6) for draw in draws])
