"""One refresh of segments: what each verdict leads to, and what carries over to the next month."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from segmentation_pipeline.clustering.verdict import SessionHalves
from segmentation_pipeline.config import SegmentSettings
from segmentation_pipeline.segments.evidence_rows import evidence_rows, verdict_row
from segmentation_pipeline.segments.identity import PreviousRefresh
from segmentation_pipeline.segments.presets import PresetSegments, PreviousBands
from segmentation_pipeline.segments.refreshing import segment_refresh
from segmentation_pipeline_tests.segments.samples import (
    FREE,
    MONTH,
    QUICK,
    alike,
    chance_halves,
    cut_refresh,
    feature_rows,
    inputs_of,
    kinds,
    segmented,
)

APRIL = date(2026, 4, 1)


def kept_halves() -> SessionHalves:
    """Two looks at the planted kinds."""
    return SessionHalves(np.arange(len(kinds())), feature_rows(seed=5), feature_rows(seed=6))


def test_users_who_do_not_differ_repeatably_get_thirds_of_activity_that_say_so():
    found = cut_refresh()
    assert found.evidence.verdict == "no_segments"
    assert isinstance(found.segments, PresetSegments)
    assert found.segments.user_counts == [50, 50, 50]
    assert [naming.label for naming in found.segments.namings] == [
        "Low activity users",
        "Medium activity users",
        "High activity users",
    ]
    verdict = verdict_row(found)
    assert verdict.reason.startswith("Your users did not differ repeatably: these cuts are ours")
    assert (verdict.segment_count, verdict.candidate_id, verdict.unclassified_share) == (3, None, 0.0)
    assert not any(one.is_chosen for one in found.segments.candidates)
    assert all("not used" in one.reason for one in found.segments.candidates)
    assert {event.kind for event in found.lineage} == {"born"}
    assert "jaccard" not in {row.test for row in evidence_rows(found)}


def test_the_same_cuts_a_month_later_keep_their_ids():
    first = cut_refresh()
    later = cut_refresh(APRIL, PreviousBands(MONTH, first.segments.model))
    assert later.segments.model.cluster_ids == first.segments.model.cluster_ids
    assert [(event.kind, event.matched_against) for event in later.lineage] == [("continued", MONTH)] * 3


def test_a_forced_number_of_segments_is_obeyed_whatever_the_verdict():
    forced = SegmentSettings(reductions=("pca",), map_method="pca", k=4)
    found = segment_refresh(inputs_of(alike(1), halves=chance_halves(), settings=forced), forced)
    assert found.evidence.verdict == "no_segments"
    assert not found.is_preset
    assert len(found.segments.model.cluster_ids) == 4


def test_planted_kinds_are_distinct_and_every_figure_is_there():
    found = segment_refresh(inputs_of(halves=kept_halves(), settings=FREE), FREE)
    verdict = verdict_row(found)
    assert verdict.verdict == "distinct"
    assert verdict.segment_count == 3
    assert verdict.evidence_basis == "session_halves"
    assert verdict.held_out_agreement == 1.0
    assert found.is_separated
    rows = evidence_rows(found)
    assert [row.test for row in rows] == ["null", "repeat", "gap", "seeds", "assigner", *["jaccard"] * 3]
    assert {row.stability for row in rows if row.test == "jaccard"} <= {"highly stable", "valid"}


def test_the_next_month_keeps_ids_counts_moves_and_finds_no_drift():
    first = segmented()
    previous = PreviousRefresh(
        MONTH, first.segments.model, inputs_of().features.user_ids, first.segments.scores.cluster_ids
    )
    found = segment_refresh(
        inputs_of(feature_rows(seed=3), month=APRIL, halves=kept_halves(), previous=previous), QUICK
    )
    assert found.segments.model.cluster_ids == first.segments.model.cluster_ids
    assert (found.segments.scores.cluster_ids == first.segments.scores.cluster_ids).all()
    assert {event.kind for event in found.lineage} == {"continued"}
    verdict = verdict_row(found)
    assert (verdict.matched_against, verdict.moved_share, verdict.expected_moved_share) == (MONTH, 0.0, 0.0)
    assert verdict.model_agreement == 1.0
    assert verdict.least_model_agreement is not None
    assert verdict.model_agreement >= verdict.least_model_agreement
    assert found.drift
    assert not any(one.is_drifting for one in found.drift)


def test_a_population_that_moved_is_drift():
    first = segmented()
    previous = PreviousRefresh(
        MONTH, first.segments.model, inputs_of().features.user_ids, first.segments.scores.cluster_ids
    )
    shifted = feature_rows(seed=3) + np.array([0, 0, 2.0, 0, 0, 0])
    found = segment_refresh(inputs_of(shifted, month=APRIL, previous=previous), QUICK)
    assert [one.feature for one in found.drift if one.is_drifting] == ["intensity:sessions_per_week"]
    drifting = next(one for one in found.drift if one.is_drifting)
    assert drifting.mean_now - drifting.mean_before == pytest.approx(2.0, abs=0.1)
