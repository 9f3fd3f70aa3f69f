"""Overview: the verdict, the five promises as facts of the refresh, the segments, and all of it over time.

Add here: another fact of a refresh people look for first. Keep out: one segment in full (segments.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from segmentation_pipeline.client import advice, retention
from segmentation_pipeline.dashboard.figures import OVERALL, trend_figure
from segmentation_pipeline.dashboard.session import say_verdict

if TYPE_CHECKING:
    from segmentation_pipeline.dashboard.session import View

TRENDS = ("share", "drop_off_rate", "retention")


def show(view: View) -> None:
    """Show the page."""
    texts, refresh = view.texts, view.refresh
    st.caption(texts("overview.lead", month=view.month_name))
    say_verdict(view)
    segments = view.snapshot.segments(view.month)
    overall = next(
        (fit for fit in retention.fits(view.snapshot.connection, view.month) if fit.cluster_id == OVERALL), None
    )
    at_risk, ended, count, dropped = st.columns(4)
    at_risk.metric(
        texts("overview.at_risk"), texts.count(refresh.at_risk_count), help=texts("overview.at_risk_help"), border=True
    )
    ended.metric(
        texts("overview.ended"), texts.count(refresh.ended_early_count), help=texts("overview.ended_help"), border=True
    )
    count.metric(texts("overview.segments"), len(segments), border=True)
    if overall is not None and overall.drop_off_days is not None:
        dropped.metric(
            texts("overview.drop_off", day=texts.number(overall.drop_off_days)),
            texts.share(overall.drop_off_rate),
            help=texts.interval(overall.drop_off_low, overall.drop_off_high),
            border=True,
        )
    _table(view)
    st.subheader(texts("overview.promises"))
    _promises(view)
    st.subheader(texts("overview.trend"))
    _trends(view)


def _table(view: View) -> None:
    texts = view.texts
    rows = [
        {
            texts("overview.segment"): segment.display_name,
            texts("overview.users"): segment.user_count,
            texts("overview.share"): 100 * segment.share,
            texts("overview.drop_off", day=texts.number(segment.drop_off_days)): None
            if segment.drop_off_rate is None
            else 100 * segment.drop_off_rate,
            texts("overview.risk"): texts.choice("risk", segment.churn_risk),
            texts("overview.stability"): texts.choice("stability", segment.stability) or "–",
            texts("overview.advice"): segment.top_advice or "–",
        }
        for segment in view.snapshot.segments(view.month)
    ]
    bars = {
        name: st.column_config.ProgressColumn(format="%.0f%%", min_value=0, max_value=100)
        for name in (rows[0] if rows else {})
        if name == texts("overview.share") or name.startswith(texts("overview.drop_off", day="").strip())
    }
    st.dataframe(rows, hide_index=True, column_config=bars, width="stretch")


def _promises(view: View) -> None:
    told = (
        ("leakage", ":material/schedule:", _leakage(view)),
        ("identity", ":material/fingerprint:", _identity(view)),
        ("evidence", ":material/science:", _evidence(view)),
        ("grounding", ":material/link:", _grounding(view)),
        ("decision", ":material/alt_route:", _decision(view)),
    )
    for column, (name, icon, says) in zip(st.columns(len(told)), told, strict=True):
        with column.container(border=True, height="stretch"):
            st.markdown(f"{icon} **{view.texts(f'overview.{name}')}**")
            st.markdown(says)


def _leakage(view: View) -> str:
    refresh, texts = view.refresh, view.texts
    landmark = refresh.landmark_at
    return texts(
        "overview.leakage_says",
        start=f"{refresh.window_start:%Y-%m-%d}",
        landmark=f"{landmark:%Y-%m-%d %H:%M}" if landmark else texts("overview.leakage_entry"),
        as_of=f"{refresh.as_of:%Y-%m-%d %H:%M}",
    )


def _identity(view: View) -> str:
    refresh, texts = view.refresh, view.texts
    if refresh.matched_against is None:
        return texts("overview.identity_first")
    changes = [event for event in view.snapshot.lineage(view.month) if event.kind != "continued"]
    return texts(
        "overview.identity_says",
        month=f"{refresh.matched_against:%Y-%m}",
        told=texts("overview.identity_changes", count=len(changes)) if changes else texts("overview.identity_same"),
        moved=texts.share(refresh.moved_share),
        expected=texts.share(refresh.expected_moved_share),
    )


def _evidence(view: View) -> str:
    tests = [test for test in view.snapshot.evidence(view.month) if test.cluster_id == OVERALL]
    lines = [f"{'✓' if test.is_passed else '✗'} {test.test} {view.texts.number(test.statistic)}" for test in tests]
    passed = sum(test.is_passed for test in tests)
    return "  \n".join([view.texts("overview.evidence_says", passed=passed, count=len(tests)), *lines])


def _grounding(view: View) -> str:
    found = advice.segment_advice(view.snapshot.connection, view.month)
    if not found:
        return view.texts("overview.grounding_none")
    advisors = sorted({row.advisor for row in found.values()})
    return view.texts(
        "overview.grounding_says",
        claims=view.texts.count(sum(row.claim_count for row in found.values())),
        advisor=", ".join(f"`{advisor}`" for advisor in advisors),
        refused=view.texts.count(sum(row.refused_count for row in found.values())),
    )


def _decision(view: View) -> str:
    found = advice.recommendations(view.snapshot.connection, view.month)
    count = sum(row.kind == "experiment" for row in found)
    return view.texts("overview.decision_says", count=view.texts.count(count))


def _trends(view: View) -> None:
    texts = view.texts
    points = retention.trends(view.snapshot.connection)
    if len({point.refresh_month for point in points}) < 2:
        st.caption(texts("overview.trend_one"))
        return
    titles = (texts("overview.trend_size"), texts("overview.trend_drop_off"), texts("overview.trend_retention"))
    for column, name, title in zip(st.columns(3), TRENDS, titles, strict=True):
        figure = trend_figure(points, name, view.names, view.colours, title)
        column.plotly_chart(figure, key=f"trend_{name}", config={"displayModeBar": False}, alt=title)
