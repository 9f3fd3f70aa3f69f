"""Publishing: copies behind a symlink, refused while a refresh is half-written, the last three kept."""

from datetime import date

import duckdb
import pytest

from segmentation_pipeline.client.published import open_published
from segmentation_pipeline.config import Home, Settings
from segmentation_pipeline.errors import ContractBroken, HomeError, PublishRefused
from segmentation_pipeline.warehouse.publish import half_written, publish
from segmentation_pipeline.warehouse.warehouse import Warehouse
from segmentation_pipeline_tests.warehouse.toys import GOOD, ToyRows

MONTH = date(2026, 1, 1)


@pytest.fixture
def warehouse(tmp_path):
    return Warehouse(Home(tmp_path), Settings())


def write(warehouse, rows=GOOD):
    with warehouse.transaction() as db:
        db.replace(ToyRows, rows, month=MONTH)


def test_a_long_lived_reader_sees_the_newest_copy_at_each_request(warehouse):
    for number in range(5):
        write(warehouse, GOOD.replace("ball-1", f"ball-{number}"))
        publish(warehouse, f"run{number}", {})
        with open_published(warehouse.home) as connection:
            assert connection.execute("SELECT toy_id FROM toy_rows").fetchall() == [(f"ball-{number}",)]
    assert len(list(warehouse.home.published.glob("warehouse-*.duckdb"))) == 3


def test_the_dictionary_explains_every_published_column(warehouse):
    write(warehouse)
    publish(warehouse, "run", {})
    with open_published(warehouse.home) as connection:
        rows = connection.execute(
            "SELECT column_name, unit, comment, table_comment FROM data_dictionary WHERE table_name = 'toy_rows'"
        ).fetchall()
        unexplained = connection.execute("SELECT * FROM data_dictionary WHERE comment IS NULL").fetchall()
    assert ("share", "share", "Share of play.", "One row per refresh and toy.") in rows
    assert unexplained == []


def test_a_red_contract_rolls_back_and_leaves_the_published_copy(warehouse):
    write(warehouse)
    publish(warehouse, "run", {})
    with pytest.raises(ContractBroken):
        write(warehouse, GOOD.replace("0.5", "7"))
    with warehouse.read() as db:
        assert db.one("SELECT share FROM toy_rows") == (0.5,)
    with open_published(warehouse.home) as connection:
        assert connection.execute("SELECT share FROM toy_rows").fetchall() == [(0.5,)]


def test_a_table_older_than_what_it_is_computed_from_stops_publishing(warehouse):
    with warehouse.transaction() as db:
        db.record_write(ToyRows, MONTH)
        db.execute("INSERT INTO table_writes VALUES ('later_rows', DATE '2026-01-01', TIMESTAMP '2020-01-01')")
    with pytest.raises(PublishRefused, match="later_rows of 2026-01 is older than toy_rows"):
        publish(warehouse, "run", {"toy_rows": [], "later_rows": ["toy_rows"]})
    assert not warehouse.home.published_file.exists()


def test_a_missing_table_of_a_refresh_stops_publishing(warehouse):
    write(warehouse)
    with warehouse.read() as db:
        assert half_written(db, {"toy_rows": [], "next_rows": ["toy_rows"]}) == [
            "next_rows of 2026-01 has not been written"
        ]


def test_a_home_without_a_published_copy_says_what_to_do(warehouse):
    with pytest.raises(HomeError, match="segpipe run"), open_published(warehouse.home):
        pass


def test_the_file_can_be_opened_by_older_clients(warehouse):
    write(warehouse)
    published = publish(warehouse, "run", {})
    with duckdb.connect(str(published.path), read_only=True) as connection:
        tags = connection.execute("SELECT tags FROM duckdb_databases() WHERE NOT internal").fetchone()[0]
    assert tags["storage_version"].startswith("v1.2.0")


def test_tables_that_share_no_source_are_refreshed_apart(warehouse):
    write(warehouse)
    upstream = {"toy_rows": [], "made_of_toys": ["toy_rows"], "purchases_of_a_month": []}
    with warehouse.read() as db:
        assert half_written(db, upstream) == ["made_of_toys of 2026-01 has not been written"]
        assert half_written(db, {"toy_rows": [], "purchases_of_a_month": []}) == []
