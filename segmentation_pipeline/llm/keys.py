"""Keys of providers: read from the environment, shown to nobody, taken out of every text that is kept.

Add here: another shape keys have. Keep out: any place a key could be stored.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from segmentation_pipeline.llm_settings import LlmSettings

HIDDEN = "[key]"

_KEY_SHAPES = re.compile(
    r"""\bsk-[\w*.-]{6,}                                # OpenAI's and Anthropic's, also partly starred
    |\b(?:gsk_|hf_|xai-|sk_)[\w*-]{16,}                # other providers'
    |(?i:\bbearer\s+[\w.~+/=*-]{6,})
    |(?i:\b(?:x-)?api[-_]?key["']?\s*[:=]\s*["']?[\w.~+/=*-]{6,})""",
    re.VERBOSE,
)

_VARIABLES = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}


@dataclass(frozen=True)
class Key:
    """A key, or none; never shown by repr or str. `problem` says in one sentence why it cannot be used."""

    secret: str = field(default="", repr=False)
    problem: str | None = None

    def hidden_in(self, text: str) -> str:
        """Return a text without this very key, otherwise as it is."""
        return text.replace(self.secret, HIDDEN) if self.secret else text

    def scrub(self, text: str, limit: int) -> str:
        """Return a text to be kept: without this key or anything shaped like one, printable, bounded."""
        printable = "".join(
            character
            for character in _KEY_SHAPES.sub(HIDDEN, self.hidden_in(text))
            if character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cs")
        )
        return printable if len(printable) <= limit else printable[: limit - 1] + "…"


def find_key(settings: LlmSettings, environment: Mapping[str, str]) -> Key:
    """Return the key of the provider set, read from the environment."""
    kind = settings.named_provider.kind
    variable = _VARIABLES.get(kind, settings.key_variable)
    if kind == "rules" or not variable:
        return Key()
    secret = environment.get(variable, "").strip()
    if not secret:
        return Key(
            problem=f"llm.provider is {settings.provider}, but the environment has no {variable}: "
            f'the rules answer instead. Next: set {variable} where the pipeline runs, or provider = "rules".'
        )
    if not (secret.isascii() and secret.isprintable()) or " " in secret:
        return Key(
            problem=f"{variable} holds characters that no key has: the rules answer instead. "
            f"Next: copy the key again, without quotes or line breaks."
        )
    return Key(secret)
