"""The look of every picture: colours that colour-blind people can tell apart, plain axes.

Add here: style that pictures of several stages share.
Keep out: drawing of any particular picture (each stage's pictures.py) and Dagster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito (2008), the yellow darkened so that it shows on white.
SEGMENT_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#B8A800", "#5F4690")
NEUTRAL_COLOUR = "#9A9A9A"
"""Users without a segment, and everyone together."""

TEXT_COLOUR = "#222222"
GRID_COLOUR = "#E4E4E4"


def segment_colours(lives: Iterable[tuple[date, str]]) -> dict[str, str]:
    """Return the colour of every segment from (refresh, cluster_id) pairs, the same in every picture and for life.

    In the order of birth each takes the first colour that no segment has which ever lived beside it.
    """
    months: dict[str, set[date]] = {}
    for month, cluster_id in lives:
        months.setdefault(cluster_id, set()).add(month)
    slots: dict[str, int] = {}
    for cluster_id in sorted(months, key=lambda found: (found[:7], len(found), found)):
        taken = {slot for other, slot in slots.items() if months[other] & months[cluster_id]}
        slots[cluster_id] = next(slot for slot in range(len(months)) if slot not in taken)
    return {cluster_id: SEGMENT_COLOURS[slot % len(SEGMENT_COLOURS)] for cluster_id, slot in slots.items()}


def blank_figure(*, width_in: float = 8.0, height_in: float = 5.5) -> tuple[Figure, Axes]:
    """Return a figure with one plain pair of axes; made without pyplot, so nothing stays open."""
    from matplotlib.figure import Figure as MatplotlibFigure

    figure = MatplotlibFigure(figsize=(width_in, height_in), layout="constrained")
    axes = figure.add_subplot()
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(colors=TEXT_COLOUR)
    return figure, axes


def blank_panels(
    *, rows: int, columns: int = 1, width_in: float = 8.0, height_in: float = 5.5
) -> tuple[Figure, list[Axes]]:
    """Return a figure with a grid of plain axes, row by row."""
    from matplotlib.figure import Figure as MatplotlibFigure

    figure = MatplotlibFigure(figsize=(width_in, height_in), layout="constrained")
    panels = [axes for line in figure.subplots(rows, columns, squeeze=False) for axes in line]
    for axes in panels:
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        axes.tick_params(colors=TEXT_COLOUR)
    return figure, panels
