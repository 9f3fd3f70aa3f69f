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
HEAD = "<h4 style='padding:0 0 .35rem;margin:0'>{title}</h4>"
LINE = (
    "<div style='display:flex;justify-content:space-between;gap:.75rem;font-size:.9rem'>"
    "<span style='overflow-wrap:anywhere'>{label}</span><span style='white-space:nowrap'>{told}</span></div>"
    "<div style='position:relative;height:.45rem;border-radius:.2rem;margin:.1rem 0 .45rem;"
    "background:rgba(128,128,128,.22)'>"
    "<div style='height:100%;border-radius:.2rem;background:#0072B2;width:{width:.1f}%'></div>{mark}</div>"
)
MARK = (
    "<div style='position:absolute;top:-.15rem;bottom:-.15rem;left:{place:.1f}%;"
    "border-left:2px dotted currentColor'></div>"
)
"""Where the same share lies among all."""


def share_bars(groups: Iterable[tuple[str, Sequence[tuple[str, int, float]]]], texts: Texts) -> None:
    """Show groups of bars side by side, as many as fit: title, and (label, count, share of 1) a line."""
    shown = []
    for title, rows in groups:
        lines = "".join(
            LINE.format(
                label=in_html(label),
                told=in_html(f"{texts.share(share)} · {texts.count(count)}"),
                width=100 * share,
                mark="",
            )
            for label, count, share in rows
        )
        shown.append(f"<section>{HEAD.format(title=in_html(title)) if title else ''}{lines}</section>")
    st.html(f"{GRID}{''.join(shown)}</div>")


def compared_bars(rows: Sequence[tuple[str, float, float]], everywhere: str, texts: Texts) -> None:
    """Show (label, share here, share among all) as bars with a mark where all are, who are called `everywhere`."""
    st.html(
        "".join(
            LINE.format(
                label=in_html(label),
                told=f"<b>{in_html(texts.share(here))}</b> · {in_html(everywhere)} {in_html(texts.share(overall))}",
                width=100 * here,
                mark=MARK.format(place=100 * overall),
            )
            for label, here, overall in rows
        )
    )
