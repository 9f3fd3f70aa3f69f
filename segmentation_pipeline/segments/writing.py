"""Rows of this stage's tables, written through their contracts.

Add here: how a result becomes the rows of a table.
Keep out: computing the result.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.segments.contrasts import strongest
from segmentation_pipeline.segments.evidence_rows import insufficient_row, stability_of
from segmentation_pipeline.segments.identity_tables import ClusterLineage, UserMoves
from segmentation_pipeline.segments.risk import churn_risk
from segmentation_pipeline.segments.tables import (
    UNCLASSIFIED,
    ClusterCandidates,
    Clusters,
    CurrentSegments,
    Embeddings,
    SegmentModels,
    UserClusters,
)
from segmentation_pipeline.segments.verdict_tables import ClusterEvidence, FeatureDrift, RefreshVerdicts
from segmentation_pipeline.warehouse.contracts import table_name

if TYPE_CHECKING:
    from datetime import date

    from segmentation_pipeline.segments.embedding import Embedding
    from segmentation_pipeline.segments.evidence_rows import EvidenceRow, VerdictRow
    from segmentation_pipeline.segments.reading import Features
    from segmentation_pipeline.segments.refreshing import SegmentedRefresh
    from segmentation_pipeline.segments.scoring import Model, Scores
    from segmentation_pipeline.survival.drop_off import DropOff
    from segmentation_pipeline.warehouse.contracts import Table
    from segmentation_pipeline.warehouse.database import Database


@dataclass(frozen=True, slots=True)
class SegmentDropOffs:
    """Drop-off of each segment in order, and of all users, by one day."""

    segments: list[DropOff]
    everyone: DropOff
    is_mechanical: bool = False
    """Whether drop-off is silence, so that activity defines both sides of a comparison: then no risk is told."""


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """A row of `cluster_candidates`, the month left out."""

    candidate_id: str
    method: str
    space: str
    parameters: str
    cluster_count: int
    noise_share: float
    silhouette: float
    min_jaccard: float | None
    dbcv: float | None
    smallest_share: float
    is_chosen: bool
    is_weak: bool
    reason: str


def write_insufficient(db: Database, month: date, reason: str | None, *tables: type[Table]) -> None:
    """Write the verdict of a refresh with too little data, and empty its month in the other tables."""
    db.replace(RefreshVerdicts, [insufficient_row(reason)], month=month)
    write_nothing(db, month, *(table for table in tables if table is not RefreshVerdicts))


def write_nothing(db: Database, month: date, *tables: type[Table]) -> None:
    """Empty the month in these tables: a refresh with too little data has no rows, and no old ones either."""
    for table in tables:
        db.ensure(table)
        db.replace(table, f"SELECT * FROM {table_name(table)} WHERE FALSE", month=month)


def write_embeddings(db: Database, month: date, features: Features, embedding: Embedding) -> None:
    """Write the month's coordinates, users in the order of their ids."""
    import pandas as pd

    axes = embedding.axes()
    columns = {f"axis_{place:03d}": values for place, values in enumerate(axes.values())}
    frame = pd.DataFrame(
        {
            "user_id": features.user_ids,
            "map_x": embedding.places[:, 0],
            "map_y": embedding.places[:, 1],
            "is_fitted": embedding.is_fitted,
            **columns,
        }
    )
    keys = ", ".join(f"'{axis}'" for axis in axes)
    with db.relation("embedded", frame):
        db.replace(
            Embeddings,
            "SELECT $month::DATE AS refresh_month, user_id, map_x, map_y, is_fitted,"
            f" MAP([{keys}], [{', '.join(columns)}]) AS coordinates FROM embedded",
            {"month": month},
            month=month,
        )


def write_candidates(db: Database, found: SegmentedRefresh) -> None:
    """Write the complete table of candidates, in the order they were tried."""
    rows = [
        CandidateRow(
            candidate_id=one.candidate_id,
            method=one.method,
            space=one.space,
            parameters=json.dumps(one.parameters, sort_keys=True),
            cluster_count=one.cluster_count,
            noise_share=one.noise_share,
            silhouette=one.silhouette,
            min_jaccard=one.min_jaccard,
            dbcv=one.dbcv,
            smallest_share=one.smallest_share,
            is_chosen=one.is_chosen,
            is_weak=one.is_chosen and found.segments.weakness is not None,
            reason=one.reason,
        )
        for one in found.segments.candidates
    ]
    db.replace(ClusterCandidates, rows, month=found.month)


def write_evidence(db: Database, found: SegmentedRefresh, verdict: VerdictRow, evidence: list[EvidenceRow]) -> None:
    """Write the month's verdict, the tests behind it, the life of its segments, moves of users, and drift."""
    month = found.month
    db.replace(RefreshVerdicts, [verdict], month=month)
    db.replace(ClusterEvidence, evidence, month=month)
    db.replace(ClusterLineage, found.lineage, month=month)
    db.replace(UserMoves, found.moves, month=month)
    db.replace(FeatureDrift, found.drift, month=month)


