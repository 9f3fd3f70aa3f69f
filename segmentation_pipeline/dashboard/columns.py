"""How columns of tables are shown: numbers stay numbers, so that they align and sort.

Add here: another kind of column. Keep out: what is in them (screens/).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import streamlit as st

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig

    from segmentation_pipeline.dashboard.wording import Texts

MARK_WIDTH_PX = 32

BAR_WIDTH_PX = 140
"""Wide enough for its title in both languages."""


MARK = " "
"""Title of the column of colours, which says nothing itself."""


def swatch(colour: str) -> str:
    """Return a picture of a colour, for a cell of the column of colours."""
    drawn = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">'
        f'<rect x="5" y="5" width="14" height="14" rx="4" fill="{colour}"/></svg>'
    )
    return f"data:image/svg+xml,{quote(drawn)}"


def colours() -> ColumnConfig:
    """Return the column of colours, narrow beside the names."""
    return st.column_config.ImageColumn(width=MARK_WIDTH_PX)


def counts(*titles: str) -> dict[str, ColumnConfig]:
    """Return columns of whole numbers, their thousands set apart as the browser does."""
    return {title: st.column_config.NumberColumn(format="localized") for title in titles}


def percent_bars(texts: Texts, *titles: str) -> dict[str, ColumnConfig]:
    """Return columns of percentages, 0 to 100, drawn as bars."""
    written = "%%%.0f" if texts.locale == "tr" else "%.0f%%"
    bar = st.column_config.ProgressColumn(format=written, min_value=0, max_value=100, width=BAR_WIDTH_PX)
    return dict.fromkeys(titles, bar)
