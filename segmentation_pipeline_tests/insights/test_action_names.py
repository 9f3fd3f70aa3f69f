"""What names of actions give away."""

from __future__ import annotations

import pytest

from segmentation_pipeline.insights.action_names import is_trouble, is_worth_doing, words_of


@pytest.mark.parametrize(
    ("name", "is_wanted"),
    [
        ("export", True),
        ("NextSong", True),
        ("w_nabellen_offertes", True),
        ("Submit Upgrade", True),
        ("catalogue_in", True),
        ("Login", False),
        ("log in", False),
        ("o_cancelled", False),
        ("Cancellation Confirmation", False),
        ("Error", False),
        ("Help", False),
        ("account-deleted", False),
    ],
)
def test_names_tell_what_nobody_should_be_led_to(name: str, is_wanted: bool) -> None:
    assert is_worth_doing(name) is is_wanted


def test_trouble_is_told_from_leaving() -> None:
    assert [name for name in ("Error", "payment_failed", "Help", "cancel", "export") if is_trouble(name)] == [
        "Error",
        "payment_failed",
        "Help",
    ]


def test_words_forget_case_separators_and_plural() -> None:
    assert words_of("Term sheets") == words_of("term_sheet") == {"term", "sheet"}
