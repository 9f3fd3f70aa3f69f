"""Why a customer is where they are, in one or two sentences: deterministic, in the language of the settings.

Add here: a language. Keep out: figures that are not in the analysis; another way to explain is an `Explainer`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Explainer(Protocol):
    """Puts an analysis into words; figures may come from the analysis alone."""

    def __call__(self, analysis: Mapping[str, Any], *, language: str) -> str:
        """Return the explanation."""


def explain(analysis: Mapping[str, Any], *, language: str) -> str:
    """Return the deterministic explanation of an analysis (field names as `analyze` gives them)."""
    return _SENTENCES[language][analysis["mode"]](analysis)


def _turkish(number: float) -> str:
    return f"{number:_.2f}".replace(".", ",").replace("_", ".")


def _en_regular(a: Mapping[str, Any]) -> str:
    missing = a["missingRegulars"]
    overdue = f" {len(missing)} regular product(s) overdue, first {missing[0]['productId']}." if missing else ""
    return (
        f"{a['churn']}: last purchase {a['lastPurchaseDaysAgo']} days ago. {a['loyalty']}: {a['orderCount']} orders in"
        f" {a['membershipDays']} days. {a['value']}: average basket {a['avgBasket']:,.2f} against a median of"
        f" {a['regionMedianBasket']:,.2f} in the region. {a['affinityType']} on {a['affinityCategory']},"
        f" {a['diversity']} in products.{overdue} Recommended: {a['recommendedStrategy']}{_discount(a, ' with')}."
    )


def _en_new(a: Mapping[str, Any]) -> str:
    return (
        f"No purchase yet, so the region stands in: {a['affinityCategory']} is its trend and"
        f" {a['regionMedianBasket']:,.2f} its median basket. Recommended: {a['recommendedStrategy']}"
        f"{_discount(a, ' with')}."
    )


def _en_region(a: Mapping[str, Any]) -> str:
    return (
        f"A region as a whole: {a['affinityCategory']} is the trend, {a['regionMedianBasket']:,.2f} the median basket,"
        f" climate {a['regionClimate']}. Recommended: {a['recommendedStrategy']}{_discount(a, ' with')}."
    )


def _tr_regular(a: Mapping[str, Any]) -> str:
    missing = a["missingRegulars"]
    overdue = f" Düzenli alınan {len(missing)} ürün gecikti, ilki {missing[0]['productId']}." if missing else ""
    return (
        f"{a['churn']}: son alışveriş {a['lastPurchaseDaysAgo']} gün önce. {a['loyalty']}: {a['membershipDays']} günde"
        f" {a['orderCount']} sipariş. {a['value']}: ortalama sepet {_turkish(a['avgBasket'])}, bölge medyanı"
        f" {_turkish(a['regionMedianBasket'])}. {a['affinityCategory']} kategorisinde {a['affinityType']}, ürün"
        f" çeşitliliğinde {a['diversity']}.{overdue} Öneri: {a['recommendedStrategy']}{_discount(a, ', indirim')}."
    )


def _tr_new(a: Mapping[str, Any]) -> str:
    return (
        f"Henüz alışveriş yok, bu yüzden bölge esas alındı: eğilim {a['affinityCategory']}, medyan sepet"
        f" {_turkish(a['regionMedianBasket'])}. Öneri: {a['recommendedStrategy']}{_discount(a, ', indirim')}."
    )


def _tr_region(a: Mapping[str, Any]) -> str:
    return (
        f"Bölgenin bütünü: eğilim {a['affinityCategory']}, medyan sepet {_turkish(a['regionMedianBasket'])}, iklim"
        f" {a['regionClimate']}. Öneri: {a['recommendedStrategy']}{_discount(a, ', indirim')}."
    )


def _discount(a: Mapping[str, Any], joint: str) -> str:
    return f"{joint} {a['discountPct']:g} %" if a["discountPct"] else ""


_SENTENCES = {
    "en": {"regular": _en_regular, "new_customer": _en_new, "region": _en_region},
    "tr": {"regular": _tr_regular, "new_customer": _tr_new, "region": _tr_region},
}
