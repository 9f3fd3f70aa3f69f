"""What prompts say of the product: the team's own words from pipeline.toml, quoted and bounded.

Add here: another part of the product context. Keep out: prompts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segmentation_pipeline.llm.untrusted import quote_untrusted

if TYPE_CHECKING:
    from segmentation_pipeline.config import ProductContext

PART_CHARS = 300


def product_in_words(product: ProductContext) -> str:
    """Return type, core features, drivers of retention and lifecycle, as far as they are told."""
    told = {
        "type": product.type,
        "core features": ", ".join(product.core_features),
        "what keeps users": ", ".join(product.retention_drivers),
        "lifecycle": product.lifecycle,
    }
    lines = [f"{name}: {quote_untrusted(text, PART_CHARS)}" for name, text in told.items() if text]
    return "; ".join(lines) or "not described"
