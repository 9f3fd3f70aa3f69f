"""Pictures of an import: the dashboard of its personas, and the map of its leads.

Add here: a picture of personas. Keep out: computing; a picture draws what was found.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.pictures import (
    GRID_COLOUR,
    NEUTRAL_COLOUR,
    SEGMENT_COLOURS,
    TEXT_COLOUR,
    blank_figure,
    blank_panels,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.ticker import Locator

    from segmentation_pipeline.clustering.rows import Labels, Matrix

DPI = 150
DASHBOARD_PX = (1400, 1000)
MAP_PX = (1000, 700)

MOST_SHOWN = 8
"""Personas drawn, the highest rates; more have neither room nor colours of their own."""

NAME_CHARS = 30
LEGEND_CHARS = 46
"""Characters of a persona's name on a line."""

ROOMY = 6
"""Up to so many personas a name may take three lines in the dashboard, else two."""

DRAWN_LEADS = 15_000
"""More dots only darken the map; every n-th lead is drawn beyond."""

SMALL = 7.0
NORMAL = 8.0
TITLE = 9.5


@dataclass(frozen=True, slots=True)
class PictureRow:
    """What is drawn of one persona, in the order of rank."""

    name: str
    cluster: int
    size: int
    share: float
    conversion_count: int
    raw_rate: float | None
    shrunken_rate: float | None
    rate_low: float | None
    rate_high: float | None
    value_tier: str
    is_tier_uncertain: bool


def draw_dashboard(rows: Sequence[PictureRow], *, title: str, overall_rate: float | None) -> Figure:
    """Draw sizes, conversion rates with intervals, conversions, and the share of leads beside that of conversions."""
    shown = list(rows[:MOST_SHOWN])
    figure, (sizes, rates, conversions, shares) = blank_panels(
        rows=2, columns=2, width_in=DASHBOARD_PX[0] / DPI, height_in=DASHBOARD_PX[1] / DPI
    )
    left_out = f"; the {len(shown)} highest of {len(rows)} personas" if len(rows) > len(shown) else ""
    figure.suptitle(_safe(title + left_out), x=0.012, ha="left", fontsize=11, fontweight="bold", color=TEXT_COLOUR)
    colours = [colour_of(place) for place in range(len(shown))]
    _bars(sizes, [row.size for row in shown], colours, [f"{row.size:,}" for row in shown])
    _rates(rates, shown, colours, overall_rate)
    counts = [row.conversion_count for row in shown]
    _bars(conversions, counts, colours, [f"{count:,}" for count in counts])
    _shares(shares, shown, sum(row.conversion_count for row in rows))
    for axes, told in (
        (sizes, "Leads"),
        (rates, "Conversion rate, with 95 % interval"),
        (conversions, "Conversions"),
        (shares, "Share of leads and of conversions"),
    ):
        axes.set_title(told, loc="left", fontsize=TITLE, color=TEXT_COLOUR)
        axes.set_ylim(len(shown) - 0.45, -0.55)
        axes.set_yticks(range(len(shown)))
        axes.tick_params(axis="y", length=0)
        axes.tick_params(axis="x", labelsize=SMALL)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x", color=GRID_COLOUR, linewidth=0.8)
        axes.set_axisbelow(True)
    for axes in (sizes, conversions):
        lines = 3 if len(shown) <= ROOMY else 2
        axes.set_yticklabels(
            [_wrapped(row.name, NAME_CHARS, lines) for row in shown],
            fontsize=SMALL,
            color=TEXT_COLOUR,
        )
    for axes in (rates, shares):
        axes.set_yticklabels([])
    return figure


