"""Contracts of segments: who belongs where, what was tried, and the model that scores users later.

Add here: a table or column about segments, with unit and allowed values.
Keep out: behaviour itself (events/) and what became of segments over time as curves (retention/).
"""

from typing import Any, get_args

from segmentation_pipeline.segments.segments import Origin
from segmentation_pipeline.warehouse.contracts import (
    Day,
    Flag,
    Integer,
    Real,
    RealMap,
    Table,
    Text,
    Utc,
    column,
    dataframe_check,
)

STALE_REASONS = ("events_changed", "earlier_rewritten")
UNCLASSIFIED = "unclassified"
"""`cluster_id` of users who are in no segment."""

OVERALL = "overall"
"""`cluster_id` of rows that describe all users at risk."""

METHODS = ("kmeans", "hdbscan", "gaussian_mixture")
CHURN_RISKS = ("low", "medium", "high", "unknown")
STABILITIES = ("highly stable", "valid", "pattern", "weak", "dissolved")
CURRENT_STATUSES = ("live", "ended", "too_early", "running_at_start")


class Embeddings(Table):
    """One row per refresh and user at risk: coordinates to cluster in, and a place on the map to look at."""

    refresh_month: Day = column("Refresh the coordinates belong to.")
    user_id: Text = column("User at risk at the landmark.", min_length=1)
    map_x: Real = column("Horizontal place on the map; neighbours are alike, distances across the map mean nothing.")
    map_y: Real = column("Vertical place on the map.")
    is_fitted: Flag = column("Whether the spaces were fitted on the user; the others were placed among these.")
    coordinates: RealMap = column("Axis -> value: pc01.. principal components, umap01.. UMAP.")

    class Config:
        """One row per month and user."""

        unique = ["refresh_month", "user_id"]

    @dataframe_check
    def has_coordinates(cls, data: Any) -> Any:
        """Nobody is without coordinates."""
        return data.table.coordinates.length() > 0


class ClusterCandidates(Table):
    """One row per refresh and candidate partition: its figures in feature space, and why it was chosen or not."""

    refresh_month: Day = column("Refresh the candidates were tried for.")
    candidate_id: Text = column("Method, parameters and space.", min_length=1)
    method: Text = column("Family of the method.", isin=METHODS)
    space: Text = column("Coordinates it was fitted in; all are judged in feature space.", min_length=1)
    parameters: Text = column("What the method was asked for, JSON.", min_length=2)
    cluster_count: Integer = column("Clusters found, noise not counted.", ge=0)
    noise_share: Real = column("Users without a cluster.", ge=0, le=1)
    silhouette: Real = column("Mean silhouette over all users, noise counting 0.", ge=-1, le=1)
    min_jaccard: Real = column(
        "Mean bootstrap Jaccard of the least stable cluster; null where it was not needed.", nullable=True, ge=0, le=1
    )
    dbcv: Real = column("Density-based validity; HDBSCAN only.", nullable=True, ge=-1, le=1)
    smallest_share: Real = column("Share of the smallest cluster.", ge=0, le=1)
    is_chosen: Flag = column("Whether the segments come from it.")
    is_weak: Flag = column("Chosen, but for want of a better one: the reason says what speaks against it.")
    reason: Text = column("Why it was chosen or not.", min_length=1)

    class Config:
        """One row per month and candidate."""

        unique = ["refresh_month", "candidate_id"]

    @dataframe_check
    def only_the_chosen_can_be_weak(cls, data: Any) -> Any:
        """Weak says how the choice was made."""
        return data.table.is_chosen | ~data.table.is_weak

    @dataframe_check
    def density_validity_of_density_methods(cls, data: Any) -> Any:
        """DBCV belongs to HDBSCAN."""
        return data.table.dbcv.isnull() | (data.table.method == "hdbscan")


