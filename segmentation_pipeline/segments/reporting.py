"""What a refresh's segments look like as tables in text, for metadata and logs.

Add here: another table people read in Dagster's UI.
Keep out: pictures and Dagster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from segmentation_pipeline.markdown import table
from segmentation_pipeline.segments.evidence_rows import stability_of
from segmentation_pipeline.segments.risk import churn_risk
from segmentation_pipeline.segments.tables import UNCLASSIFIED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segmentation_pipeline.clustering.judging import Judged
    from segmentation_pipeline.markdown import Markdown
    from segmentation_pipeline.segments.evidence_rows import EvidenceRow, VerdictRow
    from segmentation_pipeline.segments.lineage import LineageEvent
    from segmentation_pipeline.segments.refreshing import SegmentedRefresh
    from segmentation_pipeline.segments.writing import SegmentDropOffs

NOT_KNOWN = "–"


def segments_table(found: SegmentedRefresh, drop_offs: SegmentDropOffs | None) -> Markdown:
    """Return the segments as a table."""
    segments = found.segments
    rows: list[tuple[str, ...]] = []
    for number, (cluster_id, naming) in enumerate(zip(segments.model.cluster_ids, segments.namings, strict=True)):
        own = drop_offs.segments[number] if drop_offs is not None else None
        shown = NOT_KNOWN
        if own is not None and own.rate is not None and own.low is not None and own.high is not None:
            shown = f"{own.rate:.0%} ({own.low:.0%}–{own.high:.0%}) in {own.day:.3g} d"
        is_compared = drop_offs is not None and not drop_offs.is_mechanical
        risk = churn_risk(own, drop_offs.everyone if drop_offs is not None and is_compared else None)
        stability = stability_of(found, number) or NOT_KNOWN
        users = f"{segments.user_counts[number]:,}"
        rows.append((cluster_id, naming.label, users, stability, shown, risk, naming.description))
    unclassified = int((segments.scores.segments < 0).sum())
    rows.append((UNCLASSIFIED, NOT_KNOWN, f"{unclassified:,}", NOT_KNOWN, NOT_KNOWN, NOT_KNOWN, "Between segments."))
    header = ("segment", "label", "users:", "stability", "drop-off (95 %)", "risk", "what sets it apart")
    return table(header, rows)


def refresh_metadata(
    found: SegmentedRefresh, verdict: VerdictRow, evidence: Sequence[EvidenceRow]
) -> dict[str, dict[str, Any]]:
    """Return what each table of a refresh reports, as plain values and markdown."""
    drifting = [one.feature for one in found.drift if one.is_drifting]
    return {
        "refresh_verdicts": {
            "verdict": verdict.verdict,
            "reason": verdict.reason,
            "weakness": verdict.weakness or "none",
            "matched_against": "first refresh"
            if verdict.matched_against is None
            else f"{verdict.matched_against:%Y-%m}",
        },
        "cluster_evidence": {"evidence": _evidence_table(evidence)},
        "cluster_lineage": {"lineage": _lineage_table(found.lineage)},
        "user_moves": _known(moved=verdict.moved_share, expected_without_change=verdict.expected_moved_share),
        "feature_drift": {"drifting": ", ".join(drifting) or "none", "compared": len(found.drift)},
        "user_clusters": {
            "share_unclassified": verdict.unclassified_share,
            **_known(
                fit_agreement=verdict.fit_agreement,
                held_out_agreement=verdict.held_out_agreement,
                outside_agreement=verdict.outside_agreement,
            ),
        },
        "cluster_candidates": {
            "candidates": candidates_table(found.segments.candidates),
            "used": verdict.candidate_id or "none: preset bands",
        },
    }


def _known(**figures: float | None) -> dict[str, float]:
    return {name: value for name, value in figures.items() if value is not None}


def _evidence_table(evidence: Sequence[EvidenceRow]) -> Markdown:
    return table(
        ("test", "of", "statistic:", "p:", "holds", "what it says"),
        [
            (
                row.test,
                row.cluster_id,
                f"{row.statistic:.3f}",
                _shown(row.p),
                "yes" if row.is_passed else "no",
                row.description,
            )
            for row in evidence
        ],
    )


def _lineage_table(events: Sequence[LineageEvent]) -> Markdown:
    return table(
        ("segment", "what", "other", "users:", "share:", "told by", "why"),
        [
            (
                event.cluster_id,
                event.kind,
                event.other_cluster_id or NOT_KNOWN,
                f"{event.user_count:,}",
                f"{event.share:.0%}",
                event.matched_by,
                event.reason,
            )
            for event in events
        ],
    )


def candidates_table(candidates: Sequence[Judged]) -> Markdown:
    """Return the candidates as a table, the chosen one first, then by silhouette."""
    return table(
        ("candidate", "clusters:", "silhouette:", "min Jaccard:", "noise:", "DBCV:", "smallest:", "reason"),
        [
            (
                f"**{one.candidate_id}**" if one.is_chosen else one.candidate_id,
                one.cluster_count,
                f"{one.silhouette:.3f}",
                _shown(one.min_jaccard),
                f"{one.noise_share:.1%}",
                _shown(one.dbcv),
                f"{one.smallest_share:.0%}",
                one.reason,
            )
            for one in sorted(candidates, key=lambda one: (not one.is_chosen, -one.silhouette, one.candidate_id))
        ],
    )


def _shown(value: float | None) -> str:
    return NOT_KNOWN if value is None else f"{value:.2f}"
