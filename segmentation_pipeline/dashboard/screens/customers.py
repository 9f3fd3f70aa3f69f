"""Customers: find one and see what is known of them; how all are spread; whether the tiers foretold anything; regions.

Add here: another figure about customers. Keep out: how customers are segmented, and what to do with them (customers/).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from segmentation_pipeline.client import customers
from segmentation_pipeline.dashboard.bars import share_bars
from segmentation_pipeline.dashboard.columns import counts
from segmentation_pipeline.dashboard.interval_figure import Estimate, interval_figure
from segmentation_pipeline.dashboard.markup import code, in_html, quiet
from segmentation_pipeline.errors import NotFound
from segmentation_pipeline.pictures import NEUTRAL_COLOUR, SEGMENT_COLOURS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from segmentation_pipeline.client import Customer, CustomersSummary, TierLift
    from segmentation_pipeline.config import Home
    from segmentation_pipeline.dashboard.session import Shown
    from segmentation_pipeline.dashboard.wording import Texts

MOST_OFFERED = 1_000
"""Ids the picker offers, of those who spent most; any other can be typed whole."""

MOST_SUGGESTED = 8

CLEAR_COLOUR = SEGMENT_COLOURS[0]


def show(shown: Shown) -> None:
    """Show the page."""
    texts = shown.texts
    months = customers.customer_months(shown.snapshot.connection)
    summary = shown.snapshot.customers(shown.picked) if shown.picked is not None else None
    if summary is None:
        _nobody(shown, months)
        return
    st.caption(texts("customers.lead", moment=texts.moment(summary.as_of)))
    with st.container(horizontal=True):
        st.metric(texts("customers.customers"), texts.count(summary.customer_count), border=True)
        st.metric(texts("customers.orders"), texts.count(summary.order_count), border=True)
        st.metric(texts("customers.spent"), texts.number(summary.total_spent, digits=0), border=True)
    st.subheader(texts("customers.find"))
    _find(shown, summary.refresh_month)
    st.subheader(texts("customers.spread"))
    st.caption(texts("customers.spread_says"))
    _spread(shown, summary.refresh_month)
    st.subheader(texts("customers.lifts"))
    _lifts(summary, shown.home.home, texts)
    st.subheader(texts("customers.regions"))
    _regions(shown, summary.refresh_month)


def _nobody(shown: Shown, months: Sequence[date]) -> None:
    texts, home = shown.texts, shown.home.home
    if months:
        told = texts("customers.other_months", months=", ".join(texts.month(month) for month in months[-12:]))
        st.info(f"**{texts('customers.not_this_month')}**  \n{told}", icon=":material/event_busy:")
        return
    told = texts(
        "customers.bring",
        folder=code(str(home.landing / "purchases")),
        command=code(f"segpipe run --home {home.root} --purchases purchases.csv"),
    )
    st.info(f"**{texts('customers.none')}**  \n{told}", icon=":material/shopping_basket:")


def _find(shown: Shown, month: date) -> None:
    texts, connection = shown.texts, shown.snapshot.connection
    chosen = st.selectbox(
        texts("customers.customer"),
        customers.customers_like(connection, month, "", MOST_OFFERED),
        index=None,
        key="customer",
        help=texts("customers.find_help"),
        placeholder=texts("customers.find_placeholder"),
        accept_new_options=True,
    )
    if not chosen:
        return
    try:
        found = shown.snapshot.customer(chosen.strip(), month, language="tr" if texts.locale == "tr" else "en")
    except NotFound:
        _not_found(shown, month, chosen.strip())
    else:
        with st.container(border=True):
            _card(found, texts)


def _not_found(shown: Shown, month: date, asked: str) -> None:
    texts = shown.texts
    st.warning(
        texts("customers.not_found", customer=code(asked), month=texts.month(month)), icon=":material/person_off:"
    )
    alike = customers.customers_like(shown.snapshot.connection, month, asked, MOST_SUGGESTED)
    if not alike:
        return
    st.caption(texts("customers.alike"))
    with st.container(horizontal=True):
        for customer_id in alike:
            st.button(quiet(customer_id), key=f"alike_{customer_id}", on_click=_choose, args=(customer_id,))


def _choose(customer_id: str) -> None:
    st.session_state["customer"] = customer_id


def _card(found: Customer, texts: Texts) -> None:
    st.markdown(f"#### {texts('customers.customer')} {code(found.customer_id)}")
    region = texts("customers.of_region", region=quiet(found.region)) if found.region else texts("customers.no_region")
    st.caption(f"{texts.choice('customer_mode', found.mode)} · {region}")
    discount = texts("customers.discount", share=texts.share(found.discount_pct / 100)) if found.discount_pct else ""
    advised = f"**{texts('customers.recommended')}: {quiet(found.recommended_strategy)}**{discount}"
    st.info(f"{advised}  \n{quiet(found.explanation)}", icon=":material/lightbulb:")
    st.html(_cells([(texts(f"dimension.{name}"), label) for name, label in found.dimensions.items()]))
    st.html(
        _cells([(texts(f"figure.{name}"), texts.number(value, digits=_digits(name))) for name, value in _told(found)])
    )
    overdue, top = st.columns([3, 2])
    with overdue:
        st.markdown(f"**{texts('customers.missing')}**")
        _missing(found, texts)
    with top:
        st.markdown(f"**{texts('customers.top')}**")
        if found.top_products:
            st.dataframe(
                [
                    {texts("customers.product"): one.product_id, texts("customers.spent"): one.total_spent}
                    for one in found.top_products
                ],
                hide_index=True,
                column_config=counts(texts("customers.spent")),
                width="stretch",
            )
        else:
            st.caption(texts("customers.no_products"))


def _missing(found: Customer, texts: Texts) -> None:
    if not found.missing_regulars:
        st.caption(texts("customers.nothing_missing"))
        return
    st.dataframe(
        [
            {
                texts("customers.product"): one.product_id,
                texts("customers.category"): one.category or "–",
                texts("customers.every"): round(one.average_days, 1),
                texts("customers.ago"): round(one.days_ago),
                texts("customers.overdue"): round(one.days_overdue),
            }
            for one in found.missing_regulars
        ],
        hide_index=True,
        column_config=counts(*(texts(f"customers.{name}") for name in ("every", "ago", "overdue"))),
        width="stretch",
    )


def _told(found: Customer) -> list[tuple[str, float]]:
    """Return the figures that say something: who never bought has no last purchase."""
    hidden = {"last_purchase_days_ago"} if found.mode == "new_customer" else set()
    return [(name, value) for name, value in found.figures.items() if name not in hidden]


def _digits(name: str) -> int:
    return 0 if name.endswith(("_count", "_days", "_ago")) else 2


def _cells(pairs: Sequence[tuple[str, str]]) -> str:
    """Return names with their values as a grid that wraps on a phone."""
    cells = "".join(
        "<div style='border:1px solid rgba(128,128,128,.35);border-radius:.5rem;padding:.45rem .7rem'>"
        f"<dt style='font-size:.8rem;opacity:.85'>{in_html(name)}</dt>"
        f"<dd style='margin:0;font-weight:600;overflow-wrap:anywhere'>{in_html(value)}</dd></div>"
        for name, value in pairs
    )
    columns = "repeat(auto-fill,minmax(min(11rem,45%),1fr))"
    return (
        f"<dl style='display:grid;grid-template-columns:{columns};gap:.5rem;margin:0;padding:0!important'>{cells}</dl>"
    )


def _spread(shown: Shown, month: date) -> None:
    texts = shown.texts
    found = customers.customer_labels(shown.snapshot.connection, month)
    groups = []
    for dimension, labels in found.items():
        rows = [
            (
                _label(dimension, one.label, texts),
                one.customer_count,
                one.share,
            )
            for one in labels
        ]
        groups.append((texts(f"dimension.{dimension}"), rows))
    share_bars(groups, texts)


def _label(dimension: str, label: str | None, texts: Texts) -> str:
    """Return what a label is called: words of data come as they are, ours in the language of the page."""
    if label is None:
        return texts("customers.others")
    return texts.choice("customer_mode", label) if dimension == "mode" else label


def _lifts(summary: CustomersSummary, home: Home, texts: Texts) -> None:
    if not summary.lifts:
        st.caption(texts("customers.no_lifts", days=home.settings().customers.backtest_days))
        return
    st.caption(texts("customers.lifts_say", days=texts.number(summary.lifts[0].days, digits=0)))
    rows = [_lift(one, texts) for one in summary.lifts]
    figure, table = st.columns(2)
    with figure:
        st.plotly_chart(
            interval_figure(rows, texts, texts("customers.lift_axis"), against=1.0, is_ratio=True),
            key="lifts",
            config={"displayModeBar": False},
            alt=texts("customers.lifts_alt"),
        )
    with table:
        st.dataframe(
            [
                {
                    texts("customers.tier"): _tier(one, texts),
                    texts("customers.then"): texts.choice("lift_outcome", one.outcome),
                    texts("customers.lift"): texts.estimate(one.lift, one.lift_low, one.lift_high),
                    texts("customers.meaning"): texts(f"customers.{_meaning(one)}"),
                }
                for one in summary.lifts
            ],
            hide_index=True,
            width="stretch",
        )


def _tier(one: TierLift, texts: Texts) -> str:
    return f"{texts(f'dimension.{one.dimension}')}: {one.tier}"


def _meaning(one: TierLift) -> str:
    """Return what an interval says: one that holds 1 says nothing."""
    if one.lift_low <= 1 <= one.lift_high:
        return "tells_nothing"
    return "more" if one.lift > 1 else "less"


def _lift(one: TierLift, texts: Texts) -> Estimate:
    is_clear = _meaning(one) != "tells_nothing"
    label = _tier(one, texts)
    return Estimate(
        label,
        one.lift,
        one.lift_low,
        one.lift_high,
        f"{label}: {texts.estimate(one.lift, one.lift_low, one.lift_high)}",
        colour=CLEAR_COLOUR if is_clear else NEUTRAL_COLOUR,
        symbol="circle" if is_clear else "circle-open",
    )


def _regions(shown: Shown, month: date) -> None:
    texts = shown.texts
    st.caption(texts("customers.regions_say"))
    figures = ("customers.customers", "customers.orders", "customers.median")
    st.dataframe(
        [
            {
                texts("customers.region"): texts("customers.whole_shop")
                if one.region == customers.WHOLE_SHOP
                else one.region,
                texts("customers.customers"): one.customer_count,
                texts("customers.orders"): one.order_count,
                texts("customers.median"): round(one.region_median_basket, 2),
                texts("customers.median_by"): texts.choice("source", one.median_source),
                texts("customers.trend"): f"{one.affinity_category} ({texts.choice('source', one.trend_source)})",
                texts("dimension.region_climate"): one.region_climate,
            }
            for one in customers.regions(shown.snapshot.connection, month)
        ],
        hide_index=True,
        column_config=counts(*(texts(name) for name in figures)),
        width="stretch",
    )
