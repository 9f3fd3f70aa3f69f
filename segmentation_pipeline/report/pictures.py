"""The pictures of a report, each as SVG for pages and as PNG for slides; the same input gives the same bytes.

Add here: another picture. Keep out: the words around it, and pictures of assets (each stage's pictures.py).
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, cast

from segmentation_pipeline.pictures import GRID_COLOUR, NEUTRAL_COLOUR, TEXT_COLOUR, blank_figure
from segmentation_pipeline.report.content import Picture

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    from matplotlib.figure import Figure

FONT = "Source Sans Pro"
FONT_FILES = ("Regular", "It", "Semibold", "Bold")

WIDE_IN, HALF_IN = 7.0, 3.4
"""Widths in inches of a picture of a whole line and of half a line of a page."""

PNG_DPI = 200
"""Dots per inch on slides: sharp on a projector, some 50 kB a picture."""

BAND_ALPHA = 0.18
MAP_POINT = 5.0

_STYLE: dict[str, Any] = {
    "font.family": FONT,
    "font.size": 8.5,
    "svg.hashsalt": "report",
    "svg.fonttype": "path",
    "axes.edgecolor": "#BBBBBB",
    "axes.linewidth": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 0,
}


@dataclass(frozen=True)
class Interval:
    """A line of an interval picture: estimate with its ends, and where it was before (or raw), if that is known."""

    label: str
    value: float
    low: float | None
    high: float | None
    colour: str
    hollow: float | None = None


@dataclass(frozen=True)
class Curve:
    """A step curve with its band: days, estimates, ends of the interval."""

    days: Sequence[float]
    estimates: Sequence[float]
    lows: Sequence[float]
    highs: Sequence[float]
    colour: str


def font_files() -> list[Path]:
    """Return the files of the font of every report."""
    from pathlib import Path as FilePath

    folder = files("font_source_sans_pro").joinpath("files")
    return [FilePath(str(folder.joinpath(f"SourceSansPro-{style}.ttf"))) for style in FONT_FILES]


def interval_picture(
    rows: Sequence[Interval], line: float | None, percent: Callable[[float], str], **words: str
) -> Picture:
    """Draw estimates with their intervals, a row each, the first on top; `line` is everyone's."""

    def draw() -> Figure:
        figure, axes = blank_figure(width_in=WIDE_IN, height_in=0.55 + 0.3 * len(rows))
        for place, row in enumerate(reversed(rows)):
            if row.low is not None and row.high is not None:
                axes.plot([row.low, row.high], [place, place], color=row.colour, linewidth=2.2, solid_capstyle="butt")
            if row.hollow is not None:
                axes.plot(row.hollow, place, "o", markersize=5.5, markerfacecolor="white", color=row.colour, zorder=2)
            axes.plot(row.value, place, "o", markersize=6.5, color=row.colour, zorder=3)
            axes.annotate(
                percent(row.value), (max(row.high or row.value, row.hollow or 0), place), xytext=(7, 0),
                textcoords="offset points", va="center", color=TEXT_COLOUR,
            )  # fmt: skip
        if line is not None:
            axes.axvline(line, color=NEUTRAL_COLOUR, linestyle=(0, (4, 3)), linewidth=1.0, zorder=0)
        axes.set_yticks(range(len(rows)), [_short(row.label, 44) for row in reversed(rows)])
        axes.set_ylim(-0.6, len(rows) - 0.4)
        ends = [end for row in rows for end in (row.high, row.value, row.hollow) if end is not None]
        axes.set_xlim(0, min(max([*ends, line or 0.0]) * 1.16 + 0.005, 1.1))
        _percent_axis(axes.xaxis, percent)
        axes.grid(axis="x", color=GRID_COLOUR, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.spines["left"].set_visible(False)
        return figure

    return _picture(draw, words)


def bars_picture(
    rows: Sequence[tuple[str, float]], colour: str, number: Callable[[float], str], **words: str
) -> Picture:
    """Draw differences to both sides of zero, the first on top."""

    def draw() -> Figure:
        figure, axes = blank_figure(width_in=HALF_IN, height_in=2.35)
        values = [value for _, value in reversed(rows)]
        axes.barh(range(len(rows)), values, color=colour, height=0.62)
        axes.axvline(0, color="#888888", linewidth=0.7)
        reach = max((abs(value) for value in values), default=1.0) or 1.0
        for place, value in enumerate(values):
            axes.annotate(
                number(value), (value, place), xytext=(3 if value >= 0 else -3, 0), textcoords="offset points",
                va="center", ha="left" if value >= 0 else "right", fontsize=7.5, color=TEXT_COLOUR,
            )  # fmt: skip
        axes.set_yticks(range(len(rows)), [_short(name, 28) for name, _ in reversed(rows)])
        axes.set_xlim(min(0.0, *values) - 0.28 * reach, max(0.0, *values) + 0.28 * reach)
        axes.set_xticks([])
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)
        return figure

    return _picture(draw, words)


