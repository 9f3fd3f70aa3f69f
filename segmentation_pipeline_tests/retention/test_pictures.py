"""Pictures of retention show every segment with its name, and who is at risk on the stored days."""

from __future__ import annotations

from itertools import pairwise

from segmentation_pipeline.pictures import SEGMENT_COLOURS
from segmentation_pipeline.retention.hazards import judge_hazards
from segmentation_pipeline.retention.judging import judge
from segmentation_pipeline.retention.pictures import (
    draw_incidences,
    draw_residuals,
    draw_retention,
    draw_segment_incidences,
)
from segmentation_pipeline_tests.retention.refresh_samples import RETENTION, SEGMENTS, judged

LABELS = dict(zip(SEGMENTS, ("Steady", "Wavering", "Leaving"), strict=True))
COLOURS = dict(zip(SEGMENTS, SEGMENT_COLOURS, strict=False))


def test_each_curve_bears_its_name_and_the_table_the_numbers_at_risk() -> None:
    points = judge(judged(), RETENTION, ("conversion",)).points
    figure = draw_retention(points, LABELS, RETENTION.curve_days, COLOURS)
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert [text for text in texts if text.startswith("Leaving  ")]
    assert "305" in texts
    at_seven = next(p for p in points if (p.cluster_id, p.curve, p.day) == (SEGMENTS[2], "retention_km", 7))
    assert str(at_seven.at_risk_count) in texts
    assert not [text for text in texts if "unclassified" in text]


def test_labels_never_overlap_and_do_not_leave_the_axes_far() -> None:
    figure = draw_retention(judge(judged(), RETENTION, ("conversion",)).points, LABELS, RETENTION.curve_days, COLOURS)
    heights = sorted(text.xy[1] for text in figure.axes[0].texts if "%" in text.get_text())
    assert len(heights) == 4
    assert all(upper - lower > 0.03 for lower, upper in pairwise(heights))


def test_incidences_name_each_ending() -> None:
    figure = draw_incidences(judge(judged(), RETENTION, ("conversion",)).points, RETENTION.curve_days)
    texts = " ".join(text.get_text() for text in figure.axes[0].texts)
    assert "dropped off" in texts
    assert "converted" in texts


def test_each_ending_has_a_panel_with_every_segment_named_and_apart() -> None:
    figure = draw_segment_incidences(judge(judged(), RETENTION, ("conversion",)).points, LABELS, COLOURS)
    assert [axes.get_title("left") for axes in figure.axes] == [
        "Dropped off by day, per segment",
        "Converted by day, per segment",
    ]
    for axes in figure.axes:
        named = {text.get_text().split("  ")[0] for text in axes.texts}
        assert named == {*LABELS.values(), "all users"}
        heights = sorted(text.xy[1] for text in axes.texts)
        assert all(upper - lower > 0.04 * axes.get_ylim()[1] for lower, upper in pairwise(heights))


def test_each_fitted_term_has_a_panel_with_the_p_of_staying_the_same() -> None:
    hazards = judge_hazards(judged(), 0.05)
    figure = draw_residuals(hazards.residuals, hazards.rows, LABELS, COLOURS)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title("left") for axes in shown] == [
        "Steady",
        "Wavering",
        "tenure, per day",
        "cohort, per week",
    ]
    assert all("p = " in axes.texts[0].get_text() for axes in shown)
