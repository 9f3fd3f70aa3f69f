"""What every page shares: the home, the chosen refresh, the words, names and colours of segments, the verdict's look.

Add here: something a second page needs. Keep out: pages.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import streamlit as st

from segmentation_pipeline import client
from segmentation_pipeline.client import customers, retention
from segmentation_pipeline.config import HOME_VARIABLE, SAMPLE_HOME
from segmentation_pipeline.dashboard.markup import quiet
from segmentation_pipeline.dashboard.wording import LANGUAGES, Texts, load_texts
from segmentation_pipeline.pictures import NEUTRAL_COLOUR, segment_colours

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date, datetime

    from streamlit.navigation.page import StreamlitPage

    from segmentation_pipeline.client import Client, RefreshSummary, Snapshot
    from segmentation_pipeline.config import Home

BadgeColour: TypeAlias = Literal["green", "blue", "orange", "gray"]

LOOKS: dict[str, tuple[str, Callable[..., object], BadgeColour]] = {
    "distinct": (":material/category:", st.success, "green"),
    "continuum": (":material/gradient:", st.info, "blue"),
    "no_segments": (":material/blur_on:", st.warning, "orange"),
    "insufficient_data": (":material/hourglass_empty:", st.warning, "gray"),
}
"""Verdict -> its icon, box and colour: the icons and words differ, so that nobody needs the colour."""

ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><circle cx="7" cy="8" r="4.5" fill="#0072B2"/>'
    '<circle cx="17" cy="7" r="3.5" fill="#D55E00"/><circle cx="14" cy="17" r="5" fill="#009E73"/></svg>'
)
"""The icon of the browser's tab; one given by name would be fetched from a server of Google's."""

STYLE = """<style>
[data-testid=stMainBlockContainer] {padding: 3.5rem 2.5rem 4rem; max-width: 84rem}
[data-testid=stMainBlockContainer] h1 {font-size: 2rem; padding: .25rem 0}
[data-testid=stMainBlockContainer] h2 {font-size: 1.4rem}
[data-testid=stMainBlockContainer] h3 {font-size: 1.25rem}
[data-testid=stMainBlockContainer] h4 {font-size: 1.1rem}
[data-testid=stCaptionContainer] {color: inherit; opacity: .8}
[data-testid=stCaptionContainer] p {color: inherit; opacity: 1}
[data-testid=stMetricValue] {font-size: 1.7rem}
[data-testid=stPlotlyChart] :is(.xtick, .ytick, .g-xtitle, .g-ytitle, .g-gtitle, .legend, .cbaxis, .infolayer,
  .heatmap-label) text, [data-testid=stPlotlyChart] text.node-label {fill: currentColor !important}
