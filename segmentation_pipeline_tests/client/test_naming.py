"""Names shown: a person's before the label, and never one name for two segments that are listed together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation_pipeline.client.naming import display_names
from segmentation_pipeline.state.segment_edits import is_same_name

LABELS = {"2026-01-b": "Early birds", "2026-01-a": "Night owls"}


@pytest.mark.parametrize(
    ("edits", "shown"),
    [
        ({}, {"2026-01-b": "Early birds", "2026-01-a": "Night owls"}),
        ({"2026-01-a": "Bats"}, {"2026-01-b": "Early birds", "2026-01-a": "Bats"}),
        ({"2026-01-a": "EARLY birds"}, {"2026-01-b": "Early birds (2026-01-b)", "2026-01-a": "EARLY birds"}),
        ({"2025-01-a": "Not listed"}, {"2026-01-b": "Early birds", "2026-01-a": "Night owls"}),
    ],
)
def test_a_persons_name_goes_before_the_label_and_a_label_gives_way(edits, shown):
    assert display_names(LABELS, edits) == shown
    assert list(display_names(LABELS, edits)) == list(LABELS), "in the order listed"


NAMES = st.sampled_from(["Owls", "owls", "Larks", "Bats"])
IDS = st.sampled_from([f"2026-01-{letter}" for letter in "abcdef"])


@given(st.dictionaries(IDS, NAMES), st.dictionaries(IDS, NAMES))
def test_no_two_segments_are_ever_shown_alike(labels, edits):
    shown = list(display_names(labels, edits).values())
    assert not any(is_same_name(left, right) for at, left in enumerate(shown) for right in shown[:at])
