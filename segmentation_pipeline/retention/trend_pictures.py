"""The picture of trends: sizes, drop-off and retention of each segment from refresh to refresh.

Add here: another figure over the refreshes. Keep out: pictures of one refresh (pictures.py) and computing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from segmentation_pipeline.pictures import GRID_COLOUR, NEUTRAL_COLOUR, TEXT_COLOUR, segment_colours
from segmentation_pipeline.segments.tables import OVERALL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = (
    ("share", "Share of users at risk", None),
    ("drop_off_rate", "Drop-off after the landmark", ("drop_off_low", "drop_off_high")),
    ("retention", "Retained on the longest day observed", None),
)


def draw_trends(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw one panel per figure, a line per segment over the refreshes, named at its end; everyone dashed."""
    from matplotlib.figure import Figure as MatplotlibFigure

    figure = MatplotlibFigure(figsize=(11.0, 4.4), layout="constrained")
    colours = segment_colours((row["refresh_month"], row["cluster_id"]) for row in rows if row["cluster_id"] != OVERALL)
    months = sorted({row["refresh_month"] for row in rows})
    names = sorted({str(row["cluster_id"]) for row in rows}, key=lambda name: (name == OVERALL, name))
    for axes, (column, title, ends) in zip(figure.subplots(1, len(PANELS)), PANELS, strict=True):
        for name in names:
            if name != OVERALL or column != "share":
                own = [row for row in rows if row["cluster_id"] == name and row[column] is not None]
                _line(axes, own, column, ends, months, colours)
        _dress(axes, title, [f"{month:%Y-%m}" for month in months])
    latest = {str(row["cluster_id"]): str(row["label"]) for row in sorted(rows, key=lambda row: row["refresh_month"])}
    handles, found = figure.axes[1].get_legend_handles_labels()
    named = {name: handle for handle, name in zip(handles, found, strict=True)}
    figure.legend(
        list(named.values()),
        [f"{latest[name]} ({name})" if name != OVERALL else latest[name] for name in named],
        loc="outside lower center",
        ncols=3,
        frameon=False,
        fontsize=8,
    )
    return figure


def _line(
    axes: Axes,
    rows: Sequence[Mapping[str, Any]],
    column: str,
    ends: tuple[str, str] | None,
    months: Sequence[Any],
    colours: Mapping[str, str],
) -> None:
    if not rows:
        return
    name = str(rows[0]["cluster_id"])
    places = [months.index(row["refresh_month"]) for row in rows]
    values = [row[column] for row in rows]
    is_overall = name == OVERALL
    colour = colours.get(name, NEUTRAL_COLOUR)
    axes.plot(
        places,
        values,
        color=colour,
        linewidth=1.6,
        marker=None if is_overall else "o",
        markersize=4,
        linestyle="--" if is_overall else "-",
        label=name,
    )
    if ends is not None and not is_overall:
        low, high = ends
        axes.fill_between(
            places, [row[low] for row in rows], [row[high] for row in rows], color=colour, alpha=0.1, lw=0
        )


def _dress(axes: Axes, title: str, months: Sequence[str]) -> None:
    axes.set_title(title, loc="left", fontsize=10, color=TEXT_COLOUR)
    axes.set_xticks(range(len(months)), months, fontsize=8, rotation=45 if len(months) > 4 else 0)
    axes.set_ylim(bottom=0)
    axes.margins(x=0.08)
    axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes.tick_params(colors=TEXT_COLOUR)
    axes.grid(axis="y", color=GRID_COLOUR, linewidth=0.8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
