"""A refresh's segments: found, named, ordered by size, the same for shuffled users, scored as they were fitted."""

from __future__ import annotations

import numpy as np
import pytest

from segmentation_pipeline.config import SegmentSettings
from segmentation_pipeline.errors import SettingsError
from segmentation_pipeline.segments.embedding import embed
from segmentation_pipeline.segments.scoring import SegmentModel
from segmentation_pipeline.segments.segmenting import choice_options, segment_users
from segmentation_pipeline_tests.clustering.blobs import agreement
from segmentation_pipeline_tests.segments.samples import EACH, MONTH, NAMES, QUICK, feature_rows, kinds


def segments_of(rows, settings=QUICK):
    return segment_users(MONTH, NAMES, rows, embed(NAMES, rows, settings).spaces, settings)


def test_three_kinds_of_users_are_three_segments_named_for_what_they_do():
    found = segments_of(feature_rows())
    assert agreement(found.scores.segments, kinds()) == 1.0
    labels = {str(kinds()[found.scores.segments == n][0]): naming.label for n, naming in enumerate(found.namings)}
    assert labels == {
        "searcher": "Evening searchers",
        "commenter": "Frequent commenters",
        "reviser": "Deep-diving offer revisers",
    }
    assert all(jaccard == 1.0 for jaccard in found.jaccards)


def test_ids_go_by_size_and_counts_are_those_of_the_assigned():
    rows = feature_rows()[EACH // 2 :]  # searchers are the smallest kind now
    found = segments_of(rows)
    assert found.model.cluster_ids == ("2026-03-a", "2026-03-b", "2026-03-c")
    assert found.user_counts == [EACH, EACH, EACH // 2]
    assert found.user_counts == [int((found.scores.segments == number).sum()) for number in range(3)]


def test_shuffled_users_keep_their_segment_name_and_membership():
    rows = feature_rows()
    shuffle = np.random.default_rng(7).permutation(len(rows))
    given, shuffled = segments_of(rows), segments_of(rows[shuffle])
    assert np.array_equal(shuffled.scores.cluster_ids, given.scores.cluster_ids[shuffle])
    assert shuffled.scores.memberships == pytest.approx(given.scores.memberships[shuffle], abs=1e-12)
    assert shuffled.namings == given.namings


def test_the_stored_model_scores_users_exactly_as_the_fit_did():
    rows = feature_rows()
    found = segments_of(rows)
    again = SegmentModel.from_json(found.model.to_json()).score(NAMES, rows)
    assert np.array_equal(again.cluster_ids, found.scores.cluster_ids)
    assert np.array_equal(again.memberships, found.scores.memberships)
    assert np.array_equal(again.runner_ups, found.scores.runner_ups)


def test_users_beyond_the_sample_get_a_segment_and_the_raw_label_of_their_neighbour():
    rng = np.random.default_rng(0)
    rows = np.vstack([feature_rows(seed) for seed in range(10)]) + rng.normal(0, 0.01, (30 * EACH, len(NAMES)))
    found = segments_of(rows, QUICK.model_copy(update={"fit_sample": 1_000}))
    truth = np.tile(kinds(), 10)
    assert agreement(found.scores.segments, truth) == 1.0
    assert agreement(found.raw_labels, truth) == 1.0


def test_settings_force_and_leave_open():
    assert choice_options(SegmentSettings()).k is None
    forced = choice_options(SegmentSettings(method="kmeans", k=4, k_max=5, seed=9))
    assert (forced.method, forced.k, forced.k_max, forced.seed) == ("kmeans", 4, 5, 9)


def test_more_segments_than_users_can_fill_is_a_settings_error():
    settings = QUICK.model_copy(update={"k": 26})
    with pytest.raises(SettingsError, match=r"segments\.k = 26: 60 rows cannot hold 26 clusters"):
        segments_of(feature_rows()[:60], settings)
