"""How long a prompt is in tokens, estimated without any tokenizer's files, and lists cut to what fits.

Add here: another way to shorten a prompt. Keep out: what a prompt says.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

BYTES_PER_TOKEN = 3
"""English has about 4 bytes a token in the tokenizers in use, other languages about 3: the smaller one is safe."""

_PIECE = re.compile(r"[^\W\d_]+|\d{1,3}|[^\w\s]|_")
"""What those tokenizers split before they merge: words, up to three digits, single marks."""


def estimate_tokens(text: str) -> int:
    """Return about how many tokens a text has, rather too many than too few."""
    pieces = sum(1 for _ in _PIECE.finditer(text))
    return max(math.ceil(len(text.encode("utf-8", "replace")) / BYTES_PER_TOKEN), pieces)


@dataclass(frozen=True)
class Trimmed:
    """The items that fit, in their order, and how many were left out."""

    items: tuple[str, ...]
    left_out_count: int

    @property
    def text(self) -> str:
        """One item a line; a last line says how many are missing, so that no model takes a part for the whole."""
        lines = list(self.items)
        if self.left_out_count:
            lines.append(f"({self.left_out_count} more are left out here)")
        return "\n".join(lines)


def trim_to_tokens(items: Sequence[str], budget_tokens: int) -> Trimmed:
    """Return as many of the first items as fit; give the most important first."""
    room = budget_tokens - estimate_tokens("(1000000 more are left out here)")
    kept: list[str] = []
    for item in items:
        room -= estimate_tokens(item) + 1
        if room < 0:
            break
        kept.append(item)
    return Trimmed(tuple(kept), len(items) - len(kept))
