"""Moves into a refresh, those of users outside of it among them."""

from datetime import date

from segmentation_pipeline import client
from segmentation_pipeline.client.moves import moves
from segmentation_pipeline_tests.client.published_samples import make_published_home


def test_moves_tell_from_where_to_where_and_what_chance_alone_moves(tmp_path):
    with client.open(make_published_home(tmp_path)).snapshot() as snapshot:
        found = moves(snapshot.connection, date(2026, 2, 1))
        assert [(move.from_cluster_id, move.to_cluster_id, move.user_count) for move in found] == [
            ("2026-01-a", "2026-01-a", 4),
            ("2026-01-b", "2026-02-a", 3),
            ("not_at_risk", "2026-02-a", 2),
            ("overall", "moved", 3),
        ]
        assert (found[-1].share, found[-1].expected_share, found[-1].matched_against) == (0.3, 0.1, date(2026, 1, 1))
        assert moves(snapshot.connection, date(2026, 1, 1)) == []
