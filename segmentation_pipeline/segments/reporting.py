"""What a refresh's segments look like as tables in text, for metadata and logs.

Add here: another table people read in Dagster's UI.
Keep out: pictures and Dagster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segmentation_pipeline.segments.risk import churn_risk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segmentation_pipeline.clustering.judging import Judged
    from segmentation_pipeline.segments.segmenting import RefreshSegments
    from segmentation_pipeline.segments.writing import SegmentDropOffs

NOT_KNOWN = "–"


def segments_table(found: RefreshSegments, drop_offs: SegmentDropOffs | None) -> str:
    """Return the segments as a markdown table."""
    lines = ["| segment | label | users | drop-off (95 %) | risk | what sets it apart |", "|---|---|---:|---|---|---|"]
    for number, (cluster_id, naming) in enumerate(zip(found.model.cluster_ids, found.namings, strict=True)):
        own = drop_offs.segments[number] if drop_offs is not None else None
        shown = NOT_KNOWN
        if own is not None and own.rate is not None and own.low is not None and own.high is not None:
            shown = f"{own.rate:.0%} ({own.low:.0%}–{own.high:.0%}) in {own.day:.3g} d"
        risk = churn_risk(own, drop_offs.everyone if drop_offs is not None else None)
        cells = (cluster_id, naming.label, f"{found.user_counts[number]:,}", shown, risk, naming.description)
        lines.append(_row(cells))
    unclassified = int((found.scores.segments < 0).sum())
    lines.append(_row(("unclassified", NOT_KNOWN, f"{unclassified:,}", NOT_KNOWN, NOT_KNOWN, "Between segments.")))
    return "\n".join(lines)


def candidates_table(table: Sequence[Judged]) -> str:
    """Return the candidates as a markdown table, the chosen one first, then by silhouette."""
    lines = [
        "| candidate | clusters | silhouette | min Jaccard | noise | DBCV | smallest | reason |",
        "|---|---:|---:|---:|---:|---:|---:|---|",
    ]
    for one in sorted(table, key=lambda one: (not one.is_chosen, -one.silhouette, one.candidate_id)):
        cells = (
            f"**{one.candidate_id}**" if one.is_chosen else one.candidate_id,
            str(one.cluster_count),
            f"{one.silhouette:.3f}",
            _shown(one.min_jaccard),
            f"{one.noise_share:.1%}",
            _shown(one.dbcv),
            f"{one.smallest_share:.0%}",
            one.reason,
        )
        lines.append(_row(cells))
    return "\n".join(lines)


def _shown(value: float | None) -> str:
    return NOT_KNOWN if value is None else f"{value:.2f}"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
