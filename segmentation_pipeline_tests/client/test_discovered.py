"""Discovered segments: living ones first, largest first, beside the clusters."""

from datetime import date

import pytest

from segmentation_pipeline import client
from segmentation_pipeline.client import discovered
from segmentation_pipeline_tests.client.published_samples import make_published_home

JANUARY, FEBRUARY = date(2026, 1, 1), date(2026, 2, 1)


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    with client.open(make_published_home(tmp_path_factory.mktemp("discovered"))).snapshot() as snapshot:
        yield snapshot.connection


def test_living_segments_come_first_and_the_largest_before_the_smaller(connection):
    found = discovered.discovered_segments(connection, FEBRUARY)
    assert [(segment.segment_id, segment.user_count) for segment in found] == [
        ("large", 3),
        ("small", 1),
        ("gone", None),
    ]
    assert found[0].defining_signals == ("one", "two")


def test_a_refresh_without_discovery_is_told_apart(connection):
    assert discovered.discovery(connection, FEBRUARY).provider == "rules"
    assert discovered.discovery(connection, JANUARY) is None


def test_users_who_wait_and_users_in_common_are_counted(connection):
    assert discovered.pending_count(connection, FEBRUARY) == 1
    [overlap] = discovered.overlaps(connection, FEBRUARY)
    assert (overlap.segment_id, overlap.cluster_id, overlap.adjusted_mutual_information) == ("large", "2026-02-a", 0.75)
