"""Parts of a segment's card that several pages show: heading, what sets it apart, a piece of advice.

Add here: another part that a second page needs. Keep out: pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from segmentation_pipeline.client.advice import EXPERIMENT
from segmentation_pipeline.dashboard.markup import code, in_html, quiet, table
from segmentation_pipeline.dashboard.session import EDITOR, done
from segmentation_pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from segmentation_pipeline.client.advice import Citation, Recommendation
    from segmentation_pipeline.client.roadmap import RoadmapEntry
    from segmentation_pipeline.client.segments import SegmentDetail
    from segmentation_pipeline.dashboard.session import View
    from segmentation_pipeline.dashboard.wording import Texts

ACTION_SHARE = "mix:"
"""Features of this group are shares of one action, whose name follows."""


def segment_heading(view: View, detail: SegmentDetail) -> None:
    """Show name, description, size, drop-off and stability of a segment."""
    texts, summary = view.texts, detail.summary
    st.html(
        "<h3 style='margin:0;padding:0 0 0 .6rem;overflow-wrap:anywhere;"
        f"border-left:.5rem solid {view.colour(detail.cluster_id)}'>{in_html(summary.display_name)}</h3>"
    )
    st.markdown(quiet(detail.description))
    size = texts("segments.of_users", count=texts.count(summary.user_count), share=texts.share(summary.share))
    if summary.drop_off_rate is None:
        told = texts("segments.no_drop_off")
    else:
        told = texts(
            "segments.drop_off",
            day=texts.number(summary.drop_off_days, digits=1),
            rate=texts.share(summary.drop_off_rate),
            interval=texts.interval(summary.drop_off_low, summary.drop_off_high),
        )
    if summary.origin == "preset":
        found = texts("segments.own_cut")
    else:
        stability = texts.choice("stability", summary.stability)
        found = texts("segments.stability", stability=stability, jaccard=texts.number(detail.jaccard))
    st.markdown(f"**{size}** · **{told}**")
    st.caption(found)


def feature_names(detail: SegmentDetail, texts: Texts) -> Mapping[str, str]:
    """Return feature -> what a chart calls it."""
    return {contrast.feature: _feature_name(contrast.feature, texts) for contrast in detail.contrasts}


def contrast_lines(view: View, detail: SegmentDetail) -> list[str]:
    """Return what sets a segment apart, a line each, strongest first."""
    names, texts = feature_names(detail, view.texts), view.texts
    return [
        f"**{quiet(names[contrast.feature])}** {texts.measured(contrast.mean, contrast.unit)} "
        f"({texts('app.overall')}: {texts.measured(contrast.overall, contrast.unit)})"
        for contrast in detail.contrasts
    ]


def advice_item(view: View, item: Recommendation, planned: Mapping[str, RoadmapEntry] | None = None) -> None:
    """Show a piece of advice whose evidence opens on click: one text of many parts, because a browser draws it sooner.

    `planned`: what is on the roadmap and undecided, by recommendation; given, an experiment can be put there.
    """
    texts = view.texts
    parts = [quiet(item.text)]
    if item.hypothesis:
        parts.append(f"*{texts('segments.hypothesis')}:* {quiet(item.hypothesis)}")
        direction = texts.choice("direction", item.expected_direction)
        metric = code(item.primary_metric or "")
        parts.append(f":small[{texts('segments.decides', metric=metric, direction=direction, effort=item.effort)}]")
    if item.evidence:
        parts.append(f":small[{texts('segments.evidence')}]")
        parts.append(table([_cited(citation, texts) for citation in item.evidence]))
    with st.expander(quiet(item.title)):
        st.markdown("\n\n".join(parts))
        if item.kind == EXPERIMENT and planned is not None:
            _plan(view, item, planned.get(item.recommendation_id))


def _plan(view: View, item: Recommendation, entry: RoadmapEntry | None) -> None:
    texts = view.texts
    if entry is not None:
        status = texts.choice("status", entry.plan.status)
        st.caption(f":material/map: {texts('experiments.is_planned', number=entry.entry_id, status=status)}")
    elif st.button(texts("experiments.add"), key=f"plan_{item.recommendation_id}", icon=":material/add_task:"):
        try:
            made = view.home.add_to_roadmap(item.recommendation_id, by=EDITOR, month=view.month)
        except PipelineError as refused:
            st.error(quiet(str(refused)), icon=":material/block:")
        else:
            done(texts("experiments.added", number=made.entry_id))


def advisor_name(advisor: str, texts: Texts) -> str:
    """Return who advised: the rules, or a model by its name."""
    known = texts.choice("advisor", advisor)
    return known if known != advisor else code(advisor)


def _cited(citation: Citation, texts: Texts) -> dict[str, str]:
    compared = texts.choice("comparator", citation.comparator)
    if citation.comparator_value is not None:
        compared = f"{compared}: {texts.measured(citation.comparator_value, citation.unit)}"
    return {
        texts("segments.metric"): code(citation.metric_id),
        texts("segments.value"): quiet(texts.measured(citation.value, citation.unit)),
        texts("segments.compared"): quiet(compared),
        texts("segments.window"): quiet(citation.window or ""),
    }


def _feature_name(feature: str, texts: Texts) -> str:
    known = texts.choice("feature", feature)
    return known if known != feature else feature.removeprefix(ACTION_SHARE)
