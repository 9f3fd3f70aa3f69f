"""Advice with its evidence, who gave it, and what the gate let through."""

from datetime import date

import pytest

from segmentation_pipeline import client
from segmentation_pipeline.client import advice
from segmentation_pipeline_tests.client.published_samples import make_published_home

FEBRUARY = date(2026, 2, 1)


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    with client.open(make_published_home(tmp_path_factory.mktemp("advice"))).snapshot() as snapshot:
        yield snapshot.connection


def test_advice_comes_strongest_first_with_what_it_cites(connection):
    found = advice.recommendations(connection, FEBRUARY)
    assert [(item.kind, item.title) for item in found] == [
        ("experiment", "Greet them"),
        ("experiment", "Later"),
        ("pain_point", "Ouch"),
    ]
    [citation] = found[0].evidence
    assert (citation.rendered, citation.metric_id, citation.value, citation.comparator_value) == (
        "Drop-off is 25%.",
        "drop_off_rate",
        0.25,
        None,
    )


def test_advice_is_asked_for_one_segment_too(connection):
    assert len(advice.recommendations(connection, FEBRUARY, "2026-02-a")) == 3
    assert advice.recommendations(connection, FEBRUARY, "2026-01-a") == []


def test_a_segment_tells_who_advised_it(connection):
    found = advice.segment_advice(connection, FEBRUARY)
    assert set(found) == {"2026-02-a"}
    assert (found["2026-02-a"].advisor, found["2026-02-a"].claim_count) == ("rules", 3)


def test_the_gate_is_told_in_counts(connection):
    found = advice.gate_counts(connection, FEBRUARY)
    assert [(count.verdict, count.text_count) for count in found] == [("dropped", 1), ("ok", 2)]
