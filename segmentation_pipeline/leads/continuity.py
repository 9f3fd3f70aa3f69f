"""A persona keeps its id from one import to the next where it is the same by profile.

Add here: another way to tell that two personas are one. Keep out: clusters in general (clustering/matching.py).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from segmentation_pipeline.clustering.matching import match_clusters
from segmentation_pipeline.leads.encoding import Encoding
from segmentation_pipeline.leads.grouping import mean_places

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from segmentation_pipeline.clustering.rows import Labels, Matrix
    from segmentation_pipeline.leads.columns import LeadColumn

ID_DIGITS = 6
"""Hexadecimal digits of an id: short enough to type, and two of a home's personas hardly ever share them."""


@dataclass(frozen=True, slots=True)
class PersonaModel:
    """What is kept of an import's personas: the encoding, and centre and id of each group."""

    encoding: Encoding
    centres: Matrix
    persona_ids: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-serialisable description from which `from_json` rebuilds the same model."""
        return {
            "encoding": self.encoding.to_json(),
            "centres": self.centres.tolist(),
            "persona_ids": list(self.persona_ids),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> PersonaModel:
        """Return the model that `to_json` described."""
        ids = tuple(str(found) for found in stored["persona_ids"])
        centres = np.asarray(stored["centres"], dtype=np.float64).reshape(len(ids), -1)
        return cls(Encoding.from_json(stored["encoding"]), centres, ids)


@dataclass(frozen=True, slots=True)
class Identity:
    """The id of each group, and for those that were known before how far their profile has moved.

    `distances` are in distances to the nearest sibling: 0 the same, near .75 hardly.
    """

    persona_ids: tuple[str, ...]
    distances: tuple[float | None, ...]


def identify(
    columns: Sequence[LeadColumn],
    labels: Labels,
    centres: Matrix,
    import_id: str,
    before: PersonaModel | None,
) -> Identity:
    """Return ids of groups: those of the personas before where the profile is the same, new ones otherwise.

    The groups are placed by the earlier encoding, so that both are looked at in one space. A new id is made of the
    import and the centre: it needs no counter, and is not given to another persona later.
    """
    fresh = _new_ids(import_id, centres, set() if before is None else set(before.persona_ids))
    # Everyone together is no persona: it neither passes on an id nor takes one, but to itself.
    is_comparable = before is not None and (len(before.persona_ids) > 1) == (len(centres) > 1)
    if before is None or not is_comparable or not before.encoding.blocks:
        return Identity(fresh, tuple([None] * len(centres)))
    placed = mean_places(before.encoding.tables(columns), labels, len(centres))
    nobody = np.empty(0, dtype=np.int64)
    matches = match_clusters(nobody, nobody, before.centres, placed).new_of()
    ids = tuple(
        before.persona_ids[matches[number].old] if number in matches else fresh[number]
        for number in range(len(centres))
    )
    return Identity(
        ids, tuple(matches[number].distance if number in matches else None for number in range(len(centres)))
    )


def _new_ids(import_id: str, centres: Matrix, taken: set[str]) -> tuple[str, ...]:
    ids: list[str] = []
    for number, centre in enumerate(centres):
        told = f"{import_id}\n{number}\n" + ",".join(f"{place:.6f}" for place in centre + 0.0)
        digest = hashlib.sha256(told.encode()).hexdigest()
        lengths = range(ID_DIGITS, len(digest) + 1)
        found = next(f"p{digest[:length]}" for length in lengths if f"p{digest[:length]}" not in {*taken, *ids})
        ids.append(found)
    return tuple(ids)
