"""Leads: the personas of an import ranked by conversion, what speaks for them, pictures and files, trends, an upload.

Add here: another look at an import. Keep out: one persona in full (persona_cards.py), reading files (client/).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from segmentation_pipeline.client import lead_details, personas
from segmentation_pipeline.dashboard.columns import percent_bars
from segmentation_pipeline.dashboard.curve_figures import persona_trend_figure
from segmentation_pipeline.dashboard.interval_figure import Estimate, interval_figure
from segmentation_pipeline.dashboard.lead_upload import bring_leads, role_name
from segmentation_pipeline.dashboard.markup import code, quiet
from segmentation_pipeline.dashboard.persona_cards import TIERS, own_name, persona_card, tier_name
from segmentation_pipeline.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from segmentation_pipeline.client import Client
    from segmentation_pipeline.client.lead_details import LeadColumn
    from segmentation_pipeline.client.personas import LeadImport, Persona
    from segmentation_pipeline.dashboard.session import Shown
    from segmentation_pipeline.dashboard.wording import Texts

PICTURES = ("dashboard", "pca")
FILES = {
    "personas": (".json", "application/json"),
    "clustered": (".csv", "text/csv"),
    "dashboard": (".png", "image/png"),
    "pca": (".png", "image/png"),
}
"""Kind of file written for people -> how it is called and typed when downloaded."""

TAB_CHARS = 26

TABS = "persona"
"""Name in the session: the open tab. Only its card is made, so that the page is drawn sooner."""

MOST_ERRORS = 5
"""Files that could not be read, told of at once; the check on data quality names more."""


def show(shown: Shown) -> None:
    """Show the page."""
    texts = shown.texts
    imports = {found.import_id: found for found in reversed(shown.snapshot.lead_imports())}
    _unreadable(shown)
    if not imports:
        _nobody(shown.home, texts)
        bring_leads(shown.home, texts)
        return
    st.caption(texts("leads.lead"))
    chosen = st.selectbox(texts("leads.import"), list(imports), key="lead_import", help=texts("leads.import_help"))
    found = imports[chosen]
    ranked = shown.snapshot.personas(found.import_id)
    columns = lead_details.lead_columns(shown.snapshot.connection, found.import_id)
    _figures(found, texts)
    _cautions(found, columns, texts)
    _ranking(found, ranked, texts)
    profiles = shown.snapshot.persona_profiles(found.import_id)
    titles = [f"{persona.rank} · {quiet(_short(own_name(persona)))}" for persona in ranked]
    tabs = st.tabs(titles, key=TABS, on_change="rerun")
    is_any_open = any(tab.open for tab in tabs)  # none is, where the open one was just given another name
    for place, (tab, persona) in enumerate(zip(tabs, ranked, strict=True)):
        if tab.open or (place == 0 and not is_any_open):
            with tab:
                persona_card(shown, persona, profiles[persona.persona_id])
    st.subheader(texts("leads.trend"))
    _trend(shown, ranked)
    st.subheader(texts("leads.pictures"))
    _pictures(shown, found.import_id)
    st.subheader(texts("leads.columns"))
    _columns(columns, texts)
    bring_leads(shown.home, texts)


def offer(home: Client, texts: Texts) -> None:
    """Show what can be done where nothing is published yet."""
    bring_leads(home, texts)


def _short(name: str) -> str:
    return name if len(name) <= TAB_CHARS else f"{name[: TAB_CHARS - 1].rstrip()}…"


def _nobody(home: Client, texts: Texts) -> None:
    told = texts(
        "leads.bring",
        folder=code(str(home.home.landing / "leads")),
        command=code(f"segpipe run --home {home.home.root} --leads leads.csv"),
    )
    st.info(f"**{texts('leads.none')}**  \n{told}", icon=":material/contact_page:")


def _unreadable(shown: Shown) -> None:
    files = lead_details.lead_files(shown.snapshot.connection)
    for file in [file for file in files if file.error][:MOST_ERRORS]:
        st.error(
            f"**{shown.texts('leads.unreadable', name=code(file.import_id))}**  \n{quiet(file.error or '')}",
            icon=":material/block:",
        )


def _figures(found: LeadImport, texts: Texts) -> None:
    with st.container(horizontal=True):
        st.metric(texts("leads.leads"), texts.count(found.lead_count), border=True)
        st.metric(
            texts("leads.counted_leads"),
            texts.count(found.counted_count),
            help=texts("leads.counted_help"),
            border=True,
        )
        st.metric(texts("leads.rate"), texts.share(found.overall_rate, digits=1), border=True)
        st.metric(texts("leads.personas"), texts.count(found.persona_count), border=True)


def _cautions(found: LeadImport, columns: Sequence[LeadColumn], texts: Texts) -> None:
    """Say what must be known before the rates are read, serious things first."""
    serious = list(_serious(found, columns, texts))
    if serious:
        st.warning("\n".join(f"- {one}" for one in serious), icon=":material/warning:")
    else:
        st.success(texts("leads.no_caution"), icon=":material/check:")
    st.caption("  \n".join(_basis(found, texts)))


def _basis(found: LeadImport, texts: Texts) -> Iterator[str]:
    """Yield what the rates and the groups rest on."""
    if found.maturity == "judged":
        yield f":material/schedule: {texts('leads.matured', count=texts.count(found.immature_count))}"
    if found.prior_weight is not None:
        weight = texts("leads.prior", weight=texts.number(found.prior_weight, digits=0))
        learned = texts("leads.prior_learned" if found.is_prior_learned else "leads.prior_given")
        yield f":material/balance: {weight} {learned}"
    if found.verdict:
        told = texts(f"lead_verdict.{found.verdict}")
        yield f":material/science: **{told}** {quiet(found.verdict_reason or '')}"


def _serious(found: LeadImport, columns: Sequence[LeadColumn], texts: Texts) -> Iterator[str]:
    if found.status_reason:
        yield texts("leads.one_group", reason=quiet(found.status_reason))
    leaking = [column for column in columns if column.status == "leaking"]
    if leaking:
        told = ", ".join(f"{code(column.header)} (AUC {texts.number(column.auc)})" for column in leaking)
        yield texts("leads.leaking", columns=told)
    if found.unknown_outcome_count:
        yield texts("leads.unknown", count=texts.count(found.unknown_outcome_count))
    if found.maturity == "no_date_column":
        yield texts("leads.no_date")
    if found.weakness:
        yield texts("verdict.weak", reason=quiet(found.weakness))


def _ranking(found: LeadImport, ranked: Sequence[Persona], texts: Texts) -> None:
    rows = [
        Estimate(
            f"{persona.rank} · {own_name(persona)}",
            100 * persona.shrunken_rate,
            100 * persona.rate_low,
            100 * persona.rate_high,
            f"{tier_name(persona, texts)}: {texts.share(persona.shrunken_rate, digits=1)} "
            f"({texts.share(persona.rate_low, digits=1)} – {texts.share(persona.rate_high, digits=1)})",
            *TIERS[persona.value_tier],
            raw=None if persona.raw_rate is None else 100 * persona.raw_rate,
        )
        for persona in ranked
        if persona.shrunken_rate is not None and persona.rate_low is not None and persona.rate_high is not None
    ]
    if not rows:
        return
    against = None if found.overall_rate is None else 100 * found.overall_rate
    st.plotly_chart(
        interval_figure(rows, texts, texts("leads.rate_axis"), against=against),
        key="lead_rates",
        config={"displayModeBar": False},
        alt=texts("leads.rates_alt"),
    )
    tiers = ", ".join(
        f"{texts.choice('mark', TIERS[tier][1])} {texts.choice('tier', tier)}"
        for tier in TIERS
        if tier in {persona.value_tier for persona in ranked}
    )
    st.caption(texts("leads.marks", tiers=tiers))


def _trend(shown: Shown, ranked: Sequence[Persona]) -> None:
    texts = shown.texts
    trends = personas.persona_trends(shown.snapshot.connection)
    if len({one.import_id for one in trends}) < 2:
        st.caption(texts("leads.trend_one"))
        return
    names = {persona.persona_id: own_name(persona) for persona in ranked}
    st.plotly_chart(
        persona_trend_figure(trends, names, texts),
        key="lead_trend",
        config={"displayModeBar": False},
        alt=texts("leads.trend"),
    )
    clear = [one for one in trends if one.is_rate_change_clear]
    if clear:
        newest = clear[-1]
        st.caption(
            texts(
                "leads.clear_change",
                count=len(clear),
                name=quiet(names.get(newest.persona_id, newest.name)),
                change=texts.share(newest.rate_change, digits=1),
            )
        )
    else:
        st.caption(texts("leads.no_clear_change"))


def _pictures(shown: Shown, import_id: str) -> None:
    texts = shown.texts
    paths = {}
    for kind in FILES:
        try:
            paths[kind] = shown.home.lead_export(import_id, kind)
        except NotFound as gone:
            st.caption(f":material/draft: {quiet(str(gone))}")
    for column, kind in zip(st.columns([3, 2], vertical_alignment="center"), PICTURES, strict=True):
        if kind in paths:
            column.image(
                paths[kind].read_bytes(),
                caption=texts(f"leads.{kind}"),
                width="stretch",
                alt=texts(f"leads.{kind}_alt"),
            )
    with st.container(horizontal=True):
        for kind, path in paths.items():
            ending, mime = FILES[kind]
            st.download_button(
                texts(f"leads.get_{kind}"),
                data=path.read_bytes,
                file_name=f"{import_id.replace('/', '_')}-{kind}{ending}",
                mime=mime,
                key=f"get_{kind}",
                icon=":material/download:",
                on_click="ignore",
            )


def _columns(columns: Sequence[LeadColumn], texts: Texts) -> None:
    st.caption(texts("leads.columns_say"))
    missing = texts("leads.missing")
    st.dataframe(
        [
            {
                texts("leads.header"): column.header,
                texts("lead_upload.role"): role_name(column.column_name, texts),
                texts("leads.use"): texts(f"column_status.{column.status}"),
                texts("leads.alone"): None if column.auc is None else round(column.auc, 2),
                missing: 100 * column.unknown_share,
                texts("moves.reason"): column.reason or "",
            }
            for column in columns
        ],
        hide_index=True,
        column_config=percent_bars(texts, missing)
        | {texts("leads.alone"): st.column_config.NumberColumn(format="%.2f")},
        width="stretch",
    )
