"""The words of the dashboard: its own (texts/), and those all surfaces share.

Add here: nothing; words are in texts/, here and beside the package. Keep out: words of data, which come as they are.
"""

from __future__ import annotations

from segmentation_pipeline import wording
from segmentation_pipeline.wording import LANGUAGES, Texts

__all__ = ["LANGUAGES", "Texts", "load_texts"]


def load_texts(locale: str) -> Texts:
    """Return the words of a language.

    Raises:
        FileNotFoundError: there are none.
    """
    return wording.load_texts("segmentation_pipeline.dashboard", locale)
