"""The two pages everybody reads: what changed, and what to do.

Add here: another fact for those who read no further. Keep out: single segments (segment_pages.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segmentation_pipeline.client import maps
from segmentation_pipeline.client.advice import EXPERIMENT
from segmentation_pipeline.report.changes import changes, is_comparable, share_change, standouts
from segmentation_pipeline.report.content import Bullets, Callout, Fact, Facts, Heading, Page, Pictures, Table, Text
from segmentation_pipeline.report.facts import drop_off_fact
from segmentation_pipeline.report.pictures import Interval, interval_picture, map_picture
from segmentation_pipeline.report.reading import OVERALL, OWN_CUTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from segmentation_pipeline.client.advice import Recommendation
    from segmentation_pipeline.client.experiments import ExperimentPower
    from segmentation_pipeline.client.segments import SegmentSummary
    from segmentation_pipeline.report.content import Block
    from segmentation_pipeline.report.reading import Material

MOST_IDEAS = 8
"""Experiments listed: what a board can talk about."""

MOST_DOTS = 3_000
"""Users drawn on a page, which is smaller than a screen."""

TONES = {"distinct": "good", "continuum": "plain", "no_segments": "caution", "insufficient_data": "caution"}


def changes_page(material: Material) -> Page:
    """Return the first page: what changed, the verdict, the figures, the segments."""
    texts, before = material.texts, material.before
    if before is None:
        title, told = texts("changes.first_title"), [*standouts(material), *_best_idea(material)]
        first: tuple[Block, ...] = (Text(texts("changes.first"), quiet=True),)
    else:
        title, told, first = texts("changes.title", month=texts.month(before.refresh_month)), changes(material), ()
    blocks = (
        *((Bullets(tuple(told)),) if told else ()),
        *first,
        verdict_callout(material),
        Facts(tuple(_facts(material))),
        Heading(texts.choice("groups", material.refresh.verdict)),
        _segments_table(material),
        *_drop_off_picture(material),
    )
    return Page(title, _seen(material), blocks)


def verdict_callout(material: Material) -> Callout:
    """Return what the verdict says, with its weakness."""
    texts, refresh = material.texts, material.refresh
    verdict = refresh.verdict or "insufficient_data"
    says = [texts(f"verdict.{verdict}_says")]
    if refresh.weakness:
        says.append(texts("verdict.weak", reason=refresh.weakness))
    if any(fit.is_mechanical for fit in material.fits.values()):
        says.append(texts("verdict.mechanical"))
    return Callout(texts.choice("verdict", verdict), " ".join(says), TONES.get(verdict, "plain"))


def todo_page(material: Material) -> Page:
    """Return the second page: where users are lost, which experiments to run, the map."""
    texts = material.texts
    blocks: list[Block] = [*_advice(material), *_experiments(material), *_map(material)]
    return Page(texts("todo.title"), texts("todo.lead"), tuple(blocks))


def _seen(material: Material) -> str:
    texts, refresh = material.texts, material.refresh
    dates = {"start": texts.day(refresh.window_start), "as_of": texts.moment(refresh.as_of)}
    if refresh.landmark_at is None or refresh.clock == "entry":
        return texts("report.from_what_entry", **dates)
    return texts("report.from_what", landmark=texts.moment(refresh.landmark_at), **dates)


def _facts(material: Material) -> Iterator[Fact]:
    texts, refresh, before = material.texts, material.refresh, material.before
    note = texts("facts.at_risk_note")
    if before is not None:
        note = texts(
            "facts.at_risk_before", before=texts.count(before.at_risk_count), month=texts.month(before.refresh_month)
        )
    yield Fact(texts("facts.at_risk"), texts.count(refresh.at_risk_count), note)
    yield Fact(
        texts.choice("groups", refresh.verdict),
        texts.count(len(material.segments)),
        texts("facts.ended", count=texts.count(refresh.ended_early_count)),
    )
    yield drop_off_fact(material.fits.get(OVERALL), texts)
    runnable = sum(power.verdict == "run" for power in material.power.values())
    note = texts("facts.runnable_note", count=texts.count(len(material.power)))
    yield Fact(texts("facts.runnable"), texts.count(runnable), note)


def _segments_table(material: Material) -> Table:
    texts, before = material.texts, material.before
    headers = [texts("table.segment"), texts("table.users"), texts("table.share")]
    headers += [texts("table.change")] if before else []
    headers += [texts("table.drop_off")] + ([texts("table.before")] if before else [])
    headers += [texts("table.risk"), texts("table.stability")]
    rows = []
    for found in material.segments:
        row = [found.display_name, texts.count(found.user_count), texts.share(found.share)]
        row += [_share_change(material, found)] if before else []
        rate = texts.share(found.drop_off_rate)
        row += [
            rate
            if found.drop_off_rate is None
            else f"{rate} ({texts.interval(found.drop_off_low, found.drop_off_high)})"
        ]
        row += [_rate_before(material, found)] if before else []
        row += [texts.choice("risk", found.churn_risk), _stability(material, found)]
        rows.append(tuple(row))
    marks = tuple(material.colour(found.cluster_id) for found in material.segments)
    last = len(headers) - 1
    return Table(tuple(headers), tuple(rows), left=(0, last - 1, last), marks=marks)


def _stability(material: Material, found: SegmentSummary) -> str:
    if found.origin == "preset":
        return material.texts("facts.own_cut")
    return material.texts.choice("stability", found.stability) or "–"


def _share_change(material: Material, found: SegmentSummary) -> str:
    earlier, before = material.segments_before.get(found.cluster_id), material.before
    if earlier is None or before is None:
        return material.texts.choice("lineage", "born")
    change, _ = share_change(found, material.refresh.at_risk_count, earlier, before.at_risk_count)
    written = material.texts.number(abs(100 * change), digits=1)
    sign = "" if written == "0" else "+" if change > 0 else "−"
    return material.texts("table.points", value=sign + written)


def _rate_before(material: Material, found: SegmentSummary) -> str:
    earlier = material.segments_before.get(found.cluster_id)
    return "–" if earlier is None or not is_comparable(found, earlier) else material.texts.share(earlier.drop_off_rate)


def _drop_off_picture(material: Material) -> Iterator[Block]:
    texts, rows = material.texts, []
    for found in sorted(material.segments, key=lambda one: (-(one.drop_off_rate or 0), one.cluster_id)):
        if found.drop_off_rate is None:
            continue
        earlier = material.segments_before.get(found.cluster_id)
        hollow = earlier.drop_off_rate if earlier is not None and is_comparable(found, earlier) else None
        rows.append(
            Interval(
                found.display_name,
                found.drop_off_rate,
                found.drop_off_low,
                found.drop_off_high,
                material.colour(found.cluster_id),
                hollow,
            )
        )
    if not rows:
        return
    overall = material.fits.get(OVERALL)
    earlier_month = material.before
    before = ""
    if earlier_month is not None and any(row.hollow is not None for row in rows):
        before = texts("todo.before", month=texts.month(earlier_month.refresh_month))
    yield Pictures(
        (
            interval_picture(
                rows,
                None if overall is None else overall.drop_off_rate,
                texts.share,
                name="drop-off",
                title=texts("todo.picture"),
                caption=texts("todo.picture_caption", before=before),
                alt=texts("todo.picture_alt"),
            ),
        )
    )


def _advice(material: Material) -> Iterator[Block]:
    """Yield what hurts each segment most and what the product should do, a row each."""
    texts, rows, marks = material.texts, [], []
    everyone = [OVERALL] if material.refresh.verdict == OWN_CUTS else []
    for cluster_id in [*everyone, *(found.cluster_id for found in material.segments)]:
        advice = material.snapshot.recommendations(cluster_id, material.month)
        first = {one.kind: one.title for one in reversed(advice)}
        if first:
            told = (first.get("pain_point", "–"), first.get("product_recommendation", "–"))
            rows.append((material.names.get(cluster_id, cluster_id), *told))
            marks.append(material.colour(cluster_id))
    if rows:
        yield Heading(texts("todo.advice"))
        headers = (texts("table.segment"), texts("segment.pain"), texts("segment.remedy"))
        yield Table(headers, tuple(rows), left=(0, 1, 2), marks=tuple(marks))


def _experiments(material: Material) -> Iterator[Block]:
    texts = material.texts
    ranked = _ranked(material)
    weeks = texts.count(max((power.max_weeks for power in material.power.values()), default=12))
    yield Heading(texts("todo.run"))
    shown = ranked[:MOST_IDEAS]
    if not shown:
        yield Text(texts("todo.none_run", weeks=weeks))
    else:
        yield Text(texts("todo.run_says", weeks=weeks), quiet=True)
        headers = [texts(f"table.{name}") for name in ("idea", "segment", "metric", "newcomers", "weeks")]
        rows = tuple(
            (
                idea.title,
                material.names.get(idea.cluster_id, idea.cluster_id),
                f"`{idea.primary_metric}`",
                texts.number(power.eligible_per_week, digits=0),
                texts.number(power.weeks_to_decide, digits=1),
            )
            for idea, power in shown
        )
        marks = tuple(material.colour(idea.cluster_id) for idea, _ in shown)
        yield Table(tuple(headers), rows, left=(0, 1, 2), marks=marks)
    union = sum(power.verdict == "run_in_union" for power in material.power.values())
    no = sum(power.verdict == "do_not_run" for power in material.power.values())
    told = [texts("todo.union", count=texts.count(union))] if union else []
    told += [texts("todo.not_run", count=texts.count(no), weeks=weeks)] if no else []
    if told:
        yield Text(" ".join(told), quiet=True)


def _ranked(material: Material) -> list[tuple[Recommendation, ExperimentPower]]:
    """Return the experiments that can be decided by their own segment, quickest first, each idea once a segment."""
    ideas = material.snapshot.recommendations(month=material.month, kind=EXPERIMENT)
    found = [(idea, power) for idea in ideas if (power := material.power.get(idea.recommendation_id)) is not None]
    runnable = [(idea, power) for idea, power in found if power.verdict == "run"]
    return sorted(runnable, key=lambda one: (one[1].weeks_to_decide or 0, one[0].cluster_id, one[0].rank))


def _best_idea(material: Material) -> Iterator[str]:
    for idea, power in _ranked(material)[:1]:
        yield material.texts(
            "changes.best_idea",
            title=idea.title,
            name=material.names.get(idea.cluster_id, idea.cluster_id),
            weeks=material.texts.number(power.weeks_to_decide, digits=1),
        )


def _map(material: Material) -> Iterator[Block]:
    texts = material.texts
    found = maps.map_points(material.snapshot.connection, material.month, most=MOST_DOTS)
    if not found.total_count or not material.segments:
        return
    sample = ""
    if found.is_sample:
        sample = texts("todo.sample", shown=texts.count(len(found.points)), total=texts.count(found.total_count))
    yield Pictures(
        (
            map_picture(
                found.points,
                material.colours,
                material.names,
                name="map",
                title=texts("todo.map"),
                caption=texts("todo.map_caption", sample=sample),
                alt=texts("todo.map_alt"),
            ),
        )
    )
