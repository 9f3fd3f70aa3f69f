"""Parts of a segment's card that several pages show: heading, what sets it apart, a piece of advice.

Add here: another part that a second page needs. Keep out: pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Mapping

    from segmentation_pipeline.client.advice import Recommendation
    from segmentation_pipeline.client.segments import SegmentDetail
    from segmentation_pipeline.dashboard.session import View


def segment_heading(view: View, detail: SegmentDetail) -> None:
    """Show name, description, size, drop-off and stability of a segment."""
    texts, summary = view.texts, detail.summary
    st.markdown(
        f"<h3 style='margin:0;padding:0 0 0 .6rem;border-left:.5rem solid {view.colour(detail.cluster_id)}'>"
        f"{_plain(summary.display_name)}</h3>",
        unsafe_allow_html=True,
    )
    st.markdown(quiet(detail.description))
    size = texts("segments.of_users", count=texts.count(summary.user_count), share=texts.share(summary.share))
    if summary.drop_off_rate is None:
        told = texts("segments.no_drop_off")
    else:
        told = texts(
            "segments.drop_off",
            day=texts.number(summary.drop_off_days),
            rate=texts.share(summary.drop_off_rate),
            low=texts.share(summary.drop_off_low),
            high=texts.share(summary.drop_off_high),
        )
    if summary.origin == "preset":
        found = texts("segments.own_cut")
    else:
        stability = texts.choice("stability", summary.stability)
        found = texts("segments.stability", stability=stability, jaccard=texts.number(detail.jaccard))
    st.caption(f"{size} · {told}  \n{found}")


def feature_names(detail: SegmentDetail) -> Mapping[str, str]:
    """Return feature -> what a chart calls it."""
    return {contrast.feature: contrast.feature.split(":", 1)[-1].replace("_", " ") for contrast in detail.contrasts}


def contrast_lines(view: View, detail: SegmentDetail) -> list[str]:
    """Return what sets a segment apart, a line each, strongest first."""
    names = feature_names(detail)
    return [
        f"**{quiet(names[contrast.feature])}** {view.texts.number(contrast.mean)} "
        f"({view.texts('app.overall')}: {view.texts.number(contrast.overall)})"
        for contrast in detail.contrasts
    ]


def advice_item(view: View, item: Recommendation) -> None:
    """Show a piece of advice whose evidence opens on click."""
    texts = view.texts
    with st.expander(quiet(item.title)):
        st.markdown(quiet(item.text))
        if item.hypothesis:
            st.markdown(f"*{texts('segments.hypothesis')}:* {quiet(item.hypothesis)}")
            direction = texts.choice("direction", item.expected_direction)
            metric = (item.primary_metric or "").replace("`", "'")
            st.caption(texts("segments.decides", metric=metric, direction=direction, effort=item.effort))
        st.caption(texts("segments.evidence"))
        st.dataframe(
            [
                {
                    "metric": citation.metric_id,
                    "value": citation.value,
                    "unit": citation.unit,
                    "comparator": citation.comparator,
                    "comparator value": citation.comparator_value,
                    "window": citation.window,
                }
                for citation in item.citations
            ],
            hide_index=True,
        )


def _plain(text: str) -> str:
    """Return a text as HTML shows it, letter by letter."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def quiet(text: str) -> str:
    """Return a text that markdown shows as it is, but for its backticked names."""
    parts = text.split("`")
    for place in range(0, len(parts), 2):
        for mark in ("\\", "*", "_", "[", "]", "<", ">", "#", "$", ":", "~", "|"):
            parts[place] = parts[place].replace(mark, f"\\{mark}")
    return "`".join(parts)
