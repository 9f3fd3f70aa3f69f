"""What is told about a rejected record: the column at fault, what happened, and what to do next.

Keep out: how records are judged and the words for it (`RecordKind` of each stage).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segmentation_pipeline.warehouse.contracts import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from segmentation_pipeline.landing.kinds import Reason
    from segmentation_pipeline.landing.mapping import ColumnsFound

REJECTED = (
    "file_name VARCHAR, record_number BIGINT, reason VARCHAR, column_name VARCHAR, message VARCHAR, record VARCHAR"
)
"""Columns of rejected records."""


def describe_rejections(numbered: str, reasons: Mapping[str, Reason], columns: ColumnsFound) -> str:
    """Return a SELECT of the columns of REJECTED from one of record_number, reason, found and record."""
    column = _by_reason(
        {name: (columns.name(reason.role) if reason.role else None) for name, reason in reasons.items()}
    )
    shown = ", ".join(quoted(name) for name, reason in reasons.items() if reason.is_shown) or "NULL"
    return f"""
        SELECT
            $file_name AS file_name,
            record_number,
            reason,
            {column} AS column_name,
            format(
                '{{}}, record {{}}{{}}: {{}}{{}}. Next: {{}}, and land the file again.',
                $file_name,
                record_number,
                coalesce(', column "' || {column} || '"', ''),
                {_by_reason({name: reason.problem for name, reason in reasons.items()})},
                CASE
                    WHEN reason IN ({shown}) THEN ' ("' || found || '")'
                    WHEN reason = 'overlong_field' THEN ' (over ' || $max_field_chars || ' characters)'
                    ELSE ''
                END,
                {_by_reason({name: reason.advice for name, reason in reasons.items()})}
            ) AS message,
            record
        FROM ({numbered}) AS numbered
        ORDER BY record_number
    """


def _by_reason(texts: Mapping[str, str | None]) -> str:
    cases = " ".join(f"WHEN {quoted(name)} THEN {quoted(text)}" for name, text in texts.items() if text is not None)
    return f"CASE reason {cases} ELSE NULL END" if cases else "CAST(NULL AS VARCHAR)"
