"""The database: months are replaced one at a time and each write is noted."""

from datetime import date

import pandas as pd

from segmentation_pipeline.warehouse.database import memory_database
from segmentation_pipeline_tests.warehouse.toys import GOOD, ToyRows

JANUARY, FEBRUARY = date(2026, 1, 1), date(2026, 2, 1)


def test_replacing_a_month_leaves_the_others():
    with memory_database() as db:
        db.replace(ToyRows, GOOD, month=JANUARY)
        db.replace(ToyRows, GOOD.replace("2026-01-01' AS refresh", "2026-02-01' AS refresh"), month=FEBRUARY)
        assert db.replace(ToyRows, GOOD.replace("ball-1", "ball-2"), month=JANUARY) == 1
        rows = db.execute("SELECT refresh_month, toy_id FROM toy_rows ORDER BY ALL").fetchall()
    assert rows == [(JANUARY, "ball-2"), (FEBRUARY, "ball-1")]


def test_each_write_is_noted_once_per_table_and_month():
    with memory_database() as db:
        db.replace(ToyRows, GOOD, month=JANUARY)
        first = db.one("SELECT written_recorded_at FROM table_writes")[0]
        db.replace(ToyRows, GOOD, month=JANUARY)
        rows = db.rows("SELECT * FROM table_writes")
    assert [(row["table_name"], row["refresh_month"]) for row in rows] == [("toy_rows", JANUARY)]
    assert rows[0]["written_recorded_at"] >= first


def test_a_frame_is_inserted_by_column_name():
    frame = pd.DataFrame(
        {
            "toy_id": ["doll-1"],
            "refresh_month": [JANUARY],
            "kind": ["doll"],
            "share": [0.25],
            "bought_at": [None],
            "counts": [None],
            "low": [None],
        }
    )
    with memory_database() as db:
        db.replace(ToyRows, frame, month=JANUARY)
        assert db.one("SELECT toy_id, share, low FROM toy_rows") == ("doll-1", 0.25, None)


def test_a_table_whose_contract_changed_is_recreated():
    with memory_database() as db:
        db.execute("CREATE TABLE toy_rows (toy_id VARCHAR)")
        db.ensure(ToyRows)
        assert db.one("SELECT count(*) FROM duckdb_columns() WHERE table_name = 'toy_rows'") == (7,)


def test_a_recreated_table_has_no_months_written():
    with memory_database() as db:
        db.replace(ToyRows, GOOD, month=JANUARY)
        db.execute("ALTER TABLE toy_rows DROP COLUMN low")
        db.ensure(ToyRows)
        assert db.rows("SELECT * FROM table_writes") == []


def test_a_result_without_rows_is_an_empty_tuple():
    with memory_database() as db:
        assert db.one("SELECT 1 WHERE false") == ()
