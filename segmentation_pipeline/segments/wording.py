"""Words for features: what more or less of each means, in the product's language.

Add here: a feature's words and natural unit, a verb an action may begin or end with.
Keep out: which words a segment gets (labels.py).
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MIX = "mix:"
POOLED_ACTIONS = "mix:other"
MOST_WORD_LETTERS = 18
"""Longer words of an action are cut: action names are other people's text."""

MOST_ACTION_WORDS = 2

AGENTS = {
    "accept": "accepters",
    "add": "adders",
    "approve": "approvers",
    "browse": "browsers",
    "buy": "buyers",
    "comment": "commenters",
    "complete": "completers",
    "create": "creators",
    "delete": "deleters",
    "download": "downloaders",
    "edit": "editors",
    "export": "exporters",
    "import": "importers",
    "invite": "inviters",
    "listen": "listeners",
    "order": "orderers",
    "play": "players",
    "post": "posters",
    "rate": "raters",
    "read": "readers",
    "reply": "repliers",
    "report": "reporters",
    "request": "requesters",
    "revise": "revisers",
    "review": "reviewers",
    "save": "savers",
    "search": "searchers",
    "send": "senders",
    "share": "sharers",
    "submit": "submitters",
    "test": "testers",
    "update": "updaters",
    "upload": "uploaders",
    "use": "users",
    "view": "viewers",
    "visit": "visitors",
    "watch": "watchers",
    "write": "writers",
}
"""Verb -> who does it. A noun of the same form (report, order) counts as the verb only when it comes first."""


@dataclass(frozen=True, slots=True)
class Wording:
    """Adjectives and phrases for more and for less of a feature; None where less has no name."""

    more: str
    more_phrase: str
    less: str | None
    less_phrase: str


WORDINGS = {
    "daypart:morning": Wording("Morning", "more activity in the morning", None, "less activity in the morning"),
    "daypart:afternoon": Wording("Afternoon", "more activity in the afternoon", None, "less activity in the afternoon"),
    "daypart:evening": Wording("Evening", "more activity in the evening", None, "less activity in the evening"),
    "daypart:night": Wording("Night-time", "more activity at night", None, "less activity at night"),
    "depth:events_per_session": Wording("Deep-diving", "more events a visit", "Brief", "fewer events a visit"),
    "intensity:sessions_per_week": Wording("Frequent", "more visits a week", "Occasional", "fewer visits a week"),
    "rhythm:gap_between_visits": Wording(
        "Sporadic", "longer breaks between visits", "Regular", "shorter breaks between visits"
    ),
    "rhythm:gap_within_visits": Wording(
        "Unhurried", "longer pauses inside visits", "Brisk", "shorter pauses inside visits"
    ),
    "rhythm:single_visit": Wording("One-visit", "more users with a single visit", "Returning", "more returning users"),
    "trend:second_half_share": Wording(
        "Rising", "activity that grows through the window", "Fading", "activity that fades through the window"
    ),
}


def _square(value: float) -> float:
    return value * value


_NATURAL: dict[str, tuple[str, Callable[[float], float]]] = {
    "daypart": ("share", _square),
    "depth": ("events per visit", math.exp),
    "intensity": ("visits per week", math.expm1),
    "mix": ("share", _square),
    "rhythm": ("s", math.expm1),
    "trend": ("share", _square),
}
"""Group of features -> unit, and the inverse of the transformation that made the model feature."""


def natural(feature: str, value: float) -> tuple[float, str]:
    """Return a transformed feature's value in its natural unit, and the unit."""
    if feature == "rhythm:single_visit":
        return value, "share"
    unit, inverse = _NATURAL.get(feature.split(":", maxsplit=1)[0], ("", float))
    return float(inverse(value)), unit


def action_words(action: str) -> tuple[str, ...]:
    """Return the words of an action name: letters only, lower case; prefixes of one letter are left out."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", action)
    lettered = "".join(letter if unicodedata.category(letter)[0] in "LM" else " " for letter in spaced)
    words = [word.lower()[:MOST_WORD_LETTERS] for word in lettered.split()]
    return tuple(word for word in words if len(word) > 1)


def action_phrase(action: str) -> str | None:
    """Return the action as plain words, at most two and a verb; None when it has no letters."""
    words = action_words(action)
    return " ".join(words[: MOST_ACTION_WORDS + 1]) or None


def action_agent(action: str) -> str | None:
    """Return who does the action: `revise_offer` -> `offer revisers`; None when it has no letters.

    An action without a known verb is quoted: nothing is guessed of what it means.
    """
    words = action_words(action)
    if not words:
        return None
    for place in (0, len(words) - 1):
        if words[place] in AGENTS:
            objects = [word for number, word in enumerate(words) if number != place]
            return " ".join([*objects[:MOST_ACTION_WORDS], AGENTS[words[place]]])
    return f"“{' '.join(words[:MOST_ACTION_WORDS])}” users"


def phrase(feature: str, *, is_more: bool) -> str | None:
    """Return what more or less of a feature means, for use in a sentence; None when it cannot be worded."""
    if feature.startswith(MIX):
        action = action_phrase(feature.removeprefix(MIX)) if feature != POOLED_ACTIONS else None
        return f"{'more' if is_more else 'less'} “{action}”" if action else None
    wording = WORDINGS.get(feature)
    if wording is None:
        return None
    return wording.more_phrase if is_more else wording.less_phrase
