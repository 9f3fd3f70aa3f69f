"""Estimated tokens are rather too many than too few, and lists are cut to what fits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation_pipeline.llm.tokens import estimate_tokens, trim_to_tokens


@pytest.mark.parametrize(
    ("text", "least"),
    [
        ("The quick brown fox jumps over the lazy dog.", 10),  # a token a word, and the full stop
        ("0.6312", 4),  # tokenizers split digits by three at most
        ("!?#%&", 5),
        ("日本語", 3),
        ("antidisestablishmentarianism", 9),
    ],
)
def test_an_estimate_is_not_below_the_pieces_tokenizers_make(text, least):
    assert least <= estimate_tokens(text) <= 2 * least


@given(st.lists(st.text(max_size=40)), st.integers(0, 200))
def test_what_is_kept_fits_with_the_line_that_counts_the_rest(items, budget):
    trimmed = trim_to_tokens(items, budget)
    assert list(trimmed.items) == items[: len(trimmed.items)]
    assert len(trimmed.items) + trimmed.left_out_count == len(items)
    if trimmed.items:
        assert estimate_tokens(trimmed.text) <= budget


def test_ten_thousand_actions_become_a_bounded_list_that_says_what_is_missing():
    trimmed = trim_to_tokens([f"action {number}" for number in range(10_000)], 500)
    assert estimate_tokens(trimmed.text) <= 500
    assert trimmed.text.endswith(f"({10_000 - len(trimmed.items)} more are left out here)")
