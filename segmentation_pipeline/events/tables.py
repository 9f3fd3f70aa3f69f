"""Contracts of what comes in: files, the events they hold, what was rejected, whose sessions must be recomputed.

Add here: a column about files or raw events, with unit and allowed values.
Keep out: everything computed from behaviour (feature_tables.py).
"""

from datetime import datetime

from segmentation_pipeline.landing.readers import MAX_RECORD_CHARS
from segmentation_pipeline.warehouse.contracts import Integer, Table, Text, Utc, column, dataframe_check

EARLIEST_EVENT = datetime(1900, 1, 1)  # noqa: DTZ001 - naive UTC, as every moment in the warehouse
"""Earlier times are slips of a format (`10-11-12` reads as the year 10), so they count as unparseable."""

REASONS = (
    "blank_user",
    "missing_time",
    "unparseable_time",
    "future_time",
    "missing_action",
    "wrong_column_count",
    "overlong_field",
    "invalid_json",
    "unreadable_text",
)
FORMATS = ("csv", "json", "ndjson", "parquet", "unknown")
COMPRESSIONS = ("none", "gzip", "zstd", "unknown")
ENCODINGS = ("utf-8", "utf-16", "utf-32", "cp1252", "latin-1", "binary", "unknown")
STATUSES = ("loaded", "error")


class RawEvents(Table):
    """One row per distinct event: who did what when, and the first file (by name) that holds it.

    Long texts are stored with zstd: writing them so takes half the time of DuckDB's own choice (10M rows: 2 s less).
    """

    user_id: Text = column(
        "Who acted, exactly as written in the file, blanks around it removed.", min_length=1, compression="zstd"
    )
    event_at: Utc = column("When it happened.", unit="UTC")
    action: Text = column("What was done.", min_length=1)
    metadata: Text = column("Every unmapped field of the record, a JSON object.", nullable=True, compression="zstd")
    event_id: Text = column(
        "The event's own id, where the file has one.", nullable=True, min_length=1, compression="zstd"
    )
    event_key: Integer = column("Hash of the event id, else of user, time, action and metadata.", ge=0)
    file_name: Text = column("File the row comes from, relative to landing.", min_length=1, compression="zstd")

    @dataframe_check
    def is_after_1900(cls, data):
        """Events lie after EARLIEST_EVENT."""
        return data.table.event_at >= EARLIEST_EVENT


class RejectedEvents(Table):
    """One row per record that could not be an event, with the reason and the record itself."""

    file_name: Text = column("File the record comes from, relative to landing.", min_length=1)
    record_number: Integer = column(
        "Which record: the header of a CSV is 1; the line of an NDJSON; the element of a JSON array or Parquet.", ge=1
    )
    reason: Text = column("Why it was rejected.", isin=REASONS)
    column_name: Text = column("Column at fault, where one can be named.", nullable=True, min_length=1)
    message: Text = column("What happened, where, and what to do next.", min_length=1)
    record: Text = column(f"The record as text, at most {MAX_RECORD_CHARS} characters.", nullable=True)

    class Config:
        """A record is rejected once."""

        unique = ["file_name", "record_number"]

    @dataframe_check
    def record_is_bounded(cls, data):
        """A rejected record does not copy a broken file into the warehouse."""
        return data.table.record.isnull() | (data.table.record.length() <= MAX_RECORD_CHARS)


class LandedFiles(Table):
    """One row per file ever seen in landing: what it is, how it was read and what became of its records."""

    file_name: Text = column("Path relative to landing, with forward slashes.", min_length=1)
    sha256: Text = column("Hash of the bytes of the file.", min_length=64)
    byte_count: Integer = column("Size of the file.", unit="bytes", ge=0)
    format: Text = column("How the records are written.", isin=FORMATS)
    compression: Text = column("How the file is compressed.", isin=COMPRESSIONS)
    encoding: Text = column("How its text is encoded.", isin=ENCODINGS)
    delimiter: Text = column("What separates the fields of a CSV.", nullable=True, min_length=1)
    status: Text = column("Whether the file could be read as a whole.", isin=STATUSES)
    error: Text = column("Why it could not be read, and what to do next.", nullable=True, min_length=1)
    read_count: Integer = column("Records read.", unit="records", ge=0)
    accepted_count: Integer = column("Records that are rows of raw_events.", unit="records", ge=0)
    rejected_count: Integer = column("Records that are rows of rejected_events.", unit="records", ge=0)
    duplicate_count: Integer = column("Records whose event is already there.", unit="records", ge=0)
    first_event_at: Utc = column("Earliest accepted event.", unit="UTC", nullable=True)
    last_event_at: Utc = column("Latest accepted event.", unit="UTC", nullable=True)
    mapping: Text = column("Which column plays which role and how it was found, JSON.", min_length=2)
    duplicate_of: Text = column("Earlier files that already hold events of this one, with counts, JSON.", min_length=2)
    settings_fingerprint: Text = column("Hash of the input settings it was read with.", min_length=16)
    landed_recorded_at: Utc = column("When this content was first seen; a later event is in the future.", unit="UTC")

    class Config:
        """One row per file name."""

        unique = ["file_name"]

    @dataframe_check
    def every_record_is_accounted_for(cls, data):
        """No record is lost between reading and storing."""
        table = data.table
        return table.read_count == table.accepted_count + table.rejected_count + table.duplicate_count

    @dataframe_check
    def error_says_why(cls, data):
        """An unreadable file names its error, a loaded one has none."""
        return (data.table.status == "error") == data.table.error.notnull()

    @dataframe_check
    def accepted_events_have_a_span(cls, data):
        """First and last event are there exactly when events are."""
        return (data.table.accepted_count > 0) == data.table.first_event_at.notnull()

    @dataframe_check
    def span_is_forward(cls, data):
        """The last event is not before the first."""
        table = data.table
        return table.first_event_at.isnull() | (table.last_event_at >= table.first_event_at)


class SessionBacklog(Table):
    """One row per user whose sessions are out of date: events from `from_at` on were added, replaced or removed."""

    user_id: Text = column("User whose sessions must be recomputed.", min_length=1)
    from_at: Utc = column("Earliest event that was added, replaced or removed.", unit="UTC")

    class Config:
        """One row per user."""

        unique = ["user_id"]