def draw_lead_map(
    places: Matrix,
    labels: Labels,
    rows: Sequence[PictureRow],
    *,
    title: str,
    variance_shares: tuple[float, float],
) -> Figure:
    """Draw every lead in the two main directions of difference, coloured by persona, the axes with their variance."""
    step = max(1, -(-len(places) // DRAWN_LEADS))
    drawn, drawn_labels = places[::step], labels[::step]
    figure, axes = blank_figure(width_in=MAP_PX[0] / DPI, height_in=MAP_PX[1] / DPI)
    size = float(np.clip(16_000 / max(len(drawn), 1), 3.0, 20.0))
    order = sorted(range(len(rows)), key=lambda place: -rows[place].size)
    for place in order:  # the largest first, so that small personas are not hidden
        members = drawn[drawn_labels == rows[place].cluster]
        axes.scatter(members[:, 0], members[:, 1], s=size, c=colour_of(place), alpha=0.45, linewidths=0)
    for place, row in enumerate(rows[:MOST_SHOWN]):
        axes.scatter([], [], s=30, c=colour_of(place), label=_wrapped(f"{row.share:.0%}  {row.name}", LEGEND_CHARS, 2))
    axes.set_xlabel(f"PC 1 ({variance_shares[0]:.1%} of variance)", fontsize=NORMAL, color=TEXT_COLOUR)
    axes.set_ylabel(f"PC 2 ({variance_shares[1]:.1%} of variance)", fontsize=NORMAL, color=TEXT_COLOUR)
    axes.set_title(_safe(title), loc="left", fontsize=TITLE, fontweight="bold", color=TEXT_COLOUR)
    axes.tick_params(labelsize=SMALL)
    axes.grid(color=GRID_COLOUR, linewidth=0.6)
    axes.set_axisbelow(True)
    figure.legend(
        loc="outside lower left", ncols=2, fontsize=SMALL, frameon=False, labelcolor=TEXT_COLOUR, handletextpad=0.2
    )
    return figure


def colour_of(place: int) -> str:
    """Return the colour of the persona at a place of the ranking; those beyond the shown ones are grey."""
    return SEGMENT_COLOURS[place] if place < MOST_SHOWN else NEUTRAL_COLOUR


def save_png(figure: Figure, path: Path) -> None:
    """Write a picture whose bytes hang on nothing but what is drawn: no version of the library in it."""
    figure.savefig(path, format="png", dpi=DPI, metadata={"Software": None})


def _bars(axes: Axes, values: Sequence[int], colours: Sequence[str], told: Sequence[str]) -> None:
    drawn = axes.barh(range(len(values)), values, color=colours, height=0.62)
    axes.bar_label(drawn, labels=list(told), padding=4, fontsize=NORMAL, color=TEXT_COLOUR)
    axes.set_xlim(0, max([*values, 1]) * 1.16)
    axes.xaxis.set_major_locator(_whole_numbers())
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")


def _rates(axes: Axes, rows: Sequence[PictureRow], colours: Sequence[str], overall: float | None) -> None:
    """Draw the shrunken rate with its interval; the raw one hollow, so that shrinkage shows where it matters."""
    highs = [row.rate_high for row in rows if row.rate_high is not None]
    if not highs:
        axes.text(0.5, 0.5, "no outcome is known", transform=axes.transAxes, ha="center", color=TEXT_COLOUR)
        axes.set_xticks([])
        return
    top = min(1.0, max(highs) * 1.08)
    for place, row in enumerate(rows):
        if row.shrunken_rate is None or row.rate_low is None or row.rate_high is None:
            continue
        axes.plot([row.rate_low, row.rate_high], [place, place], color=colours[place], linewidth=3.0, alpha=0.55)
        if row.raw_rate is not None:
            axes.plot(row.raw_rate, place, "o", mfc="white", mec=colours[place], markersize=7)
        axes.plot(row.shrunken_rate, place, "o", color=colours[place], markersize=4.5)
        tier = f"{row.value_tier}{' ?' if row.is_tier_uncertain else ''}"
        axes.text(
            1.0,
            place,
            f"{row.shrunken_rate:.1%}  {tier}",
            transform=axes.get_yaxis_transform(),
            va="center",
            ha="right",
            fontsize=NORMAL,
            color=TEXT_COLOUR,
        )
    if overall is not None:
        axes.axvline(overall, color=NEUTRAL_COLOUR, linewidth=1.0, linestyle="--", zorder=0)
    axes.set_xlim(0, top * 1.5)  # the last third is for the texts
    axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= top])
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}" if top > 0.05 else f"{value:.1%}")
    axes.set_xlabel(
        "dashed: all leads; hollow: raw rate; ?: the interval reaches into another tier", fontsize=SMALL, loc="left"
    )


def _shares(axes: Axes, rows: Sequence[PictureRow], conversions: int) -> None:
    """Draw both shares as the ends of one line: a persona that brings more than it weighs ends to the right."""
    top = 0.0
    for place, row in enumerate(rows):
        of_conversions = row.conversion_count / conversions if conversions else None
        top = max(top, row.share, of_conversions or 0.0)
        if of_conversions is not None:
            axes.plot([row.share, of_conversions], [place, place], color=colour_of(place), linewidth=2.2, alpha=0.55)
            axes.plot(of_conversions, place, "D", color=colour_of(place), markersize=6)
        axes.plot(row.share, place, "o", mfc="white", mec=colour_of(place), markersize=7)
        told = f"{row.share:.0%}" if of_conversions is None else f"{row.share:.0%} → {of_conversions:.0%}"
        axes.text(
            1.0,
            place,
            told,
            transform=axes.get_yaxis_transform(),
            va="center",
            ha="right",
            fontsize=NORMAL,
            color=TEXT_COLOUR,
        )
    axes.set_xlim(0, max(top, 0.01) * 1.4)
    axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= max(top, 0.01) * 1.05])
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set_xlabel("hollow: share of leads; filled: share of conversions", fontsize=SMALL, loc="left")


def _wrapped(name: str, width: int, lines: int) -> str:
    return _safe("\n".join(textwrap.wrap(name, width, max_lines=lines, placeholder=" …", break_long_words=True)))


def _safe(text: str) -> str:
    """Return the text as it is: a dollar sign would begin a formula."""
    return text.replace("$", r"\$")


def _whole_numbers() -> Locator:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=5, integer=True)
