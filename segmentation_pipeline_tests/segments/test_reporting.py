"""Tables in text: every segment and candidate a row, figures as people read them."""

from __future__ import annotations

from segmentation_pipeline.segments.evidence_rows import evidence_rows, verdict_row
from segmentation_pipeline.segments.reporting import candidates_table, refresh_metadata, segments_table
from segmentation_pipeline.segments.writing import SegmentDropOffs
from segmentation_pipeline.survival.drop_off import DropOff
from segmentation_pipeline_tests.segments.samples import segmented


def test_segments_with_and_without_figures():
    found = segmented()
    high, low = (
        DropOff(0.7, 0.6, 0.8, 2.22, 40, 12, 28, "proportion"),
        DropOff(0.3, 0.2, 0.4, 2.22, 40, 9, 9, "proportion"),
    )
    told = segments_table(found, SegmentDropOffs([high, low, low], low))
    assert "| 70% (60%–80%) in 2.22 d | high |" in told
    assert told.count("\n") == 5
    assert "| – | unknown |" in segments_table(found, None)
    lines = candidates_table(found.segments.segmentation.choice.table).splitlines()
    assert len(lines) == 2 + len(found.segments.segmentation.choice.table)
    assert lines[2].startswith("| **kmeans-3-pca** | 3 | 0.")


def test_every_test_and_every_segment_has_its_line():
    found = segmented()
    told = refresh_metadata(found, verdict_row(found), evidence_rows(found))
    evidence = told["cluster_evidence"]["evidence"]
    for name in ("null", "gap", "seeds", "assigner", "jaccard"):
        assert f"| {name} |" in evidence
    assert told["cluster_lineage"]["lineage"].count("| born |") == 3
    assert told["refresh_verdicts"]["matched_against"] == "first refresh"
