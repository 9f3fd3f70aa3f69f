"""What tokens cost, by the price list installed with genai-prices: no network, and null for what it does not know.

Add here: another figure of a price list. Keep out: budgets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segmentation_pipeline.llm_settings import ProviderName


def cost_usd(provider: ProviderName, input_tokens: int, output_tokens: int) -> float | None:
    """Return US dollars for so many tokens, or None where the model, or the server, has no known price."""
    from genai_prices import Usage, calc_price

    usage = Usage(input_tokens=input_tokens, output_tokens=output_tokens)
    try:
        if provider.kind == "openai-compatible":
            price = calc_price(usage, provider.model, provider_api_url=provider.base_url)
        else:
            price = calc_price(usage, provider.model, provider_id=provider.kind)
    except LookupError:
        return None
    return float(price.total_price)
