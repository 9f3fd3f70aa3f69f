"""Text that came with the data, made fit for a prompt: quoted, bounded, without anything that acts.

Add here: another way text of strangers could get out of its quotes. Keep out: what prompts say about such text.
"""

from __future__ import annotations

import re
import unicodedata

OPENING = "⟦"
CLOSING = "⟧"
"""Delimiters of quoted data. They never occur inside, so what is quoted cannot end its own quote."""

CUT = "…"

_REPLACED = str.maketrans({OPENING: "[", CLOSING: "]", "`": "'"})
"""Delimiters, and the mark that exempts action names from grounding."""

_DELIMITERS_ALONE = str.maketrans({OPENING: "[", CLOSING: "]"})

_ACTING = re.compile(r"<(?=[|/!?a-zA-Z])|(?<=[|/])>")
"""Brackets of markup and of the control tokens chat templates use, such as `<|im_start|>`."""

_READ_AHEAD = 4
"""Characters looked at for each one kept: bounds the work on 100 KB of text of which 80 characters are shown."""


def quote_untrusted(text: str, limit: int) -> str:
    """Return text between delimiters it cannot forge: one line, at most `limit` characters, nothing invisible.

    Angle brackets of markup become single guillemets, so that no template of a chat model takes them for its own.
    """
    return f"{OPENING}{cleaned(text, limit)}{CLOSING}"


def quote_back(text: str, limit: int) -> str:
    """Return what a model wrote, or what was said of it, between the delimiters: its own backticks are kept."""
    plain = publishable(text[:limit].translate(_DELIMITERS_ALONE))
    return f"{OPENING}{plain}{CUT if len(text) > limit else ''}{CLOSING}"


def cleaned(text: str, limit: int) -> str:
    """Return the text as it stands between the delimiters.

    Equal texts give equal results, so a name that a model repeats can be looked up by its cleaned form.
    """
    ahead = text[: limit * _READ_AHEAD]
    plain = publishable(ahead.translate(_REPLACED))
    if len(plain) <= limit and len(ahead) == len(text):
        return plain
    return plain[: max(limit - len(CUT), 0)].rstrip() + CUT


def publishable(text: str) -> str:
    """Return a text on one line, composed, without anything invisible or any bracket of markup."""
    composed = unicodedata.normalize("NFC", text.encode("utf-8", "ignore").decode("utf-8"))
    visible = "".join(" " if character.isspace() else character for character in composed if _is_kept(character))
    return " ".join(_ACTING.sub(_harmless, visible).split())


def _is_kept(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn")


def _harmless(bracket: re.Match[str]) -> str:
    return "\u2039" if bracket.group() == "<" else "\u203a"
