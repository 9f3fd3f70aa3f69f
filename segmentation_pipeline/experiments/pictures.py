"""The picture of experiments: the smallest effect each could show, week by week.

Add here: a picture of what the power table holds.
Keep out: computing anything; a picture draws stored rows only.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from segmentation_pipeline.pictures import GRID_COLOUR, NEUTRAL_COLOUR, SEGMENT_COLOURS, TEXT_COLOUR, blank_panels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from segmentation_pipeline.experiments.planning import PowerRow

COLUMNS = 2
PANEL_HEIGHT_IN = 2.7
MOST_PANELS = 12
"""Segments drawn; a picture of more is not read, and the table has them all."""

TOP = 1.0
"""Effects larger than the whole metric are cut off: nobody plans on them."""

TITLE_CHARS = 58


def draw_detectable(rows: Sequence[PowerRow], labels: Mapping[str, str], titles: Mapping[str, str]) -> Figure:
    """Draw the relative effect that could be shown by week: a panel a segment, a line a metric.

    `labels` name the segments, `titles` the recommendations. A line begins in the first week that could show anything.
    """
    drawn = [row for row in rows if row.mde_by_week is not None]
    names = list(dict.fromkeys(row.cluster_id for row in drawn))[:MOST_PANELS]
    columns = min(COLUMNS, len(names))
    lines = math.ceil(len(names) / columns)
    figure, panels = blank_panels(
        rows=lines, columns=columns, width_in=5.2 * columns, height_in=0.6 + PANEL_HEIGHT_IN * lines
    )
    for place, axes in enumerate(panels):
        if place >= len(names):
            axes.set_visible(False)
            continue
        _draw_panel(axes, [row for row in drawn if row.cluster_id == names[place]], titles)
        axes.set_title(labels.get(names[place], names[place]), loc="left", fontsize=10, color=TEXT_COLOUR)
    figure.suptitle(
        "Smallest effect an experiment can show, as a part of its metric, by week of the decision",
        x=0.01,
        ha="left",
        fontsize=11,
        color=TEXT_COLOUR,
    )
    return figure


def _draw_panel(axes: Axes, rows: Sequence[PowerRow], titles: Mapping[str, str]) -> None:
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    last_week = 1
    for place, (metric, group) in enumerate(_by_metric(rows).items()):
        weeks = json.loads(group[0].mde_by_week or "[]")
        shown = [week for week in weeks if week["mde_relative"] is not None]
        last_week = max([last_week, *(week["week"] for week in weeks)])
        axes.plot(
            [week["week"] for week in shown],
            [week["mde_relative"] for week in shown],
            color=SEGMENT_COLOURS[place % len(SEGMENT_COLOURS)],
            marker="o",
            markersize=2.5,
            label=_label(metric, [titles.get(row.recommendation_id, row.recommendation_id) for row in group]),
        )
    wanted = rows[0]
    axes.axhline(wanted.smallest_effect, color=NEUTRAL_COLOUR, linestyle="--", linewidth=1)
    axes.axvline(wanted.max_weeks, color=NEUTRAL_COLOUR, linestyle=":", linewidth=1)
    axes.set_xlim(0, last_week + 1)
    axes.set_ylim(0, TOP)
    axes.grid(axis="y", color=GRID_COLOUR, linewidth=0.6)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=0))
    axes.set_xlabel(
        f"week (dashed: {wanted.smallest_effect:.0%} wanted, dotted: {wanted.max_weeks} weeks)",
        fontsize=8,
        color=TEXT_COLOUR,
    )
    axes.legend(fontsize=7, framealpha=0.85, edgecolor="none", loc="upper right")


def _by_metric(rows: Sequence[PowerRow]) -> dict[str, list[PowerRow]]:
    found: dict[str, list[PowerRow]] = {}
    for row in rows:
        found.setdefault(row.primary_metric, []).append(row)
    return found


def _label(metric: str, titles: Sequence[str]) -> str:
    more = f" +{len(titles) - 1}" if len(titles) > 1 else ""
    text = f"{metric}: {titles[0]}"
    room = TITLE_CHARS - len(more)
    shown = text if len(text) <= room else f"{text[: room - 1]}…"
    return f"{shown}{more}".replace("$", r"\$")
