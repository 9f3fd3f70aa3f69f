"""What the name of an action gives away: whether users would want it, or it is trouble, or just a door.

Add here: words of another kind of action, or of another language.
Keep out: roles, which settings state and nothing has to guess.
"""

from __future__ import annotations

import itertools
import re

TROUBLE = ("error", "fail", "exception", "timeout", "crash", "bug", "help", "support", "complain")
"""Beginnings of words of actions that happen to users who are stuck."""

LEAVING = (
    "cancel",
    "declin",
    "reject",
    "delet",
    "remov",
    "unsubscrib",
    "downgrad",
    "uninstall",
    "abandon",
    "deactivat",
    "quit",
    "withdraw",
    "expir",
    "return",
)
"""Beginnings of words of actions nobody should be led into."""

DOORS = ("login", "logout", "logon", "signin", "signout", "signup", "register", "registration")
"""Beginnings of words of actions that open and close a visit and are nobody's purpose."""


def words_of(name: str) -> frozenset[str]:
    """Return the words of a name without case, separators and plural: "Term sheets" -> {term, sheet}."""
    words = (word.removesuffix("s") for word in re.split(r"[\W_]+", name.casefold()) if word)
    return frozenset(words) or frozenset({""})


def is_trouble(name: str) -> bool:
    """Tell whether the name speaks of something that went wrong."""
    return _begins(name, TROUBLE)


def is_worth_doing(name: str) -> bool:
    """Tell whether nothing in the name says that users should not be led to it."""
    return not _begins(name, (*TROUBLE, *LEAVING, *DOORS))


def _begins(name: str, beginnings: tuple[str, ...]) -> bool:
    parts = [part for part in re.split(r"[\W_]+", name.casefold()) if part]
    # "log_in" and "Log out" are doors, too.
    joined = [first + second for first, second in itertools.pairwise(parts)]
    return any(part.startswith(beginnings) for part in (*parts, *joined))
