"""Contracts of activation: what each destination was to be told in the last sync, and what became of it.

Add here: a column all destinations share, or the table of another one. Keep out: keys, which stand in no table.
"""

from typing import Any, ClassVar

from segmentation_pipeline.warehouse.contracts import Integer, Real, Table, Text, Utc, column, dataframe_check

ACTIONS = ("add", "change", "clear", "withheld")
REASONS = (
    "new",
    "other_segment",
    "name_or_confidence",
    "unconfirmed",
    "vanished",
    "retired",
    "uncertain",
    "pending",
    "preset",
    "not_live",
    "no_external_id",
    "shared_external_id",
    "id_too_long",
)
STATUSES = ("dry_run", "waiting", "confirmed", "failed", "withheld")


class PosthogPersonProperties(Table):
    """One row per person to write to PostHog, or withheld, in the last sync; who stands there rightly has no row."""

    action: Text = column("What is to be done at the destination.", isin=ACTIONS)
    user_id: Text = column("User of the log.", min_length=1)
    external_id: Text = column("The user's id there; null where none is known.", nullable=True, min_length=1)
    reason: Text = column(
        "Why: of a clear, what became of the user or segment; of a withheld one, why not.", isin=REASONS
    )
    segment_id: Text = column("Segment now; null where cleared, or none is known yet.", nullable=True, min_length=1)
    label: Text = column("What it is called: a person's name for it, its persona's, or its label.", nullable=True)
    confidence: Real = column("How surely, cut to steps; null without a segment.", nullable=True, ge=0, le=1)
    content_hash: Text = column("Hash of what is written; null where nothing or nothing new is.", nullable=True)
    previous_segment_id: Text = column("Segment confirmed there before.", nullable=True, min_length=1)
    previous_hash: Text = column("Hash confirmed there before; null where none, or not known.", nullable=True)
    remote_id: Text = column("The destination's own id of the record.", nullable=True, min_length=1)
    status: Text = column("dry_run: only planned; waiting: the next sync goes on there.", isin=STATUSES)
    problem: Text = column("What the destination said the last time it refused.", nullable=True, min_length=1)
    attempt_count: Integer = column("Syncs in which it refused.", ge=0)
    planned_at: Utc = column("When the plan was made.", unit="UTC")

    class Config:
        """A user's ids are each written once; a clear may concern the id the user had before."""

        unique: ClassVar[list[str]] = ["action", "user_id", "external_id"]

    @dataframe_check
    def only_withheld_is_not_sent(cls, data: Any) -> Any:
        """Who is withheld has no other status."""
        return (data.table.action == "withheld") == (data.table.status == "withheld")

    @dataframe_check
    def sent_as_a_whole(cls, data: Any) -> Any:
        """An add or change has a hash, and a segment with label and confidence; a clear has no hash."""
        t = data.table
        is_set = t.action.isin(["add", "change"])
        is_whole = t.external_id.notnull() & t.segment_id.notnull() & t.label.notnull() & t.confidence.notnull()
        return (is_set == t.content_hash.notnull()) & (~is_set | is_whole)

    @dataframe_check
    def failed_says_why(cls, data: Any) -> Any:
        """A refusal has its reason and is counted."""
        t = data.table
        return (t.status != "failed") | (t.problem.notnull() & (t.attempt_count >= 1))


class AttioAttributes(PosthogPersonProperties):
    """One row per record to write to Attio, or withheld, in the last sync; who stands there rightly has no row."""


class SegmentDeliveries(PosthogPersonProperties):
    """One row per user to send to the webhook or file, or withheld, in the last sync; the rest is there already."""
