"""Overview: the verdict, the five promises as facts of the refresh, the segments, and all of it over time.

Add here: another fact of a refresh people look for first. Keep out: one segment in full (segments.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from segmentation_pipeline.client import advice, retention
from segmentation_pipeline.client.advice import EXPERIMENT
from segmentation_pipeline.dashboard.cards import advisor_name
from segmentation_pipeline.dashboard.columns import MARK, colours, counts, percent_bars, swatch
from segmentation_pipeline.dashboard.figures import OVERALL, trend_figure
from segmentation_pipeline.dashboard.last_run import tell_failed_run
from segmentation_pipeline.dashboard.markup import unticked
from segmentation_pipeline.dashboard.power_card import tally
from segmentation_pipeline.dashboard.session import say_verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segmentation_pipeline.client import SegmentSummary
    from segmentation_pipeline.dashboard.session import View

TRENDS = ("share", "drop_off_rate", "retention")


def show(view: View) -> None:
    """Show the page."""
    texts = view.texts
    tell_failed_run(view.home, view.published_at, texts)
    st.caption(texts("overview.lead", month=view.month_name))
    say_verdict(view)
    segments = view.snapshot.segments(view.month)
    _figures(view, segments)
    if segments:
        _table(view, segments)
    st.subheader(texts("overview.promises"))
    _promises(view)
    st.subheader(texts("overview.trend"))
    _trends(view)


def _figures(view: View, segments: Sequence[SegmentSummary]) -> None:
    texts, refresh = view.texts, view.refresh
    fits = retention.fits(view.snapshot.connection, view.month)
    overall = next((fit for fit in fits if fit.cluster_id == OVERALL), None)
    at_risk, ended = texts.count(refresh.at_risk_count), texts.count(refresh.ended_early_count)
    with st.container(horizontal=True):
        st.metric(texts("overview.at_risk"), at_risk, help=texts("overview.at_risk_help"), border=True)
        st.metric(texts("overview.ended"), ended, help=texts("overview.ended_help"), border=True)
        st.metric(texts("overview.segments"), texts.count(len(segments)), border=True)
        if overall is not None and overall.drop_off_rate is not None:
            st.metric(
                texts("overview.drop_off", day=texts.number(overall.drop_off_days, digits=1)),
                texts.share(overall.drop_off_rate),
                help=texts.interval(overall.drop_off_low, overall.drop_off_high),
                border=True,
            )


def _table(view: View, segments: Sequence[SegmentSummary]) -> None:
    texts = view.texts
    days = {segment.drop_off_days for segment in segments}
    dropped = texts("overview.drop_off_plain")
    if len(days) == 1 and None not in days:
        dropped = texts("overview.drop_off", day=texts.number(days.pop(), digits=1))
    rows = [
        {
            MARK: swatch(view.colour(segment.cluster_id)),
            texts("overview.segment"): segment.display_name,
            texts("overview.users"): segment.user_count,
            texts("overview.share"): 100 * segment.share,
            dropped: None if segment.drop_off_rate is None else 100 * segment.drop_off_rate,
            texts("overview.risk"): texts.choice("risk", segment.churn_risk),
            texts("overview.stability"): texts.choice("stability", segment.stability) or "–",
            texts("overview.advice"): unticked(segment.top_advice or "–"),
        }
        for segment in segments
    ]
    shown_as = {
        MARK: colours(),
        **counts(texts("overview.users")),
        **percent_bars(texts, texts("overview.share"), dropped),
    }
    st.dataframe(rows, hide_index=True, column_config=shown_as, width="stretch")


def _promises(view: View) -> None:
    told = (
        ("leakage", ":material/schedule:", _leakage(view)),
        ("identity", ":material/fingerprint:", _identity(view)),
        ("evidence", ":material/science:", _evidence(view)),
        ("grounding", ":material/link:", _grounding(view)),
        ("decision", ":material/alt_route:", _decision(view)),
    )
    with st.container(border=True):
        for name, icon, says in told:
            promise, fact = st.columns([2, 7])
            promise.markdown(f"{icon} **{view.texts(f'overview.{name}')}**")
            fact.markdown(says)


def _leakage(view: View) -> str:
    refresh, texts = view.refresh, view.texts
    landmark = refresh.landmark_at
    return texts(
        "overview.leakage_says",
        start=texts.day(refresh.window_start),
        landmark=texts.moment(landmark) if landmark else texts("overview.leakage_entry"),
        as_of=texts.moment(refresh.as_of),
    )


def _identity(view: View) -> str:
    refresh, texts = view.refresh, view.texts
    if refresh.matched_against is None:
        return texts("overview.identity_first")
    changes = [event for event in view.snapshot.lineage(view.month) if event.kind != "continued"]
    return texts(
        "overview.identity_says",
        month=texts.month(refresh.matched_against),
        told=texts("overview.identity_changes", count=len(changes)) if changes else texts("overview.identity_same"),
        moved=texts.share(refresh.moved_share),
        expected=texts.share(refresh.expected_moved_share),
    )


def _evidence(view: View) -> str:
    texts = view.texts
    tests = [test for test in view.snapshot.evidence(view.month) if test.cluster_id == OVERALL]
    passed = [texts.choice("test", test.test) for test in tests if test.is_passed]
    failed = [texts.choice("test", test.test) for test in tests if not test.is_passed]
    told = texts("overview.evidence_says", passed=len(passed), count=len(tests), tests="; ".join(passed) or "–")
    return f"{told} {texts('overview.evidence_failed', tests='; '.join(failed))}" if failed else told


def _grounding(view: View) -> str:
    found = advice.segment_advice(view.snapshot.connection, view.month)
    if not found:
        return view.texts("overview.grounding_none")
    advisors = sorted({row.advisor for row in found.values()})
    return view.texts(
        "overview.grounding_says",
        claims=view.texts.count(sum(row.claim_count for row in found.values())),
        advisor=", ".join(advisor_name(advisor, view.texts) for advisor in advisors),
        refused=view.texts.count(sum(row.refused_count for row in found.values())),
    )


def _decision(view: View) -> str:
    texts = view.texts
    count = len(view.snapshot.recommendations(month=view.month, kind=EXPERIMENT))
    told = texts("overview.decision_says", count=texts.count(count))
    verdicts = [power.verdict for power in view.snapshot.experiment_power(month=view.month)]
    return f"{told} {texts('overview.decision_judged', verdicts=tally(verdicts, texts))}" if verdicts else told


def _trends(view: View) -> None:
    texts = view.texts
    points = retention.comparable_trends(view.snapshot.connection)
    if len({point.refresh_month for point in points}) < 2:
        st.caption(texts("overview.trend_one"))
        return
    retained = texts("overview.trend_retention")
    day = next((point.retention_day for point in points if point.retention_day is not None), None)
    if day is not None:
        retained = texts("overview.trend_retention_on", day=texts.number(day, digits=1))
    titles = (texts("overview.trend_size"), texts("overview.trend_drop_off"), retained)
    for column, name, title in zip(st.columns(3), TRENDS, titles, strict=True):
        figure = trend_figure(points, name, view.names, view.colours, texts, title)
        column.plotly_chart(figure, key=f"trend_{name}", config={"displayModeBar": False}, alt=title)
