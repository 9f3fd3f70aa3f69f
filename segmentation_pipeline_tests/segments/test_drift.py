"""Drift: the index by hand, silent without drift at any size, loud with it, and models against chance."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation_pipeline.clustering.candidates import KMeans
from segmentation_pipeline.clustering.membership import fit_membership
from segmentation_pipeline.segments.drift import (
    ModelDrift,
    bin_edges,
    chance_index,
    feature_drift,
    model_drift,
    stability_index,
)
from segmentation_pipeline.segments.reading import Features, read_actions, read_behaviour
from segmentation_pipeline.warehouse.database import memory_database
from segmentation_pipeline_tests.clustering.blobs import blobs

BEFORE = date(2026, 2, 1)
NAMES = ("depth:events_per_session", "mix:comment", "mix:search", "rhythm:gap_within_visits", "rhythm:single_visit")


def users(count, seed, *, search=0.5, single=0.6, pace=1.0):
    """Behaviour as it comes: heavy tails, many zeros, values most users share, some missing."""
    rng = np.random.default_rng(seed)
    events = rng.geometric(0.1, count)
    gaps = np.where(events > 1, rng.lognormal(3, 1, count) * pace, np.nan)
    columns = (
        1 + rng.poisson(3, count),
        (rng.random(count) < 0.05) * 0.5,
        rng.binomial(events, search) / events,
        gaps,
        (rng.random(count) < single).astype(float),
    )
    return Features(np.arange(count).astype(object), NAMES, np.column_stack(columns).astype(float))


def drifting(before, now):
    return {row.feature for row in feature_drift(before, now, matched_against=BEFORE) if row.is_drifting}


def test_the_index_by_hand():
    reference = np.repeat([1.0, 2.0], 50)
    psi, bins = stability_index(reference, np.repeat([1.0, 2.0], [20, 80]))
    p, q = np.array([50.5, 50.5]) / 101, np.array([20.5, 80.5]) / 101
    assert bins == 2
    assert psi == pytest.approx(((q - p) * np.log(q / p)).sum())
    assert psi == pytest.approx(0.3 * np.log(80 / 20), abs=0.02)


def test_a_feature_has_ten_bins_of_equal_size():
    edges = bin_edges(np.arange(1.0, 101.0))
    assert edges.tolist() == [10, 20, 30, 40, 50, 60, 70, 80, 90]


@pytest.mark.parametrize("share", [0.03, 0.08, 0.5, 0.92, 0.97])
def test_a_yes_or_no_that_few_or_most_say_still_has_two_bins(share):
    reference = (np.arange(1000) < share * 1000).astype(float)
    assert stability_index(reference, reference) == (0.0, 2)
    assert stability_index(reference, np.repeat([0.0, 1.0], [300, 700]))[0] > 0.1


def test_what_nobody_did_before_and_some_do_now_is_seen_and_so_is_what_went_missing():
    nothing, some = np.zeros(500), np.repeat([0.0, 0.3], [400, 100])
    assert stability_index(nothing, some)[0] > 0.5
    assert stability_index(some, np.where(some > 0, np.nan, some))[0] > 0.5
    assert stability_index(np.full(500, np.nan), some)[0] > 5
    assert stability_index(np.full(500, np.nan), np.full(300, np.nan)) == (0.0, 1)


def test_expected_value_and_bound_by_hand():
    expected, bound = chance_index(100, 50, 10, comparisons=1)
    assert expected == pytest.approx(9 * 0.03)
    assert bound == pytest.approx(21.666 * 0.03, abs=1e-4)  # chi-squared, 9 degrees, 1 %
    assert chance_index(100, 50, 10, comparisons=20)[1] > bound
    assert chance_index(100, 50, 1, comparisons=1)[0] == 0


@pytest.mark.parametrize(("before", "now"), [(40, 40), (40, 400), (400, 40), (150, 150), (2_000, 2_000)])
def test_small_months_do_not_cry_drift(before, now):
    alarms, indexes, fixed_alarms = 0, [], 0
    for seed in range(40):
        rows = feature_drift(users(before, seed), users(now, 1_000 + seed), matched_against=BEFORE)
        alarms += any(row.is_drifting for row in rows)
        fixed_alarms += any(row.psi > 0.2 for row in rows)
        indexes.append([row.psi / row.psi_expected for row in rows])
    assert alarms <= 2  # of 40; 0.4 are expected
    assert 0.6 < np.mean(indexes) < 1.2
    if min(before, now) < 100:
        assert fixed_alarms >= 30  # the usual threshold alone calls chance drift


def test_each_change_is_named_and_nothing_else():
    before = users(1_500, 1)
    assert drifting(before, users(1_500, 2)) == set()
    assert drifting(before, users(1_500, 2, search=0.8)) == {"mix:search"}
    assert drifting(before, users(1_500, 2, single=0.9)) == {"rhythm:single_visit"}
    assert drifting(before, users(1_500, 2, pace=3.0)) == {"rhythm:gap_within_visits"}


def test_a_row_has_means_of_those_who_have_the_behaviour_and_what_it_was_matched_against():
    before, now = users(300, 1), users(200, 2)
    row = next(
        one for one in feature_drift(before, now, matched_against=BEFORE) if one.feature.startswith("rhythm:gap")
    )
    assert row.mean_before == pytest.approx(np.nanmean(before.matrix[:, 3]))
    assert row.mean_now == pytest.approx(np.nanmean(now.matrix[:, 3]))
    assert (row.matched_against, row.threshold >= 0.2) == (BEFORE, True)


@given(st.integers(0, 1_000), st.integers(1, 60), st.integers(1, 60))
def test_the_index_is_finite_never_negative_and_blind_to_order(seed, before, now):
    rng = np.random.default_rng(seed)
    reference, values = rng.integers(0, 4, before) / 2.0, rng.normal(size=now).round(1)
    psi, bins = stability_index(reference, values)
    assert np.isfinite(psi)
    assert psi >= 0
    assert bins >= 1
    assert stability_index(rng.permutation(reference), rng.permutation(values)) == (psi, bins)


CENTRES = [[0.0, 0.0, 0.0], [5.0, 0.0, 0.0], [0.0, 5.0, 0.0], [0.0, 0.0, 5.0]]


def compared(before_rows, now_rows, k):
    method = KMeans(k)
    models = [fit_membership(rows, method.fit(rows, seed=7, starts=5)) for rows in (before_rows, now_rows)]
    said = [model.assign(now_rows, floor=0.5).segment for model in models]
    return model_drift(
        *said, clusterer=method, space=now_rows, features=now_rows, before_count=len(before_rows), floor=0.5, seed=7
    )


def test_models_of_one_population_agree_as_far_as_chance_lets_them():
    (before, _), (now, _) = (blobs(centres=CENTRES, each=60, seed=seed) for seed in (1, 2))
    found = compared(before, now, 4)
    assert found.agreement > 0.99
    assert len(found.expected) == 20
    assert not found.is_drifting
    nothing = [np.random.default_rng(seed).normal(size=(250, 5)) for seed in (1, 2)]
    loose = compared(*nothing, 4)
    assert loose.agreement < 0.9  # k-means cuts a structureless cloud anew each month
    assert not loose.is_drifting  # and chance alone explains that


def test_models_differ_when_a_group_has_moved_into_another():
    before, _ = blobs(centres=CENTRES, each=60, seed=1)
    now, _ = blobs(centres=[*CENTRES[:3], [0.0, 9.0, 0.0]], each=60, seed=2)
    found = compared(before, now, 4)
    assert found.is_drifting
    assert found.agreement < found.threshold <= found.expected_mean


def test_models_that_agree_well_are_not_drifting_however_rarely_chance_parts_them_so_far():
    assert not ModelDrift(0.95, (1.0,) * 20, 0.0, 0.0).is_drifting
    assert ModelDrift(0.89, (1.0,) * 20, 0.0, 0.0).is_drifting
    assert not ModelDrift(0.5, (0.9, 0.45), 0.0, 0.0).is_drifting


def test_the_share_without_a_segment_is_of_this_months_users_by_each_model():
    rows, _ = blobs(centres=CENTRES[:2], each=10)
    labels = np.repeat([0, 1], 10)
    before = np.where(np.arange(20) < 5, -1, labels)
    found = model_drift(
        before, labels, clusterer=KMeans(2), space=rows, features=rows, before_count=20, floor=0.5, seed=1
    )
    assert (found.share_unclassified_before, found.share_unclassified_now) == (0.25, 0.0)


def test_plain_behaviour_is_read_by_the_names_of_features_and_not_shrunk():
    with memory_database() as db:
        db.execute(
            "CREATE TABLE user_features AS SELECT * FROM (VALUES"
            " (DATE '2026-02-01', 'u2', 'at_risk', 'mixed', NULL, 0.5, NULL, 1, 0, 4, MAP {'search': 3, 'it''s': 1}),"
            " (DATE '2026-02-01', 'u1', 'at_risk', 'morning', 5.0, 2.0, 9.0, 2, 1, 10, MAP {'search': 10}),"
            " (DATE '2026-02-01', 'u3', 'ended_early', 'mixed', 5.0, 2.0, 9.0, 2, 1, 10, MAP {'search': 10}))"
            " AS t(refresh_month, user_id, status, time_of_day_pattern, session_depth, session_frequency, mean_gap_s,"
            " session_count, recent_session_count, event_count, action_counts)"
        )
        db.execute(
            "CREATE TABLE feature_priors AS SELECT * FROM (VALUES (DATE '2026-02-01', 'mix:search', .1),"
            " (DATE '2026-01-01', 'mix:it''s', .1), (DATE '2026-01-01', 'mix:other', .1),"
            " (DATE '2025-01-01', 'mix:old', .1), (DATE '2026-02-01', 'daypart:night', .1))"
            " AS t(refresh_month, feature, prior)"
        )
        actions = read_actions(db, BEFORE, date(2026, 1, 1))
        found = read_behaviour(db, BEFORE, actions=actions)
    assert actions == ["it's", "search"]
    assert found.user_ids.tolist() == ["u1", "u2"]
    second = dict(zip(found.names, found.matrix[1].tolist(), strict=True))
    assert second["mix:search"] == 0.75
    assert second["mix:it's"] == 0.25
    assert np.isnan(second["depth:events_per_session"])
    assert (second["rhythm:single_visit"], second["daypart:morning"], second["trend:second_half_share"]) == (1, 0, 0)
    assert found.matrix[0, found.names.index("daypart:morning")] == 1
