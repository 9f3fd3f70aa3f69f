"""The picture of agreement: which cluster the users of each discovered segment are in.

Add here: pictures of discovered segments. Keep out: shared style (segmentation_pipeline/pictures.py) and Dagster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.pictures import TEXT_COLOUR, blank_figure
from segmentation_pipeline.segments.tables import UNCLASSIFIED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

    from segmentation_pipeline.insights.discovery.agreement import Overlap

LIGHT_TEXT_FROM = 0.55
"""Share above which a cell is so dark that its figure is written in white."""


def draw_agreement(
    found: Sequence[Overlap], segment_labels: Mapping[str, str], cluster_labels: Mapping[str, str]
) -> Figure:
    """Return segments x clusters: the share of each segment's users in each cluster, with the users counted."""
    columns = _ordered({overlap.cluster_id for overlap in found})
    shares = {(overlap.segment_id, overlap.cluster_id): overlap for overlap in found}
    rows = sorted(
        {overlap.segment_id for overlap in found},
        key=lambda segment: (segment == UNCLASSIFIED, _main_column(segment, columns, shares), segment),
    )
    figure, axes = blank_figure(width_in=3.2 + 1.35 * len(columns), height_in=1.9 + 0.55 * len(rows))
    values = np.array(
        [
            [shares[row, column].share_of_segment if (row, column) in shares else 0.0 for column in columns]
            for row in rows
        ]
    )
    axes.imshow(values, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for y, row in enumerate(rows):
        for x, column in enumerate(columns):
            overlap = shares.get((row, column))
            if overlap is not None:
                is_dark = overlap.share_of_segment > LIGHT_TEXT_FROM
                axes.text(
                    x,
                    y,
                    f"{overlap.share_of_segment:.0%}\n{overlap.user_count:,}",
                    ha="center",
                    va="center",
                    fontsize=8,
                    color="white" if is_dark else TEXT_COLOUR,
                )
    axes.set_xticks(range(len(columns)), [_broken(cluster_labels.get(c, c)) for c in columns], fontsize=8)
    axes.set_yticks(range(len(rows)), [_broken(segment_labels.get(r, r)) for r in rows], fontsize=8)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    agreement = found[0].adjusted_mutual_information if found else None
    told = "" if agreement is None else f": adjusted mutual information {agreement:.2f}"
    axes.set_title(f"Discovered segments against clusters{told}", loc="left", color=TEXT_COLOUR, fontsize=11)
    axes.set_xlabel(
        "Share of each segment's users (rows add up to 100 %) and how many they are. 1 agrees wholly, 0 by chance.",
        fontsize=8,
        color=TEXT_COLOUR,
        loc="left",
    )
    return figure


def _ordered(ids: set[str]) -> list[str]:
    return sorted(ids, key=lambda found: (found == UNCLASSIFIED, found))


def _main_column(segment: str, columns: Sequence[str], shares: Mapping[tuple[str, str], Overlap]) -> int:
    """Return the column with most of a segment's users: rows in this order make a diagonal."""
    counts = [shares[segment, column].user_count if (segment, column) in shares else 0 for column in columns]
    return int(np.argmax(counts))


def _broken(label: str) -> str:
    """Break a label of several words over two lines."""
    words = label.split()
    half = (len(words) + 1) // 2
    return "\n".join(" ".join(part) for part in (words[:half], words[half:]) if part)
