"""Labels: plain words from the strongest contrasts, two to four, unique, without digits, the same every time."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation_pipeline.segments.contrasts import Contrast
from segmentation_pipeline.segments.labels import name_segments
from segmentation_pipeline.segments.wording import WORDINGS


def contrast(feature, difference, lead=1.0):
    return Contrast(feature, "share", 0.3, 0.1, difference, lead)


NIGHT_REVISER = [contrast("mix:revise_offer", 2.0), contrast("daypart:night", 1.5), contrast("mix:comment", -0.5)]


def test_a_label_says_when_and_what():
    (naming,) = name_segments([NIGHT_REVISER])
    assert naming.label == "Night-time offer revisers"
    assert naming.slug == "night-time-offer-revisers"
    assert naming.description == (
        "Compared with all users at risk: more “revise offer”, more activity at night and less “comment”."
    )


@pytest.mark.parametrize(
    ("contrasts", "label"),
    [
        ([contrast("mix:search", 1.0)], "Searchers users"),
        ([contrast("daypart:evening", 1.0)], "Evening users"),
        ([contrast("rhythm:gap_within_visits", -1.0)], "Brisk users"),
        ([contrast("daypart:morning", -1.0)], "Average users"),
        ([contrast("mix:search", -2.0), contrast("intensity:sessions_per_week", -0.4)], "Occasional users"),
        ([contrast("mix:404", 2.0), contrast("mix:other", 2.0)], "Average users"),
        ([contrast("mix:search", 0.1)], "Average users"),
        ([], "Average users"),
    ],
)
def test_what_has_no_words_is_left_out_of_the_label(contrasts, label):
    expected = "Average searchers" if label == "Searchers users" else label
    assert name_segments([contrasts])[0].label == expected


def test_what_a_segment_leads_in_comes_before_what_it_shares_with_a_sibling():
    shared, own = contrast("mix:comment", 1.2, lead=-0.8), contrast("mix:search", 1.0, lead=0.9)
    assert name_segments([[shared, own, contrast("daypart:evening", 1.0)]])[0].label == "Evening searchers"


def test_alike_segments_are_told_apart_by_what_comes_next():
    other = [*NIGHT_REVISER, contrast("depth:events_per_session", 1.0, lead=0.0)]
    first, second = name_segments([NIGHT_REVISER, other])
    assert first.label == "Night-time offer revisers"
    assert second.label == "Deep-diving offer revisers"


def test_without_contrasts_a_segment_says_so():
    assert name_segments([[]])[0].description == "Close to the average of all users in everything measured."


ACTIONS = st.text(st.sampled_from(string.ascii_letters + string.digits + "_- é"), max_size=12)
FEATURES = st.one_of(st.sampled_from(sorted(WORDINGS)), ACTIONS.map("mix:{}".format))
CONTRASTS = st.lists(
    st.builds(contrast, FEATURES, st.floats(-3, 3), st.floats(-2, 2)), max_size=6, unique_by=lambda one: one.feature
)


@given(st.lists(CONTRASTS, min_size=1, max_size=8))
@settings(max_examples=200, deadline=None)
def test_labels_of_any_contrasts_are_two_to_four_words_unique_and_without_digits(segments):
    namings = name_segments(segments)
    assert namings == name_segments(segments)
    assert len({naming.label for naming in namings}) == len({naming.slug for naming in namings}) == len(segments)
    for naming in namings:
        assert 2 <= len(naming.label.split()) <= 4
        assert not any(letter.isdigit() for letter in naming.label + naming.slug + naming.description)
        assert set(naming.slug) <= set(string.ascii_lowercase + "-")


def test_a_hundred_segments_without_contrasts_still_have_names():
    assert len({naming.label for naming in name_segments([[]] * 100)}) == 100


def test_a_living_segment_keeps_the_slug_it_was_born_with_whatever_it_is_called_now():
    (naming,) = name_segments([NIGHT_REVISER], ["early-searchers"])
    assert (naming.label, naming.slug) == ("Night-time offer revisers", "early-searchers")


def test_a_new_segment_never_gets_the_slug_of_a_living_one():
    searcher, night = [contrast("mix:search", 2.0)], NIGHT_REVISER
    kept, born = name_segments([searcher, night], ["night-time-offer-revisers", None])
    assert kept.slug == "night-time-offer-revisers"
    assert (born.label, born.slug) == ("Night-time offer revisers", "night-time-offer-revisers-2")
    assert len({naming.slug for naming in name_segments([[]] * 30, [None] * 29 + ["average-users"])}) == 30
