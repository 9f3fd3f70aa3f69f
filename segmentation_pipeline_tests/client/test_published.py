"""One reader for many requests: threads share an open copy, and a newer one is seen by the next request."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from segmentation_pipeline import client
from segmentation_pipeline.client.published import PublishedReader
from segmentation_pipeline.config import Settings
from segmentation_pipeline.warehouse.publish import publish
from segmentation_pipeline.warehouse.warehouse import Warehouse
from segmentation_pipeline_tests.client.published_samples import make_published_home


@pytest.fixture
def home(tmp_path):
    return make_published_home(tmp_path / "home")


def publish_users(home, count, run_id):
    """Both segments of February get so many users, in one publish."""
    warehouse = Warehouse(home, Settings())
    with warehouse.transaction() as db:
        db.execute(f"UPDATE clusters SET user_count = {count} WHERE refresh_month = DATE '2026-02-01'")
    publish(warehouse, run_id, {})


def test_threads_of_one_client_never_see_a_mix_and_end_with_the_newest(home):
    """Copies are pruned meanwhile."""
    publish_users(home, 100, "zero")
    with client.open(home) as opened, ThreadPoolExecutor(4) as threads:
        reads = []
        for number in range(101, 106):
            reads += [threads.submit(opened.segments) for _ in range(6)]
            publish_users(home, number, f"run-{number}")
            reads += [threads.submit(opened.segments) for _ in range(6)]
        seen = [{segment.user_count for segment in read.result()} for read in reads]
        assert all(len(counts) == 1 for counts in seen), seen
        assert {segment.user_count for segment in opened.segments()} == {105}


def test_a_copy_in_the_place_of_another_of_its_name_is_seen(home):
    opened = client.open(home)
    for number in (100, 101):
        publish_users(home, number, "same")
        assert {segment.user_count for segment in opened.segments()} == {number}


def test_a_request_that_runs_outlives_closing_and_the_reader_opens_again(home):
    reader = PublishedReader(home)
    with reader.open() as connection:
        reader.close()
        assert connection.execute("SELECT count(*) FROM clusters").fetchone() == (4,)
    with reader.open() as connection:
        assert connection.execute("SELECT current_setting('TimeZone')").fetchone() == ("UTC",)
    reader.close()


def test_readers_cannot_write_into_the_copy(home):
    with PublishedReader(home).open() as connection, pytest.raises(Exception, match="read-only"):
        connection.execute("DELETE FROM clusters")
