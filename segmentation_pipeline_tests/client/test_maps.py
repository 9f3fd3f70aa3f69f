"""Maps: every user at risk or a fixed sample of them, coloured by what is asked, and one user's card."""

from datetime import date

import pytest

from segmentation_pipeline import client
from segmentation_pipeline.client import maps
from segmentation_pipeline_tests.client.published_samples import make_published_home

FEBRUARY = date(2026, 2, 1)


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    with client.open(make_published_home(tmp_path_factory.mktemp("maps"))).snapshot() as snapshot:
        yield snapshot.connection


def test_every_user_at_risk_is_a_point_with_segment_and_outcome(connection):
    found = maps.map_points(connection, FEBRUARY)
    assert not found.is_sample
    assert found.points[["user_id", "map_x", "cluster_id", "outcome"]].values.tolist() == [
        ["u0", 0.0, "unclassified", "censored"],
        ["u1", 1.0, "2026-01-a", "churn"],
        ["u2", 2.0, "2026-02-a", "censored"],
        ["u3", 3.0, "2026-02-a", "censored"],
    ]


def test_above_the_limit_a_sample_is_drawn_the_same_each_time_and_said_to_be_one(connection):
    found = [maps.map_points(connection, FEBRUARY, most=2) for _ in range(2)]
    assert (len(found[0].points), found[0].total_count, found[0].is_sample) == (2, 4, True)
    assert found[0].points.user_id.tolist() == found[1].points.user_id.tolist()


@pytest.mark.parametrize(
    ("colouring", "values"),
    [("session_count", [0, 1, 2, 3]), ("action:buy", [0, 0.75, 0.75, 0.75]), ('action:it\'s "odd"', [0, 0, 0, 0])],
)
def test_a_colouring_is_a_measure_or_the_share_of_an_action(connection, colouring, values):
    assert maps.map_points(connection, FEBRUARY, colouring).points["value"].tolist() == values


def test_colourings_offer_measures_and_actions_and_nothing_else_is_taken(connection):
    offered = maps.colourings(connection, FEBRUARY)
    assert offered[-2:] == ["action:login", "action:buy"]
    assert set(maps.MEASURES) < set(offered)
    with pytest.raises(ValueError, match="no map is coloured by"):
        maps.map_points(connection, FEBRUARY, "user_id; DROP TABLE clusters")


def test_a_user_is_told_with_what_became_of_them(connection):
    found = maps.user_on_map(connection, FEBRUARY, "u1")
    assert (found.cluster_id, found.runner_up, found.outcome, found.duration_days) == (
        "2026-01-a",
        "2026-02-a",
        "churn",
        2.5,
    )
    assert found.measures["session_frequency"] == 0.5
    assert found.action_counts == {"login": 1, "buy": 3}
    assert maps.user_on_map(connection, FEBRUARY, "nobody") is None


def test_ids_are_offered_by_their_beginning_and_segment(connection):
    assert maps.users_like(connection, FEBRUARY, "u", most=3) == ["u0", "u1", "u2"]
    assert maps.users_like(connection, FEBRUARY, "u", "2026-02-a") == ["u2", "u3"]
    assert maps.users_like(connection, FEBRUARY, "%") == []
