"""Names of personas: who they are in what, unique within an import, the value tier behind.

Add here: how another column is told in a name. Keep out: names people give (state/persona_edits.py).
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

from segmentation_pipeline.leads.columns import UNKNOWN, level_key
from segmentation_pipeline.leads.seniority import MIXED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segmentation_pipeline.leads.profiles import Contrast, Profile
    from segmentation_pipeline.leads.ranking import Tier

MOST_PART_CHARS = 40
"""Longest piece of a file's text inside a name."""

MOST_DETAILS = 3
"""Details added to tell two personas apart before they are numbered."""

LEAST_EFFECT = 0.1
"""Difference in standard deviations under which an industry is not more frequent in a persona, just frequent."""

LEAST_TITLE_SHARE = 0.5

PHRASES = {
    "source": "via {}",
    "state": "from {}",
    "age": "aged {}",
    "gender": "{}",
    "education": "with {}",
    "experience": "with experience {}",
    "job_title": "{}",
    "industry": "in {}",
}
"""How a value is told as a detail; other columns are told as `header: value`."""

EVERYONE = "All leads"


def label_personas(profiles: Sequence[Profile]) -> list[str]:
    """Return a label per persona: `Management in Banking`, with details only where two would be called the same."""
    if len(profiles) == 1:
        return [EVERYONE]
    labels = [_base(profile) for profile in profiles]
    told: list[list[str]] = [[] for _ in profiles]
    for _ in range(MOST_DETAILS):
        repeated = _repeated(labels)
        for number in repeated:
            detail = _next_detail(profiles[number], labels[number], told[number])
            if detail is not None:
                told[number].append(detail)
                labels[number] = f"{labels[number]}, {detail}"
    for label, count in Counter(level_key(label) for label in labels).items():
        if count > 1:
            same = [number for number, found in enumerate(labels) if level_key(found) == label]
            for place, number in enumerate(same, start=1):
                labels[number] = f"{labels[number]} ({place})"
    return labels


def persona_name(label: str, tier: Tier) -> str:
    """Return the label with its value tier, `Management in Banking [HIGH VALUE]`."""
    return f"{label} [VALUE UNKNOWN]" if tier == "UNKNOWN" else f"{label} [{tier} VALUE]"


def plain_text(text: str) -> str:
    """Return a value of a file fit for a name: one line, no invisible characters, bounded."""
    visible = "".join(" " if character.isspace() else character for character in text)
    kept = "".join(character for character in visible if unicodedata.category(character)[0] != "C")
    cleaned = " ".join(kept.split())
    return cleaned if len(cleaned) <= MOST_PART_CHARS else cleaned[: MOST_PART_CHARS - 1].rstrip() + "…"


def _base(profile: Profile) -> str:
    who = profile.seniority
    titles = profile.values.get("job_title", ())
    if who == MIXED and titles and titles[0].value != UNKNOWN and titles[0].share > LEAST_TITLE_SHARE:
        who = plain_text(titles[0].value)
    industry = _industry(profile)
    if "job_title" not in profile.values and industry is None and profile.contrasts:
        return _phrase(profile.contrasts[0])
    if "job_title" not in profile.values:
        who = "Leads"
    return who if industry is None else f"{who} in {plain_text(industry)}"


def _industry(profile: Profile) -> str | None:
    """Return the industry that is most over-represented, else the most frequent one; None where none is known."""
    contrast = profile.leading.get("industry")
    if contrast is not None and contrast.effect >= LEAST_EFFECT:
        return contrast.value
    known = [found.value for found in profile.values.get("industry", ()) if found.value != UNKNOWN]
    return known[0] if known else None


def _repeated(labels: Sequence[str]) -> list[int]:
    counts = Counter(level_key(label) for label in labels)
    return [number for number, label in enumerate(labels) if counts[level_key(label)] > 1]


def _next_detail(profile: Profile, label: str, told: Sequence[str]) -> str | None:
    """Return the strongest contrast that the label does not tell yet."""
    for contrast in sorted(profile.leading.values(), key=lambda found: (-found.effect, found.column)):
        phrase = _phrase(contrast)
        if phrase not in told and plain_text(contrast.value).casefold() not in label.casefold():
            return phrase
    return None


def _phrase(contrast: Contrast) -> str:
    value = plain_text(contrast.value)
    template = PHRASES.get(contrast.column)
    return f"{plain_text(contrast.header)}: {value}" if template is None else template.format(value)
