"""Tables in text: every segment and candidate a row, figures as people read them."""

from __future__ import annotations

from segmentation_pipeline.segments.embedding import embed
from segmentation_pipeline.segments.reporting import candidates_table, segments_table
from segmentation_pipeline.segments.segmenting import segment_users
from segmentation_pipeline.segments.writing import SegmentDropOffs
from segmentation_pipeline.survival.drop_off import DropOff
from segmentation_pipeline_tests.segments.samples import MONTH, NAMES, QUICK, feature_rows


def test_segments_with_and_without_figures():
    found = segment_users(MONTH, NAMES, feature_rows(), embed(NAMES, feature_rows(), QUICK).spaces, QUICK)
    high, low = (
        DropOff(0.7, 0.6, 0.8, 2.22, 40, 12, 28, "proportion"),
        DropOff(0.3, 0.2, 0.4, 2.22, 40, 9, 9, "proportion"),
    )
    told = segments_table(found, SegmentDropOffs([high, low, low], low))
    assert "| 40 | 70% (60%–80%) in 2.22 d | high |" in told
    assert told.count("\n") == 5
    assert "| 40 | – | unknown |" in segments_table(found, None)
    lines = candidates_table(found.segmentation.choice.table).splitlines()
    assert len(lines) == 2 + len(found.segmentation.choice.table)
    assert lines[2].startswith("| **kmeans-3-pca** | 3 | 0.")
