"""What one refresh may cost in tokens and US dollars: asked for before each request, settled after it.

Add here: another unit to keep within. Keep out: prices (prices.py) and limits over days (state/llm_limits.py).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Budget:
    """What a refresh may spend and has spent; the most a request under way can cost is held back until it is known."""

    allowed_tokens: int
    allowed_usd: float
    spent_tokens: int = 0
    spent_usd: float = 0.0
    held_tokens: int = 0
    held_usd: float = 0.0

    def refusal(self, tokens: int, usd: float | None) -> str | None:
        """Return why a request of at most so much does not fit any more, or None where it does."""
        used = self.spent_tokens + self.held_tokens
        if used + tokens > self.allowed_tokens:
            return (
                f"budget_tokens of this refresh is {self.allowed_tokens:,}: {used:,} are used, and this request may "
                f"need {tokens:,}"
            )
        if usd is not None and self.spent_usd + self.held_usd + usd > self.allowed_usd:
            return (
                f"budget_usd of this refresh is {self.allowed_usd:g}: {self.spent_usd + self.held_usd:.4f} are used, "
                f"and this request may cost {usd:.4f}"
            )
        return None

    def hold(self, tokens: int, usd: float | None) -> None:
        """Set aside what a request may cost at most."""
        self.held_tokens += tokens
        self.held_usd += usd or 0.0

    def settle(self, *, held: tuple[int, float | None], spent: tuple[int, float | None]) -> None:
        """Replace what was set aside by what it did cost."""
        self.held_tokens -= held[0]
        self.held_usd -= held[1] or 0.0
        self.spent_tokens += spent[0]
        self.spent_usd += spent[1] or 0.0
