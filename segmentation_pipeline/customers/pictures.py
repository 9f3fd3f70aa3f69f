"""Pictures of customers: how many are in each tier.

Add here: another picture. Keep out: where the figures come from (assets.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segmentation_pipeline.pictures import SEGMENT_COLOURS, TEXT_COLOUR, blank_panels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure


def draw_dimensions(counts: Mapping[str, Mapping[str, int]]) -> Figure:
    """Return bars of how many customers carry each label, one panel per dimension."""
    figure, panels = blank_panels(rows=2, columns=3, width_in=10, height_in=5)
    for panel, (dimension, labels) in zip(panels, counts.items(), strict=False):
        total = sum(labels.values()) or 1
        bars = panel.barh(list(labels), list(labels.values()), color=SEGMENT_COLOURS[0])
        panel.bar_label(bars, [f"{count / total:.0%}" for count in labels.values()], padding=3, color=TEXT_COLOUR)
        panel.invert_yaxis()
        panel.margins(x=0.18)
        panel.set_title(dimension.replace("_", " "), color=TEXT_COLOUR, loc="left", fontsize=10)
        panel.xaxis.set_visible(False)
    for panel in panels[len(counts) :]:
        panel.set_axis_off()
    return figure
