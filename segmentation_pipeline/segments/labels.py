"""Names of segments from their contrasts: deterministic, two to four words, unique within a refresh.

Add here: how contrasts become a label, a slug and a sentence.
Keep out: words of single features (wording.py).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from segmentation_pipeline.segments.contrasts import SMALLEST_DIFFERENCE_SD
from segmentation_pipeline.segments.identity import LETTERS
from segmentation_pipeline.segments.wording import MIX, POOLED_ACTIONS, WORDINGS, action_agent, phrase

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from segmentation_pipeline.segments.contrasts import Contrast

MOST_WORDS = 4
TOLD_CONTRASTS = 3
NAMED_BY = 4
"""Adjectives and nouns tried per segment before labels are told apart otherwise."""

PLAIN_NOUN = "users"
PLAIN_ADJECTIVE = "Average"


@dataclass(frozen=True, slots=True)
class Naming:
    """What a segment is called."""

    label: str
    slug: str
    description: str


def name_segments(
    contrasts: Sequence[Sequence[Contrast]], birth_slugs: Sequence[str | None] | None = None
) -> list[Naming]:
    """Return a naming per segment, in the order given (earlier segments choose first); labels and slugs unique.

    A label joins what the segment does most of, compared with its siblings, with when or how it does it. A slug is
    that of the label a segment was born with: `birth_slugs` are those of segments that live on, None for new ones.
    """
    kept = list(birth_slugs) if birth_slugs is not None else [None] * len(contrasts)
    words: set[str] = set()
    slugs = {slug for slug in kept if slug is not None}
    namings = []
    for segment_contrasts, birth_slug in zip(contrasts, kept, strict=True):
        label, worded = next(
            (label, slug)
            for label in _labels(segment_contrasts)
            if (slug := _slug(label)) not in words and 2 <= len(label.split()) <= MOST_WORDS
        )
        words.add(worded)
        slug = birth_slug or _free(worded, slugs)
        slugs.add(slug)
        namings.append(Naming(label, slug, _description(segment_contrasts)))
    return namings


def _free(slug: str, taken: set[str]) -> str:
    """Return the slug, numbered where an older segment was born under the same words."""
    numbered = (f"{slug}-{number}" for number in count(2))
    return slug if slug not in taken else next(one for one in numbered if one not in taken)


def _labels(contrasts: Sequence[Contrast]) -> Iterator[str]:
    """Yield labels from the best on; never ends, so that a free one is always found."""
    adjectives = _adjectives(contrasts)
    nouns = _nouns(contrasts)
    ranked = sorted(
        (adjective_place + noun_place, noun_place, f"{adjective} {noun}")
        for adjective_place, adjective in enumerate(adjectives)
        for noun_place, noun in enumerate(nouns)
    )
    yield from (label for _, _, label in ranked)
    yield from (_capitalised(noun) for noun in nouns)
    yield from (
        f"{first}, {second.lower()} {PLAIN_NOUN}" for first in adjectives for second in adjectives if first != second
    )
    first_adjective, first_noun = (adjectives or [PLAIN_ADJECTIVE])[0], (nouns or [PLAIN_NOUN])[0]
    yield f"{first_adjective} {first_noun}"
    yield f"{first_adjective} {PLAIN_NOUN}"
    length = 1
    while True:
        for letter in LETTERS.upper():
            yield f"{first_adjective} {PLAIN_NOUN} {letter * length}"
        length += 1


def _adjectives(contrasts: Sequence[Contrast]) -> list[str]:
    found = []
    for contrast in _by_prominence(contrasts):
        wording = WORDINGS.get(contrast.feature)
        word = (wording.more if contrast.difference_sd > 0 else wording.less) if wording else None
        if word is not None:
            found.append(word)
    return found[:NAMED_BY]


def _nouns(contrasts: Sequence[Contrast]) -> list[str]:
    found = []
    for contrast in _by_prominence(contrasts):
        is_action = contrast.feature.startswith(MIX) and contrast.feature != POOLED_ACTIONS
        agent = action_agent(contrast.feature.removeprefix(MIX)) if is_action and contrast.difference_sd > 0 else None
        if agent is not None and agent not in found:
            found.append(agent)
    return [*found[:NAMED_BY], PLAIN_NOUN]


def _by_prominence(contrasts: Sequence[Contrast]) -> list[Contrast]:
    """Return visible contrasts, those first in which the segment is ahead of all its siblings."""
    visible = [one for one in contrasts if abs(one.difference_sd) >= SMALLEST_DIFFERENCE_SD]
    return sorted(visible, key=lambda one: (-(abs(one.difference_sd) + one.lead_sd), one.feature))


def _description(contrasts: Sequence[Contrast]) -> str:
    told = []
    for contrast in contrasts:
        if abs(contrast.difference_sd) >= SMALLEST_DIFFERENCE_SD:
            words = phrase(contrast.feature, is_more=contrast.difference_sd > 0)
            if words is not None:
                told.append(words)
    if not told:
        return "Close to the average of all users in everything measured."
    *first, last = told[:TOLD_CONTRASTS]
    return f"Compared with all users at risk: {', '.join(first)}{' and ' if first else ''}{last}."


def _slug(label: str) -> str:
    plain = unicodedata.normalize("NFKD", label.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z]+", "-", plain).strip("-") or "segment"


def _capitalised(words: str) -> str:
    return words[:1].upper() + words[1:]
