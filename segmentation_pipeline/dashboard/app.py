"""The dashboard's entry, run by Streamlit: navigation, the choice of refresh and language, and designed errors.

Add here: a page in PAGES. Keep out: what pages show (screens/).
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from segmentation_pipeline.config import SAMPLE_HOME
from segmentation_pipeline.dashboard import session
from segmentation_pipeline.dashboard.screens import discovered, map_page, moves, overview, quality, retention, segments
from segmentation_pipeline.errors import HomeError, PipelineError

if TYPE_CHECKING:
    from collections.abc import Callable

    from segmentation_pipeline.client import Client
    from segmentation_pipeline.dashboard.session import View
    from segmentation_pipeline.dashboard.wording import Texts

PAGES: dict[str, tuple[str, Callable[[View], None]]] = {
    "overview": (":material/space_dashboard:", overview.show),
    "map": (":material/scatter_plot:", map_page.show),
    "segments": (":material/groups:", segments.show),
    "retention": (":material/trending_down:", retention.show),
    "moves": (":material/swap_horiz:", moves.show),
    "discovered": (":material/psychology:", discovered.show),
    "quality": (":material/fact_check:", quality.show),
}
WITHOUT_SEGMENTS = ("quality",)
"""Pages that say something of a refresh with too little data, too."""


def main() -> None:
    """Show the chosen page."""
    st.set_page_config(page_title="Segments", page_icon=":material/donut_small:", layout="wide")
    texts = session.chosen_texts()
    home = session.open_client(os.environ.get("SEGPIPE_HOME", str(SAMPLE_HOME)))
    pages = [
        st.Page(
            partial(_run, home, name, show),
            title=texts(f"page.{name}"),
            icon=icon,
            url_path=name,
            default=name == "overview",
        )
        for name, (icon, show) in PAGES.items()
    ]
    st.navigation(pages).run()


def _run(home: Client, name: str, show: Callable[[View], None]) -> None:
    texts = session.chosen_texts()
    try:
        with home.snapshot() as snapshot:
            with st.sidebar:
                refresh = session.refresh_picker(snapshot, texts)
                session.language_picker(texts)
                st.caption(f"{texts('app.home')}: `{home.home.root.name}`")
            st.title(texts(f"page.{name}"))
            if refresh is None:
                _nothing(home, texts)
                return
            view = session.view_of(home, snapshot, refresh, texts)
            if not refresh.has_segments and name not in WITHOUT_SEGMENTS:
                st.info(
                    f"**{texts('app.insufficient_title', month=view.month_name)}**  \n"
                    f"{texts('app.insufficient', reason=refresh.status_reason)}  \n{texts('app.insufficient_next')}",
                    icon=":material/hourglass_empty:",
                )
                return
            show(view)
    except HomeError:
        with st.sidebar:
            session.language_picker(texts)
        st.title(texts(f"page.{name}"))
        _nothing(home, texts)
    except PipelineError as error:
        st.error(f"**{texts('app.problem_title')}**  \n{error}", icon=":material/error:")


def _nothing(home: Client, texts: Texts) -> None:
    told = texts("app.nothing", landing=home.home.landing, home=home.home.root)
    st.info(f"**{texts('app.nothing_title')}**  \n{told}", icon=":material/inbox:")


main()