class Clusters(Table):
    """One row per refresh and segment: its name, size, what sets it apart, and drop-off after the landmark."""

    refresh_month: Day = column("Refresh the segment was seen in.")
    cluster_id: Text = column("Stable id: month of birth and letter.", min_length=9)
    label: Text = column("Two to four words from its strongest contrasts; unique within the refresh.", min_length=3)
    slug: Text = column("Label for file names and addresses.", min_length=3)
    description: Text = column("One sentence with the strongest contrasts.", min_length=1)
    origin: Text = column("clustered: found in the data; preset: our cut.", isin=get_args(Origin))
    user_count: Integer = column("Users at risk in the segment.", ge=1)
    share: Real = column("Of all users at risk, the unclassified included.", gt=0, le=1)
    jaccard: Real = column(
        "Mean bootstrap Jaccard: how far it comes back when users are redrawn.", nullable=True, ge=0, le=1
    )
    stability: Text = column(
        "Word for the Jaccard; highly stable also needs a gap to its neighbours; null for cuts of ours.",
        nullable=True,
        isin=STABILITIES,
    )
    born_month: Day = column("Refresh in which the segment was first seen.")
    drop_off_count: Integer = column("Users who dropped off by drop_off_days.", ge=0)
    drop_off_rate: Real = column(
        "Share that dropped off by drop_off_days; incidence where other endings exist; null where not observed.",
        nullable=True,
        ge=0,
        le=1,
    )
    drop_off_low: Real = column("Lower end of its 95 % interval.", nullable=True, ge=0, le=1)
    drop_off_high: Real = column("Upper end of its 95 % interval.", nullable=True, ge=0, le=1)
    drop_off_days: Real = column("Days after the landmark that the drop-off covers.", unit="days", nullable=True, gt=0)
    churn_risk: Text = column("Drop-off interval against that of all at risk; never an input.", isin=CHURN_RISKS)
    contrasts: Text = column(
        "Strongest first, JSON: feature, unit, mean, overall, difference_sd, direction.", min_length=2
    )
    profile: RealMap = column("Feature -> typical value of the segment, in the feature's natural unit.")

    class Config:
        """One row per month and segment; labels and slugs are as unique as ids."""

        unique = ["refresh_month", "cluster_id"]

    @dataframe_check
    def rate_within_its_interval(cls, data: Any) -> Any:
        """The interval holds the rate."""
        t = data.table
        return t.drop_off_rate.isnull() | ((t.drop_off_low <= t.drop_off_rate) & (t.drop_off_rate <= t.drop_off_high))

    @dataframe_check
    def drop_off_known_as_a_whole(cls, data: Any) -> Any:
        """Rate, interval and days are known together, or none is; without a rate the risk is unknown.

        It is unknown with a rate, too, where drop-off is silence: a comparison would be mechanical.
        """
        t = data.table
        is_missing = t.drop_off_rate.isnull()
        return (
            (is_missing == t.drop_off_low.isnull())
            & (is_missing == t.drop_off_high.isnull())
            & (is_missing == t.drop_off_days.isnull())
            & (~is_missing | (t.churn_risk == "unknown"))
        )

    @dataframe_check
    def drop_offs_within_users(cls, data: Any) -> Any:
        """Nobody drops off twice."""
        return data.table.drop_off_count <= data.table.user_count

    @dataframe_check
    def has_a_real_id(cls, data: Any) -> Any:
        """The unclassified are no segment."""
        return data.table.cluster_id.re_search(r"^\d{4}-\d{2}-[a-z]+$")