def curves_picture(curves: Sequence[Curve], percent: Callable[[float], str], days: str, **words: str) -> Picture:
    """Draw step curves with their bands; the first lies on top."""

    def draw() -> Figure:
        figure, axes = blank_figure(width_in=HALF_IN, height_in=2.35)
        for place, curve in enumerate(reversed(curves)):
            axes.fill_between(
                curve.days, curve.lows, curve.highs, step="post", color=curve.colour, alpha=BAND_ALPHA, linewidth=0
            )
            axes.step(curve.days, curve.estimates, where="post", color=curve.colour, linewidth=1.2 + 0.6 * place)
        axes.set_ylim(0, 1.02)
        axes.set_xlim(left=0, right=max(max(curve.days) for curve in curves))
        axes.set_xlabel(days, color=TEXT_COLOUR)
        _percent_axis(axes.yaxis, percent)
        axes.grid(axis="y", color=GRID_COLOUR, linewidth=0.6)
        return figure

    return _picture(draw, words)


def map_picture(points: pd.DataFrame, colours: Mapping[str, str], names: Mapping[str, str], **words: str) -> Picture:
    """Draw users on the map by segment; points are dots of an image, so that the page stays small."""

    def draw() -> Figure:
        figure, axes = blank_figure(width_in=WIDE_IN, height_in=2.9)
        for cluster_id in sorted(set(points["cluster_id"]), key=lambda found: (found in colours, found)):
            own = points[points["cluster_id"] == cluster_id]
            axes.scatter(
                own["map_x"], own["map_y"], s=MAP_POINT, color=colours.get(cluster_id, NEUTRAL_COLOUR), linewidths=0,
                alpha=0.8, rasterized=True, label=_short(names.get(cluster_id, cluster_id), 40),
            )  # fmt: skip
        axes.set_xticks([])
        axes.set_yticks([])
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)
        figure.legend(loc="outside right center", frameon=False, markerscale=2.2)
        return figure

    return _picture(draw, words)


def stacks_picture(
    rows: Sequence[tuple[str, Sequence[tuple[str, float]]]], percent: Callable[[float], str], **words: str
) -> Picture:
    """Draw shares that add up to everyone, a bar for each dimension, largest share first."""

    def draw() -> Figure:
        figure, axes = blank_figure(width_in=WIDE_IN, height_in=0.3 + 0.42 * len(rows))
        for place, (_, shares) in enumerate(reversed(rows)):
            start = 0.0
            for step, (label, share) in enumerate(shares):
                axes.barh(place, share, left=start, height=0.66, color=_SHADES[step % len(_SHADES)], edgecolor="white")
                if share >= 0.09:
                    axes.text(
                        start + share / 2, place, f"{_short(label, int(share * 75))}\n{percent(share)}", ha="center",
                        va="center", fontsize=7, linespacing=1.0, color="white" if step < 2 else TEXT_COLOUR,
                    )  # fmt: skip
                start += share
        axes.set_yticks(range(len(rows)), [name for name, _ in reversed(rows)])
        axes.set_xlim(0, 1)
        axes.set_xticks([])
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)
        return figure

    return _picture(draw, words)


_SHADES = ("#0B4F7D", "#2F7FB0", "#7FB3D3", "#B7D3E5", "#D9E8F1", "#E9EFF3")
"""From dark to light, so that the order is seen without colours too."""


def _picture(draw: Callable[[], Figure], words: Mapping[str, str]) -> Picture:
    """Draw a figure once and keep it in both forms."""
    import matplotlib as mpl

    _load_font()
    with mpl.rc_context(cast("Any", _STYLE)):
        figure = draw()
        svg, png = io.BytesIO(), io.BytesIO()
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
        figure.set_layout_engine("none")  # as laid out for the first form
        figure.savefig(png, format="png", dpi=PNG_DPI, metadata={"Software": None})
    return Picture(svg=svg.getvalue(), png=png.getvalue(), **{"caption": "", **words})


@cache
def _load_font() -> None:
    from matplotlib import font_manager

    for file in font_files():
        font_manager.fontManager.addfont(file)


def _percent_axis(axis: Any, percent: Callable[[float], str]) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: percent(value) if -1e-9 <= value <= 1 + 1e-9 else ""))
    axis.set_tick_params(colors=TEXT_COLOUR)


def _short(text: str, most: int) -> str:
    """Return a label that fits, with what matplotlib would read as a formula taken as it is."""
    cut = text if len(text) <= most else text[: max(most - 1, 1)].rstrip() + "…"
    return cut.replace("$", r"\$")
