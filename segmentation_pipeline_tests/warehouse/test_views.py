"""Views of the published copy: made from their files at each publish, explained, left out while a table is missing."""

import sys
import textwrap

import pytest

from segmentation_pipeline.client.published import open_published
from segmentation_pipeline.config import Home, Settings
from segmentation_pipeline.definitions import VIEWS, table_assets
from segmentation_pipeline.warehouse.contracts import table_name
from segmentation_pipeline.warehouse.database import memory_database
from segmentation_pipeline.warehouse.dictionary import tables_markdown
from segmentation_pipeline.warehouse.publish import publish
from segmentation_pipeline.warehouse.tables import CheckResults, TableWrites
from segmentation_pipeline.warehouse.views import View, create_views
from segmentation_pipeline.warehouse.warehouse import Warehouse
from segmentation_pipeline_tests.warehouse.toys import GOOD, ToyRows

TOY_SHARES = """
    -- One row per toy's month.
    -- reads: toy_rows, table_writes
    -- column double_share: Twice the share [share]
    SELECT refresh_month, toy_id, share, 2 * share AS double_share FROM toy_rows
"""


@pytest.fixture
def views(tmp_path, monkeypatch):
    """A package of its own with two views, of which the second reads a table nobody has written."""
    package = tmp_path / "toy_stage"
    (package / "sql").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "sql" / "toy_shares.sql").write_text(textwrap.dedent(TOY_SHARES).strip())
    (package / "sql" / "toy_prices.sql").write_text("-- One row per price.\n-- reads: prices\nSELECT * FROM prices")
    monkeypatch.syspath_prepend(tmp_path)
    yield (View("toy_stage", "toy_shares"), View("toy_stage", "toy_prices"))
    sys.modules.pop("toy_stage", None)


@pytest.fixture
def warehouse(tmp_path):
    warehouse = Warehouse(Home(tmp_path / "home"), Settings())
    with warehouse.transaction() as db:
        db.replace(ToyRows, GOOD)
    return warehouse


def published(warehouse, sql):
    with open_published(warehouse.home) as connection:
        return connection.execute(sql).fetchall()


def test_a_view_is_published_and_explained_like_a_table(warehouse, views):
    assert publish(warehouse, "run", {}, views).views == ("toy_shares",)
    assert published(warehouse, "SELECT toy_id, double_share FROM toy_shares") == [("ball-1", 1.0)]
    explained = published(
        warehouse,
        "SELECT column_name, unit, comment, table_comment FROM data_dictionary WHERE table_name = 'toy_shares'",
    )
    grain = "One row per toy's month."
    assert explained == [
        ("refresh_month", None, "Refresh.", grain),
        ("toy_id", None, "Name of the toy.", grain),
        ("share", "share", "Share of play.", grain),
        ("double_share", "share", "Twice the share", grain),
    ]
    assert published(warehouse, "SELECT 1 FROM data_dictionary WHERE comment IS NULL") == []


def test_a_view_appears_once_its_tables_are_there_and_goes_with_its_registration(warehouse, views):
    publish(warehouse, "run1", {}, views)
    with warehouse.transaction() as db:
        db.execute("CREATE TABLE prices AS SELECT 3 AS price")
    assert publish(warehouse, "run2", {}, views).views == ("toy_shares", "toy_prices")
    assert published(warehouse, "SELECT price FROM toy_prices") == [(3,)]
    assert publish(warehouse, "run3", {}, views[1:]).views == ("toy_prices",)
    assert published(warehouse, "SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY ALL") == [
        ("data_dictionary",),
        ("toy_prices",),
    ]


def test_a_table_may_change_its_columns_under_a_view(warehouse, views):
    publish(warehouse, "run1", {}, views)
    with warehouse.transaction() as db:
        db.execute("DROP TABLE toy_rows")
        db.execute("CREATE TABLE toy_rows AS SELECT DATE '2026-01-01' AS refresh_month, 'x' AS toy_id, 1 AS share")
    publish(warehouse, "run2", {}, views)
    assert published(warehouse, "SELECT double_share FROM toy_shares") == [(2,)]


def test_the_page_of_tables_explains_the_views(views):
    page = tables_markdown({"toys": [ToyRows], "warehouse": [CheckResults, TableWrites]}, views)
    assert "### toy_shares\n\nOne row per toy's month.\n" in page
    assert "| `double_share` | DOUBLE | share | Twice the share |" in page
    assert "toy_prices" not in page


def test_every_registered_view_is_made_over_the_contracts_with_each_column_explained():
    contracts = [*(table for asset in table_assets() for table in asset.tables), CheckResults, TableWrites]
    with memory_database() as db:
        db.ensure(*contracts)
        made = create_views(db, VIEWS)
        unexplained = db.execute(
            "SELECT table_name, column_name FROM data_dictionary WHERE comment IS NULL OR table_comment IS NULL"
        ).fetchall()
    known = {table_name(table) for table in contracts}
    assert set(made) == {view.name for view in VIEWS if known.issuperset(view.reads)}
    assert unexplained == []
