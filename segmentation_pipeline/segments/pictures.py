"""The map of users: two dimensions, for looking only.

Add here: pictures of segments.
Keep out: colours and axes shared by all stages (segmentation_pipeline/pictures.py) and Dagster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.pictures import NEUTRAL_COLOUR, TEXT_COLOUR, blank_figure, segment_colour

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from segmentation_pipeline.clustering.rows import Labels, Matrix

DRAWN_USERS = 20_000
"""More dots only darken the picture; every n-th user is drawn beyond."""

READING_HELP = {
    "umap": "Dots close together are users who behave alike. Distances between groups, and their sizes, mean nothing.",
    "pca": "Dots close together are alike in the two main directions of difference; other directions are not shown.",
}


def draw_map(
    places: Matrix, segments: Labels, cluster_ids: tuple[str, ...], labels: tuple[str, ...], *, method: str
) -> Figure:
    """Return the map: a dot per user coloured by segment, each segment named at the median of its users."""
    step = max(1, -(-len(places) // DRAWN_USERS))
    drawn, drawn_segments = places[::step], segments[::step]
    figure, axes = blank_figure()
    size = float(np.clip(12_000 / max(len(drawn), 1), 2.0, 16.0))
    for number in (-1, *range(len(cluster_ids))):
        members = drawn[drawn_segments == number]
        colour = segment_colour(cluster_ids[number]) if number >= 0 else NEUTRAL_COLOUR
        axes.scatter(members[:, 0], members[:, 1], s=size, c=colour, alpha=0.6, linewidths=0)
    for number, (cluster_id, label) in enumerate(zip(cluster_ids, labels, strict=True)):
        at = np.median(places[segments == number], axis=0)
        axes.annotate(
            f"{label}\n{(segments == number).mean():.0%} of users",
            (float(at[0]), float(at[1])),
            ha="center",
            va="center",
            fontsize=9,
            fontweight="bold",
            color=TEXT_COLOUR,
            bbox={"boxstyle": "round,pad=0.3", "fc": "white", "ec": segment_colour(cluster_id), "alpha": 0.88},
        )
    unclassified = float((segments < 0).mean())
    note = f" Grey: {unclassified:.0%} between segments." if unclassified > 0 else ""
    axes.set_title("Users at the landmark", loc="left", color=TEXT_COLOUR)
    axes.set_xlabel(READING_HELP[method] + note, fontsize=8, color=TEXT_COLOUR, loc="left")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.margins(0.08)
    return figure


def draw_unlabelled(places: Matrix, is_fitted: NDArray[np.bool_], *, method: str) -> Figure:
    """Return the map before there are segments: fitted users dark, users placed among them light."""
    step = max(1, -(-len(places) // DRAWN_USERS))
    figure, axes = blank_figure()
    for chosen, alpha in ((~is_fitted, 0.2), (is_fitted, 0.6)):
        members = places[::step][chosen[::step]]
        axes.scatter(members[:, 0], members[:, 1], s=8, c=NEUTRAL_COLOUR, alpha=alpha, linewidths=0)
    axes.set_title("Users at the landmark", loc="left", color=TEXT_COLOUR)
    axes.set_xlabel(READING_HELP[method], fontsize=8, color=TEXT_COLOUR, loc="left")
    axes.set_xticks([])
    axes.set_yticks([])
    return figure
