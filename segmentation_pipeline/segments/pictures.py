"""The map of users: two dimensions, for looking only.

Add here: pictures of segments.
Keep out: colours and axes shared by all stages (segmentation_pipeline/pictures.py) and Dagster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.pictures import NEUTRAL_COLOUR, TEXT_COLOUR, blank_figure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from segmentation_pipeline.clustering.rows import Labels, Matrix

DRAWN_USERS = 20_000
"""More dots only darken the picture; every n-th user is drawn beyond."""

LABEL_HEIGHT = 0.2
"""Height of a segment, as a share of the map's, under which its label would hide most of it."""

MAP_COLOUR = "#FAFAFA"

READING_HELP = {
    "umap": "Dots close together are users who behave alike. Distances between groups, and their sizes, mean nothing.",
    "pca": "Dots close together are alike in the two main directions of difference; other directions are not shown.",
}


def draw_map(
    places: Matrix,
    segments: Labels,
    cluster_ids: tuple[str, ...],
    labels: tuple[str, ...],
    *,
    colours: Mapping[str, str],
    method: str,
) -> Figure:
    """Return the map: a dot per user coloured by segment, each segment named at the median of its users."""
    step = max(1, -(-len(places) // DRAWN_USERS))
    drawn, drawn_segments = places[::step], segments[::step]
    figure, axes = blank_figure()
    size = float(np.clip(16_000 / max(len(drawn), 1), 2.0, 28.0))
    for number in (-1, *range(len(cluster_ids))):
        members = drawn[drawn_segments == number]
        colour = colours[cluster_ids[number]] if number >= 0 else NEUTRAL_COLOUR
        axes.scatter(members[:, 0], members[:, 1], s=size, c=colour, alpha=0.6, linewidths=0)
    height = float(np.ptp(places[:, 1])) or 1.0
    for number, (cluster_id, label) in enumerate(zip(cluster_ids, labels, strict=True)):
        members = places[segments == number]
        low, middle, high = np.quantile(members[:, 1], [0.05, 0.5, 0.95])
        is_compact = (high - low) / height < LABEL_HEIGHT  # a label on it would hide it, so it goes above
        axes.annotate(
            f"{label}\n{(segments == number).mean():.0%} of users",
            (float(np.median(members[:, 0])), float(members[:, 1].max() if is_compact else middle)),
            xytext=(0, 6 if is_compact else 0),
            textcoords="offset points",
            ha="center",
            va="bottom" if is_compact else "center",
            fontsize=9,
            fontweight="bold",
            color=TEXT_COLOUR,
            bbox={"boxstyle": "round,pad=0.3", "fc": "white", "ec": colours[cluster_id], "alpha": 0.88},
        )
    unclassified = float((segments < 0).mean())
    note = f" Grey: {unclassified:.0%} between segments." if unclassified > 0 else ""
    _finish(axes, READING_HELP[method] + note)
    return figure


def draw_unlabelled(places: Matrix, is_fitted: NDArray[np.bool_], *, method: str) -> Figure:
    """Return the map before there are segments: fitted users dark, users placed among them light."""
    step = max(1, -(-len(places) // DRAWN_USERS))
    figure, axes = blank_figure()
    for chosen, alpha in ((~is_fitted, 0.2), (is_fitted, 0.6)):
        members = places[::step][chosen[::step]]
        axes.scatter(members[:, 0], members[:, 1], s=8, c=NEUTRAL_COLOUR, alpha=alpha, linewidths=0)
    _finish(axes, READING_HELP[method])
    return figure


def _finish(axes: Axes, reading_help: str) -> None:
    axes.set_title("Users at the landmark", loc="left", color=TEXT_COLOUR)
    axes.set_xlabel(reading_help, fontsize=8, color=TEXT_COLOUR, loc="left")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.set_facecolor(MAP_COLOUR)
    axes.margins(0.14)
