"""What a record of leads is: what its outcome says, and why one is rejected.

Add here: a word of an outcome, a reason with its words. Keep out: names of columns (known_columns.py), reading files
(landing/).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from segmentation_pipeline.landing.kinds import FORM_REASONS, Reason, RecordKind
from segmentation_pipeline.landing.mapping import Role, Wanted
from segmentation_pipeline.landing.missing import MISSING
from segmentation_pipeline.leads.columns import UNKNOWN
from segmentation_pipeline.leads.known_columns import (
    FEATURE_ALIASES,
    FEATURES,
    LONGEST_EXPERIENCE,
    OLDEST_AGE,
    OTHERS,
    is_personal,
)
from segmentation_pipeline.warehouse.contracts import quoted
from segmentation_pipeline.warehouse.database import load_sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from segmentation_pipeline.lead_settings import LeadSettings

SECTION = "leads.columns"

YES = ("true", "t", "1", "1.0", "yes", "y", "evet", "doğru", "dogru")
NO = ("false", "f", "0", "0.0", "no", "n", "hayır", "yanlış", "yanlis")
"""What outcomes say, in any case; anything else is an unknown outcome, unless the settings know the word."""

REASONS = {
    "age_out_of_range": Reason(
        "age",
        f"the age is not between 0 and {OLDEST_AGE}",
        "correct the age or leave it empty",
        is_shown=True,
    ),
    "experience_out_of_range": Reason(
        "experience",
        f"the years of experience are not between 0 and {LONGEST_EXPERIENCE}",
        "correct them or leave them empty",
        is_shown=True,
    ),
    "future_date": Reason(
        "lead_date",
        "the date is after the file was first seen",
        "check the date and [input] default_timezone in pipeline.toml",
        is_shown=True,
    ),
    **FORM_REASONS,
}  # fmt: skip


def extra_roles(settings: LeadSettings) -> dict[str, str]:
    """Return role -> header of the extra columns the settings name; those about persons are left out."""
    if settings.extra_columns == "all":
        return {}
    return {f"extra_{place}": header for place, header in enumerate(settings.extra_columns) if not is_personal(header)}


def lead_records(settings: LeadSettings) -> RecordKind:
    """Return how the settings want leads read."""
    wanted = lead_columns(settings)
    names = [role.name for role in wanted.roles]
    told = ", ".join(f"{_without_missing(name, settings)} AS {name}" for name in names if name in FEATURES)
    extras = [name for name in names if name.startswith("extra_")]
    kept = "CAST(NULL AS VARCHAR)"
    if wanted.keeps_rest:
        kept = "nullif(CAST(json_merge_patch(metadata, {personal}) AS VARCHAR), '{}')"
    if extras:
        pairs = ", ".join(f"{quoted(wanted.named[name][0])}, without_blanks({name})" for name in extras)
        kept = f"CAST(json_object({pairs}) AS VARCHAR)"
    staged = load_sql(__package__, "staged_leads")
    for name, text in {
        "features": told,
        "extras": kept,
        "known_age": _without_missing("age", settings),
        "known_experience": _without_missing("experience", settings),
        "yes": _outcomes([*YES, *settings.converted_words]),
        "no": _outcomes([*NO, *settings.not_converted_words]),
        "oldest_age": str(OLDEST_AGE),
        "longest_experience": str(LONGEST_EXPERIENCE),
    }.items():
        staged = staged.replace(f"{{{name}}}", text)
    return RecordKind(
        wanted,
        "file_number INTEGER, lead_id VARCHAR, lead_at TIMESTAMP, "
        + "".join(f"{name} VARCHAR, " for name in FEATURES)
        + "extras VARCHAR, is_converted BOOLEAN, reason VARCHAR, found VARCHAR, record VARCHAR",
        staged,
        REASONS,
        looked_up=_without_personal if wanted.keeps_rest else _nothing,
    )


def lead_columns(settings: LeadSettings) -> Wanted:
    """Return the columns of leads, with what the settings call them."""
    extras = extra_roles(settings)
    roles = (
        *OTHERS,
        *(Role(name, meaning, aliases, is_required=False) for name, (meaning, aliases) in FEATURE_ALIASES.items()),
        *(Role(name, f'the extra column "{header}"', (), is_required=True) for name, header in extras.items()),
    )
    named = {name: (header,) for name, header in settings.columns.model_dump().items() if header is not None}
    return Wanted(
        SECTION,
        roles,
        {**named, **{name: (header,) for name, header in extras.items()}},
        keeps_rest=settings.extra_columns == "all",
    )


def _without_personal(connection: duckdb.DuckDBPyConnection, fields: str) -> dict[str, str]:
    """Return the JSON patch that takes what names a person out of the extra columns; all records are looked at."""
    keys = connection.execute(f"SELECT DISTINCT unnest(json_keys(metadata)) AS key FROM ({fields})").fetchall()
    patch = {key: None for (key,) in sorted(keys) if is_personal(key)}
    return {"personal": quoted(json.dumps(patch, ensure_ascii=False))}


def _nothing(_connection: duckdb.DuckDBPyConnection, _fields: str) -> dict[str, str]:
    return {}


def _without_missing(role: str, settings: LeadSettings) -> str:
    """Return the text of a feature; what means a missing value is `Unknown`, a column the file lacks stays null."""
    hidden = [word.lower() for word in settings.hidden_nulls]
    conditions = [f"{role}_text IS NULL", f"{role}_text IN ({_quoted(MISSING)})"]
    conditions += [f"lower({role}_text) IN ({_quoted(hidden)})"] if hidden else []
    return f"CASE WHEN {' OR '.join(conditions)} THEN {quoted(UNKNOWN)} ELSE {role}_text END"


def _outcomes(words: Sequence[str]) -> str:
    """Quote words as outcomes are compared: in lower case, dotless i as i (capitals do not tell them apart)."""
    return _quoted([word.replace("İ", "i").lower().replace("ı", "i") for word in words])


def _quoted(words: Sequence[str]) -> str:
    return ", ".join(quoted(word) for word in words)
