"""Pictures as asset metadata.

Add here: another way to show a figure in Dagster's UI. Keep out: drawing (pictures.py of each stage).
"""

import base64
import io
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def png_metadata(figure: "Figure") -> dg.MarkdownMetadataValue:
    """Return the figure as markdown with the picture inside, as Dagster's UI shows it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, bbox_inches="tight")
    encoded = base64.b64encode(buffer.getvalue()).decode("ascii")
    return dg.MetadataValue.md(f"![picture](data:image/png;base64,{encoded})")
