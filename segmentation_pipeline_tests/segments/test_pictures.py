"""The map names every segment where its users are, in its own colour, and says what distances mean."""

from __future__ import annotations

from datetime import date

import numpy as np

from segmentation_pipeline.pictures import SEGMENT_COLOURS, segment_colours
from segmentation_pipeline.segments.pictures import READING_HELP, draw_map, draw_unlabelled

PLACES = np.array([[0.0, 0.0], [0.0, 1.0], [9.0, 8.0], [9.0, 9.0], [5.0, 5.0]])
SEGMENTS = np.array([0, 0, 1, 1, -1])
IDS, LABELS = ("2026-03-a", "2026-03-b"), ("Evening users", "Brisk searchers")
COLOURS = segment_colours((date(2026, 3, 1), cluster_id) for cluster_id in IDS)


def test_segments_are_named_at_their_users_in_their_colour():
    axes = draw_map(PLACES, SEGMENTS, IDS, LABELS, colours=COLOURS, method="umap").axes[0]
    texts = {text.get_text(): text for text in axes.texts}
    assert set(texts) == {"Evening users\n40% of users", "Brisk searchers\n40% of users"}
    assert texts["Brisk searchers\n40% of users"].xy[0] == 9.0
    assert axes.get_xlabel() == f"{READING_HELP['umap']} Grey: 20% between segments."


def test_every_user_is_drawn_once():
    axes = draw_map(PLACES, SEGMENTS, IDS, LABELS, colours=COLOURS, method="pca").axes[0]
    assert sum(len(dots.get_offsets()) for dots in axes.collections) == len(PLACES)
    plain = draw_unlabelled(PLACES, SEGMENTS >= 0, method="pca").axes[0]
    assert sum(len(dots.get_offsets()) for dots in plain.collections) == len(PLACES)


def test_segments_that_ever_lived_side_by_side_never_share_a_colour():
    january, february, march = (date(2026, month, 1) for month in (1, 2, 3))
    lives = [
        *((january, f"2026-01-{letter}") for letter in "abc"),
        *((february, f"2026-01-{letter}") for letter in "ab"),
        (february, "2026-02-a"),
        *((march, found) for found in ("2026-01-a", "2026-02-a", "2026-03-a")),
    ]
    colours = segment_colours(lives)
    assert colours["2026-02-a"] != colours["2026-01-a"]
    assert len({colours[found] for _, found in lives if _ == march}) == 3
    # A segment keeps its colour for life, whatever comes after it.
    assert {found: colours[found] for found in colours if found != "2026-03-a"} == segment_colours(lives[:-1])
    assert colours["2026-01-a"] == SEGMENT_COLOURS[0]
