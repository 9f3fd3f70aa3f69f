"""Checks of events beyond the contracts: nothing is lost between files, events, sessions, features and outcomes.

Add here: a check over rows or tables.
Keep out: constraints on single rows (`tables.py`, `feature_tables.py`).
"""

from datetime import date

from segmentation_pipeline.events.clock import choose_clock
from segmentation_pipeline.events.feature_tables import Refreshes, Sessions, UserFeatures, UserOutcomes
from segmentation_pipeline.events.inactivity import MOST_RETURNS
from segmentation_pipeline.events.tables import LandedFiles, RawEvents
from segmentation_pipeline.orchestration.table_checks import CheckOutcome, table_check
from segmentation_pipeline.warehouse.database import load_sql
from segmentation_pipeline.warehouse.resource import Warehouse


@table_check(LandedFiles)
def no_record_is_lost(warehouse: Warehouse, _month: date | None) -> CheckOutcome:
    """Per file, what landed_files tells is what the tables hold: read = accepted + rejected + duplicate."""
    with warehouse.read() as db:
        wrong = db.rows(load_sql(__package__, "lost_records"))
        (files, read) = db.one("SELECT count(*), coalesce(sum(read_count), 0) FROM landed_files")
    names = ", ".join(str(row["file_name"]) for row in wrong[:5])
    return CheckOutcome(
        passed=not wrong,
        description=(
            f"Records of {len(wrong)} files do not add up: {names}. Next: raise READING_RULES or delete the warehouse "
            "file; both read every landed file again."
            if wrong
            else f"All {int(read):,} records of {files:,} files are accepted, rejected or duplicates."
        ),
        values={"file_count": int(files), "read_count": int(read), "wrong_files": len(wrong)},
    )


@table_check(RawEvents)
def no_event_before_the_first_month(warehouse: Warehouse, _month: date | None) -> CheckOutcome:
    """Events from before `first_month` are kept, but no refresh stands for their months."""
    first_month = warehouse.settings.first_month
    if first_month is None:
        return CheckOutcome(
            passed=True,
            severity="WARN",
            description="first_month is not written yet. Next: `segpipe configure`, then reload the definitions.",
        )
    with warehouse.read() as db:
        early_count, earliest_at = db.one(
            "SELECT count(*), min(event_at) FROM raw_events WHERE event_at < $first_month",
            {"first_month": first_month},
        )
    return CheckOutcome(
        passed=not early_count,
        severity="WARN",
        description=(
            f"{early_count:,} events lie before first_month = {first_month:%Y-%m}, "
            f"the earliest in {earliest_at:%Y-%m}. "
            f'Next: if their times are right, write first_month = "{earliest_at:%Y-%m}" in '
            f"{warehouse.home.settings_file.name}, reload the definitions and refresh those months; else mend the "
            "files."
            if early_count
            else f"No event lies before {first_month:%Y-%m}."
        ),
        values={"early_event_count": int(early_count)},
    )


@table_check(LandedFiles)
def every_file_is_readable(warehouse: Warehouse, _month: date | None) -> CheckOutcome:
    """Files that could not be read as a whole are named; the others are loaded without them."""
    with warehouse.read() as db:
        errors = [
            str(row["error"])
            for row in db.rows("SELECT error FROM landed_files WHERE status = 'error' ORDER BY file_name")
        ]
    return CheckOutcome(
        passed=not errors,
        severity="WARN",
        description="\n".join(errors[:10]) if errors else "Every landed file was read.",
        values={"error_files": len(errors)},
    )


@table_check(Sessions)
def sessions_hold_every_event(warehouse: Warehouse, _month: date | None) -> CheckOutcome:
    """Sessions partition the events: each event of each user lies in exactly one visit."""
    with warehouse.read() as db:
        different = db.one(
            "SELECT count(*), any_value(user_id) FROM"
            " (SELECT user_id, count(*) AS n FROM raw_events GROUP BY user_id) AS e"
            " FULL JOIN (SELECT user_id, sum(event_count) AS n FROM sessions GROUP BY user_id) AS s USING (user_id)"
            " WHERE e.n IS DISTINCT FROM s.n"
        )
    return CheckOutcome(
        different[0] == 0,
        "Every event lies in exactly one session."
        if different[0] == 0
        else f"{different[0]:,} users have sessions that do not hold their events. "
        "Next: delete the row of session_rules and materialise sessions: all are then cut anew.",
        {"users_that_differ": different[0], **({"example": different[1]} if different[0] else {})},
    )


