"""Curves over weeks and imports: what an experiment could show, and how personas convert from import to import.

Add here: another curve of plans or leads. Keep out: curves of retention (figures.py).
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from segmentation_pipeline.dashboard.figure_style import (
    DASHES,
    LEGEND_ABOVE,
    blank,
    percent,
    percent_axis,
    percent_hover,
)
from segmentation_pipeline.dashboard.markup import in_figure
from segmentation_pipeline.pictures import NEUTRAL_COLOUR, SEGMENT_COLOURS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from segmentation_pipeline.client.experiments import ExperimentPower
    from segmentation_pipeline.client.personas import PersonaTrend
    from segmentation_pipeline.dashboard.wording import Texts

HEIGHT_PX = 340

MOST_RELATIVE = 1.0
"""A change by more than the whole metric is no experiment's; such weeks are left out of the figure."""


def mde_figure(power: ExperimentPower, colour: str, texts: Texts) -> go.Figure:
    """Return the smallest detectable change by week, as a part of the metric, with the change worth finding."""
    weeks = [week for week in power.mde_by_week if (week.mde_relative or MOST_RELATIVE + 1) <= MOST_RELATIVE]
    figure = blank(HEIGHT_PX, texts)
    figure.add_trace(
        go.Scatter(
            x=[week.week for week in weeks],
            y=[percent(week.mde_relative) for week in weeks],
            mode="lines+markers",
            line={"color": colour, "width": 2.5},
            hovertemplate=f"{percent_hover(texts)}<extra></extra>",
            showlegend=False,
        )
    )
    worth = texts("experiments.worth_finding", share=texts.share(power.smallest_effect))
    line = {"dash": "dash", "color": NEUTRAL_COLOUR}
    figure.add_hline(
        y=100 * power.smallest_effect, line=line, annotation_text=in_figure(worth), annotation_position="top right"
    )
    longest = in_figure(texts("experiments.longest", weeks=power.max_weeks))
    figure.add_vline(x=power.max_weeks, line={**line, "dash": "dot"}, annotation_text=longest)
    last = max([power.max_weeks, *(week.week for week in weeks)])
    figure.update_xaxes(title_text=texts("experiments.weeks_axis"), range=[0, last + 1])
    figure.update_yaxes(title_text=texts("experiments.change_axis"), rangemode="tozero", **percent_axis(texts))
    return figure


def persona_trend_figure(trends: Sequence[PersonaTrend], names: Mapping[str, str], texts: Texts) -> go.Figure:
    """Return the rate of every persona from import to import with its interval; a line each, dashed apart."""
    lives: dict[str, list[PersonaTrend]] = defaultdict(list)
    for one in trends:
        if one.shrunken_rate is not None:
            lives[one.persona_id].append(one)
    figure = blank(HEIGHT_PX, texts)
    for place, (persona_id, own) in enumerate(
        sorted(lives.items(), key=lambda life: -(life[1][-1].shrunken_rate or 0))
    ):
        figure.add_trace(
            go.Scatter(
                x=[one.import_id for one in own],
                y=[percent(one.shrunken_rate) for one in own],
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "array": [100 * ((one.rate_high or 0) - (one.shrunken_rate or 0)) for one in own],
                    "arrayminus": [100 * ((one.shrunken_rate or 0) - (one.rate_low or 0)) for one in own],
                    "thickness": 1.2,
                },
                mode="lines+markers",
                name=in_figure(names.get(persona_id, own[-1].name), most=44),
                line={"color": SEGMENT_COLOURS[place % len(SEGMENT_COLOURS)], "dash": DASHES[place % len(DASHES)]},
                hovertemplate=f"{percent_hover(texts)}<extra>%{{fullData.name}}</extra>",
            )
        )
    figure.update_layout(legend=LEGEND_ABOVE)
    figure.update_xaxes(type="category", categoryorder="array", categoryarray=sorted({one.import_id for one in trends}))
    figure.update_yaxes(title_text=texts("leads.rate"), rangemode="tozero", **percent_axis(texts))
    return figure
