"""Any stage gets its columns as texts, with the file and the number each record has there."""

from __future__ import annotations

from datetime import datetime

import duckdb

from segmentation_pipeline.landing.kinds import text_rows
from segmentation_pipeline.landing.mapping import Role, Wanted
from segmentation_pipeline.landing.sources import identify
from segmentation_pipeline.landing.staging import open_stage

ROLES = (
    Role("customer", "the customer", (("customerid",),)),
    Role("city", "the city", (("city",),), is_required=False),
    Role("joined", "the day of joining", (("joined",),), is_required=False, is_moment=True),
)


def staged(tmp_path, texts, *, keeps_rest=False):
    """Rows (number, customer, city, joined_at, metadata if kept) and rejections of files read into one stage."""
    kind = text_rows(Wanted("customers.columns", ROLES, {}, keeps_rest=keeps_rest))
    with (
        duckdb.connect() as connection,
        open_stage(connection, kind, tmp_path, timezone="UTC", max_field_chars=256) as stage,
    ):
        for number, text in enumerate(texts):
            path = tmp_path / f"{number}.csv"
            path.write_text(text, encoding="utf-8")
            stage.read(identify(path.name, path), datetime(2026, 1, 1))
        rest = ", metadata" if keeps_rest else ""
        rows = stage.connection.execute(
            f"SELECT file_number, record_number, customer, city, joined_at{rest} FROM ({stage.numbered})"
            " WHERE reason IS NULL ORDER BY ALL"
        ).fetchall()
        rejected = stage.connection.execute(
            f"SELECT file_name, record_number, reason, message FROM {stage.name}.rejected ORDER BY ALL"
        ).fetchall()
        return rows, rejected, list(stage.files)


def test_rows_carry_the_number_they_have_in_their_file_around_records_that_cannot_be_split(tmp_path):
    first = "Customer ID,City\nbroken\n c1 ,İzmir\nc2,\nbroken,a,b\nbroken\nc3,Ankara\n"
    second = "city,customer_id\nBursa,c4\nBursa,\n"
    rows, rejected, files = staged(tmp_path, [first, second])
    assert rows == [
        (0, 3, "c1", "İzmir", None),
        (0, 4, "c2", None, None),
        (0, 7, "c3", "Ankara", None),
        (1, 2, "c4", "Bursa", None),
        (1, 3, None, "Bursa", None),
    ]
    assert [row[:3] for row in rejected] == [("0.csv", number, "wrong_column_count") for number in (2, 5, 6)]
    assert [(file.read_count, file.rejected_count) for file in files] == [(6, 3), (2, 0)]


def test_moments_are_read_and_the_rest_is_kept_on_request(tmp_path):
    text = "customer_id,joined,shoe size\nc1,2024-02-29,39\nc2,1704067200,\nc3,soon,41\n"
    rows, _, _ = staged(tmp_path, [text], keeps_rest=True)
    assert [row[4:] for row in rows] == [
        (datetime(2024, 2, 29), '{"shoe size":"39"}'),
        (datetime(2024, 1, 1), None),
        (None, '{"shoe size":"41"}'),
    ]


def test_an_unreadable_file_leaves_no_row_and_the_next_is_numbered_as_ever(tmp_path):
    rows, _, files = staged(tmp_path, ["city\nIzmir\n", "customer_id\nc1\n"])
    assert 'no column is known to be the customer. Columns found: "city"' in files[0].error
    assert "[customers.columns]" in files[0].error
    assert rows == [(1, 2, "c1", None, None)]
