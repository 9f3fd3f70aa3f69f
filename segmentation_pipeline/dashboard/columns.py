"""How columns of tables are shown: numbers stay numbers, so that they align and sort.

Add here: another kind of column. Keep out: what is in them (screens/).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig

    from segmentation_pipeline.dashboard.wording import Texts

BAR_WIDTH_PX = 140
"""Wide enough for its title in both languages."""


def counts(*titles: str) -> dict[str, ColumnConfig]:
    """Return columns of whole numbers, their thousands set apart as the browser does."""
    return {title: st.column_config.NumberColumn(format="localized") for title in titles}


def percent_bars(texts: Texts, *titles: str) -> dict[str, ColumnConfig]:
    """Return columns of percentages, 0 to 100, drawn as bars."""
    written = "%%%.0f" if texts.locale == "tr" else "%.0f%%"
    bar = st.column_config.ProgressColumn(format=written, min_value=0, max_value=100, width=BAR_WIDTH_PX)
    return dict.fromkeys(titles, bar)
