"""Roles and helpers that tests of landing share: who, when, what, and an id that may be missing."""

from __future__ import annotations

from segmentation_pipeline.landing.mapping import Role, Wanted

ROLES = (
    Role(
        "user_id", "the user", (("userid",), ("uid", "distinctid", "customerid", "caseconceptname"), ("customer",))
    ),
    Role(
        "timestamp", "the time", (("timestamp",), ("eventtime", "timetimestamp"), ("time", "ts"), ("createdat",)),
        is_moment=True,
    ),
    Role(
        "action", "the action", (("action",), ("event", "eventname", "activity", "conceptname"), ("page",)),
        may_join=True,
    ),
    Role("event_id", "the event's id", (("eventid",), ("uuid", "insertid")), is_required=False),
)  # fmt: skip


def wanted(**named: str | tuple[str, ...]) -> Wanted:
    """These roles, with the columns that settings name."""
    return Wanted(
        "input.columns", ROLES, {role: (name,) if isinstance(name, str) else name for role, name in named.items()}
    )
