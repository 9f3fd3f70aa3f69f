"""A page for each segment: who they are, who stays, what hurts, what to try and what that would take.

Add here: another part of that page. Keep out: what several segments share (summary.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segmentation_pipeline.client.advice import EXPERIMENT
from segmentation_pipeline.pictures import NEUTRAL_COLOUR
from segmentation_pipeline.report.content import Fact, Facts, Heading, Idea, Page, Pictures, Text
from segmentation_pipeline.report.facts import drop_off_fact
from segmentation_pipeline.report.pictures import Curve, bars_picture, curves_picture
from segmentation_pipeline.report.reading import OVERALL, OWN_CUTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from segmentation_pipeline.client.advice import Recommendation
    from segmentation_pipeline.client.experiments import ExperimentPower
    from segmentation_pipeline.client.segments import SegmentSummary
    from segmentation_pipeline.report.content import Block, Picture
    from segmentation_pipeline.report.reading import Material
    from segmentation_pipeline.wording import Texts

MOST_CONTRASTS = 6
MOST_PAINS = 2
MOST_REMEDIES = 2
MOST_ALSO = 3
MOST_NOTES = 3

LONG_WEEKS = 104
"""Weeks beyond which only their being too many is told: two years."""

VERDICT_RANK = {"run": 0, "run_in_union": 1, "not_computed": 2, "do_not_run": 3}


def segment_pages(material: Material) -> list[Page]:
    """Return a page for each segment, largest first; under the verdict that there are none, one for everyone."""
    everyone = material.snapshot.recommendations(OVERALL, material.month)
    pages = [_everyone(material, everyone)] if everyone else []
    if material.refresh.verdict != OWN_CUTS:
        pages += [_page(material, found) for found in material.segments]
    return pages


def _page(material: Material, found: SegmentSummary) -> Page:
    detail = material.snapshot.segment(found.cluster_id, material.month)
    advice = material.snapshot.recommendations(found.cluster_id, material.month)
    texts = material.texts
    notes = tuple(
        Text(texts("segment.note", by=note.created_by, text=note.text), quiet=True)
        for note in found.notes[-MOST_NOTES:]
    )
    blocks: list[Block] = [Facts(tuple(_facts(material, found, detail.jaccard))), *notes]
    pictures: list[Picture] = []
    if detail.contrasts:
        pictures.append(
            bars_picture(
                [(material.feature(one.feature), one.difference_sd) for one in detail.contrasts[:MOST_CONTRASTS]],
                material.colour(found.cluster_id),
                lambda value: ("+" if value > 0 else "−") + texts.number(abs(value), digits=1),
                name=f"apart-{found.cluster_id}",
                title=texts("segment.apart"),
                caption=texts("segment.apart_caption"),
                alt=texts("segment.apart_alt"),
            )
        )
    pictures += _retention(material, found)
    blocks += [Pictures(tuple(pictures))] if pictures else []
    blocks += _no_curve(material, found)
    blocks += _advice(material, advice) if advice else [Text(texts("segment.too_small"), quiet=True)]
    return Page(found.display_name, detail.description, tuple(blocks), material.colour(found.cluster_id))


def _everyone(material: Material, advice: list[Recommendation]) -> Page:
    texts = material.texts
    return Page(texts("segment.everyone_title"), texts("segment.everyone_lead"), tuple(_advice(material, advice)))


def _facts(material: Material, found: SegmentSummary, jaccard: float | None) -> Iterator[Fact]:
    texts = material.texts
    yield Fact(
        texts("facts.users"), texts.count(found.user_count), texts("facts.share_note", share=texts.share(found.share))
    )
    yield drop_off_fact(found, texts)
    fit, overall = material.fits.get(found.cluster_id), material.fits.get(OVERALL)
    if fit is not None and fit.rmst_days is not None and overall is not None:
        yield Fact(
            texts("facts.kept"),
            texts.number(fit.rmst_days, digits=1),
            texts(
                "facts.kept_note",
                tau=texts.number(fit.rmst_tau_days, digits=1),
                overall=texts.number(overall.rmst_days, digits=1),
            ),
        )
    if found.origin == "preset":
        yield Fact(texts("facts.stability"), "–", texts("facts.own_cut"))
    else:
        note = "" if jaccard is None else texts("facts.jaccard", value=texts.number(jaccard))
        yield Fact(texts("facts.stability"), texts.choice("stability", found.stability) or "–", note)


def _retention(material: Material, found: SegmentSummary) -> Iterator[Picture]:
    texts = material.texts
    own, everyone = _curve(material, found.cluster_id), _curve(material, OVERALL)
    if own is None:
        return
    competing = texts("segment.retention_competing") if found.is_cause_specific else ""
    yield curves_picture(
        [own, *([everyone] if everyone else [])],
        texts.share,
        texts("segment.days"),
        name=f"retention-{found.cluster_id}",
        title=texts("segment.retention"),
        caption=texts("segment.retention_caption") + competing,
        alt=texts("segment.retention_alt"),
    )


def _no_curve(material: Material, found: SegmentSummary) -> Iterator[Block]:
    if _curve(material, found.cluster_id) is None:
        fit = material.fits.get(found.cluster_id)
        reason = (fit.reason if fit else None) or material.refresh.unjudged_reason or "–"
        yield Text(material.texts("segment.no_curve", reason=reason), quiet=True)


def _curve(material: Material, cluster_id: str) -> Curve | None:
    points = [point for point in material.curves if point.cluster_id == cluster_id]
    if len(points) < 2:
        return None
    estimates = [point.estimate or 0.0 for point in points]
    return Curve(
        [point.day for point in points],
        estimates,
        [one if point.low is None else point.low for point, one in zip(points, estimates, strict=True)],
        [one if point.high is None else point.high for point, one in zip(points, estimates, strict=True)],
        NEUTRAL_COLOUR if cluster_id == OVERALL else material.colour(cluster_id),
    )


def _advice(material: Material, advice: list[Recommendation]) -> Iterator[Block]:
    texts = material.texts
    pains = [one for one in advice if one.kind == "pain_point"][:MOST_PAINS]
    remedies = [one for one in advice if one.kind == "product_recommendation"][:MOST_REMEDIES]
    if pains:
        yield Heading(texts("segment.pain"))
        yield from (Idea("pain", one.title, one.text) for one in pains)
    if remedies:
        yield Heading(texts("segment.remedy"))
        yield from (Idea("remedy", one.title, _beyond_evidence(one, pains)) for one in remedies)
    ideas = sorted((one for one in advice if one.kind == EXPERIMENT), key=lambda one: _order(material, one))
    if ideas:
        power = material.power.get(ideas[0].recommendation_id)
        yield Heading(texts.choice("try", "not_computed" if power is None else power.verdict))
        yield _experiment(material, ideas[0], pains)
        if len(ideas) > 1:
            others = "; ".join(_with_verdict(material, one) for one in ideas[1 : 1 + MOST_ALSO])
            yield Text(texts("segment.also", titles=others), quiet=True)


def _beyond_evidence(one: Recommendation, told: list[Recommendation]) -> str:
    """Return a text without the sentences of evidence that stand above it already."""
    said = {cited.rendered for other in told for cited in other.evidence}
    text = one.text
    for cited in one.evidence:
        if cited.rendered in said:
            text = text.replace(cited.rendered, "", 1)
    return text.strip()


def _order(material: Material, one: Recommendation) -> tuple[int, int]:
    power = material.power.get(one.recommendation_id)
    return (VERDICT_RANK.get(power.verdict, 2) if power else 2, one.rank)


def _with_verdict(material: Material, one: Recommendation) -> str:
    power = material.power.get(one.recommendation_id)
    if power is None:
        return one.title
    told = material.texts.choice("power", power.verdict)
    return f"{one.title} ({told[:1].lower() + told[1:]})"


def _experiment(material: Material, one: Recommendation, pains: list[Recommendation]) -> Idea:
    text = _beyond_evidence(one, pains)
    details = [(material.texts("segment.hypothesis"), one.hypothesis)] if one.hypothesis else []
    power = material.power.get(one.recommendation_id)
    if one.primary_metric:
        direction = material.texts.choice("direction", one.expected_direction)
        wanted = material.texts("segment.wanted", metric=f"`{one.primary_metric}`", direction=direction)
        details.append((material.texts("segment.decides"), wanted))
    if power is not None:
        details += _power(material, power)
    return Idea("experiment", one.title, text, tuple(details))


def _weeks(weeks: float, texts: Texts) -> str:
    """Return how long it takes, in words where nobody would wait for it."""
    if weeks > LONG_WEEKS:
        return texts("segment.too_long", years=texts.count(LONG_WEEKS // 52))
    return texts("segment.weeks_says", weeks=texts.number(weeks, digits=1))


def _power(material: Material, power: ExperimentPower) -> Iterator[tuple[str, str]]:
    texts = material.texts
    if power.baseline is not None:
        told = texts.measured(power.baseline, power.unit)
        if power.baseline_low is not None and power.baseline_high is not None:
            low, high = (texts.measured(end, power.unit) for end in (power.baseline_low, power.baseline_high))
            told += f" ({low} – {high})"
        yield texts("segment.baseline"), told
        target = texts.measured(power.target, power.unit)
        yield (
            texts("segment.worth"),
            texts("segment.worth_says", share=texts.share(power.smallest_effect), target=target),
        )
    if power.users_per_arm is not None:
        told = texts(
            "segment.needed_says",
            per_arm=texts.count(power.users_per_arm),
            week=texts.number(power.eligible_per_week, digits=0),
        )
        yield texts("segment.users_needed"), told
    if power.weeks_to_decide is not None:
        yield texts("segment.weeks"), _weeks(power.weeks_to_decide, texts)
    verdict = texts.choice("power", power.verdict)
    if power.verdict == "run_in_union" and power.union_weeks_to_decide is not None:
        names = ", ".join(material.names.get(found, found) for found in power.union_cluster_ids)
        weeks = texts.number(power.union_weeks_to_decide, digits=1)
        verdict += ": " + texts("segment.union", segments=names, weeks=weeks)
    yield texts("segment.verdict"), verdict
