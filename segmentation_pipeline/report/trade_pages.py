"""Pages of customers and of leads, of homes that have them.

Add here: another figure about customers or leads. Keep out: segments of users.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segmentation_pipeline.report.content import Bullets, Callout, Fact, Facts, Heading, Page, Pictures, Table, Text
from segmentation_pipeline.report.pictures import Interval, interval_picture, stacks_picture

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from segmentation_pipeline.client.customers import CustomersSummary, TierLift
    from segmentation_pipeline.client.personas import LeadImport, Persona
    from segmentation_pipeline.client.snapshot import Snapshot
    from segmentation_pipeline.report.content import Block
    from segmentation_pipeline.wording import Texts

SPREAD = ("churn", "value", "loyalty", "affinity_type", "diversity", "age_segment")
"""Dimensions drawn; mode and strategy are told in words."""

TIER_COLOURS = {
    "PREMIUM": "#0072B2",
    "HIGH": "#009E73",
    "MEDIUM": "#B8A800",
    "LOW": "#E69F00",
    "MINIMAL": "#D55E00",
    "UNKNOWN": "#9A9A9A",
}
MOST_PERSONAS = 12
MOST_CONTRASTS = 3

LEAD_TONES = {"repeatable": "good", "bands": "plain", "no_structure": "caution"}


def customers_page(snapshot: Snapshot, month: date, texts: Texts) -> Page | None:
    """Return what is known of customers at a refresh; None where the home has none."""
    found = snapshot.customers(month)
    if found is None:
        return None
    modes = dict(found.labels["mode"])
    new = modes.get("new_customer", 0)
    facts = (
        Fact(texts("customers.customers"), texts.count(found.customer_count)),
        Fact(texts("customers.orders"), texts.count(found.order_count)),
        Fact(texts("customers.spent"), texts.number(found.total_spent, digits=0)),
        Fact(texts("customers.new"), texts.count(new), texts.share(new / found.customer_count)),
    )
    picture = stacks_picture(
        [(texts(f"dimension.{name}"), _shares(found, name)) for name in SPREAD],
        texts.share,
        name="customers",
        title=texts("customers.spread"),
        caption=texts("customers.spread_caption"),
        alt=texts("customers.spread_alt"),
    )
    strategies = Table(
        (texts("customers.strategy"), texts("customers.customers"), texts("customers.share")),
        tuple(
            (label, texts.count(count), texts.share(count / found.customer_count))
            for label, count in found.labels["recommended_strategy"]
        ),
    )
    blocks = (
        Facts(facts),
        Pictures((picture,)),
        Heading(texts("customers.do")),
        strategies,
        Heading(texts("customers.lifts")),
        *_lifts(found, texts),
    )
    return Page(texts("customers.title"), texts("customers.lead", day=texts.moment(found.as_of)), blocks)


def leads_page(snapshot: Snapshot, texts: Texts) -> Page | None:
    """Return the personas of the newest import of leads; None where the home has none."""
    imports = snapshot.lead_imports()
    if not imports:
        return None
    found = imports[-1]
    personas = snapshot.personas(found.import_id)
    blocks = (
        Facts(tuple(_lead_facts(found, texts))),
        *_lead_verdict(found, texts),
        *_personas(found, personas, texts),
        *_who(snapshot, found, personas, texts),
    )
    lead = texts("leads.lead", count=texts.count(found.lead_count), **{"import": found.import_id})
    return Page(texts("leads.title"), lead, blocks)


def _shares(found: CustomersSummary, dimension: str) -> list[tuple[str, float]]:
    return [(label, count / found.customer_count) for label, count in found.labels[dimension]]


def _lifts(found: CustomersSummary, texts: Texts) -> Iterator[Block]:
    if not found.lifts:
        yield Text(texts("customers.no_lifts"))
        return
    yield Text(texts("customers.lifts_says", days=texts.number(found.lifts[0].days, digits=0)), quiet=True)
    headers = tuple(texts(f"customers.{name}") for name in ("tier", "then", "lift", "meaning"))
    rows = tuple(
        (
            f"{texts(f'dimension.{one.dimension}')}: {one.tier}",
            texts.choice("lift_outcome", one.outcome),
            texts.estimate(one.lift, one.lift_low, one.lift_high),
            texts(f"customers.{_meaning(one)}"),
        )
        for one in found.lifts
    )
    yield Table(headers, rows, left=(0, 1, 3))


def _meaning(lift: TierLift) -> str:
    return "more" if lift.lift_low > 1 else "less" if lift.lift_high < 1 else "nothing"


def _lead_facts(found: LeadImport, texts: Texts) -> Iterator[Fact]:
    yield Fact(texts("leads.leads"), texts.count(found.lead_count))
    yield Fact(texts("leads.counted"), texts.count(found.counted_count))
    yield Fact(texts("leads.rate"), texts.share(found.overall_rate, digits=1))
    yield Fact(texts("leads.personas"), texts.count(found.persona_count))


def _lead_verdict(found: LeadImport, texts: Texts) -> Iterator[Block]:
    if found.status != "grouped":
        yield Callout(texts("leads.verdict"), texts("leads.none", reason=found.status_reason or "–"), "caution")
    elif found.verdict is not None:
        told = found.verdict_reason or ""
        yield Callout(texts.choice("lead_verdict", found.verdict), told, LEAD_TONES.get(found.verdict, "plain"))
    if found.weakness:
        yield Bullets((found.weakness,))


def _personas(found: LeadImport, personas: list[Persona], texts: Texts) -> Iterator[Block]:
    shown = personas[:MOST_PERSONAS]
    told = [one for one in shown if one.shrunken_rate is not None]
    if not told:
        yield Text(texts("leads.no_rate"))
    else:
        drawn = [
            Interval(
                one.display_name,
                one.shrunken_rate or 0.0,
                one.rate_low,
                one.rate_high,
                TIER_COLOURS.get(one.value_tier, TIER_COLOURS["UNKNOWN"]),
                one.raw_rate,
            )
            for one in told
        ]
        picture = interval_picture(
            drawn,
            found.overall_rate,
            texts.share,
            name="leads",
            title=texts("leads.picture"),
            caption=texts("leads.picture_caption"),
            alt=texts("leads.picture_alt"),
        )
        yield Pictures((picture,))
    headers = tuple(texts(f"leads.{name}") for name in ("persona", "leads", "raw", "estimate", "tier", "best"))
    rows = [
        (
            one.display_name,
            texts.count(one.size),
            texts.count(one.conversion_count),
            "–"
            if one.shrunken_rate is None
            else f"{texts.share(one.shrunken_rate, digits=1)} ({texts.interval(one.rate_low, one.rate_high)})",
            _tier(one, texts),
            texts.share(one.best_probability),
        )
        for one in shown
    ]
    yield Table(headers, tuple(rows), left=(0, 4))


def _who(snapshot: Snapshot, found: LeadImport, personas: list[Persona], texts: Texts) -> Iterator[Block]:
    """Yield what is more frequent in each persona than among all leads."""
    profiles = snapshot.persona_profiles(found.import_id)
    told = []
    for one in personas[:MOST_PERSONAS]:
        contrasts = profiles[one.persona_id].contrasts[:MOST_CONTRASTS] if one.persona_id in profiles else ()
        values = "; ".join(
            texts(
                "leads.more_often",
                column=contrast.header,
                value=contrast.value,
                share=texts.share(contrast.share),
                overall=texts.share(contrast.overall_share),
            )
            for contrast in contrasts
        )
        if values:
            told.append(f"{one.display_name}: {values}.")
    if told:
        yield Heading(texts("leads.who"))
        yield Text(texts("leads.who_says"), quiet=True)
        yield Bullets(tuple(told))


def _tier(one: Persona, texts: Texts) -> str:
    tier = texts.choice("tier", one.value_tier)
    return texts("leads.uncertain", tier=tier) if one.is_tier_uncertain else tier
