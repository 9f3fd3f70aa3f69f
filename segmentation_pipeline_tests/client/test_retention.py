"""Retention as the published copy holds it: everybody together first, points in order, nulls where nothing was seen."""

from datetime import date

import duckdb
import pytest

from segmentation_pipeline import client
from segmentation_pipeline.client import retention
from segmentation_pipeline_tests.client.published_samples import make_published_home

FEBRUARY = date(2026, 2, 1)


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    with client.open(make_published_home(tmp_path_factory.mktemp("retention"))).snapshot() as snapshot:
        yield snapshot.connection


def test_curves_are_read_point_by_point(connection):
    found = retention.curves(connection, FEBRUARY)
    assert [(point.day, point.estimate, point.status) for point in found] == [
        (1, 0.95, "observed"),
        (7, 0.65, "observed"),
        (14, pytest.approx(0.3), "not_observed"),
    ]


@pytest.mark.parametrize(
    ("month", "days", "told"),
    [
        (FEBRUARY, [0, 2.5, 2.6], {"overall": [3, 3, 0], "2026-01-a": [1, 1, 0], "2026-02-a": [2, 2, 0]}),
        (FEBRUARY, [2], {"overall": [3], "2026-01-a": [1], "2026-02-a": [2]}),
        (date(2026, 1, 1), [0, 1], {"overall": [0, 0]}),
    ],
)
def test_numbers_at_risk_are_counted_on_days_that_are_no_points_of_a_curve(connection, month, days, told):
    assert retention.at_risk(connection, month, days) == told


def test_the_fit_of_all_users_comes_first(connection):
    assert [fit.cluster_id for fit in retention.fits(connection, FEBRUARY)] == ["overall", "2026-01-a", "2026-02-a"]
    assert retention.fits(connection, date(2026, 1, 1)) == []


def test_segments_come_before_what_the_model_adjusts_for(connection):
    found = retention.hazard_ratios(connection, FEBRUARY)
    assert [(term.term, term.hazard_ratio) for term in found] == [
        ("2026-01-a", 1.0),
        ("2026-02-a", 2.0),
        ("tenure_days", 0.9),
    ]


def test_a_pair_is_compared_once(connection):
    [pair] = retention.comparisons(connection, FEBRUARY)
    assert (pair.cluster_id, pair.other_cluster_id, pair.holm_p) == ("2026-01-a", "2026-02-a", 0.02)


def test_retention_is_compared_on_a_day_that_all_have(tmp_path):
    home = make_published_home(tmp_path / "home")
    with duckdb.connect(str(home.published_file.resolve())) as copy:
        copy.execute("DELETE FROM retention_curves")
        copy.execute(
            "INSERT INTO retention_curves BY NAME SELECT month::DATE AS refresh_month, id AS cluster_id, day, estimate,"
            " 'retention_km' AS curve, status FROM (VALUES"
            " ('2026-01-01', '2026-01-a', 3, 0.9, 'observed'), ('2026-01-01', '2026-01-a', 7, 0.7, 'observed'),"
            " ('2026-01-01', '2026-01-a', 14, 0.4, 'observed'), ('2026-02-01', '2026-02-a', 3, 0.8, 'observed'),"
            " ('2026-02-01', '2026-02-a', 7, 0.6, 'observed'), ('2026-02-01', '2026-02-a', 14, NULL, 'not_observed')"
            ") AS given(month, id, day, estimate, status)"
        )
    with client.open(home).snapshot() as snapshot:
        found = retention.comparable_trends(snapshot.connection)
    assert [(one.cluster_id, one.retention_day, one.retention) for one in found] == [
        ("2026-01-a", 7, pytest.approx(0.7)),
        ("overall", None, None),
        ("2026-02-a", 7, pytest.approx(0.6)),
    ]


def test_trends_run_from_the_oldest_refresh(connection):
    assert [(point.refresh_month.month, point.cluster_id, point.share) for point in retention.trends(connection)] == [
        (1, "2026-01-a", 0.6),
        (1, "overall", 1.0),
        (2, "2026-02-a", 0.5),
    ]
