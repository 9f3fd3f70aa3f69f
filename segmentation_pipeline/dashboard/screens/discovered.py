"""LLM segments: what a model (or the tree in its place) discovered, beside the clusters, with the agreement of both.

Add here: another figure about discovered segments. Keep out: discovering.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from segmentation_pipeline.client import discovered
from segmentation_pipeline.dashboard.figures import agreement_figure
from segmentation_pipeline.dashboard.markup import code, quiet
from segmentation_pipeline.dashboard.session import say_verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segmentation_pipeline.client.discovered import DiscoveredSegment, Discovery
    from segmentation_pipeline.dashboard.session import View


def show(view: View) -> None:
    """Show the page."""
    texts, connection = view.texts, view.snapshot.connection
    found = discovered.discovery(connection, view.month)
    segments = discovered.discovered_segments(connection, view.month)
    living = [segment for segment in segments if segment.status != "retired"]
    if found is None or not living:
        reason = "–" if found is None else found.reason or "–"
        st.info(texts("discovered.none", reason=quiet(reason)), icon=":material/psychology:")
        return
    _who(view, found)
    say_verdict(view, is_short=True)
    pending = discovered.pending_count(connection, view.month)
    if pending:
        st.caption(f":material/hourglass_empty: {texts('discovered.pending', count=texts.count(pending))}")
    for row in range(0, len(living), 2):
        for column, segment in zip(st.columns(2), living[row : row + 2], strict=False):
            with column.container(border=True, height="stretch"):
                _card(view, segment)
    ended = [segment.label for segment in segments if segment.status == "retired"]
    if ended:
        st.caption(texts("discovered.retired", names=quiet(", ".join(ended))))
    _agreement(view, living)


def _who(view: View, found: Discovery) -> None:
    texts = view.texts
    is_offline = found.provider == "rules"
    st.caption(texts("discovered.lead", provider=texts("discovered.rules") if is_offline else code(found.model)))
    if found.fallback:
        st.warning(texts("discovered.fallback", reason=quiet(found.fallback)), icon=":material/warning:")
    if found.status == "carried_over":
        st.caption(texts("discovered.carried", month=texts.month(found.discovered_month)))
    st.caption(quiet(found.cluster_quality_notes))
    if not is_offline:
        cost = (
            texts("discovered.no_price") if found.cost_usd is None else f"\\${texts.number(found.cost_usd, digits=3)}"
        )
        sent, received = texts.count(found.input_tokens), texts.count(found.output_tokens)
        st.caption(texts("discovered.cost", input=sent, output=received, cost=cost))


def _card(view: View, segment: DiscoveredSegment) -> None:
    texts = view.texts
    st.markdown(f"#### {quiet(segment.label)}")
    st.markdown(quiet(segment.description))
    if segment.user_count is not None:
        st.caption(
            texts("segments.of_users", count=texts.count(segment.user_count), share=texts.share(segment.share))
            + f" · {texts('overview.risk')}: {texts.choice('risk', segment.churn_risk)}"
        )
    st.markdown(f"**{texts('discovered.signals')}**")
    st.markdown("\n".join(f"- {quiet(signal)}" for signal in segment.defining_signals[:4]))
    st.markdown(f"**{texts('discovered.offer')}** {quiet(segment.personalization_strategy)}")
    if segment.retained_day_14 is None:
        st.caption(texts("discovered.not_retained", reason=quiet(segment.retention_reason or "–")))
    else:
        st.caption(
            texts(
                "discovered.retained",
                rate=texts.share(segment.retained_day_14),
                interval=texts.interval(segment.retained_low, segment.retained_high),
            )
        )


def _agreement(view: View, living: Sequence[DiscoveredSegment]) -> None:
    texts = view.texts
    overlaps = discovered.overlaps(view.snapshot.connection, view.month)
    if not overlaps:
        return
    st.subheader(texts("discovered.agreement"))
    index = overlaps[0].adjusted_mutual_information
    st.caption(texts("discovered.agreement_says", value=texts.number(index)))
    labels = {segment.segment_id: segment.label for segment in living}
    st.plotly_chart(
        agreement_figure(overlaps, labels, view.names, texts),
        key="agreement",
        config={"displayModeBar": False},
        alt=texts("discovered.alt"),
    )
