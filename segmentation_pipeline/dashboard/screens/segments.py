"""Segments: a card each, with contrasts, drop-off, advice whose evidence opens on click, and a person's name and notes.

Add here: another part of a segment's card. Keep out: parts other pages show too (cards.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from segmentation_pipeline.client import advice
from segmentation_pipeline.dashboard.cards import advice_item, advisor_name, feature_names, segment_heading
from segmentation_pipeline.dashboard.figures import OVERALL, contrasts_figure
from segmentation_pipeline.dashboard.markup import quiet
from segmentation_pipeline.dashboard.naming import Named, name_and_notes
from segmentation_pipeline.dashboard.session import EDITOR, say_verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from segmentation_pipeline.client.advice import Recommendation, SegmentAdvice
    from segmentation_pipeline.client.roadmap import RoadmapEntry
    from segmentation_pipeline.client.segments import SegmentDetail
    from segmentation_pipeline.dashboard.session import View

KINDS = (("pain_point", "pain"), ("product_recommendation", "remedy"), ("experiment", "experiments"))


def show(view: View) -> None:
    """Show the page."""
    texts, connection = view.texts, view.snapshot.connection
    st.caption(texts("segments.lead"))
    say_verdict(view)
    by_segment: dict[str, list[Recommendation]] = {}
    for item in advice.recommendations(connection, view.month):
        by_segment.setdefault(item.cluster_id, []).append(item)
    advised = advice.segment_advice(connection, view.month)
    planned = view.home.open_plans()
    if OVERALL in by_segment:
        with st.container(border=True):
            st.subheader(texts("segments.everyone"))
            _advice(view, by_segment[OVERALL], advised.get(OVERALL), planned)
    for summary in view.snapshot.segments(view.month):
        detail = view.snapshot.segment(summary.cluster_id, view.month)
        with st.container(border=True):
            _card(view, detail, by_segment.get(summary.cluster_id, []), advised.get(summary.cluster_id), planned)


def _card(
    view: View,
    detail: SegmentDetail,
    items: list[Recommendation],
    advised: SegmentAdvice | None,
    planned: Mapping[str, RoadmapEntry],
) -> None:
    texts = view.texts
    segment_heading(view, detail)
    apart, told = st.columns([5, 6])
    with apart:
        st.markdown(f"**{texts('segments.apart')}**")
        figure = contrasts_figure(detail.contrasts, feature_names(detail, texts), view.colour(detail.cluster_id), texts)
        st.plotly_chart(
            figure,
            key=f"contrasts_{detail.cluster_id}",
            config={"displayModeBar": False},
            alt=texts("segments.apart"),
        )
        _edit(view, detail)
    with told:
        if items:
            _advice(view, items, advised, planned)
        else:
            st.caption(texts("segments.too_small"))


def _advice(
    view: View, items: list[Recommendation], advised: SegmentAdvice | None, planned: Mapping[str, RoadmapEntry]
) -> None:
    texts = view.texts
    for kind, title in KINDS:
        own = [item for item in items if item.kind == kind]
        if own:
            st.markdown(f"**{texts(f'segments.{title}')}**")
            for item in own:
                advice_item(view, item, planned)
    if advised is not None:
        st.caption(texts("segments.by", advisor=advisor_name(advised.advisor, texts)))
        if advised.instead_because:
            st.caption(f":material/warning: {texts('segments.instead', reason=quiet(advised.instead_because))}")


def _edit(view: View, detail: SegmentDetail) -> None:
    home, cluster_id = view.home, detail.cluster_id
    named = Named(
        key=cluster_id,
        label=detail.summary.label,
        name=detail.display_name,
        notes=detail.summary.notes,
        rename=lambda name: home.rename_segment(cluster_id, name, by=EDITOR),
        clear_name=lambda: home.clear_name(cluster_id, by=EDITOR),
        add_note=lambda text: home.add_note(cluster_id, text, by=EDITOR),
    )
    name_and_notes(named, view.texts)
