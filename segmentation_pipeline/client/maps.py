"""The map of a refresh: where users at risk are, and what they can be coloured by; one user's place and behaviour.

Add here: another way to colour the map. Keep out: drawing it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.client.published import ask, ask_frame

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import duckdb
    import pandas as pd

MOST_POINTS = 20_000
"""Points a browser draws without effort; above it a sample is shown, and said to be one."""

_COLUMNS = (
    "event_count",
    "session_count",
    "session_frequency",
    "session_depth",
    "feature_breadth",
    "active_day_share",
    "mean_session_s",
    "mean_gap_s",
    "revision_count",
    "collaboration_score",
    "account_age_days",
)

_SHARES = {
    "late_event_share": "trend:second_half_share",
    "morning_share": "daypart:morning",
    "afternoon_share": "daypart:afternoon",
    "evening_share": "daypart:evening",
    "night_share": "daypart:night",
}
"""Shares of a user's events, of which features hold the root."""

MEASURES = {
    **{name: f"f.{name}::DOUBLE" for name in _COLUMNS},
    **{name: f"pow(f.model_features['{feature}'], 2)" for name, feature in _SHARES.items()},
    "single_visit": "(f.session_count <= 1)::DOUBLE",
}
"""Measures of users a map can be coloured by, each in its own unit -> how `user_features` has it."""

PATTERN = "time_of_day_pattern"
"""A colouring by groups: the part of the day with over half of a user's events."""

ACTION = "action:"


@dataclass(frozen=True, eq=False)
class MapPoints:
    """Users on the map: user_id, map_x, map_y, cluster_id, membership, outcome and, where asked for, `value`.

    `total_count` are all users at risk, of whom `points` may be a sample by a hash of their ids.
    """

    points: pd.DataFrame
    total_count: int

    @property
    def is_sample(self) -> bool:
        """Whether users are left out."""
        return len(self.points) < self.total_count


@dataclass(frozen=True)
class UserOnMap:
    """One user at risk in a refresh: segment, membership, what became of them, and what they did before."""

    user_id: str
    cluster_id: str
    membership: float
    runner_up: str | None
    outcome: str | None
    duration_days: float | None
    measures: Mapping[str, float | None]
    time_of_day_pattern: str
    primary_workflow: str | None
    action_counts: Mapping[str, int]


def colourings(connection: duckdb.DuckDBPyConnection, month: date) -> list[str]:
    """Return what the map of a refresh can be coloured by: measures, PATTERN, and `action:NAME` for the most used."""
    actions = ask(
        connection,
        "SELECT action FROM (SELECT unnest(map_keys(action_counts)) AS action FROM user_features"
        " WHERE refresh_month = $month AND status = 'at_risk') GROUP BY action ORDER BY count(*) DESC, action LIMIT 40",
        {"month": month},
    )
    return [*MEASURES, PATTERN, *(ACTION + action for (action,) in actions)]


def map_points(
    connection: duckdb.DuckDBPyConnection, month: date, colouring: str | None = None, most: int = MOST_POINTS
) -> MapPoints:
    """Return the map of a refresh; `colouring` adds the column `value` (of an action: its share of the user's events).

    Raises:
        ValueError: there is no such colouring.
    """
    params: dict[str, Any] = {"month": month, "most": most}
    value = ""
    if colouring is not None and colouring.startswith(ACTION):
        params["action"] = colouring.removeprefix(ACTION)
        value = ", coalesce(f.action_counts[$action], 0) / nullif(f.event_count, 0) AS value"
    elif colouring is not None:
        if colouring not in (*MEASURES, PATTERN):
            raise ValueError(f"no map is coloured by {colouring}")
        value = f", {MEASURES.get(colouring, PATTERN)} AS value"
    total = ask(connection, "SELECT count(*) FROM embeddings WHERE refresh_month = $month", {"month": month})[0][0]
    frame = ask_frame(
        connection,
        "WITH shown AS (SELECT refresh_month, user_id, map_x, map_y FROM embeddings WHERE refresh_month = $month"
        " ORDER BY hash(user_id), user_id LIMIT $most)"
        " SELECT s.user_id, s.map_x, s.map_y, c.cluster_id, c.membership, coalesce(o.outcome, 'censored') AS outcome"
        f"{value} FROM shown AS s JOIN user_clusters AS c USING (refresh_month, user_id)"
        " LEFT JOIN user_outcomes AS o USING (refresh_month, user_id)"
        + (" JOIN user_features AS f USING (refresh_month, user_id)" if value else "")
        + " ORDER BY s.user_id",
        params,
    )
    return MapPoints(frame, int(total))


def user_on_map(connection: duckdb.DuckDBPyConnection, month: date, user_id: str) -> UserOnMap | None:
    """Return one user at risk in a refresh, None where there is no such user."""
    measures = ", ".join(MEASURES.values())
    rows = ask(
        connection,
        "SELECT c.user_id, c.cluster_id, c.membership, c.runner_up, o.outcome, o.duration_days,"
        f" [{measures}], f.time_of_day_pattern, f.primary_workflow, f.action_counts"
        " FROM user_clusters AS c JOIN user_features AS f USING (refresh_month, user_id)"
        " LEFT JOIN user_outcomes AS o USING (refresh_month, user_id)"
        " WHERE c.refresh_month = $month AND c.user_id = $user_id",
        {"month": month, "user_id": user_id},
    )
    if not rows:
        return None
    found, cluster_id, membership, runner_up, outcome, duration_days, values, pattern, workflow, counts = rows[0]
    measures_of_user = dict(zip(MEASURES, values, strict=True))
    return UserOnMap(
        found, cluster_id, membership, runner_up, outcome, duration_days, measures_of_user, pattern, workflow, counts
    )


def users_like(
    connection: duckdb.DuckDBPyConnection, month: date, beginning: str, cluster_id: str | None = None, most: int = 50
) -> list[str]:
    """Return ids of users at risk that begin so, of one segment if given: what a picker offers."""
    of_segment = "" if cluster_id is None else " AND cluster_id = $cluster_id"
    rows = ask(
        connection,
        "SELECT user_id FROM user_clusters WHERE refresh_month = $month AND starts_with(user_id, $beginning)"
        f"{of_segment} ORDER BY user_id LIMIT $most",
        {"month": month, "beginning": beginning, "most": most}
        | ({} if cluster_id is None else {"cluster_id": cluster_id}),
    )
    return [user_id for (user_id,) in rows]
