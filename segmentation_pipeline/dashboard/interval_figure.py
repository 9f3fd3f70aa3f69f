"""Estimates with their intervals, one a line, against what they are compared with: rates of personas, lifts of tiers.

Add here: another mark on a line. Keep out: curves (curve_figures.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from segmentation_pipeline.dashboard.figure_style import blank
from segmentation_pipeline.dashboard.markup import in_figure
from segmentation_pipeline.pictures import NEUTRAL_COLOUR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segmentation_pipeline.dashboard.wording import Texts

LINE_PX = 46
LIFT_TICKS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)


@dataclass(frozen=True)
class Estimate:
    """One line: what it is called, the estimate with its interval, how it is drawn, and what its hover tells."""

    label: str
    value: float
    low: float
    high: float
    told: str
    colour: str = NEUTRAL_COLOUR
    symbol: str = "circle"
    raw: float | None = None


def interval_figure(
    rows: Sequence[Estimate], texts: Texts, title: str, *, against: float | None, is_ratio: bool = False
) -> go.Figure:
    """Return the estimates from top to bottom; `against` is a dotted line, `is_ratio` draws a log axis around 1.

    `raw` of an estimate is a hollow mark beside it. Values are drawn as given: shares as percentages by the caller.
    """
    figure = blank(70 + LINE_PX * len(rows), texts, top=8)
    places = list(range(len(rows), 0, -1))
    for place, row in zip(places, rows, strict=True):
        figure.add_trace(
            go.Scatter(
                x=[row.value],
                y=[place],
                mode="markers",
                marker={"color": row.colour, "size": 12, "symbol": row.symbol},
                error_x={
                    "type": "data",
                    "symmetric": False,
                    "array": [row.high - row.value],
                    "arrayminus": [row.value - row.low],
                    "color": row.colour,
                    "thickness": 2.5,
                },
                hovertemplate=f"{in_figure(row.told, most=90)}<extra></extra>",
                showlegend=False,
            )
        )
        if row.raw is not None:
            hollow = {"color": row.colour, "size": 11, "symbol": f"{row.symbol}-open", "line": {"width": 2}}
            figure.add_trace(
                go.Scatter(
                    x=[row.raw], y=[place - 0.22], mode="markers", marker=hollow, hoverinfo="skip", showlegend=False
                )
            )
    if against is not None:
        figure.add_vline(x=against, line={"dash": "dot", "color": NEUTRAL_COLOUR})
    figure.update_xaxes(title_text=title, **(_ratio_axis(rows, texts) if is_ratio else {"rangemode": "tozero"}))
    figure.update_yaxes(
        automargin=True,
        zeroline=False,
        range=[0.3, len(rows) + 0.7],
        tickvals=places,
        ticktext=[in_figure(row.label, most=44, wrap=22) for row in rows],
    )
    return figure


def _ratio_axis(rows: Sequence[Estimate], texts: Texts) -> dict[str, object]:
    low = min([1.0, *(max(row.low, LIFT_TICKS[0]) for row in rows)])
    high = max([1.0, *(row.high for row in rows)])
    return {
        "type": "log",
        "tickvals": LIFT_TICKS,
        "ticktext": [texts.number(tick) for tick in LIFT_TICKS],
        "range": [math.log10(low) - 0.06, math.log10(high) + 0.06],
    }