@table_check(Refreshes, monthly=True)
def clock_still_suits(warehouse: Warehouse, month: date | None) -> CheckOutcome:
    """The clock in pipeline.toml is the one this month's users would choose; it is never flipped silently."""
    with warehouse.read() as db:
        clock, share, status = db.one(
            "SELECT clock, calendar_at_risk_share, status FROM refreshes WHERE refresh_month = $month", {"month": month}
        )
    if share is None or status == "insufficient_data":
        return CheckOutcome(passed=True, description="Too few users were seen to judge the clock.", severity="WARN")
    suiting = choose_clock(share, 1)
    return CheckOutcome(
        suiting == clock,
        f"{share:.0%} of the window's users are at risk at the calendar landmark: that speaks for the {suiting} clock, "
        f"and {clock} is in use."
        + ("" if suiting == clock else " Next: if this is lasting, run `segpipe configure` and refresh all months."),
        {"calendar_at_risk_share": share, "clock": clock},
        "WARN",
    )


@table_check(Refreshes, monthly=True)
def silence_still_means_leaving(warehouse: Warehouse, month: date | None) -> CheckOutcome:
    """Of those silent for the days that count as drop-off few come back; the days are never changed silently."""
    with warehouse.read() as db:
        definition, days, share = db.one(
            "SELECT churn_definition, inactivity_days, return_share FROM refreshes WHERE refresh_month = $month",
            {"month": month},
        )
    if definition != "inactivity" or share is None:
        return CheckOutcome(
            passed=True, description="No silence counts as drop-off, or too few to judge it by.", severity="WARN"
        )
    is_right = share < MOST_RETURNS
    return CheckOutcome(
        is_right,
        f"{share:.1%} of those silent for {days} days came back."
        + ("" if is_right else " Next: run `segpipe configure`, which measures the days anew, and refresh all months."),
        {"return_share": share, "inactivity_days": days},
        "WARN",
    )


@table_check(UserFeatures, monthly=True)
def features_cover_the_refresh(warehouse: Warehouse, month: date | None) -> CheckOutcome:
    """Users of each status in user_features are as many as the refresh counted."""
    with warehouse.read() as db:
        expected = db.one(
            "SELECT at_risk_count, ended_early_count, running_at_start_count FROM refreshes"
            " WHERE refresh_month = $month",
            {"month": month},
        )
        found = db.one(
            "SELECT count(*) FILTER (WHERE status = 'at_risk'), count(*) FILTER (WHERE status = 'ended_early'),"
            " count(*) FILTER (WHERE status = 'running_at_start') FROM user_features WHERE refresh_month = $month",
            {"month": month},
        )
    return CheckOutcome(
        found == expected,
        f"At risk, ended early, running at start: {found} in user_features, {expected} in refreshes.",
        {"user_features": list(found), "refreshes": list(expected)},
    )


@table_check(UserOutcomes, monthly=True)
def everyone_at_risk_has_an_outcome(warehouse: Warehouse, month: date | None) -> CheckOutcome:
    """Users at risk and their outcomes are as many as the refresh counted, and nobody else is judged."""
    with warehouse.read() as db:
        expected = db.one(
            "SELECT at_risk_count, drop_off_count, conversion_count, end_count FROM refreshes"
            " WHERE refresh_month = $month",
            {"month": month},
        )
        found = db.one(
            "SELECT count(*), count(*) FILTER (WHERE outcome = 'churn'),"
            " count(*) FILTER (WHERE outcome = 'conversion'), count(*) FILTER (WHERE outcome = 'end')"
            " FROM user_outcomes WHERE refresh_month = $month",
            {"month": month},
        )
    return CheckOutcome(
        found == expected,
        f"At risk, churn, conversion, end: {found} in user_outcomes, {expected} in refreshes.",
        {"user_outcomes": list(found), "refreshes": list(expected)},
    )
