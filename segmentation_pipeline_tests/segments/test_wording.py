"""Words of features and actions: plain, bounded, and free of digits whatever an action is called."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation_pipeline.segments.wording import WORDINGS, action_agent, action_phrase, natural, phrase


@pytest.mark.parametrize(
    ("action", "agent"),
    [
        ("revise_offer", "offer revisers"),
        ("create_term_sheet", "term sheet creators"),
        ("proposal_create", "proposal creators"),
        ("feature_use", "feature users"),
        ("comment", "commenters"),
        ("viewProposal", "proposal viewers"),
        ("export_report", "report exporters"),
        ("login", "“login” users"),
        ("o_sent_back", "“sent back” users"),
        ("w_nabellen_incomplete_dossiers", "“nabellen incomplete” users"),
        ("NextSong", "“next song” users"),
        ("404", None),
        ("", None),
    ],
)
def test_an_action_becomes_those_who_do_it(action, agent):
    assert action_agent(action) == agent


@given(st.text(max_size=40))
def test_words_of_any_action_are_short_letters(action):
    for words in (action_agent(action), action_phrase(action)):
        if words is not None:
            assert not any(letter.isdigit() or letter in "<>{}`|\n\x00" for letter in words)
            assert len(words) < 70


@pytest.mark.parametrize(
    ("feature", "is_more", "words"),
    [
        ("mix:comment", True, "more “comment”"),
        ("mix:comment", False, "less “comment”"),
        ("daypart:night", True, "more activity at night"),
        ("rhythm:gap_within_visits", False, "shorter pauses inside visits"),
        ("mix:other", True, None),
        ("mix:404", True, None),
        ("something:else", True, None),
    ],
)
def test_more_and_less_of_a_feature_have_words(feature, is_more, words):
    assert phrase(feature, is_more=is_more) == words


@pytest.mark.parametrize(
    ("feature", "value", "shown"),
    [
        ("mix:comment", 0.5, (0.25, "share")),
        ("daypart:morning", 0.3, (0.09, "share")),
        ("trend:second_half_share", 0.7, (0.49, "share")),
        ("depth:events_per_session", math.log(6), (6.0, "events per visit")),
        ("intensity:sessions_per_week", math.log(8), (7.0, "visits per week")),
        ("rhythm:gap_between_visits", math.log(3_601), (3_600.0, "s")),
        ("rhythm:single_visit", 0.4, (0.4, "share")),
        ("something:else", 1.5, (1.5, "")),
    ],
)
def test_model_values_are_shown_in_natural_units(feature, value, shown):
    found, unit = natural(feature, value)
    assert (pytest.approx(found), unit) == shown


def test_every_feature_of_the_model_has_words():
    from segmentation_pipeline.warehouse.database import load_sql

    sql = load_sql("segmentation_pipeline.events", "model_features")
    missing = [name for name in WORDINGS if f"'{name}'" not in sql]
    assert missing == []
