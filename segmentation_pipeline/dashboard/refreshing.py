"""The refresh of a home as the page shows it: asked for, live while it runs, its end, and the way to what it found.

Add here: another fact of a refresh under way. Keep out: launching and watching it (intake/refresh_requests.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from segmentation_pipeline.dashboard.home_choice import forget_folder
from segmentation_pipeline.dashboard.markup import code, quiet
from segmentation_pipeline.dashboard.session import serve
from segmentation_pipeline.errors import PipelineError
from segmentation_pipeline.intake.refresh_requests import is_run_elsewhere, refresh_progress, request_refresh

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from streamlit.navigation.page import StreamlitPage

    from segmentation_pipeline.config import Home
    from segmentation_pipeline.dashboard.session import HomeView
    from segmentation_pipeline.dashboard.wording import Texts
    from segmentation_pipeline.intake.refresh_requests import RefreshProgress

ADDED = "added"
"""Name in the session: what is told of the last file that was added, and why what followed was refused."""

LOOK_EVERY_S = 1.0
"""Seconds between two looks at a refresh that runs."""


def refresh_panel(view: HomeView) -> None:
    """Show how the last refresh asked for goes or went, and let people ask for one where none runs."""
    progress = refresh_progress(view.home.home)
    if progress is not None and progress.is_open:
        _live(view)
        return
    if progress is not None:
        _ended(view, progress)
    if is_run_elsewhere(view.home.home):
        st.info(view.texts("refreshing.elsewhere"), icon=":material/terminal:")
        return
    _ask(view)


def tell_added() -> None:
    """Tell what was added last in this window, and why no refresh was launched for it where one was asked for."""
    if ADDED not in st.session_state:
        return
    told, refused = st.session_state[ADDED]
    st.success(told, icon=":material/check:")
    if refused is not None:
        st.warning(quiet(refused), icon=":material/block:")


def forget_added() -> None:
    """Tell nothing any more of what was added last."""
    st.session_state.pop(ADDED, None)


def show_added(home: Home, told: str, *steps: Callable[[], object]) -> None:
    """Show the home into which a file has landed, after the steps that follow; a refused one undoes nothing."""
    refused = None
    try:
        for step in steps:
            step()
    except PipelineError as problem:
        refused = str(problem)
    serve(home)
    forget_folder()
    st.session_state[ADDED] = told, refused
    st.rerun()


@st.fragment(run_every=LOOK_EVERY_S)
def _live(view: HomeView) -> None:
    """Show the refresh that runs; the whole page is shown anew when it ends."""
    texts = view.texts
    progress = refresh_progress(view.home.home)
    if progress is None or not progress.is_open:
        st.rerun()
    job = texts.choice("job", progress.job) or texts("refreshing.starting")
    with st.container(border=True):
        done, of_all = progress.done_count, progress.step_count
        what = texts("refreshing.of_month", job=job, month=texts.month(progress.month)) if progress.month else job
        st.progress(min(1.0, done / of_all) if of_all else 0.0, text=f"**{what}**")
        if progress.status == "waiting":
            told = texts("refreshing.waiting")
        elif of_all and progress.step:
            told = texts("refreshing.step", done=done, count=of_all, step=code(progress.step))
        else:
            told = texts("refreshing.preparing")
        st.caption(f"{told} · {_duration(progress.elapsed_s, texts)}")
        st.caption(texts("refreshing.leave"))


def _ended(view: HomeView, progress: RefreshProgress) -> None:
    texts = view.texts
    took = _duration(progress.elapsed_s, texts)
    at = texts.moment(progress.ended_at or progress.request.requested_at)
    log = progress.log if progress.request.launcher == "dagster" else code(progress.log)
    if progress.status == "succeeded":
        if progress.month is None:
            told = texts("refreshing.done", at=at, took=took)
        else:
            told = texts("refreshing.succeeded", month=texts.month(progress.month), at=at, took=took)
        st.success(told, icon=":material/check_circle:")
        if progress.month is not None and view.first is not None:
            _offer(view.first, progress.month, texts)
        return
    told = texts(f"refreshing.{progress.status}", at=at)
    st.error(
        f"**{told}**  \n{quiet(progress.problem or '')}  \n{texts('refreshing.log', log=log)}", icon=":material/error:"
    )


def _offer(first: StreamlitPage, month: date, texts: Texts) -> None:
    """Offer to look at what a refresh found."""
    shown = texts("refreshing.show", month=texts.month(month))
    if st.button(shown, on_click=_choose, args=(month,), icon=":material/visibility:"):
        st.switch_page(first)


def _ask(view: HomeView) -> None:
    texts = view.texts
    months = _months(view)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        month = None
        if months:
            month = st.selectbox(
                texts("app.refresh"),
                [None, *months],
                key="refreshed_month",
                width=260,
                format_func=lambda one: texts("refreshing.newest") if one is None else texts.month(one),
            )
        is_asked = st.button(texts("refreshing.ask"), icon=":material/refresh:")
    if not is_asked:
        return
    try:
        request_refresh(view.home.home, month)
    except PipelineError as refused:
        st.error(quiet(str(refused)), icon=":material/block:")
        return
    st.rerun()


def _months(view: HomeView) -> list[date]:
    """Return the months refreshed so far, newest first; none where nothing can be read."""
    try:
        return [refresh.refresh_month for refresh in reversed(view.home.refreshes())]
    except PipelineError:
        return []


def _choose(month: date) -> None:
    """Show a refresh from now on."""
    st.session_state["month"] = month


def _duration(seconds: float, texts: Texts) -> str:
    minutes, rest = divmod(max(0, round(seconds)), 60)
    return texts("refreshing.minutes", minutes=minutes, seconds=rest) if minutes else f"{rest} s"
