"""The picture of agreement shows every pair's share and the words of both sides."""

from segmentation_pipeline.insights.discovery.agreement import Overlap
from segmentation_pipeline.insights.discovery.pictures import draw_agreement


def overlap(segment, cluster, count, share):
    return Overlap(segment, cluster, count, 1.0, share, 1.0, 0.42)


def test_rows_make_a_diagonal_and_the_unclassified_come_last():
    found = [
        overlap("2026-01-d-a", "2026-01-b", 9, 0.9),
        overlap("2026-01-d-a", "2026-01-a", 1, 0.1),
        overlap("2026-01-d-b", "2026-01-a", 8, 1.0),
        overlap("unclassified", "2026-01-a", 3, 1.0),
    ]
    axes = draw_agreement(found, {"2026-01-d-a": "Night owls"}, {"2026-01-b": "Evening searchers"}).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["2026-01-d-b", "Night\nowls", "unclassified"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["2026-01-a", "Evening\nsearchers"]
    assert [text.get_text() for text in axes.texts] == ["100%\n8", "10%\n1", "90%\n9", "100%\n3"]
    assert "0.42" in axes.get_title(loc="left")
