"""A persona's card: tier in words and colour, rate with interval, what sets it apart, a person's name and notes.

Add here: another part of the card. Keep out: the page around it (screens/leads.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from segmentation_pipeline.dashboard.bars import compared_bars, share_bars
from segmentation_pipeline.dashboard.lead_upload import role_name
from segmentation_pipeline.dashboard.markup import in_html
from segmentation_pipeline.dashboard.naming import Named, name_and_notes
from segmentation_pipeline.dashboard.session import EDITOR
from segmentation_pipeline.pictures import NEUTRAL_COLOUR

if TYPE_CHECKING:
    from segmentation_pipeline.client.lead_details import PersonaProfile
    from segmentation_pipeline.client.personas import Persona
    from segmentation_pipeline.dashboard.session import Shown
    from segmentation_pipeline.dashboard.wording import Texts

TIERS = {
    "PREMIUM": ("#0072B2", "star"),
    "HIGH": ("#009E73", "diamond"),
    "MEDIUM": ("#CC79A7", "circle"),
    "LOW": ("#E69F00", "square"),
    "MINIMAL": ("#D55E00", "triangle-down"),
    "UNKNOWN": (NEUTRAL_COLOUR, "x"),
}
"""Tier -> colour (Okabe and Ito) and mark; the word stands beside both wherever they are."""


NEARLY_SURE = 0.995
"""A chance from which on the next whole percentage would be a hundred."""


def persona_card(shown: Shown, persona: Persona, profile: PersonaProfile) -> None:
    """Show one persona in full."""
    _heading(persona, shown.texts)
    _figures(persona, shown.texts)
    apart, told = st.columns([3, 2])
    with apart:
        _contrasts(profile, shown.texts)
    with told:
        _frequencies(persona, profile, shown.texts)
    _edit(shown, persona)


def tier_name(persona: Persona, texts: Texts) -> str:
    """Return the tier in words, marked where it is not sure."""
    tier = texts.choice("tier", persona.value_tier)
    return f"{tier} ({texts('leads.uncertain')})" if persona.is_tier_uncertain else tier


def own_name(persona: Persona) -> str:
    """Return what a persona is called without its tier, which is shown apart."""
    return persona.label if persona.display_name == persona.name else persona.display_name


def _heading(persona: Persona, texts: Texts) -> None:
    colour, _ = TIERS[persona.value_tier]
    st.html(
        "<h3 style='margin:0;padding:0 0 0 .6rem;overflow-wrap:anywhere;"
        f"border-left:.5rem solid {colour}'>{in_html(own_name(persona))}</h3>"
    )
    size = texts("leads.of_leads", count=texts.count(persona.size), share=texts.share(persona.share))
    seniority = texts.choice("seniority", persona.seniority)
    told = f"**{texts('leads.tier')}: {tier_name(persona, texts)}** · {size} · {seniority}"
    if persona.is_tier_uncertain:
        told += f"  \n:material/straighten: {texts('leads.uncertain_says')}"
    st.caption(told)


def _figures(persona: Persona, texts: Texts) -> None:
    if persona.shrunken_rate is None:
        st.caption(texts("leads.no_rate"))
        return
    interval = f"{texts.share(persona.rate_low, digits=1)} – {texts.share(persona.rate_high, digits=1)}"
    counted = texts(
        "leads.counted",
        conversions=texts.count(persona.conversion_count),
        count=texts.count(persona.counted_count),
    )
    figures = (
        (
            texts("leads.drawn"),
            texts.share(persona.shrunken_rate, digits=1),
            texts("leads.interval", interval=interval),
        ),
        (texts("leads.raw"), texts.share(persona.raw_rate, digits=1), counted),
        (texts("leads.best"), _chance(persona.best_probability, texts), texts("leads.best_says")),
    )
    for column, (name, value, told) in zip(st.columns(3), figures, strict=True):
        with column.container(border=True, height="stretch"):
            st.metric(name, value)
            st.caption(told)


def _chance(probability: float | None, texts: Texts) -> str:
    """Return a chance; one that rounds to nothing or to everything is still neither."""
    if probability is not None and probability >= NEARLY_SURE:
        return f"> {texts.share(NEARLY_SURE - 0.005)}"
    if probability is not None and probability < 1 - NEARLY_SURE:
        return f"< {texts.share(1.005 - NEARLY_SURE)}"
    return texts.share(probability)


def _contrasts(profile: PersonaProfile, texts: Texts) -> None:
    st.markdown(f"**{texts('segments.apart')}**")
    if not profile.contrasts:
        st.caption(texts("leads.nothing_apart"))
        return
    rows = [(f"{one.header}: {one.value}", one.share, one.overall_share) for one in profile.contrasts]
    compared_bars(rows, texts("leads.everywhere"), texts)


def _frequencies(persona: Persona, profile: PersonaProfile, texts: Texts) -> None:
    columns = list(profile.frequencies)
    if not columns:
        return
    chosen = st.selectbox(
        texts("leads.most_frequent"),
        columns,
        key=f"frequencies_{persona.import_id}_{persona.persona_id}",
        format_func=lambda name: role_name(name, texts),
    )
    share_bars([("", [(one.value, one.count, one.share) for one in profile.frequencies[chosen]])], texts)


def _edit(shown: Shown, persona: Persona) -> None:
    home, persona_id = shown.home, persona.persona_id
    named = Named(
        key=persona_id,
        label=persona.name,
        name=own_name(persona),
        notes=persona.notes,
        rename=lambda name: home.rename_persona(persona_id, name, by=EDITOR),
        clear_name=lambda: home.clear_persona_name(persona_id, by=EDITOR),
        add_note=lambda text: home.add_persona_note(persona_id, text, by=EDITOR),
        delete_note=lambda note_id: home.delete_persona_note(persona_id, note_id),
        hint=shown.texts("leads.names_last"),
    )
    name_and_notes(named, shown.texts)
