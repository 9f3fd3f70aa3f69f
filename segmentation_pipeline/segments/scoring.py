"""The stored model of a refresh: everything needed to say, later and elsewhere, which segment a user is in.

Add here: what scoring needs, and its stored form.
Keep out: fitting (segmenting.py) and reading features (events/).
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from segmentation_pipeline.clustering.fitting import one_thread
from segmentation_pipeline.clustering.membership import UNCLASSIFIED as UNPLACED
from segmentation_pipeline.clustering.membership import Membership
from segmentation_pipeline.clustering.scaling import Scaling
from segmentation_pipeline.errors import PipelineError
from segmentation_pipeline.segments.tables import UNCLASSIFIED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from segmentation_pipeline.clustering.rows import Labels, Matrix

FORMAT_VERSION = 2
LEAST_ADVANTAGE = 0.2
"""A user who holds a segment moves only when another's membership exceeds its own by this: on a border both are near
one half and change places with every visit."""

SCORED_ROWS = 100_000
"""Users scored at a time: their features and posteriors stay under 100 MB."""


class ModelUnreadable(PipelineError):
    """A stored model is not of a format this version knows."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Segment of each user, the likeliest other one ('' for none), and the posterior of the segment.

    `segments` are numbers into the model's `cluster_ids`, -1 for unclassified, whose posterior is the likeliest's.
    """

    segments: Labels
    cluster_ids: NDArray[np.str_]
    runner_ups: NDArray[np.str_]
    memberships: Matrix

    @property
    def likeliest(self) -> NDArray[np.str_]:
        """Segment each posterior is of: the user's own, or for the unclassified the one they fell short of."""
        return np.where(self.segments < 0, self.runner_ups, self.cluster_ids)


@dataclass(frozen=True, slots=True)
class Model(ABC):
    """A stored model of either kind: what its segments are called; slugs are those of their birth."""

    cluster_ids: tuple[str, ...]
    labels: tuple[str, ...]
    slugs: tuple[str, ...]

    @abstractmethod
    def score(self, names: Sequence[str], matrix: Matrix) -> Scores:
        """Return the segment of every row of raw model features."""

    @abstractmethod
    def to_json(self) -> str:
        """Return the model as JSON text; floats keep every bit, so scores are reproduced exactly."""

    def label_of(self, cluster_ids: NDArray[np.str_]) -> NDArray[np.str_]:
        """Return the label of every id given."""
        labels = dict(zip(self.cluster_ids, self.labels, strict=True))
        return np.array([labels.get(str(cluster_id), UNCLASSIFIED) for cluster_id in cluster_ids], dtype=np.str_)

    def named(self) -> NDArray[np.str_]:
        """Return the id of each segment number; -1 is unclassified."""
        return np.array([*self.cluster_ids, UNCLASSIFIED])

    def stored_names(self) -> list[dict[str, str]]:
        """Return the names as they are stored; `names_of` reads them."""
        return [
            {"cluster_id": cluster_id, "label": label, "slug": slug}
            for cluster_id, label, slug in zip(self.cluster_ids, self.labels, self.slugs, strict=True)
        ]


def names_of(stored: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return ids, labels and slugs of a stored model."""
    named = stored["segments"]
    return (
        tuple(str(segment["cluster_id"]) for segment in named),
        tuple(str(segment["label"]) for segment in named),
        tuple(str(segment["slug"]) for segment in named),
    )


@dataclass(frozen=True, slots=True)
class SegmentModel(Model):
    """Scaling and a Gaussian per segment."""

    scaling: Scaling
    membership: Membership
    floor: float

    def score(self, names: Sequence[str], matrix: Matrix, *, held: Labels | None = None) -> Scores:
        """Return the segment of every row of raw model features, in batches; a segment at or above the floor.

        `held`: the segment each user holds (a number, -1 for none). It keeps it unless another's posterior exceeds
        that of its own by .2; who is under the floor with the likeliest is unclassified all the same.
        """
        segments = np.empty(len(matrix), dtype=np.int64)
        others = np.empty(len(matrix), dtype=np.int64)
        memberships = np.empty(len(matrix))
        with one_thread():
            for start in range(0, len(matrix), SCORED_ROWS):
                batch = slice(start, start + SCORED_ROWS)
                features = self.scaling.transform(names, matrix[batch])
                posteriors = self.membership.posteriors(features)
                kept = None if held is None else held[batch]
                segments[batch], others[batch], memberships[batch] = _placed(posteriors, self.floor, kept)
        named = self.named()
        runner_ups = np.where(others == segments, "", named[others])
        return Scores(segments, named[segments], runner_ups, memberships)

    def to_json(self) -> str:
        """Return the model as JSON text."""
        stored = {
            "format_version": FORMAT_VERSION,
            "floor": self.floor,
            "segments": self.stored_names(),
            "scaling": self.scaling.to_json(),
            "membership": self.membership.to_json(),
        }
        return json.dumps(stored, ensure_ascii=False, sort_keys=True, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> SegmentModel:
        """Return the model that `to_json` wrote.

        Raises:
            ModelUnreadable: the text is not such a model.
        """
        try:
            stored = json.loads(text, parse_constant=_refuse_constant)
            version = stored["format_version"]
            if version != FORMAT_VERSION:
                raise ModelUnreadable(unreadable(f"it has format {version}, known is {FORMAT_VERSION}"))
            read = cls(
                *names_of(stored),
                scaling=Scaling.from_json(stored["scaling"]),
                membership=Membership.from_json(stored["membership"]),
                floor=float(stored["floor"]),
            )
            read._refuse_nonsense()
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise ModelUnreadable(unreadable(f"{type(error).__name__}: {error}")) from error
        return read

    def _refuse_nonsense(self) -> None:
        segments, columns = self.membership.means.shape
        if columns != len(self.scaling.columns):
            raise ValueError(f"it scales {len(self.scaling.columns)} features and compares {columns}")
        if not segments == len(self.cluster_ids) == len(set(self.cluster_ids)):
            raise ValueError(f"it has {segments} segments and {len(set(self.cluster_ids))} different ids")
        if not 0 <= self.floor <= 1:
            raise ValueError(f"its membership floor {self.floor} is no share")


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of a model")


def _placed(posteriors: Matrix, floor: float, held: Labels | None) -> tuple[Labels, Labels, Matrix]:
    """Return segment (-1: unclassified), the likeliest other one, and the segment's posterior, of every row."""
    everyone = np.arange(len(posteriors))
    rank = np.argsort(-posteriors, axis=1, kind="stable").astype(np.int64)
    likeliest, second = rank[:, 0], rank[:, min(1, rank.shape[1] - 1)]
    best = posteriors[everyone, likeliest]
    segments = likeliest.copy()
    if held is not None:
        advantage = best - posteriors[everyone, np.maximum(held, 0)]
        segments = np.where((held >= 0) & (advantage < LEAST_ADVANTAGE), held, likeliest)
    others = np.where(segments == likeliest, second, likeliest)
    is_placed = best >= floor
    return (
        np.where(is_placed, segments, UNPLACED),
        np.where(is_placed, others, likeliest),
        np.where(is_placed, posteriors[everyone, segments], best),
    )


def unreadable(why: str) -> str:
    """Return what a user is told of a model that cannot be read."""
    return f"The stored segment model cannot be read ({why}). Next: refresh the month again; it writes a new one."
