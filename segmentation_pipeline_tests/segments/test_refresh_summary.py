"""The view refresh_summary: a row for every refresh, verdict or not, and stale marked along the chain of months."""

import pytest

from segmentation_pipeline.definitions import VIEWS
from segmentation_pipeline.warehouse.database import memory_database
from segmentation_pipeline.warehouse.tables import TableWrites
from segmentation_pipeline.warehouse.views import create_views

VIEW = next(view for view in VIEWS if view.name == "refresh_summary")

TABLES = """
CREATE TABLE refreshes AS SELECT month::DATE AS refresh_month, status FROM (VALUES
    ('2026-01-01', 'ready'), ('2026-02-01', 'insufficient_data'), ('2026-03-01', 'ready'), ('2026-04-01', 'ready')
) AS given(month, status);
CREATE TABLE refresh_verdicts AS
SELECT month::DATE AS refresh_month, verdict, reason, matched::DATE AS matched_against FROM (VALUES
    ('2026-01-01', 'distinct', 'first', NULL),
    ('2026-03-01', 'continuum', 'so and so', '2026-01-01'),
    ('2026-04-01', 'distinct', 'fine', '2026-03-01')
) AS given(month, verdict, reason, matched);
"""


@pytest.fixture
def db():
    with memory_database() as db:
        for statement in TABLES.split(";"):
            if statement.strip():
                db.execute(statement)
        db.ensure(TableWrites)
        for day, month in enumerate(("2026-01-01", "2026-03-01", "2026-04-01"), start=1):
            write(db, month, day)
        assert create_views(db, [VIEW]) == ("refresh_summary",)
        yield db


def write(db, month, day, table="clusters"):
    db.execute(f"DELETE FROM table_writes WHERE table_name = '{table}' AND refresh_month = DATE '{month}'")
    db.execute(f"INSERT INTO table_writes VALUES ('{table}', DATE '{month}', TIMESTAMP '2026-05-{day:02} 10:00')")


def stale(db):
    return [
        f"{month:%m}" for (month,) in db.execute("SELECT refresh_month FROM refresh_summary WHERE is_stale").fetchall()
    ]


def test_every_refresh_is_there_with_its_verdict_where_it_has_one(db):
    rows = db.execute("SELECT status, verdict, verdict_reason, is_stale FROM refresh_summary").fetchall()
    assert rows == [
        ("ready", "distinct", "first", False),
        ("insufficient_data", None, None, False),
        ("ready", "continuum", "so and so", False),
        ("ready", "distinct", "fine", False),
    ]


def test_months_matched_in_order_are_not_stale_and_other_tables_do_not_count(db):
    write(db, "2026-01-01", 20, table="user_clusters")
    assert stale(db) == []


def test_rewriting_a_month_makes_all_that_go_back_to_it_stale(db):
    write(db, "2026-01-01", 10)
    assert stale(db) == ["03", "04"]


def test_a_stale_chain_heals_month_by_month(db):
    write(db, "2026-01-01", 10)
    write(db, "2026-03-01", 11)
    assert stale(db) == ["04"]
    write(db, "2026-04-01", 12)
    assert stale(db) == []


def test_rewriting_the_last_month_touches_no_other(db):
    write(db, "2026-04-01", 10)
    assert stale(db) == []
