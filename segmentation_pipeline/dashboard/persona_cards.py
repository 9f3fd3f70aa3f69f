"""A persona's card: tier in words and colour, rate with interval, what sets it apart, a person's name and notes.

Add here: another part of the card. Keep out: the page around it (screens/leads.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from segmentation_pipeline.dashboard.bars import compared_bars, share_bars
from segmentation_pipeline.dashboard.lead_upload import role_name
from segmentation_pipeline.dashboard.markup import in_html, quiet
from segmentation_pipeline.dashboard.session import EDITOR, done
from segmentation_pipeline.errors import PipelineError
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
    texts, persona_id = shown.texts, persona.persona_id
    with st.expander(texts("segments.edit"), icon=":material/edit:"):
        st.caption(texts("segments.own_label", label=quiet(persona.name), cluster_id=persona_id))
        with st.form(f"persona_name_{persona_id}", border=False):
            name = st.text_input(texts("segments.name"), value=own_name(persona), max_chars=80)
            save, back = st.columns(2)
            is_saved = save.form_submit_button(texts("app.save"))
            is_back = back.form_submit_button(texts("app.cancel"))
        deleted = None
        for note in persona.notes:
            st.markdown(quiet(note.text))
            signed, delete = st.columns([4, 1], vertical_alignment="center")
            signed.caption(texts("segments.signed", by=quiet(note.created_by), at=texts.moment(note.created_at)))
            if delete.button(
                texts("leads.delete"),
                key=f"delete_{persona_id}_{note.note_id}",
                icon=":material/delete:",
                type="tertiary",
            ):
                deleted = note.note_id
        with st.form(f"persona_note_{persona_id}", border=False, clear_on_submit=True):
            note_text = st.text_area(texts("segments.note"), height=68)
            is_noted = st.form_submit_button(texts("app.save"))
        st.caption(texts("leads.names_last"))
    try:
        if is_saved and name.strip() != own_name(persona):
            stored = shown.home.rename_persona(persona_id, name, by=EDITOR)
            done(texts("segments.renamed", name=quiet(stored)))
        if is_back and shown.home.clear_persona_name(persona_id, by=EDITOR):
            done(texts("segments.name_back"))
        if is_noted and note_text.strip():
            shown.home.add_persona_note(persona_id, note_text, by=EDITOR)
            done(texts("segments.noted"))
        if deleted is not None:
            shown.home.delete_persona_note(persona_id, deleted)
            done(texts("leads.deleted"))
    except PipelineError as refused:
        st.error(quiet(str(refused)), icon=":material/block:")
