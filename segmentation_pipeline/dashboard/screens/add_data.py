"""Add data: a file of events with what it would be read as, landed whole; then the refresh that reads it.

Add here: another thing people see before a file lands. Keep out: reading files (intake/), the progress (refreshing.py).
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

import streamlit as st

from segmentation_pipeline.dashboard.columns import counts
from segmentation_pipeline.dashboard.home_choice import ask_for_folder, make_home
from segmentation_pipeline.dashboard.launch import UPLOAD_MB
from segmentation_pipeline.dashboard.markup import code, quiet
from segmentation_pipeline.dashboard.refreshing import forget_added, refresh_panel, show_added, tell_added
from segmentation_pipeline.errors import PipelineError
from segmentation_pipeline.intake.previews import preview
from segmentation_pipeline.intake.refresh_requests import request_refresh
from segmentation_pipeline.intake.uploads import (
    displaced_files,
    free_name,
    is_taken,
    keep_columns,
    land,
    safe_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from segmentation_pipeline.dashboard.session import HomeView
    from segmentation_pipeline.intake.previews import Columns, Preview, RoleFound

MOST_REJECTED = 50
"""Rejected records shown; their reasons are counted over all that were looked at."""

NO_COLUMN = ""
"""Offered where a role is optional: no column plays it."""

UPLOADS = "upload_number"
"""Name in the session: how many files were added."""


def show(view: HomeView) -> None:
    """Show the page."""
    texts, home = view.texts, view.home.home
    is_sample = home.settings().sample
    st.caption(
        texts(
            "add.lead",
            size=UPLOAD_MB,
            command=code(f"segpipe run --home {'DIR' if is_sample else home.root} --events FILE"),
        )
    )
    tell_added()
    if is_sample:
        st.info(texts("add.sample"), icon=":material/science:")
    number = st.session_state.setdefault(UPLOADS, 0)
    uploaded = st.file_uploader(texts("add.file"), key=f"upload_{number}", max_upload_size=UPLOAD_MB)
    if uploaded is not None:
        forget_added()
        _file(view, uploaded.name, uploaded, key=uploaded.file_id, is_sample=is_sample)
    if not is_sample or uploaded is None:
        st.subheader(texts("refreshing.title"))
        refresh_panel(view)


def _file(view: HomeView, name: str, content: BinaryIO, *, key: str, is_sample: bool) -> None:
    texts = view.texts
    settings = view.home.home.settings().input
    with st.container(border=True), st.spinner(texts("add.reading")):
        found = preview(name, content, settings)
        _form(view, found)
        chosen = _columns(view, found, key)
        if chosen:
            found = preview(name, content, settings, chosen)
        _outcome(view, found)
        if found.is_readable:
            _land(view, found, content, chosen, is_sample=is_sample)


def _form(view: HomeView, found: Preview) -> None:
    """Tell name, size and form of the file."""
    texts = view.texts
    marks = [found.format, found.encoding, *([] if found.compression == "none" else [found.compression])]
    if found.delimiter is not None:
        marks.append(texts("add.delimiter", delimiter=code("⇥" if found.delimiter == "\t" else found.delimiter)))
    known = [mark for mark in marks if mark != "unknown"]
    st.markdown(" · ".join([f"**{code(safe_name(found.file_name))}**", texts.size(found.byte_count), *known]))
    if found.rows:
        st.dataframe([dict(row) for row in found.rows], hide_index=True, width="stretch")


def _columns(view: HomeView, found: Preview, key: str) -> Columns:
    """Let people say which column is what; return what they say otherwise than it was found."""
    chosen: Columns = {}
    if not found.roles:
        return chosen
    st.markdown(f"**{view.texts('add.columns')}**")
    for place, role in zip(st.columns(len(found.roles)), found.roles, strict=True):
        with place:
            picked = _picked(view, found, role, f"{key}_{role.role}")
        if picked != role.columns and (picked or not role.is_required):
            chosen[role.role] = picked
    return chosen


def _picked(view: HomeView, found: Preview, role: RoleFound, key: str) -> tuple[str, ...]:
    texts = view.texts
    label = texts(f"add.{role.role}")
    options = list(dict.fromkeys([*role.columns, *found.columns]))
    if role.may_join:
        picked = st.multiselect(
            label,
            options,
            default=list(role.columns),
            key=key,
            placeholder=texts("add.choose"),
            help=texts("add.join"),
            accept_new_options=True,
        )
        return tuple(picked)
    if not role.is_required:
        options = [*role.columns[:1], NO_COLUMN, *(name for name in options if name not in role.columns)]
    one = st.selectbox(
        label,
        options,
        index=0 if role.columns or not role.is_required else None,
        key=key,
        format_func=lambda name: name or texts("app.none"),
        placeholder=texts("add.choose"),
        accept_new_options=True,
    )
    return (str(one),) if one else ()


def _outcome(view: HomeView, found: Preview) -> None:
    """Tell what would become of the records, or why the file cannot be read."""
    texts = view.texts
    missing = [texts(f"add.{role.role}") for role in found.roles if role.is_required and not role.columns]
    if missing:
        st.info(texts("add.choose_first", roles=", ".join(missing)), icon=":material/touch_app:")
        return
    if found.problem is not None:
        st.error(quiet(found.problem), icon=":material/block:")
        return
    accepted = found.read_count - found.rejected_count
    told = texts(
        "add.whole" if found.is_whole else "add.first", count=texts.count(found.read_count), ok=texts.count(accepted)
    )
    if found.rejected_count:
        st.warning(told, icon=":material/rule:")
        _rejections(view, found)
    else:
        st.success(told, icon=":material/check:")
    if found.events:
        st.markdown(f"**{texts('add.events')}**")
        st.dataframe(
            [
                {
                    texts("add.user_id"): event.user_id,
                    texts("add.at_utc"): f"{event.event_at:%Y-%m-%d %H:%M:%S}",
                    texts("add.action"): event.action,
                }
                for event in found.events
            ],
            hide_index=True,
            width="stretch",
        )


def _rejections(view: HomeView, found: Preview) -> None:
    texts = view.texts
    reasons = Counter(record.reason for record in found.rejected)
    st.dataframe(
        [
            {
                texts("quality.reason"): texts.choice("reason", reason),
                texts("quality.records"): count,
                texts("quality.example"): next(one.message for one in found.rejected if one.reason == reason),
            }
            for reason, count in reasons.most_common()
        ],
        hide_index=True,
        column_config=counts(texts("quality.records")),
        width="stretch",
    )
    with st.expander(texts("add.rejected_records")):
        st.dataframe(
            [
                {
                    texts("add.record"): record.record_number,
                    texts("quality.reason"): texts.choice("reason", record.reason),
                    texts("add.as_written"): record.record,
                }
                for record in found.rejected[:MOST_REJECTED]
            ],
            hide_index=True,
            width="stretch",
        )


def _land(view: HomeView, found: Preview, content: BinaryIO, chosen: Columns, *, is_sample: bool) -> None:
    """Offer to add the file, and say before what becomes of its name and of the files that are there."""
    texts, home = view.texts, view.home.home
    replaces = False
    if is_sample:
        ask_for_folder(texts)
    else:
        if is_taken(home, found.file_name, content):
            beside = texts("add.beside", name=free_name(home, found.file_name))
            instead = texts("add.replace", name=safe_name(found.file_name))
            replaces = st.radio(texts("add.taken"), [beside, instead], key="taken") == instead
        displaced = displaced_files(home, chosen) if chosen else []
        if displaced:
            st.warning(texts("add.displaced", files=", ".join(code(name) for name in displaced[:5])))
    with st.container(horizontal=True):
        is_refreshed = st.button(
            texts("add.new_and_refresh" if is_sample else "add.and_refresh"), type="primary", icon=":material/bolt:"
        )
        is_added = st.button(texts("add.only"))
    if not (is_refreshed or is_added):
        return
    try:
        target = make_home() if is_sample else home
        landed = land(target, found.file_name, content, replaces=replaces)
    except PipelineError as refused:
        st.error(quiet(str(refused)), icon=":material/block:")
        return
    st.session_state[UPLOADS] += 1
    told = texts("add.was_there" if landed.was_there else "add.landed", path=code(str(landed.path)))
    steps: list[Callable[[], object]] = [partial(keep_columns, target, chosen)]
    if is_refreshed:
        steps.append(partial(request_refresh, target))
    show_added(target, told, *steps)