class UserClusters(Table):
    """One row per refresh and user at risk: the segment, how surely, and the next likeliest."""

    refresh_month: Day = column("Refresh the user was assigned in.")
    user_id: Text = column("User at risk at the landmark.", min_length=1)
    cluster_id: Text = column("Segment by membership; unclassified under the floor.", min_length=9)
    raw_label: Integer = column("Cluster the chosen method itself put the user in; -1 is noise.", ge=-1)
    is_noise: Flag = column("Whether the method left the user out; membership may still place it.")
    membership: Real = column("Posterior of the segment; of the likeliest one where unclassified.", ge=0, le=1)
    runner_up: Text = column(
        "Likeliest segment other than cluster_id; null if there is none.", nullable=True, min_length=9
    )

    class Config:
        """One row per month and user."""

        unique = ["refresh_month", "user_id"]

    @dataframe_check
    def noise_is_the_raw_label(cls, data: Any) -> Any:
        """Noise is label -1, nothing else."""
        return data.table.is_noise == (data.table.raw_label == -1)

    @dataframe_check
    def runner_up_is_another(cls, data: Any) -> Any:
        """A segment is not its own runner-up."""
        return data.table.runner_up.isnull() | (data.table.runner_up != data.table.cluster_id)


class SegmentModels(Table):
    """One row per refresh with segments: everything needed to score users later, as readable JSON."""

    refresh_month: Day = column("Refresh the model was fitted in.")
    model: Text = column(
        "Scaling and a Gaussian per segment, or cuts of activity, with names and labels, JSON; no code, no pickle.",
        min_length=2,
    )

    class Config:
        """One row per month."""

        unique = ["refresh_month"]


class CurrentSegments(Table):
    """One row per user seen lately: the segment now, by the latest stored model."""

    user_id: Text = column("User.", min_length=1)
    status: Text = column("Only live users are scored.", isin=CURRENT_STATUSES)
    cluster_id: Text = column("Segment; unclassified under the floor, and for users who are not scored.", min_length=9)
    label: Text = column("Label of the segment; unclassified for none.", min_length=3)
    likeliest_cluster_id: Text = column(
        "Likeliest segment, under the floor too; null where not scored.", nullable=True, min_length=9
    )
    membership: Real = column("Posterior of the likeliest segment; null where not scored.", nullable=True, ge=0, le=1)
    model_month: Day = column("Refresh whose model scored; null while there is none.", nullable=True)
    scored_at: Utc = column("Latest event of the log.", unit="UTC")

    class Config:
        """One row per user."""

        unique = ["user_id"]

    @dataframe_check
    def only_live_users_are_scored(cls, data: Any) -> Any:
        """Who is not live has no membership and no segment."""
        t = data.table
        return (t.status == "live") | (t.membership.isnull() & (t.cluster_id == UNCLASSIFIED))

    @dataframe_check
    def scored_by_a_model(cls, data: Any) -> Any:
        """A membership comes from a model, a segment from a membership, and is the likeliest."""
        t = data.table
        is_scored = t.membership.notnull()
        return (
            (~is_scored | t.model_month.notnull())
            & (is_scored == t.likeliest_cluster_id.notnull())
            & ((t.cluster_id == UNCLASSIFIED) | (is_scored & (t.cluster_id == t.likeliest_cluster_id)))
        )


class StaleRefreshes(Table):
    """One row per refresh of a month that ended whose figures are no longer those of its events; empty when none is."""

    refresh_month: Day = column("Refresh to be made again: `segpipe run --stale`.")
    reason: Text = column(
        "events_changed: events of its window came late or were taken back; earlier_rewritten: the refresh its "
        "segments go back to was made again.",
        isin=STALE_REASONS,
    )
    known_event_count: Integer = column("Events it saw.", ge=0)
    event_count: Integer = column("Events there now.", ge=0)
    late_event_count: Integer = column("Events more than it saw, those taken back subtracted.", ge=0)
    withdrawn_event_count: Integer = column("Events less than it saw, late ones subtracted.", ge=0)

    class Config:
        """One row per month; it names months of others, so it is not replaced month by month."""

        unique = ["refresh_month"]

    @dataframe_check
    def differences_add_up(cls, data: Any) -> Any:
        """Late and withdrawn events are the difference of the two counts."""
        t = data.table
        return t.event_count - t.known_event_count == t.late_event_count - t.withdrawn_event_count
