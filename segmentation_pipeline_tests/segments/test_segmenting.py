"""A refresh's segments: found, named, ordered by size, the same for shuffled users, scored as they were fitted."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from segmentation_pipeline.config import SegmentSettings
from segmentation_pipeline.errors import SettingsError
from segmentation_pipeline.segments import segmenting
from segmentation_pipeline.segments.embedding import embed
from segmentation_pipeline.segments.identity import PreviousRefresh
from segmentation_pipeline.segments.lineage import lineage
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


NEXT_MONTH = date(2026, 4, 1)


def ids_of(rows):
    return np.array([f"u{number:04d}" for number in range(len(rows))], dtype=object)


def refresh(month, rows, user_ids, previous=None, settings=QUICK):
    spaces = embed(NAMES, rows, settings).spaces
    return segment_users(month, NAMES, rows, spaces, settings, user_ids=user_ids, previous=previous)


def as_previous(month, found, user_ids):
    return PreviousRefresh(month, found.model, user_ids, found.scores.cluster_ids)


def test_the_next_month_keeps_ids_and_slugs_of_the_same_kinds_in_any_order_of_users():
    rows, user_ids = feature_rows(), ids_of(feature_rows())
    first = refresh(MONTH, rows, user_ids)
    shuffle = np.random.default_rng(5).permutation(len(rows))
    again = refresh(NEXT_MONTH, feature_rows(seed=9)[shuffle], user_ids[shuffle], as_previous(MONTH, first, user_ids))
    assert again.model.cluster_ids == first.model.cluster_ids
    assert again.model.slugs == first.model.slugs
    assert np.array_equal(again.scores.cluster_ids, first.scores.cluster_ids[shuffle])
    assert again.succession.matching.common.tolist() == (EACH * np.eye(3)).tolist()
    assert again.segmentation.choice.chosen.candidate_id == "incumbent-3-features"


def test_a_kind_that_left_retires_and_a_new_one_gets_an_id_of_its_own_month():
    rows, user_ids = feature_rows(), ids_of(feature_rows())
    first = refresh(MONTH, rows, user_ids)
    of_kind = {str(kind): str(first.scores.cluster_ids[kinds() == kind][0]) for kind in set(kinds())}
    newcomers = np.random.default_rng(2).normal((0.5, 3.5, 4.0, 0.2, 0.2, 0.2), 0.08, (EACH, len(NAMES)))
    stayed = kinds() != "reviser"
    today = np.vstack([feature_rows(seed=4)[stayed], newcomers])
    today_ids = np.append(user_ids[stayed], [f"new{number}" for number in range(EACH)])
    again = refresh(NEXT_MONTH, today, today_ids, as_previous(MONTH, first, user_ids))
    assert set(again.model.cluster_ids) == {of_kind["searcher"], of_kind["commenter"], "2026-04-a"}
    assert set(again.scores.cluster_ids[-EACH:]) == {"2026-04-a"}
    ended = lineage(again.model.cluster_ids, again.user_counts, len(today), again.succession)[-1]
    assert (ended.kind, ended.cluster_id) == ("retired", of_kind["reviser"])
    assert ended.reason == "none of its users is still at risk, and no segment has its profile"


def test_users_between_segments_change_less_often_when_held_in_theirs():
    def of_a_month(seed):
        return feature_rows() + np.random.default_rng(seed).normal(0, 0.45, (len(kinds()), len(NAMES)))

    user_ids = ids_of(kinds())
    first = refresh(MONTH, of_a_month(1), user_ids)
    rows = of_a_month(2)
    again = refresh(NEXT_MONTH, rows, user_ids, as_previous(MONTH, first, user_ids))
    assert again.model.cluster_ids == first.model.cluster_ids
    free = again.model.score(NAMES, rows)
    had = first.scores.cluster_ids
    assert 0 < (again.scores.cluster_ids != had).sum() < (free.cluster_ids != had).sum()


def test_a_segment_is_never_left_without_users_because_all_are_held_elsewhere():
    rows, user_ids = feature_rows(), ids_of(feature_rows())
    first = refresh(MONTH, rows, user_ids)
    found = refresh(NEXT_MONTH, rows, user_ids, as_previous(MONTH, first, user_ids))
    everyone_in_one = replace(found.succession, held=np.zeros(len(rows), dtype=np.int64))
    # Where memberships are as good as equal, everybody would be held in the first segment.
    flat = replace(found.model.membership, covariances=1e6 * np.array([np.eye(len(found.model.scaling.columns))] * 3))
    scores = segmenting._scores(replace(found.model, membership=flat, floor=0.0), NAMES, rows, everyone_in_one)
    assert set(scores.segments.tolist()) == {0, 1, 2}


def test_parameters_of_a_method_are_forced_by_settings():
    forced = SegmentSettings(
        method="hdbscan", map_method="pca", reductions=("pca",), parameters={"min_cluster_share": 0.2, "min_samples": 4}
    )
    options = choice_options(forced, is_two_proven=True)
    assert (options.covariance, options.min_cluster_share, options.min_samples) == (None, 0.2, 4)
    assert options.least_clusters == 2
    assert choice_options(SegmentSettings(parameters={"covariance": "tied"})).covariance == "tied"
    found = segments_of(feature_rows(), forced)
    assert {json.dumps(one.parameters) for one in found.segmentation.choice.table} == {
        '{"min_cluster_share": 0.2, "min_samples": 4}'
    }
