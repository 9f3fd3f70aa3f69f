"""Map: users as points; a click opens a card, a lasso sums up, and two pickers do the same for the keyboard.

Add here: another thing a selection tells. Keep out: the figure itself (figures.py).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from segmentation_pipeline.client import maps
from segmentation_pipeline.dashboard.cards import contrast_lines, segment_heading
from segmentation_pipeline.dashboard.columns import counts, percent_bars
from segmentation_pipeline.dashboard.figures import UNCLASSIFIED, map_figure
from segmentation_pipeline.dashboard.markup import code, quiet
from segmentation_pipeline.dashboard.session import say_verdict
from segmentation_pipeline.pictures import NEUTRAL_COLOUR, SEGMENT_COLOURS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    import plotly.graph_objects as go

    from segmentation_pipeline.client.maps import MapPoints
    from segmentation_pipeline.dashboard.session import View
    from segmentation_pipeline.dashboard.wording import Texts

DROPPED_COLOUR, STAYED_COLOUR = SEGMENT_COLOURS[1], SEGMENT_COLOURS[4]
PATTERN_COLOURS = dict(
    zip(
        ("morning", "afternoon", "evening", "night", "mixed"),
        (*SEGMENT_COLOURS[:4], NEUTRAL_COLOUR),
        strict=True,
    )
)
SEGMENT, DROP_OFF = "segment", "drop_off"
TOOLBAR = {
    "displaylogo": False,
    "displayModeBar": True,
    "scrollZoom": True,
    "modeBarButtonsToRemove": ["autoScale2d", "zoom2d"],
}
"""Dragging moves the map, because a click selects only while it does; the lasso is a button that is always shown."""

MOST_ACTIONS = 5
MOST_OFFERED = 2_000
"""Ids a picker offers; any other can be typed whole."""

MAP, PICKERS = "map", "pickers"
"""What was used last, and so decides what is shown."""


def show(view: View) -> None:
    """Show the page."""
    texts = view.texts
    st.caption(texts("map.lead", month=view.month_name))
    say_verdict(view, is_short=True)
    wide, narrow = st.columns([7, 4])
    with wide:
        found, event = _map(view)
    with narrow:
        _card(view, found, event)


def _map(view: View) -> tuple[MapPoints, Any]:
    texts, connection = view.texts, view.snapshot.connection
    options = [SEGMENT, DROP_OFF, *maps.colourings(connection, view.month)]
    chosen = st.selectbox(
        texts("map.colour"), options, key="map_colour", format_func=lambda name: colouring_name(view, name)
    )
    found = maps.map_points(connection, view.month, None if chosen in (SEGMENT, DROP_OFF) else chosen)
    if chosen == DROP_OFF:
        dropped = (found.points["outcome"] == "churn").map({True: texts("map.dropped"), False: texts("map.stayed")})
        looks = {texts("map.dropped"): DROPPED_COLOUR, texts("map.stayed"): STAYED_COLOUR}
        figure = _grouped(found, dropped, looks, texts)
    elif chosen == maps.PATTERN:
        looks = {texts(f"pattern.{name}"): colour for name, colour in PATTERN_COLOURS.items()}
        figure = _grouped(found, found.points["value"].map(lambda name: texts(f"pattern.{name}")), looks, texts)
    else:
        figure = map_figure(
            found, view.names, view.colours, texts, None if chosen == SEGMENT else colouring_name(view, chosen)
        )
    event = st.plotly_chart(
        figure,
        key=f"map_{view.month_name}_{chosen}",
        on_select=partial(_remember, MAP),
        selection_mode=("points", "lasso"),
        config=TOOLBAR,
        alt=texts("map.alt", colour=colouring_name(view, chosen)),
    )
    st.caption(texts("map.distances"))
    if found.is_sample:
        shown, total = texts.count(len(found.points)), texts.count(found.total_count)
        st.caption(texts("map.sample", shown=shown, total=total))
    return found, event


def _grouped(found: MapPoints, groups: pd.Series[str], looks: Mapping[str, str], texts: Texts) -> go.Figure:
    """Return the map coloured by groups that are no segments; `looks`: what each is called -> its colour."""
    points = maps.MapPoints(found.points.assign(cluster_id=groups), found.total_count)
    return map_figure(points, {name: name for name in looks}, looks, texts, None)


def colouring_name(view: View, name: str) -> str:
    """Return what a colouring is called."""
    if name.startswith(maps.ACTION):
        return view.texts("measure.action", name=name.removeprefix(maps.ACTION))
    return view.texts(f"map.by_{name}") if name in (SEGMENT, DROP_OFF) else view.texts(f"measure.{name}")


def _card(view: View, found: MapPoints, event: Any) -> None:
    texts = view.texts
    segments = sorted(view.names)
    user_key = f"map_user_{view.month}"
    picked_segment = st.selectbox(
        texts("map.pick_segment"),
        segments,
        index=None,
        key=f"map_segment_{view.month}",
        format_func=view.name,
        placeholder="–",
        on_change=_remember,
        args=(PICKERS, user_key),
    )
    users = maps.users_like(view.snapshot.connection, view.month, "", picked_segment, most=MOST_OFFERED)
    picked_user = st.selectbox(
        texts("map.pick_user"),
        users,
        index=None,
        key=user_key,
        help=texts("map.pick_user_help"),
        placeholder="–",
        accept_new_options=True,
        on_change=_remember,
        args=(PICKERS,),
    )
    selected = [str(point["customdata"]) for point in event.selection.points if point.get("customdata")]
    if st.session_state.get("map_last") == PICKERS:
        selected = []
    chosen = selected[0] if selected else picked_user
    if len(selected) > 1:
        _summary(view, found.points[found.points["user_id"].isin(selected)], is_sample=found.is_sample)
    elif chosen is not None:
        _user(view, chosen)
    elif picked_segment:
        _segment(view, picked_segment)
    else:
        st.info(texts("map.nothing_chosen"), icon=":material/touch_app:")


def _summary(view: View, points: pd.DataFrame, *, is_sample: bool) -> None:
    texts = view.texts
    count, dropped = texts.count(len(points)), texts.count(int((points["outcome"] == "churn").sum()))
    with st.container(border=True):
        lasso = texts("map.lasso_sample" if is_sample else "map.lasso", count=count)
        st.markdown(f"**{lasso}** · {texts('map.lasso_dropped', dropped=dropped, count=count)}")
        sizes = points["cluster_id"].value_counts()
        st.dataframe(
            [
                {
                    texts("overview.segment"): view.name(str(cluster_id)),
                    texts("overview.users"): int(count),
                    texts("overview.share"): 100 * count / len(points),
                }
                for cluster_id, count in sizes.items()
            ],
            hide_index=True,
            column_config=counts(texts("overview.users")) | percent_bars(texts, texts("overview.share")),
        )


def _remember(used: str, cleared: str | None = None) -> None:
    """Keep what was used last; a segment picked anew lets go of the user picked before."""
    st.session_state["map_last"] = used
    if cleared is not None:
        st.session_state[cleared] = None


def _user(view: View, user_id: str) -> None:
    texts = view.texts
    user = maps.user_on_map(view.snapshot.connection, view.month, user_id)
    if user is None:
        st.warning(texts("map.no_user", user=code(user_id)), icon=":material/person_off:")
        return
    with st.container(border=True):
        st.markdown(f"**{texts('map.card_user', user=code(user.user_id))}**")
        st.caption(texts("map.membership", value=texts.number(user.membership), other=quiet(view.name(user.runner_up))))
        day = texts.number(user.duration_days)
        st.markdown(texts("map.outcome", outcome=texts(f"outcome.{user.outcome or 'censored'}", day=day)))
        most = sorted(user.action_counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_ACTIONS]
        st.markdown(
            f"{texts('map.most_used')}: " + ", ".join(f"{code(name)} {texts.count(count)}" for name, count in most)
        )
    if user.cluster_id != UNCLASSIFIED:
        _segment(view, user.cluster_id)


def _segment(view: View, cluster_id: str) -> None:
    detail = view.snapshot.segment(cluster_id, view.month)
    with st.container(border=True):
        segment_heading(view, detail)
        st.markdown("\n".join(f"- {line}" for line in contrast_lines(view, detail)[:5]))
