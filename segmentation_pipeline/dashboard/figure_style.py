"""What figures share: an empty figure, axes of percentages, dashes, colours that let through what is behind them.

Add here: a piece of style that a second module of figures needs. Keep out: figures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

if TYPE_CHECKING:
    from segmentation_pipeline.dashboard.wording import Texts

DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
"""Lines differ in dash too, so that nobody needs the colours."""


LEGEND_ABOVE = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
"""Above the plot many rows of a narrow screen push it down; below it they would run into the title of the axis."""


def blank(height: int, texts: Texts, *, top: int = 28) -> go.Figure:
    """Return an empty figure of a height in pixels, its numbers written as the language does."""
    figure = go.Figure()
    margin = {"l": 8, "r": 8, "t": top, "b": 8}
    figure.update_layout(height=height, margin=margin, separators=",." if texts.locale == "tr" else ".,")
    return figure


def percent(share: float | None) -> float | None:
    """Return a share of 1 as a percentage, None where there is none."""
    return None if share is None else 100 * share


def percent_axis(texts: Texts) -> dict[str, str]:
    """Return the layout of an axis of percentages."""
    return {"tickformat": ".0f", "tickprefix" if texts.locale == "tr" else "ticksuffix": "%"}


def percent_hover(texts: Texts) -> str:
    """Return the hover of a percentage on the y axis."""
    return "%%{y:.1f}" if texts.locale == "tr" else "%{y:.1f}%"


def faint(colour: str, *, alpha: float) -> str:
    """Return a colour that lets what is behind it through; `alpha` 0 is nothing of it."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha})"
