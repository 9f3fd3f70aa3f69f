"""Data quality: what went wrong stands first."""

import pytest

from segmentation_pipeline import client
from segmentation_pipeline.client import quality
from segmentation_pipeline_tests.client.published_samples import make_published_home
from segmentation_pipeline_tests.client.trade_samples import make_leads_home


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    with client.open(make_published_home(tmp_path_factory.mktemp("quality"))).snapshot() as snapshot:
        yield snapshot.connection


def test_files_that_could_not_be_read_come_first(connection):
    found = quality.landed_files(connection)
    assert [(file.file_name, file.error) for file in found] == [("b.csv", "not a table"), ("a.csv", None)]


def test_rejections_are_counted_by_reason_with_the_first_of_each(connection):
    found = quality.rejections(connection)
    assert [(row.reason, row.record_count, row.file_count) for row in found] == [
        ("blank_user", 3, 2),
        ("missing_time", 1, 1),
    ]
    assert (found[0].example_file, found[0].example_record_number, found[0].example_message) == (
        "a.csv",
        2,
        "record 2",
    )


def test_checks_that_failed_come_first_and_errors_before_warnings(connection):
    assert [check.check_name for check in quality.check_results(connection)] == ["broken", "odd", "fine"]


def test_files_and_rejections_of_leads_are_told_beside_those_of_events(tmp_path):
    with client.open(make_leads_home(tmp_path / "home")).snapshot() as snapshot:
        found = quality.landed_files(snapshot.connection)
        assert [(file.file_name, file.status) for file in found] == [
            ("leads/bad.csv", "error"),
            ("leads/2026-02.csv", "loaded"),
        ]
        [rejected] = quality.rejections(snapshot.connection)
        assert (rejected.reason, rejected.example_file) == ("age_out_of_range", "leads/2026-02.csv")