@media (prefers-color-scheme: dark) {[data-testid^=stBaseButton-primary] :is(p, span) {color: #111}}
@media (max-width: 640px) {[data-testid=stMainBlockContainer] {padding: 3.5rem 1rem 3rem}}
</style>"""
"""Less air above titles, and the contrast of small words, which Streamlit draws in a grey under 4.5 to 1."""


EDITOR = "dashboard"
"""Who edits, in the history of names, notes and plans: the pages ask nobody to sign in."""


SERVED = "served_home"
"""Name in the session: the home this window shows, where it is another than the server's."""


@dataclass(frozen=True)
class Shown:
    """One run of a page that may do without a refresh; `picked` is the month chosen, None where none can be."""

    home: Client
    snapshot: Snapshot
    texts: Texts
    picked: date | None

    @property
    def published_at(self) -> datetime | None:
        """When what is shown was published (UTC)."""
        return None if self.snapshot.copy is None else self.snapshot.copy.published_at


@dataclass(frozen=True)
class View(Shown):
    """One run of a page about a refresh: which one, and what to call and colour its segments."""

    refresh: RefreshSummary
    names: Mapping[str, str]
    colours: Mapping[str, str]

    @property
    def month(self) -> date:
        """The chosen refresh."""
        return self.refresh.refresh_month

    @property
    def month_name(self) -> str:
        """The chosen refresh as people read it."""
        return self.texts.month(self.month)

    def colour(self, cluster_id: str) -> str:
        """Return the colour of a segment, the same on every page and in every month."""
        return self.colours.get(cluster_id, NEUTRAL_COLOUR)

    def name(self, cluster_id: str | None) -> str:
        """Return what a segment is called."""
        if cluster_id is None:
            return self.texts("app.none")
        return self.names.get(cluster_id, self.texts.choice("app", cluster_id))


@dataclass(frozen=True)
class HomeView:
    """One run of a page about the home itself, whatever is published in it; `first` is the page a refresh leads to."""

    home: Client
    texts: Texts
    first: StreamlitPage | None = None


def served_root() -> str:
    """Return the folder of the home this window shows, at first the one the server was started for."""
    return str(st.session_state.get(SERVED) or os.environ.get(HOME_VARIABLE, SAMPLE_HOME))


def serve(home: Home) -> None:
    """Let this window show another home from now on; other windows stay at theirs."""
    st.session_state[SERVED] = str(home.root)


@st.cache_resource(max_entries=4)
def open_client(root: str) -> Client:
    """Return the client of a home, the same for all visitors: it may be used from several threads."""
    return client.open(root)


def apply_style() -> None:
    """Put the few rules of STYLE on the page."""
    st.html(STYLE)


def chosen_texts() -> Texts:
    """Return the words of the language chosen: in this session, else in the address, else that of the browser."""
    browser = (st.context.locale or "")[:2].lower()
    usual = browser if browser in LANGUAGES else "en"
    if st.session_state.get("language") not in LANGUAGES:
        asked = st.query_params.get("language")
        st.session_state["language"] = asked if asked in LANGUAGES else usual
    chosen: str = st.session_state["language"]
    _keep_in_address("language", None if chosen == usual else chosen)
    return load_texts(chosen)


def _keep_in_address(name: str, choice: str | None) -> None:
    """Keep a choice over a reload of the page; None: it is the usual one, and needs no keeping."""
    if choice is None:
        st.query_params.pop(name, None)
    elif st.query_params.get(name) != choice:
        st.query_params[name] = choice


def language_picker(texts: Texts) -> None:
    """Let people choose the language; kept in the address of the page."""
    st.selectbox(texts("app.language"), list(LANGUAGES), key="language", format_func=LANGUAGES.__getitem__)


def month_picker(snapshot: Snapshot, texts: Texts) -> date | None:
    """Let people choose a refresh, by default the newest with segments; without events, a month of customers.

    Kept in the address of the page. Returns None where there is nothing to choose.
    """
    found = {refresh.refresh_month: refresh for refresh in reversed(snapshot.refreshes())}
    months = list(found) or customers.customer_months(snapshot.connection)[::-1]
    if not months:
        return None
    usual = snapshot.month() if found else months[0]
    if st.session_state.get("month") not in months:
        asked = st.query_params.get("month")
        st.session_state["month"] = next((month for month in months if f"{month:%Y-%m}" == asked), usual)

    def told(month: date) -> str:
        refresh = found.get(month)
        if refresh is None:
            return texts.month(month)
        marks = [texts.choice("verdict_short", refresh.verdict or refresh.status)]
        marks += [texts("app.provisional")] if refresh.is_provisional else []
        return f"{texts.month(month)} · {' · '.join(mark for mark in marks if mark)}"

    st.selectbox(texts("app.refresh"), months, key="month", format_func=told)
    chosen: date = st.session_state["month"]
    _keep_in_address("month", None if chosen == usual else f"{chosen:%Y-%m}")
    return chosen


def view_of(shown: Shown, refresh: RefreshSummary) -> View:
    """Return what the pages about a refresh share."""
    lives = [(point.refresh_month, point.cluster_id) for point in retention.trends(shown.snapshot.connection)]
    colours = segment_colours((month, cluster_id) for month, cluster_id in lives if cluster_id != "overall")
    names = shown.snapshot.display_names(refresh.refresh_month)
    return View(shown.home, shown.snapshot, shown.texts, shown.picked, refresh, names, colours)


def done(told: str) -> None:
    """Tell that an edit is kept, and show the page with it."""
    st.toast(told, icon=":material/check:")
    st.rerun()


def say_verdict(view: View, *, is_short: bool = False) -> None:
    """Show the verdict of the refresh, in its own look, with what speaks against it."""
    refresh, texts = view.refresh, view.texts
    verdict = refresh.verdict if refresh.verdict in LOOKS else "insufficient_data"
    icon, box, colour = LOOKS[verdict]
    if is_short:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(texts(f"verdict.{verdict}"), icon=icon, color=colour)
            st.caption(texts(f"verdict.{verdict}_brief"))
        return
    box(f"**{texts(f'verdict.{verdict}')}**  \n{texts(f'verdict.{verdict}_says')}", icon=icon)
    if refresh.weakness:
        st.caption(texts("verdict.weak", reason=quiet(refresh.weakness)))
    if refresh.churn_definition == "inactivity":
        st.caption(f":material/info: {texts('verdict.mechanical')}")
    if refresh.is_stale:
        st.caption(f":material/update: {texts('overview.stale')}")
