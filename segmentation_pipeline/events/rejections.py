"""What is told about a rejected record: the column at fault, what happened, and what to do next.

Add here: a reason, with its words. Keep out: how records are judged (sql/judged_records.sql).
"""

from __future__ import annotations

from segmentation_pipeline.warehouse.contracts import quoted

COLUMN_OF_REASON: dict[str, str] = {
    "blank_user": "$user_column",
    "missing_time": "$time_column",
    "unparseable_time": "$time_column",
    "future_time": "$time_column",
    "missing_action": "$action_column",
}
"""Parameter that names the column at fault."""

WORDS: dict[str, tuple[str, str]] = {
    "blank_user": ("the user is blank", "give every record a user, or accept that it is left out"),
    "missing_time": ("the time is blank", "give every record a time"),
    "unparseable_time": (
        "the time cannot be read",
        "write ISO 8601 (2026-01-31T12:00:00Z) or a number of seconds, ms, us or ns since 1970",
    ),
    "future_time": (
        "the time is after the file was first seen",
        "check the clock that wrote it and [input] default_timezone in pipeline.toml",
    ),
    "missing_action": ("the action is blank", "give every record an action"),
    "wrong_column_count": (
        "it has not as many fields as the header, or a quote is not closed",
        "quote fields that hold the delimiter, double quotes inside quotes",
    ),
    "overlong_field": (
        "a field is too long",
        "shorten it, or raise max_field_chars under [input] in pipeline.toml",
    ),
    "invalid_json": ("it is not a JSON object", "write one complete object per line"),
    "unreadable_text": ("it holds bytes that are not UTF-8", "save the file as UTF-8"),
}


def describe_rejections(numbered: str) -> str:
    """Return a SELECT of rejected_events' columns from one of record_number, reason, time_text and record."""
    column = " ".join(f"WHEN {quoted(reason)} THEN {name}" for reason, name in COLUMN_OF_REASON.items())
    problem = " ".join(f"WHEN {quoted(reason)} THEN {quoted(words[0])}" for reason, words in WORDS.items())
    advice = " ".join(f"WHEN {quoted(reason)} THEN {quoted(words[1])}" for reason, words in WORDS.items())
    return f"""
        SELECT
            $file_name AS file_name,
            record_number,
            reason,
            CASE reason {column} END AS column_name,
            format(
                '{{}}, record {{}}{{}}: {{}}{{}}. Next: {{}}, and land the file again.',
                $file_name,
                record_number,
                coalesce(', column "' || CASE reason {column} END || '"', ''),
                CASE reason {problem} END,
                CASE
                    WHEN reason IN ('unparseable_time', 'future_time') THEN ' ("' || time_text || '")'
                    WHEN reason = 'overlong_field' THEN ' (over ' || $max_field_chars || ' characters)'
                    ELSE ''
                END,
                CASE reason {advice} END
            ) AS message,
            record
        FROM ({numbered}) AS numbered
        ORDER BY record_number
    """
