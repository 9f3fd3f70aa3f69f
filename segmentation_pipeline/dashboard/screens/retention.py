"""Retention: curves with intervals and numbers at risk, restricted means, hazard ratios, segments two by two.

Add here: another figure about who stays. Keep out: estimating anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from segmentation_pipeline.client import retention
from segmentation_pipeline.dashboard.figures import OVERALL, curves_figure, hazard_figure
from segmentation_pipeline.dashboard.session import say_verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segmentation_pipeline.client.retention import CurvePoint, SurvivalFit
    from segmentation_pipeline.dashboard.session import View

CURVES = ("retention_km", "incidence_churn", "incidence_conversion", "incidence_end", "still_open")
SHOWN_DAYS = 6


def show(view: View) -> None:
    """Show the page."""
    texts, connection = view.texts, view.snapshot.connection
    st.caption(texts("retention.lead"))
    say_verdict(view)
    fits = retention.fits(connection, view.month)
    points = retention.curves(connection, view.month)
    observed = {point.curve for point in points if point.estimate is not None}
    if not observed:
        reasons = [fit.reason for fit in fits if fit.reason]
        st.info(f"{texts('retention.none')} {reasons[0] if reasons else ''}", icon=":material/show_chart:")
        return
    offered = [curve for curve in CURVES if curve in observed]
    curve = st.segmented_control(
        texts("retention.curve"),
        offered,
        default=offered[0],
        key="curve",
        format_func=lambda name: texts(f"retention.{name}"),
    )
    curve = curve or offered[0]
    figure = curves_figure(points, curve, view.names, view.colours, texts)
    st.plotly_chart(
        figure,
        key=f"curves_{curve}",
        config={"displayModeBar": False},
        alt=texts("retention.alt", curve=texts(f"retention.{curve}")),
    )
    if any(point.is_cause_specific for point in points if point.curve == curve):
        st.caption(texts("retention.cause_specific"))
    st.markdown(f"**{texts('retention.at_risk')}**")
    _at_risk(view, [point for point in points if point.curve == curve])
    overall = next((fit for fit in fits if fit.cluster_id == OVERALL), None)
    _test(view, overall)
    ratios, pairs = st.columns(2)
    with ratios:
        _hazards(view)
    with pairs:
        _pairs(view)


def _at_risk(view: View, points: Sequence[CurvePoint]) -> None:
    texts = view.texts
    days = sorted({point.day for point in points if point.cluster_id == OVERALL and point.estimate is not None})
    step = max(1, -(-len(days) // SHOWN_DAYS))
    shown = days[::step]
    at_risk = {(point.cluster_id, point.day): point.at_risk_count for point in points}
    order = [OVERALL, *sorted({point.cluster_id for point in points} - {OVERALL})]
    st.dataframe(
        [
            {texts("overview.segment"): view.name(cluster_id)}
            | {texts("retention.day", day=texts.number(day)): at_risk.get((cluster_id, day)) for day in shown}
            for cluster_id in order
        ],
        hide_index=True,
        width="stretch",
    )


def _test(view: View, overall: SurvivalFit | None) -> None:
    texts = view.texts
    if overall is None:
        return
    if overall.logrank_p is None:
        st.caption(texts("retention.no_logrank", reason=overall.logrank_reason or "–"))
    else:
        st.caption(texts("retention.logrank", p=texts.number(overall.logrank_p, digits=4)))


def _hazards(view: View) -> None:
    texts = view.texts
    st.markdown(f"**{texts('retention.hazards')}**")
    terms = retention.hazard_ratios(view.snapshot.connection, view.month)
    fitted = [term for term in terms if term.kind == "segment" and term.status == "fitted"]
    if not fitted:
        reasons = [term.reason for term in terms if term.reason]
        st.caption(texts("retention.not_fitted", reason=reasons[0] if reasons else "–"))
        return
    reference = next((term.term for term in terms if term.status == "reference"), None)
    st.caption(texts("retention.reference", term=view.name(reference)))
    figure = hazard_figure(terms, view.names, view.colours, texts)
    st.plotly_chart(figure, key="hazards", config={"displayModeBar": False}, alt=texts("retention.hazards"))


def _pairs(view: View) -> None:
    texts = view.texts
    st.markdown(f"**{texts('retention.pairs')}**")
    found = retention.comparisons(view.snapshot.connection, view.month)
    rows = [
        {
            texts("retention.pair"): f"{view.name(pair.cluster_id)} – {view.name(pair.other_cluster_id)}",
            texts("retention.holm"): pair.holm_p,
            texts("retention.days_longer"): pair.rmst_difference_days,
            texts("retention.interval"): None
            if pair.rmst_difference_low is None
            else f"{texts.number(pair.rmst_difference_low)} – {texts.number(pair.rmst_difference_high)}",
        }
        for pair in found
        if pair.status == "fitted"
    ]
    if rows:
        st.dataframe(
            rows,
            hide_index=True,
            column_config={
                texts("retention.holm"): st.column_config.NumberColumn(format="%.4f"),
                texts("retention.days_longer"): st.column_config.NumberColumn(format="%.2f"),
            },
        )
    elif found:
        st.caption(texts("retention.not_fitted", reason=found[0].reason or "–"))
