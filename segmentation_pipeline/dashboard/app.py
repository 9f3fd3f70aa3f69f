"""The dashboard's entry, run by Streamlit: navigation, the choice of refresh and language, and designed errors.

Add here: what every page has around it. Keep out: which pages there are (pages.py), and what they show (screens/).
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from segmentation_pipeline.dashboard import session
from segmentation_pipeline.dashboard.last_run import tell_failed_run
from segmentation_pipeline.dashboard.markup import code, quiet
from segmentation_pipeline.dashboard.pages import ADD_DATA, FIRST, HOME_PAGES, PAGES, OwnPage
from segmentation_pipeline.errors import NothingPublished, PipelineError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from streamlit.navigation.page import StreamlitPage

    from segmentation_pipeline.client import Client, RefreshSummary, Snapshot
    from segmentation_pipeline.dashboard.wording import Texts


@dataclass(frozen=True)
class Opened:
    """What could be opened of the home for this run: all of it, or why not; `month` is the one chosen."""

    home: Client | None = None
    snapshot: Snapshot | None = None
    month: date | None = None
    problem: PipelineError | None = None


def main() -> None:
    """Show the chosen page."""
    texts = session.chosen_texts()
    st.set_page_config(page_title=texts("app.title"), page_icon=session.ICON, layout="wide")
    session.apply_style()
    with contextlib.ExitStack() as until_shown:
        opened = _open(until_shown, texts)
        with st.sidebar:
            session.language_picker(texts)
            if opened.home is not None:
                st.caption(f"{texts('app.home')}: {code(opened.home.home.root.name)}")
        _navigation(opened, texts).run()


def _open(until_shown: contextlib.ExitStack, texts: Texts) -> Opened:
    home = None
    try:
        home = session.open_client(session.served_root())
        snapshot = until_shown.enter_context(home.snapshot())
        with st.sidebar:
            month = session.month_picker(snapshot, texts)
    except PipelineError as problem:
        return Opened(home, problem=problem)
    return Opened(home, snapshot, month)


def _navigation(opened: Opened, texts: Texts) -> st.Page:
    pages = {
        name: st.Page(
            partial(_run, opened, texts, name),
            title=texts(f"page.{name}"),
            icon=page.icon,
            url_path="home" if name == FIRST else name,
            default=name == FIRST,
        )
        for name, page in PAGES.items()
    }
    # The first page lives at "/" and at no other address: this one leads there.
    by_name = st.Page(
        partial(st.switch_page, pages[FIRST]), title=texts(f"page.{FIRST}"), url_path=FIRST, visibility="hidden"
    )
    for name, page in HOME_PAGES.items():
        shown = partial(_run_home, opened, texts, name, pages)
        pages[name] = st.Page(shown, title=texts(f"page.{name}"), icon=page.icon, url_path=name)
    if opened.home is not None and isinstance(opened.problem, NothingPublished):
        with st.sidebar:
            st.page_link(pages[ADD_DATA])
    return st.navigation([*pages.values(), by_name])


def _run_home(opened: Opened, texts: Texts, name: str, pages: Mapping[str, StreamlitPage]) -> None:
    st.title(texts(f"page.{name}"))
    if opened.home is None:
        _problem(opened, texts, name)
        return
    try:
        HOME_PAGES[name].show(session.HomeView(opened.home, texts, pages[FIRST]))
    except PipelineError as problem:
        _problem(Opened(opened.home, problem=problem), texts, name)


def _run(opened: Opened, texts: Texts, name: str) -> None:
    st.title(texts(f"page.{name}"))
    if opened.home is None or opened.snapshot is None:
        _problem(opened, texts, name)
        return
    try:
        with st.spinner(texts("app.loading")):
            _show(session.Shown(opened.home, opened.snapshot, texts, opened.month), name)
    except PipelineError as problem:
        _problem(Opened(opened.home, problem=problem), texts, name)


def _show(shown: session.Shown, name: str) -> None:
    page = PAGES[name]
    if isinstance(page, OwnPage):
        page.show(shown)
        return
    refresh = next((one for one in shown.snapshot.refreshes() if one.refresh_month == shown.picked), None)
    if refresh is None:
        _no_events(shown)
    elif page.needs_segments and not refresh.has_segments:
        _too_little(refresh, shown.texts)
    else:
        page.show(session.view_of(shown, refresh))


def _problem(opened: Opened, texts: Texts, name: str) -> None:
    if opened.home is not None and isinstance(opened.problem, NothingPublished):
        tell_failed_run(opened.home, None, texts)
        _nothing(opened.home, texts)
        page = PAGES.get(name)
        if isinstance(page, OwnPage) and page.offer is not None:
            try:
                page.offer(opened.home, texts)
            except PipelineError as problem:
                _say_problem(problem, texts)
        return
    _say_problem(opened.problem, texts)


def _say_problem(problem: PipelineError | None, texts: Texts) -> None:
    st.error(f"**{texts('app.problem_title')}**  \n{quiet(str(problem))}", icon=":material/error:")


def _no_events(shown: session.Shown) -> None:
    told = shown.texts(
        "app.no_events",
        landing=code(str(shown.home.home.landing)),
        command=code(f"segpipe run --home {shown.home.home.root}"),
    )
    st.info(f"**{shown.texts('app.no_events_title')}**  \n{told}", icon=":material/timeline:")


def _nothing(home: Client, texts: Texts) -> None:
    told = texts(
        "app.nothing", landing=code(str(home.home.landing)), command=code(f"segpipe run --home {home.home.root}")
    )
    st.info(f"**{texts('app.nothing_title')}**  \n{told}", icon=":material/inbox:")


def _too_little(refresh: RefreshSummary, texts: Texts) -> None:
    st.warning(
        f"**{texts('app.insufficient_title', month=texts.month(refresh.refresh_month))}**  \n"
        f"{quiet(refresh.status_reason or '')}  \n{texts('app.insufficient_next')}",
        icon=":material/hourglass_empty:",
    )


main()
