"""Reading the history of a payload: what was bought of each product.

Entries that are as they usually are take the short way; all others are looked at field by field, and refused by name.
Add here: another field of an entry. Keep out: reading single values (payloads.py), what follows from them (single.py).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NoReturn

from segmentation_pipeline.customers.payloads import MOST, count_of, id_of, moment_of, number_of, refuse, text_of

Purchase = tuple[str, str | None, float, int, int, float | None]
"""Product, category, spent, orders, full days since the last purchase, mean days between purchases."""

FUTURE_DAYS = 1
"""A purchase may lie so far after `now` before it is an error: clocks and time zones differ. It counts as today's."""


def purchases_of(history: list[Any], now: datetime, within: str) -> list[Purchase]:
    """Return the purchases of `productHistory`, which lies within this path of the payload.

    Raises:
        InvalidPayload: a field of an entry is missing, of the wrong type or out of range, or a product stands twice.
    """
    purchases, seen = [], set()
    for place, entry in enumerate(history):
        purchase = _usual_purchase(entry, now) or _purchase(entry, now, f"{within}productHistory[{place}].")
        if purchase[0] in seen:
            refuse(f"{within}productHistory[{place}].productId", purchase[0], "each product once; add up its purchases")
        seen.add(purchase[0])
        purchases.append(purchase)
    return purchases


def _usual_purchase(entry: Any, now: datetime) -> Purchase | None:
    """Return an entry that is as entries usually are; None for all others, which `_purchase` looks at closely."""
    try:
        product, category = entry["productId"], entry["category"]
        spent, orders, between = entry["totalSpent"], entry["orderCount"], entry["avgDaysBetween"]
        quantity = entry.get("totalQuantity", 0)
        days = (now - datetime.fromisoformat(entry["lastPurchase"])).days
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    is_usual = (
        (type(spent) is float and 0 <= spent <= MOST)
        and (type(orders) is int and 0 <= orders <= MOST)
        and (between is None or (type(between) is float and 0 <= between <= MOST))
        and (type(quantity) is int and 0 <= quantity <= MOST)
        and (type(product) is type(category) is str)
        and (product := product.strip())
        and (category := category.strip())
        and days >= 0
    )
    return (product, category, spent, orders, days, between) if is_usual else None


def _purchase(entry: Any, now: datetime, where: str) -> Purchase:
    """Return an entry of the history, every field checked."""
    try:
        product, spent, orders, last = (
            entry["productId"],
            entry["totalSpent"],
            entry["orderCount"],
            entry["lastPurchase"],
        )
        category, between, quantity = entry.get("category"), entry.get("avgDaysBetween"), entry.get("totalQuantity")
    except (KeyError, TypeError, AttributeError):
        _refuse_entry(entry, where)
    if quantity is not None:
        number_of(quantity, "totalQuantity", where)
    return (
        id_of(product, "productId", where),
        text_of(category, "category", where),
        number_of(spent, "totalSpent", where),
        count_of(orders, "orderCount", where),
        _days_since(last, now, where),
        None if between is None else number_of(between, "avgDaysBetween", where),
    )


def _days_since(last: object, now: datetime, where: str) -> int:
    """Return the full days since a purchase."""
    try:
        moment = datetime.fromisoformat(last)  # type: ignore[arg-type]  # what is no text raises TypeError
    except (ValueError, TypeError):
        moment = moment_of(last, "lastPurchase", where)
    if moment.tzinfo is not None:
        moment = moment_of(moment, "lastPurchase", where)
    days = (now - moment).days
    if days < -FUTURE_DAYS:
        refuse(where + "lastPurchase", last, f"a time not after now ({now:%Y-%m-%d %H:%M})")
    return max(days, 0)


def _refuse_entry(entry: object, where: str) -> NoReturn:
    """Say which needed field an entry of the history lacks, or that it is no object."""
    if type(entry) is not dict:
        refuse(where.removesuffix("."), entry, "an object")
    for name in ("productId", "totalSpent", "orderCount", "lastPurchase"):
        if name not in entry:
            refuse(where + name, None, "a value; it is missing")
    raise AssertionError("unreachable: an object with all of these is an entry")
