"""What a record of events is: its columns and their well-known names, how it is judged, what is told of a rejected one.

Add here: a well-known name (in the tier that says how sure it is), a reason with its words.
Keep out: reading files (landing/) and loading (ingest.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segmentation_pipeline.events.tables import EARLIEST_EVENT
from segmentation_pipeline.landing.kinds import FORM_REASONS, Reason, RecordKind
from segmentation_pipeline.landing.mapping import Role, Wanted
from segmentation_pipeline.warehouse.database import load_sql

if TYPE_CHECKING:
    from segmentation_pipeline.config import InputSettings

ROLES = (
    Role(
        "user_id",
        "the user",
        (
            ("userid",),
            (
                "uid",
                "distinctid",
                "customerid",
                "clientid",
                "memberid",
                "visitorid",
                "personid",
                "caseid",
                "caseconceptname",
            ),
            ("user", "customer", "case", "visitor", "anonymousid"),
        ),
    ),
    Role(
        "timestamp",
        "the time",
        (
            ("timestamp",),
            ("eventtime", "eventtimestamp", "eventat", "eventdate", "occurredat", "timetimestamp"),
            ("time", "ts", "datetime"),
            ("createdat", "date"),
        ),
        is_moment=True,
    ),
    Role(
        "action",
        "the action",
        (
            ("action",),
            ("event", "eventname", "eventtype", "activity", "actionname", "conceptname"),
            ("page", "pagename"),
        ),
        may_join=True,
    ),
    Role(
        "event_id", "the event's id", (("eventid",), ("eventuuid", "uuid", "insertid", "messageid")), is_required=False
    ),
)
"""Well-known names come from Segment, PostHog, Mixpanel and Amplitude exports and the XES standard."""

REASONS = {
    "blank_user": Reason("user_id", "the user is blank", "give every record a user, or accept that it is left out"),
    "missing_time": Reason("timestamp", "the time is blank", "give every record a time"),
    "unparseable_time": Reason(
        "timestamp",
        "the time cannot be read",
        "write ISO 8601 (2026-01-31T12:00:00Z) or a number of seconds, ms, us or ns since 1970",
        is_shown=True,
    ),
    "future_time": Reason(
        "timestamp",
        "the time is after the file was first seen",
        "check the clock that wrote it and [input] default_timezone in pipeline.toml",
        is_shown=True,
    ),
    "missing_action": Reason("action", "the action is blank", "give every record an action"),
    **FORM_REASONS,
}

STAGED = (
    "file_number INTEGER, user_id VARCHAR, event_at TIMESTAMP, action VARCHAR, metadata VARCHAR, event_id VARCHAR, "
    "event_key BIGINT"
)

REJECTED_ROWS = (
    "SELECT rowid AS row_number_in_stage, event_id AS reason, action AS found, metadata AS record"
    " FROM {stage}.staged WHERE file_number = $file_number AND user_id IS NULL"
)


def event_records(settings: InputSettings) -> RecordKind:
    """Return how the settings want events read."""
    columns = settings.columns
    named = {
        "user_id": columns.user_id,
        "timestamp": columns.timestamp,
        "action": columns.action,
        "event_id": columns.event_id,
    }
    known = {role: (name,) if isinstance(name, str) else name for role, name in named.items() if name}
    if columns.event_id == "":
        known["event_id"] = ()
    judged = load_sql(__package__, "judged_records").replace("{earliest_event}", str(EARLIEST_EVENT))
    return RecordKind(
        wanted=Wanted(
            "input.columns",
            ROLES,
            known,
            settings.action_separator,
            keeps_rest=True,
        ),
        columns=STAGED,
        staged=load_sql(__package__, "staged_records").replace("{judged}", judged),
        reasons=REASONS,
        rejected=REJECTED_ROWS,
    )
