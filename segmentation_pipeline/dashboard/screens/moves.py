"""Moves: flows of users between two refreshes, and what became of the segments.

Add here: another look at what changed. Keep out: the counting (client/moves.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from segmentation_pipeline.client.moves import moves
from segmentation_pipeline.dashboard.columns import counts
from segmentation_pipeline.dashboard.figures import OUTSIDE, OVERALL, moves_figure
from segmentation_pipeline.dashboard.session import say_verdict

if TYPE_CHECKING:
    from segmentation_pipeline.dashboard.session import View


def show(view: View) -> None:
    """Show the page."""
    texts = view.texts
    st.caption(texts("moves.lead"))
    say_verdict(view, is_short=True)
    found = moves(view.snapshot.connection, view.month)
    flows = [move for move in found if move.from_cluster_id != OVERALL]
    if not flows:
        st.info(texts("moves.first"), icon=":material/start:")
    else:
        _flows(view)
    st.subheader(texts("moves.lineage"))
    _lineage(view)


def _flows(view: View) -> None:
    texts = view.texts
    found = moves(view.snapshot.connection, view.month)
    total = next((move for move in found if move.from_cluster_id == OVERALL), None)
    before = found[0].matched_against
    st.markdown(f"**{texts('moves.from_to', before=texts.month(before), now=view.month_name)}**")
    if total is not None:
        st.caption(
            texts(
                "moves.moved",
                moved=texts.share(total.share),
                expected=texts.share(total.expected_share),
                excess=texts.share(total.excess_share),
            )
        )
    has_outside = st.toggle(texts("moves.show_outside"), key="moves_outside")
    flows = [
        move
        for move in found
        if move.from_cluster_id != OVERALL
        and (has_outside or OUTSIDE not in (move.from_cluster_id, move.to_cluster_id))
    ]
    names = {**_names_before(view), **view.names}
    st.plotly_chart(
        moves_figure(flows, names, view.colours, texts),
        key="moves",
        config={"displayModeBar": False},
        alt=texts("moves.alt"),
    )


def _lineage(view: View) -> None:
    texts = view.texts
    names = {**_names_before(view), **view.names}
    st.dataframe(
        [
            {
                texts("overview.segment"): names.get(event.cluster_id, event.cluster_id),
                texts("moves.event"): texts.choice("lineage", event.kind),
                texts("moves.other"): "–"
                if event.other_cluster_id is None
                else names.get(event.other_cluster_id, event.other_cluster_id),
                texts("overview.users"): event.user_count,
                texts("moves.matched"): texts.choice("matched", event.matched_by),
                texts("moves.reason"): event.reason,
            }
            for event in view.snapshot.lineage(view.month)
        ],
        hide_index=True,
        column_config=counts(texts("overview.users")),
        width="stretch",
    )


def _names_before(view: View) -> dict[str, str]:
    """Return what the segments of the refresh before are called, those that have ended since among them."""
    before = view.refresh.matched_against
    return {} if before is None else view.snapshot.display_names(before)
