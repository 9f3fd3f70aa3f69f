"""Whose figure it is follows from the words around it, never from the digits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from segmentation_pipeline.llm.grounding_figures import mask_figures, read_figures
from segmentation_pipeline.llm.grounding_roles import Roles, roles_of
from segmentation_pipeline.llm.grounding_words import languages_of, word_hits

if TYPE_CHECKING:
    from segmentation_pipeline.llm.claims import Comparator

OVERALL, SUBJECT, UNNAMED = "overall", "subject", "unknown_comparator"


def roles(text: str, comparator: Comparator = "overall") -> Roles:
    text = text.lower()
    languages = languages_of(text, "en")
    figures = read_figures(text, "tr" if "tr" in languages else "en")
    masked = mask_figures(text, figures)
    return roles_of(masked, figures, word_hits(masked, languages), comparator, languages)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It is 63%, higher than the 41% overall", (SUBJECT, OVERALL)),
        ("Overall it is 41%; here it is 63%", (OVERALL, SUBJECT)),
        ("Compared with everyone (41%), it is 63%", (OVERALL, SUBJECT)),
        ("It is higher than overall (63% versus 41%)", (SUBJECT, UNNAMED)),
        ("Against 41%, these users are at 63%", (UNNAMED, SUBJECT)),
        ("Overall they last 30 minutes", (OVERALL,)),
        ("It is 63%, versus 41% of the rest", (SUBJECT, "rest")),
        ("1.5x the 41%", (SUBJECT, UNNAMED)),
        ("Genelde %41, bu segmentte %63", (OVERALL, SUBJECT)),
        ("Genel ortalama %41 iken burada %63", (OVERALL, SUBJECT)),
        ("%41'den daha yüksek, bu segmentte %63", (UNNAMED, SUBJECT)),
        ("%41'e kiyasla bu segmentte %63", (UNNAMED, SUBJECT)),
    ],
)
def test_cues_and_connectors_tell_whose_a_figure_is(text: str, expected: tuple[str, ...]) -> None:
    assert roles(text).figures == expected


def test_in_a_trend_time_tells_the_figures_apart() -> None:
    assert roles("Last month 41% of these users left, now it is 63%", "previous").figures == ("previous", SUBJECT)
    assert roles("It rose from 41% to 63%", "previous").figures == (UNNAMED, SUBJECT)


@pytest.mark.parametrize(
    ("text", "is_reversed"),
    [
        ("Here it is higher than overall", False),
        ("Overall it is higher", True),
        ("Overall, at 41%, it is higher", True),
        ("It is higher than in this segment", True),
        ("The overall rate is below this segment's", True),
        ("It is below the overall rate", False),
        ("Genelde daha yüksek", True),
        ("Geneldeki %41 değerine göre daha yüksek", False),
        ("Genelin üzerinde", False),
    ],
)
def test_a_comparative_said_of_the_other_side_is_known(text: str, *, is_reversed: bool) -> None:
    assert any(roles(text).reversed_hits) is is_reversed


@pytest.mark.parametrize("text", ["It is 63%, higher than the 41% overall", "Genelde %41, bu segmentte %63"])
def test_other_digits_have_the_same_roles(text: str) -> None:
    assert roles(text.replace("63", "41").replace("41", "77")).figures == roles(text).figures