def write_clusters(db: Database, found: SegmentedRefresh, drop_offs: SegmentDropOffs | None) -> None:
    """Write the month's segments in the order of their ids; without drop-offs their risk is unknown."""
    import pandas as pd

    segments, month = found.segments, found.month
    user_count = len(segments.scores.segments)
    frame = pd.DataFrame(
        [
            {
                "cluster_id": cluster_id,
                **asdict(naming),
                "origin": segments.origin,
                "born_month": f"{cluster_id[:7]}-01",
                "user_count": segments.user_counts[number],
                "share": segments.user_counts[number] / user_count,
                "jaccard": segments.jaccards[number],
                "stability": stability_of(found, number),
                **_drop_off_columns(drop_offs, number),
                "contrasts": json.dumps(
                    [contrast.to_json() for contrast in strongest(segments.contrasts[number])], ensure_ascii=False
                ),
                "features": sorted(contrast.feature for contrast in segments.contrasts[number]),
                "typical": [
                    contrast.mean for contrast in sorted(segments.contrasts[number], key=lambda one: one.feature)
                ],
            }
            for number, (cluster_id, naming) in enumerate(
                zip(segments.model.cluster_ids, segments.namings, strict=True)
            )
        ]
    ).astype(
        dict.fromkeys(("jaccard", "drop_off_rate", "drop_off_low", "drop_off_high", "drop_off_days"), "float64")
        | {"stability": "string"}
    )
    with db.relation("segments_found", frame):
        db.replace(
            Clusters,
            "SELECT $month::DATE AS refresh_month, * EXCLUDE (features, typical, born_month),"
            " born_month::DATE AS born_month, MAP(features, typical) AS profile FROM segments_found",
            {"month": month},
            month=month,
        )


def write_user_clusters(db: Database, features: Features, found: SegmentedRefresh) -> None:
    """Write each user's segment, users in the order of their ids."""
    import pandas as pd

    frame = pd.DataFrame(
        {
            "user_id": features.user_ids,
            "cluster_id": found.segments.scores.cluster_ids,
            "raw_label": found.segments.raw_labels,
            "membership": found.segments.scores.memberships,
            "runner_up": found.segments.scores.runner_ups,
        }
    )
    with db.relation("assigned", frame):
        db.replace(
            UserClusters,
            "SELECT $month::DATE AS refresh_month, * REPLACE (nullif(runner_up, '') AS runner_up),"
            " raw_label = -1 AS is_noise FROM assigned",
            {"month": found.month},
            month=found.month,
        )


def write_model(db: Database, month: date, model: Model) -> None:
    """Write the month's model."""
    db.replace(
        SegmentModels,
        "SELECT $month::DATE AS refresh_month, $model AS model",
        {"month": month, "model": model.to_json()},
        month=month,
    )


def write_current_segments(
    db: Database,
    model_month: date | None,
    features: Features | None,
    scores: Scores | None,
    model: Model | None,
) -> None:
    """Write where every user is now; users without a score are unclassified."""
    import pandas as pd

    frame = pd.DataFrame(
        {
            "user_id": pd.Series([], dtype="str"),
            "cluster_id": "",
            "label": "",
            "likeliest_cluster_id": "",
            "membership": np.float64(0),
        }
    )
    if features is not None and scores is not None and model is not None:
        frame = pd.DataFrame(
            {
                "user_id": features.user_ids,
                "cluster_id": scores.cluster_ids,
                "label": model.label_of(scores.cluster_ids),
                "likeliest_cluster_id": scores.likeliest,
                "membership": scores.memberships,
            }
        )
    with db.relation("scored", frame):
        db.replace(
            CurrentSegments,
            "SELECT c.user_id, c.status, coalesce(s.cluster_id, $none) AS cluster_id,"
            " coalesce(s.label, $none) AS label, s.likeliest_cluster_id::VARCHAR AS likeliest_cluster_id,"
            " s.membership::DOUBLE AS membership,"
            " $model_month::DATE AS model_month, c.scored_at"
            " FROM current_features AS c LEFT JOIN scored AS s USING (user_id) ORDER BY c.user_id",
            {"none": UNCLASSIFIED, "model_month": model_month},
        )


def _drop_off_columns(drop_offs: SegmentDropOffs | None, number: int) -> dict[str, object]:
    if drop_offs is None:
        return {
            "drop_off_count": 0,
            "drop_off_rate": None,
            "drop_off_low": None,
            "drop_off_high": None,
            "drop_off_days": None,
            "churn_risk": churn_risk(None, None),
        }
    own = drop_offs.segments[number]
    return {
        "drop_off_count": own.event_count,
        "drop_off_rate": own.rate,
        "drop_off_low": own.low,
        "drop_off_high": own.high,
        "drop_off_days": own.day if own.rate is not None else None,
        "churn_risk": "unknown" if drop_offs.is_mechanical else churn_risk(own, drop_offs.everyone),
    }
