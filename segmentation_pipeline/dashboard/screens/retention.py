"""Retention: curves with intervals and numbers at risk, restricted means, hazard ratios, segments two by two.

Add here: another figure about who stays. Keep out: estimating anything.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import streamlit as st

from segmentation_pipeline.client import retention
from segmentation_pipeline.dashboard.columns import counts
from segmentation_pipeline.dashboard.figures import OVERALL, POOLED, curves_figure, hazard_figure
from segmentation_pipeline.dashboard.markup import quiet
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
        st.info(f"{texts('retention.none')} {quiet(reasons[0]) if reasons else ''}", icon=":material/show_chart:")
        return
    offered = [curve for curve in CURVES if curve in observed]
    curve = st.pills(
        texts("retention.curve"),
        offered,
        default=offered[0],
        required=True,
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
    _kept(view, fits)
    _hazards(view)
    _pairs(view)


def _at_risk(view: View, points: Sequence[CurvePoint]) -> None:
    texts = view.texts
    followed = [point for point in points if point.estimate is not None]
    shown = round_days(max((point.day for point in followed), default=0.0))
    titles = [texts("retention.day", day=texts.number(day)) for day in shown]
    at_risk = retention.at_risk(view.snapshot.connection, view.month, shown)
    order = [OVERALL, *sorted({point.cluster_id for point in points} - {OVERALL})]
    st.dataframe(
        [
            {texts("overview.segment"): view.name(cluster_id)}
            | dict(zip(titles, at_risk.get(cluster_id, [0] * len(shown)), strict=True))
            for cluster_id in order
        ],
        hide_index=True,
        column_config=counts(*titles),
        width="stretch",
    )


def round_days(last: float) -> list[float]:
    """Return about SHOWN_DAYS round days from 0 to the last one followed."""
    if last <= 0:
        return [0.0]
    rough = last / (SHOWN_DAYS - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return [round(step * place, 6) for place in range(math.floor(last / step + 1e-9) + 1)]


def _test(view: View, overall: SurvivalFit | None) -> None:
    texts = view.texts
    if overall is None:
        return
    if overall.logrank_p is None:
        st.caption(texts("retention.no_logrank", reason=quiet(overall.logrank_reason or "–")))
    else:
        st.caption(texts("retention.logrank", p=texts.number(overall.logrank_p, digits=4)))


def _kept(view: View, fits: Sequence[SurvivalFit]) -> None:
    texts = view.texts
    fitted = [fit for fit in fits if fit.rmst_days is not None]
    if not fitted:
        return
    st.subheader(texts("retention.kept"))
    st.caption(texts("retention.kept_says", tau=texts.number(fitted[0].rmst_tau_days)))
    st.dataframe(
        [
            {
                texts("overview.segment"): view.name(fit.cluster_id),
                texts("overview.users"): fit.user_count,
                texts("retention.kept"): texts.estimate(fit.rmst_days, fit.rmst_low, fit.rmst_high),
            }
            for fit in fitted
        ],
        hide_index=True,
        column_config=counts(texts("overview.users")),
        width="stretch",
    )


def _hazards(view: View) -> None:
    texts = view.texts
    st.subheader(texts("retention.hazards"))
    terms = retention.hazard_ratios(view.snapshot.connection, view.month)
    fitted = [term for term in terms if term.kind in ("segment", POOLED) and term.status == "fitted"]
    if not fitted:
        reasons = [term.reason for term in terms if term.reason]
        st.caption(texts("retention.not_fitted", reason=quiet(reasons[0]) if reasons else "–"))
        return
    reference = next((term.term for term in terms if term.status == "reference"), None)
    st.caption(texts("retention.reference", term=quiet(view.name(reference))))
    figure = hazard_figure(terms, view.names, view.colours, texts)
    st.plotly_chart(figure, key="hazards", config={"displayModeBar": False}, alt=texts("retention.hazards"))


def _pairs(view: View) -> None:
    texts = view.texts
    st.subheader(texts("retention.pairs"))
    found = retention.comparisons(view.snapshot.connection, view.month)
    rows = [
        {
            texts("retention.pair"): f"{view.name(pair.cluster_id)} – {view.name(pair.other_cluster_id)}",
            texts("retention.holm"): texts.number(pair.holm_p, digits=4),
            texts("retention.days_longer"): texts.estimate(
                pair.rmst_difference_days, pair.rmst_difference_low, pair.rmst_difference_high
            ),
        }
        for pair in found
        if pair.status == "fitted"
    ]
    if rows:
        st.dataframe(rows, hide_index=True, width="stretch")
    elif found:
        st.caption(texts("retention.not_fitted", reason=quiet(found[0].reason or "–")))
