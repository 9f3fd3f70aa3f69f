"""The look of every picture: colours that colour-blind people can tell apart, plain axes.

Add here: style that pictures of several stages share.
Keep out: drawing of any particular picture (each stage's pictures.py) and Dagster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito (2008), the yellow darkened so that it shows on white.
SEGMENT_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#B8A800", "#5F4690")
NEUTRAL_COLOUR = "#9A9A9A"
"""Users without a segment, and everyone together."""

TEXT_COLOUR = "#222222"
GRID_COLOUR = "#E4E4E4"


def segment_colour(cluster_id: str) -> str:
    """Return the colour of a segment, the same in every picture: by the letter of its id; grey for no segment."""
    letters = cluster_id.rsplit("-", maxsplit=1)[-1]
    if not (cluster_id[:4].isdigit() and letters.isalpha()):
        return NEUTRAL_COLOUR
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("a") + 1
    return SEGMENT_COLOURS[(number - 1) % len(SEGMENT_COLOURS)]


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
