"""What an analysis says, fact by fact, in the words of a language: phrases that need no figure beside them.

Add here: a fact, in every language. Keep out: sentences (explanation.py, model_explanation.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

REGION_FACTS = ("trend", "region_basket", "climate", "strategy", "discount")
"""Facts of a region, and so of a new customer it stands in for."""


def facts_of(analysis: Mapping[str, Any], *, language: str) -> dict[str, str]:
    """Return slot -> phrase for what this analysis (field names as `analyze` gives them) can be explained with.

    The same slots for every analysis of one mode with as many kinds of them: `missing` and `discount` only where there
    is something to tell, `trend` and `climate` for those without purchases.
    """
    phrases = _PHRASES[language]
    slots = _REGULAR if analysis["mode"] == "regular" else REGION_FACTS
    missing = analysis["missingRegulars"]
    told = {
        **{name: _as_written(value, language) for name, value in analysis.items()},
        "missingCount": len(missing),
        "firstMissing": missing[0]["productId"] if missing else "",
        "discount": f"{analysis['discountPct']:g}",
    }
    lacking = {"missing"} if not missing else set()
    lacking |= set() if analysis["discountPct"] else {"discount"}
    return {slot: phrases[slot].format_map(told) for slot in slots if slot not in lacking}


_REGULAR = (
    "recency",
    "loyalty",
    "basket",
    "affinity",
    "diversity",
    "spend",
    "missing",
    "strategy",
    "discount",
)

_PHRASES: dict[str, dict[str, str]] = {
    "en": {
        "recency": "last purchase {lastPurchaseDaysAgo} days ago ({churn})",
        "loyalty": "{orderCount} orders in {membershipDays} days of membership ({loyalty})",
        "basket": "average basket of {avgBasket} against a median of {regionMedianBasket} in the region ({value})",
        "affinity": "purchases of {affinityCategory} ({affinityType})",
        "diversity": "choice of products ({diversity})",
        "spend": "monthly spend of {avgMonthlySpend}",
        "missing": "regular products that are overdue ({missingCount}, first {firstMissing})",
        "trend": "trend of the region ({affinityCategory})",
        "region_basket": "median basket of {regionMedianBasket} in the region",
        "climate": "climate of the region ({regionClimate})",
        "strategy": "strategy {recommendedStrategy}",
        "discount": "discount of {discount} %",
    },
    "tr": {
        "recency": "{lastPurchaseDaysAgo} gün önceki son alışveriş ({churn})",
        "loyalty": "{membershipDays} günlük üyelikte {orderCount} sipariş ({loyalty})",
        "basket": "{regionMedianBasket} olan bölge medyanına karşı {avgBasket} ortalama sepet ({value})",
        "affinity": "{affinityCategory} alışverişleri ({affinityType})",
        "diversity": "ürün seçimi ({diversity})",
        "spend": "aylık {avgMonthlySpend} harcama",
        "missing": "geciken düzenli ürünler ({missingCount}, ilki {firstMissing})",
        "trend": "bölgenin eğilimi ({affinityCategory})",
        "region_basket": "bölgede {regionMedianBasket} medyan sepet",
        "climate": "bölgenin iklimi ({regionClimate})",
        "strategy": "{recommendedStrategy} stratejisi",
        "discount": "% {discount} indirim",
    },
}


def _as_written(value: Any, language: str) -> Any:
    if not isinstance(value, float):
        return value
    written = f"{value:,.2f}"
    return written.translate(_TURKISH) if language == "tr" else written


_TURKISH = str.maketrans(",.", ".,")
