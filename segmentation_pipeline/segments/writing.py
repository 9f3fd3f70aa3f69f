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
from segmentation_pipeline.warehouse.contracts import table_name

if TYPE_CHECKING:
    from datetime import date

    from segmentation_pipeline.segments.embedding import Embedding
    from segmentation_pipeline.segments.reading import Features
    from segmentation_pipeline.segments.scoring import Scores, SegmentModel
    from segmentation_pipeline.segments.segmenting import RefreshSegments
    from segmentation_pipeline.survival.drop_off import DropOff
    from segmentation_pipeline.warehouse.contracts import Table
    from segmentation_pipeline.warehouse.database import Database


@dataclass(frozen=True, slots=True)
class SegmentDropOffs:
    """Drop-off of each segment in order, and of all users, by one day."""

    segments: list[DropOff]
    everyone: DropOff


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


def write_candidates(db: Database, month: date, found: RefreshSegments) -> None:
    """Write the complete table of candidates, in the order they were tried."""
    import pandas as pd

    weakness = found.segmentation.weakness
    frame = pd.DataFrame(
        [
            {
                "candidate_id": one.candidate_id,
                "method": one.method,
                "space": one.space,
                "parameters": json.dumps(one.parameters, sort_keys=True),
                "cluster_count": one.cluster_count,
                "noise_share": one.noise_share,
                "silhouette": one.silhouette,
                "min_jaccard": one.min_jaccard,
                "dbcv": one.dbcv,
                "smallest_share": one.smallest_share,
                "is_chosen": one.is_chosen,
                "is_weak": one.is_chosen and weakness is not None,
                "reason": f"{one.reason}; {weakness}" if _is_weak_by_model(found, one.is_chosen) else one.reason,
            }
            for one in found.segmentation.choice.table
        ]
    ).astype({"min_jaccard": "float64", "dbcv": "float64"})
    with db.relation("judged", frame):
        db.replace(
            ClusterCandidates, "SELECT $month::DATE AS refresh_month, * FROM judged", {"month": month}, month=month
        )


def write_clusters(db: Database, month: date, found: RefreshSegments, drop_offs: SegmentDropOffs | None) -> None:
    """Write the month's segments in the order of their ids; without drop-offs (no churn role) their risk is unknown."""
    import pandas as pd

    user_count = len(found.scores.segments)
    frame = pd.DataFrame(
        [
            {
                "cluster_id": cluster_id,
                **asdict(naming),
                "origin": "clustered",
                "user_count": found.user_counts[number],
                "share": found.user_counts[number] / user_count,
                "jaccard": found.jaccards[number],
                **_drop_off_columns(drop_offs, number),
                "contrasts": json.dumps(
                    [contrast.to_json() for contrast in strongest(found.contrasts[number])], ensure_ascii=False
                ),
                "features": sorted(contrast.feature for contrast in found.contrasts[number]),
                "typical": [contrast.mean for contrast in sorted(found.contrasts[number], key=lambda one: one.feature)],
            }
            for number, (cluster_id, naming) in enumerate(zip(found.model.cluster_ids, found.namings, strict=True))
        ]
    ).astype(dict.fromkeys(("jaccard", "drop_off_rate", "drop_off_low", "drop_off_high", "drop_off_days"), "float64"))
    with db.relation("segments_found", frame):
        db.replace(
            Clusters,
            "SELECT $month::DATE AS refresh_month, * EXCLUDE (features, typical), MAP(features, typical) AS profile"
            " FROM segments_found",
            {"month": month},
            month=month,
        )


def write_user_clusters(db: Database, month: date, features: Features, found: RefreshSegments) -> None:
    """Write each user's segment, users in the order of their ids."""
    import pandas as pd

    frame = pd.DataFrame(
        {
            "user_id": features.user_ids,
            "cluster_id": found.scores.cluster_ids,
            "raw_label": found.raw_labels,
            "membership": found.scores.memberships,
            "runner_up": found.scores.runner_ups,
        }
    )
    with db.relation("assigned", frame):
        db.replace(
            UserClusters,
            "SELECT $month::DATE AS refresh_month, * REPLACE (nullif(runner_up, '') AS runner_up),"
            " raw_label = -1 AS is_noise FROM assigned",
            {"month": month},
            month=month,
        )


def write_model(db: Database, month: date, model: SegmentModel) -> None:
    """Write the month's model."""
    db.replace(
        SegmentModels,
        "SELECT $month::DATE AS refresh_month, $model AS model",
        {"month": month, "model": model.to_json()},
        month=month,
    )


def write_current_segments(
    db: Database, model_month: date | None, features: Features | None, scores: Scores | None, model: SegmentModel | None
) -> None:
    """Write where every user is now; users without a score are unclassified."""
    import pandas as pd

    frame = pd.DataFrame(
        {"user_id": pd.Series([], dtype="str"), "cluster_id": "", "label": "", "membership": np.float64(0)}
    )
    if features is not None and scores is not None and model is not None:
        frame = pd.DataFrame(
            {
                "user_id": features.user_ids,
                "cluster_id": scores.cluster_ids,
                "label": model.label_of(scores.cluster_ids),
                "membership": scores.memberships,
            }
        )
    with db.relation("scored", frame):
        db.replace(
            CurrentSegments,
            "SELECT c.user_id, c.status, coalesce(s.cluster_id, $none) AS cluster_id,"
            " coalesce(s.label, $none) AS label, s.membership::DOUBLE AS membership,"
            " $model_month::DATE AS model_month, c.scored_at"
            " FROM current_features AS c LEFT JOIN scored AS s USING (user_id) ORDER BY c.user_id",
            {"none": UNCLASSIFIED, "model_month": model_month},
        )


def _is_weak_by_model(found: RefreshSegments, is_chosen: object) -> bool:
    """Tell whether the weakness came to light only after the choice, so that its reason does not tell it yet."""
    return bool(is_chosen) and found.segmentation.weakness is not None and not found.segmentation.choice.is_weak


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
        "churn_risk": churn_risk(own, drop_offs.everyone),
    }
