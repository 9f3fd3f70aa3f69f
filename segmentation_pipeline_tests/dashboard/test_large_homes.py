"""However many users a home has, pages count in DuckDB and fetch no more rows than people can look at."""

import contextlib

import duckdb
import pytest

from benchmarks.dashboard import multiplied
from segmentation_pipeline.dashboard.pages import PAGES
from segmentation_pipeline_tests.dashboard.published_homes import opened
from segmentation_pipeline_tests.surfaces import published_only

pytestmark = pytest.mark.xdist_group("dashboard")

USERS = 60_000
MOST_ROWS = 50_000


class Counting:
    """A connection, or what it answered, that notes how many rows are fetched at once."""

    def __init__(self, inner, fetched):
        self._inner, self._fetched = inner, fetched

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._inner.close()

    def cursor(self):
        return Counting(self._inner.cursor(), self._fetched)

    def execute(self, *args, **kwargs):
        return Counting(self._inner.execute(*args, **kwargs), self._fetched)

    def fetchall(self):
        return self._noted(self._inner.fetchall())

    def df(self):
        return self._noted(self._inner.df())

    def _noted(self, rows):
        self._fetched.append(len(rows))
        return rows


@pytest.fixture(scope="module")
def large(_planted, tmp_path_factory):
    folder = tmp_path_factory.mktemp("large")
    return multiplied(published_only(_planted, folder / "small"), folder / "large", USERS)


def test_no_page_fetches_more_than_50_000_rows(large, monkeypatch):
    fetched = []
    connect = duckdb.connect
    monkeypatch.setattr(duckdb, "connect", lambda *args, **kwargs: Counting(connect(*args, **kwargs), fetched))
    with contextlib.closing(connect(str(large.published_file.resolve()), read_only=True)) as connection:
        assert connection.execute("SELECT count(*) FROM user_clusters").fetchone()[0] > MOST_ROWS
    for page in PAGES:
        app = opened(large, monkeypatch, "home" if page == "overview" else page)
        assert not app.exception, page
        assert not app.error, page
    assert max(fetched) == 20_000
