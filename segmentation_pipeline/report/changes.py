"""What changed since the refresh before, in sentences; at the first refresh, what stands out.

A change is told only where chance is an unlikely reason: the interval of a difference of shares leaves out zero, or
the intervals of two drop-off rates lie apart.
Add here: another change worth a sentence. Keep out: tables and pictures (summary.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segmentation_pipeline.report.reading import OVERALL, OWN_CUTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from segmentation_pipeline.client.segments import SegmentSummary
    from segmentation_pipeline.report.reading import Material

ALPHA = 0.05
"""Of the test whether a segment's share changed."""


def changes(material: Material) -> list[str]:
    """Return what changed since the refresh before, structure first, then sizes, drop-off, moves; never empty."""
    found = [*_structure(material), *_sizes(material), *_drop_offs(material)]
    return [*(found or [material.texts("changes.none")]), *_incomparable(material), *_moves(material)]


def standouts(material: Material) -> list[str]:
    """Return what stands out in a refresh that has none before it; nothing of cuts of ours, nor of mere silence."""
    texts = material.texts
    told = [found for found in material.segments if found.drop_off_rate is not None]
    is_mechanical = any(fit.is_mechanical for fit in material.fits.values())
    if not told or is_mechanical or material.refresh.verdict == OWN_CUTS:
        return []
    worst, best = max(told, key=_rate), min(told, key=_rate)
    if not _lie_apart(worst, best):
        return [texts("changes.alike")]
    overall = material.fits.get(OVERALL)
    return [
        texts(
            "changes.highest",
            name=worst.display_name,
            overall=texts.share(None if overall is None else overall.drop_off_rate),
            **_figures(material, worst),
        ),
        texts("changes.lowest", name=best.display_name, **_figures(material, best)),
    ]


def share_change(found: SegmentSummary, count: int, before: SegmentSummary, count_before: int) -> tuple[float, bool]:
    """Return how a segment's share of users changed, and whether that is more than chance (Newcombe's interval)."""
    from statsmodels.stats.proportion import confint_proportions_2indep

    low, high = confint_proportions_2indep(
        found.user_count, count, before.user_count, count_before, method="newcomb", alpha=ALPHA
    )
    return found.share - before.share, bool(low > 0 or high < 0)


def is_comparable(found: SegmentSummary, before: SegmentSummary) -> bool:
    """Whether both rates are counted by the same day."""
    days = (found.drop_off_days, before.drop_off_days)
    return None not in days and round(days[0] or 0, 1) == round(days[1] or 0, 1)


def _structure(material: Material) -> Iterator[str]:
    texts, refresh, before = material.texts, material.refresh, material.before
    if before is not None and before.verdict != refresh.verdict:
        yield texts(
            "changes.verdict",
            before=texts.choice("verdict", before.verdict),
            now=texts.choice("verdict", refresh.verdict),
        )
    for event in material.snapshot.lineage(material.month):
        if event.kind != "continued":
            yield texts(
                f"changes.{event.kind}",
                name=material.names.get(event.cluster_id, event.cluster_id),
                other=material.names.get(event.other_cluster_id or "", event.other_cluster_id),
                count=texts.count(event.user_count),
                share=texts.share(event.share),
                reason=event.reason.rstrip("."),
            )


def _sizes(material: Material) -> Iterator[str]:
    before = material.before
    if before is None:
        return
    for found in material.segments:
        earlier = material.segments_before.get(found.cluster_id)
        if earlier is None:
            continue
        change, is_clear = share_change(found, material.refresh.at_risk_count, earlier, before.at_risk_count)
        if is_clear:
            yield material.texts(
                "changes.grew" if change > 0 else "changes.shrank",
                name=found.display_name,
                before=material.texts.share(earlier.share),
                now=material.texts.share(found.share),
            )


def _drop_offs(material: Material) -> Iterator[str]:
    texts = material.texts
    for found in material.segments:
        earlier = material.segments_before.get(found.cluster_id)
        if earlier is None or found.drop_off_rate is None or earlier.drop_off_rate is None:
            continue
        if is_comparable(found, earlier) and _lie_apart(found, earlier):
            yield texts(
                "changes.worse" if found.drop_off_rate > earlier.drop_off_rate else "changes.better",
                name=found.display_name,
                before=texts.share(earlier.drop_off_rate),
                now=texts.share(found.drop_off_rate),
            )


def _incomparable(material: Material) -> Iterator[str]:
    texts = material.texts
    pairs = ((found, material.segments_before.get(found.cluster_id)) for found in material.segments)
    for found, earlier in pairs:
        if earlier is None or None in (found.drop_off_days, earlier.drop_off_days):
            continue
        if not is_comparable(found, earlier):
            yield texts(
                "changes.not_comparable",
                now=texts.number(found.drop_off_days, digits=1),
                before=texts.number(earlier.drop_off_days, digits=1),
            )
            return


def _moves(material: Material) -> Iterator[str]:
    texts, refresh = material.texts, material.refresh
    moved, expected = refresh.moved_share, refresh.expected_moved_share
    if moved is not None and expected is not None:
        key = "changes.moved_more" if moved > expected else "changes.moved_alike"
        yield texts(key, moved=texts.share(moved), expected=texts.share(expected))


def _figures(material: Material, found: SegmentSummary) -> dict[str, str]:
    texts = material.texts
    return {
        "rate": texts.share(found.drop_off_rate),
        "day": texts.number(found.drop_off_days, digits=1),
        "interval": texts.interval(found.drop_off_low, found.drop_off_high),
    }


def _rate(found: SegmentSummary) -> float:
    return found.drop_off_rate or 0.0


def _lie_apart(one: SegmentSummary, other: SegmentSummary) -> bool:
    ends = (one.drop_off_low, one.drop_off_high, other.drop_off_low, other.drop_off_high)
    if None in ends:
        return False
    low, high, other_low, other_high = (end or 0.0 for end in ends)
    return low > other_high or high < other_low
