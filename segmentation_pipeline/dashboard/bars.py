"""Shares as bars of plain HTML: words and figures are text, so they can be read aloud, selected and wrapped.

Add here: another way to draw shares without a chart. Keep out: figures with axes (figures.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from segmentation_pipeline.dashboard.markup import in_html

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from segmentation_pipeline.dashboard.wording import Texts

GRID = "<div style='display:grid;grid-template-columns:repeat(auto-fill,minmax(min(17rem,100%),1fr));gap:1.1rem 2rem'>"
LINE = (
    "<div style='display:flex;justify-content:space-between;gap:.75rem;font-size:.9rem'>"
    "<span style='overflow-wrap:anywhere'>{label}</span><span style='white-space:nowrap'>{told}</span></div>"
    "<div style='height:.45rem;border-radius:.2rem;margin:.1rem 0 .45rem;background:rgba(128,128,128,.22)'>"
    "<div style='height:100%;border-radius:.2rem;background:#0072B2;width:{width:.1f}%'></div></div>"
)


def share_bars(groups: Iterable[tuple[str, Sequence[tuple[str, int, float]]]], texts: Texts) -> None:
    """Show groups of bars side by side, as many as fit: title, and (label, count, share of 1) a line."""
    shown = []
    for title, rows in groups:
        lines = "".join(
            LINE.format(
                label=in_html(label),
                told=in_html(f"{texts.share(share)} · {texts.count(count)}"),
                width=100 * share,
            )
            for label, count, share in rows
        )
        shown.append(f"<section><h4 style='padding:0 0 .35rem;margin:0'>{in_html(title)}</h4>{lines}</section>")
    st.html(f"{GRID}{''.join(shown)}</div>")
