"""What a segment is called wherever people read it: a person's name for it, else its persona's, else its label.

Add here: another source of names, in the order of their right. Keep out: who may name what (state/segment_edits.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segmentation_pipeline.state.segment_edits import is_same_name

if TYPE_CHECKING:
    from collections.abc import Mapping

UNCLASSIFIED = "unclassified"
"""Id and name of the users who are in no segment."""


def display_names(labels: Mapping[str, str], edits: Mapping[str, str]) -> dict[str, str]:
    """Return cluster_id -> name to show for the segments that are listed together.

    No two are called alike: where a later refresh gives a segment a label that a person has given to another, the
    person's choice stays and the label is shown with the id.
    """
    shown: dict[str, str] = {}
    for cluster_id in sorted(labels, key=lambda known: (known not in edits, known)):
        name = edits.get(cluster_id, labels[cluster_id])
        is_taken = any(is_same_name(name, taken) for taken in shown.values())
        shown[cluster_id] = f"{name} ({cluster_id})" if is_taken else name
    return {cluster_id: shown[cluster_id] for cluster_id in labels}
