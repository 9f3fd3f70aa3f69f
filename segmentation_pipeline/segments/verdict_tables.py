"""Contracts of what speaks for the segments of a refresh: its verdict, the tests behind it, drift since the last.

Add here: a table or column about evidence, with unit and allowed values.
Keep out: the segments themselves (tables.py) and their life over refreshes (identity_tables.py).
"""

from typing import Any

from segmentation_pipeline.segments.tables import STABILITIES
from segmentation_pipeline.warehouse.contracts import Day, Flag, Integer, Real, Table, Text, column, dataframe_check

VERDICTS = ("distinct", "continuum", "no_segments", "insufficient_data")
EVIDENCE_BASES = ("session_halves", "user_halves")
TESTS = ("repeat", "prediction_strength", "null", "gap", "jaccard", "seeds", "assigner")


class RefreshVerdicts(Table):
    """One row per refresh: what its segments are, and the evidence it rests on."""

    refresh_month: Day = column("Refresh that is judged.")
    verdict: Text = column(
        "distinct: types found in the data; continuum: bands with edges of ours; no_segments: users do not differ "
        "repeatably, cuts of ours; insufficient_data: too few users.",
        isin=VERDICTS,
    )
    reason: Text = column("The verdict in words, with the figures that decided it.", min_length=1)
    evidence_basis: Text = column(
        "session_halves: two halves of each user's visits; user_halves: two halves of the users, where most have one "
        "visit; null without evidence.",
        nullable=True,
        isin=EVIDENCE_BASES,
    )
    evidence_user_count: Integer = column("Users the tests were made on.", ge=0)
    segment_count: Integer = column("Segments of the refresh.", ge=0)
    candidate_id: Text = column("Candidate the segments come from; null where they are cut by us.", nullable=True)
    weakness: Text = column(
        "What speaks against the chosen candidate; null when nothing does.", nullable=True, min_length=1
    )
    unclassified_share: Real = column("Users at risk between segments.", nullable=True, ge=0, le=1)
    fit_agreement: Real = column(
        "Users of the fit whom the stored model puts where the chosen method did.", nullable=True, ge=0, le=1
    )
    held_out_agreement: Real = column(
        "The same when the model is learned from the other half of them: how well it places users it has not seen.",
        nullable=True,
        ge=0,
        le=1,
    )
    outside_agreement: Real = column(
        "Users outside the fit whom the model puts where most of their neighbours are; null where all were fitted.",
        nullable=True,
        ge=0,
        le=1,
    )
    is_assigner_trusted: Flag = column(
        "Whether unseen users are assigned as the fit would have; null for cuts of ours.", nullable=True
    )
    matched_against: Day = column("Earlier refresh the ids were carried over from; null at the first.", nullable=True)
    moved_share: Real = column(
        "Users at risk in both refreshes whose segment is another one now.", nullable=True, ge=0, le=1
    )
    expected_moved_share: Real = column(
        "Share that would move without any change, by two halves of the same users' visits.",
        nullable=True,
        ge=0,
        le=1,
    )
    model_agreement: Real = column(
        "Adjusted Rand index of the earlier model and this one on the users of this refresh.",
        nullable=True,
        ge=-1,
        le=1,
    )
    expected_model_agreement: Real = column(
        "The same between pairs of bootstrap refits of this refresh: what to expect without drift.",
        nullable=True,
        ge=-1,
        le=1,
    )
    least_model_agreement: Real = column(
        "Agreement under which the models differ by more than chance explains.", nullable=True, ge=-1, le=1
    )

    class Config:
        """One row per month."""

        unique = ["refresh_month"]

    @dataframe_check
    def segments_unless_too_little_data(cls, data: Any) -> Any:
        """Every verdict but insufficient_data comes with segments."""
        return (data.table.verdict == "insufficient_data") == (data.table.segment_count == 0)

    @dataframe_check
    def evidence_has_a_basis(cls, data: Any) -> Any:
        """Tests are made on somebody, or not at all."""
        return data.table.evidence_basis.isnull() == (data.table.evidence_user_count == 0)


class ClusterEvidence(Table):
    """One row per refresh, test and what it is about (`overall` or a segment): statistic, p-value, draws."""

    refresh_month: Day = column("Refresh that was tested.")
    test: Text = column(
        "repeat, prediction_strength, null, gap: the verdict's; jaccard: bootstrap stability of a segment; seeds: "
        "adjusted Rand of refits under other seeds; assigner: the stored model against the method.",
        isin=TESTS,
    )
    cluster_id: Text = column("Segment, or `overall`.", min_length=1)
    statistic: Real = column("Value of the test's statistic.")
    p: Real = column("p-value, where the test has one.", nullable=True, ge=0, le=1)
    threshold: Real = column("Value the statistic (or p) is held to.")
    is_passed: Flag = column("Whether it holds.")
    stability: Text = column("Word for a segment's bootstrap Jaccard.", nullable=True, isin=STABILITIES)
    draw_count: Integer = column("Random draws behind the figure.", ge=0)
    draws: Text = column("Statistic of each draw, JSON list, in the order drawn.", min_length=2)
    description: Text = column("What was done and found, in a sentence.", min_length=1)

    class Config:
        """One row per month, test and subject."""

        unique = ["refresh_month", "test", "cluster_id"]

    @dataframe_check
    def stability_is_of_segments(cls, data: Any) -> Any:
        """A stability word exactly for bootstrap Jaccards."""
        return (data.table.test == "jaccard") == data.table.stability.notnull()


class FeatureDrift(Table):
    """One row per refresh and behaviour: how far its distribution moved since the refresh matched against."""

    refresh_month: Day = column("Refresh whose users are compared.")
    feature: Text = column("Behaviour before the landmark, named as the model feature made of it.", min_length=1)
    psi: Real = column("Population stability index over the earlier refresh's deciles.", ge=0)
    psi_expected: Real = column("Its mean between two samples of these sizes when nothing changed.", ge=0)
    threshold: Real = column("Index above which it counts as drift: .2, or what chance passes less often.", gt=0)
    is_drifting: Flag = column("Whether the index is above the threshold.")
    mean_before: Real = column("Mean in the earlier refresh, in the behaviour's own unit.", nullable=True)
    mean_now: Real = column("Mean now.", nullable=True)
    matched_against: Day = column("The earlier refresh.")

    class Config:
        """One row per month and feature."""

        unique = ["refresh_month", "feature"]

    @dataframe_check
    def drifts_above_the_threshold(cls, data: Any) -> Any:
        """The flag says what the figures say."""
        return data.table.is_drifting == (data.table.psi > data.table.threshold)
