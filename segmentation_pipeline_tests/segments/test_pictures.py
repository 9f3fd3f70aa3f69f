"""The map names every segment where its users are, in its own colour, and says what distances mean."""

from __future__ import annotations

import numpy as np

from segmentation_pipeline.pictures import NEUTRAL_COLOUR, segment_colour
from segmentation_pipeline.segments.pictures import READING_HELP, draw_map, draw_unlabelled

PLACES = np.array([[0.0, 0.0], [0.0, 1.0], [9.0, 8.0], [9.0, 9.0], [5.0, 5.0]])
SEGMENTS = np.array([0, 0, 1, 1, -1])
IDS, LABELS = ("2026-03-a", "2026-03-b"), ("Evening users", "Brisk searchers")


def test_segments_are_named_at_their_users_in_their_colour():
    axes = draw_map(PLACES, SEGMENTS, IDS, LABELS, method="umap").axes[0]
    texts = {text.get_text(): text for text in axes.texts}
    assert set(texts) == {"Evening users\n40% of users", "Brisk searchers\n40% of users"}
    assert texts["Brisk searchers\n40% of users"].xy[0] == 9.0
    assert axes.get_xlabel() == f"{READING_HELP['umap']} Grey: 20% between segments."


def test_every_user_is_drawn_once():
    axes = draw_map(PLACES, SEGMENTS, IDS, LABELS, method="pca").axes[0]
    assert sum(len(dots.get_offsets()) for dots in axes.collections) == len(PLACES)
    plain = draw_unlabelled(PLACES, SEGMENTS >= 0, method="pca").axes[0]
    assert sum(len(dots.get_offsets()) for dots in plain.collections) == len(PLACES)


def test_colours_go_by_the_letter_of_the_id_and_none_is_grey():
    assert segment_colour("2026-03-a") == segment_colour("2025-01-a") != segment_colour("2026-03-b")
    assert len({segment_colour(f"2026-03-{letter}") for letter in "abcdefgh"}) == 8
    assert segment_colour("unclassified") == segment_colour("overall") == NEUTRAL_COLOUR
