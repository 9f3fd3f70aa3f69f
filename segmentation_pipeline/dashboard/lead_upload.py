"""Bringing a file of leads: shown first as it will be read, then landed; the sample takes none, a new home does.

Add here: another thing to see before a file is handed over. Keep out: reading files (intake/).
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from segmentation_pipeline.dashboard.home_choice import ask_for_folder, make_home
from segmentation_pipeline.dashboard.launch import UPLOAD_MB
from segmentation_pipeline.dashboard.markup import code, quiet
from segmentation_pipeline.dashboard.refreshing import forget_added, refresh_panel, show_added, tell_added
from segmentation_pipeline.dashboard.session import HomeView
from segmentation_pipeline.errors import PipelineError
from segmentation_pipeline.intake import lead_uploads
from segmentation_pipeline.intake.refresh_requests import request_refresh

if TYPE_CHECKING:
    from segmentation_pipeline.client import Client
    from segmentation_pipeline.dashboard.wording import Texts
    from segmentation_pipeline.intake.lead_uploads import LeadPreview

UPLOADS = "lead_upload_number"
"""Name in the session: how many files were added."""


def bring_leads(home: Client, texts: Texts) -> None:
    """Show the form that brings a file of leads, and the refresh that reads it."""
    st.subheader(texts("lead_upload.title"))
    is_sample = home.home.settings().sample
    if is_sample:
        st.info(texts("add.sample"), icon=":material/science:")
    landing = Path("landing") if is_sample else home.home.landing
    st.caption(texts("lead_upload.says", folder=code(str(landing / lead_uploads.FOLDER))))
    tell_added()
    number = st.session_state.setdefault(UPLOADS, 0)
    given = st.file_uploader(texts("lead_upload.file"), key=f"lead_file_{number}", max_upload_size=UPLOAD_MB)
    if given is None:
        if not is_sample:
            refresh_panel(HomeView(home, texts))
        return
    forget_added()
    name = st.text_input(
        texts("lead_upload.name"),
        value=given.name,
        key=f"lead_name_{given.file_id}",
        help=texts("lead_upload.name_help"),
    )
    content = given.getvalue()
    try:
        preview = lead_uploads.preview_upload(home.home, name, content)
        if preview.problem:
            st.error(quiet(preview.problem), icon=":material/block:")
            return
        _preview(preview, texts)
        _land(home, preview.name, content, texts, is_sample=is_sample)
    except PipelineError as refused:
        st.error(quiet(str(refused)), icon=":material/block:")


def _land(home: Client, name: str, content: bytes, texts: Texts, *, is_sample: bool) -> None:
    """Offer to add the file, with or without the refresh that reads it."""
    if is_sample:
        ask_for_folder(texts)
    with st.container(horizontal=True):
        is_refreshed = st.button(
            texts("add.new_and_refresh" if is_sample else "add.and_refresh"),
            key="land_and_refresh",
            type="primary",
            icon=":material/bolt:",
        )
        is_added = st.button(texts("add.only"), key="land_only")
    if not (is_refreshed or is_added):
        return
    target = make_home() if is_sample else home.home
    lead_uploads.land_leads(target, name, content)
    st.session_state[UPLOADS] += 1
    told = texts("lead_upload.landed", name=code(name))
    show_added(target, told, *([partial(request_refresh, target)] if is_refreshed else []))


def _preview(preview: LeadPreview, texts: Texts) -> None:
    read = texts(
        "lead_upload.read",
        count=texts.count(preview.read_count),
        rejected=texts.count(preview.rejected_count),
        format=f"{preview.format}, {preview.encoding}",
    )
    outcome = texts(
        "lead_upload.outcome",
        column=code(preview.roles["outcome"]),
        converted=texts.count(preview.converted_count),
        other=texts.count(preview.not_converted_count),
        unknown=texts.count(preview.unknown_count),
    )
    st.markdown(f"{read}  \n{outcome}")
    if preview.unknown_count:
        st.warning(texts("lead_upload.unknown"), icon=":material/help:")
    st.dataframe(
        [
            {texts("lead_upload.column"): header, texts("lead_upload.role"): role_name(role, texts)}
            for role, header in preview.roles.items()
        ]
        + [
            {texts("lead_upload.column"): header, texts("lead_upload.role"): texts("lead_upload.ignored")}
            for header in preview.ignored
        ],
        hide_index=True,
        height="content",
        width="stretch",
    )
    st.caption(texts("lead_upload.first"))
    st.dataframe(
        [
            {
                role_name(role, texts): texts(f"lead_upload.{_said(value)}") if role == "outcome" else (value or "–")
                for role, value in lead.items()
            }
            for lead in preview.first_leads
        ],
        hide_index=True,
        width="stretch",
    )


def role_name(role: str, texts: Texts) -> str:
    """Return what a role of a column is called; extra columns have no name of ours."""
    return texts("lead_upload.extra") if role.startswith("extra_") else texts.choice("lead_role", role)


def _said(value: bool | None) -> str:  # noqa: FBT001 - what a column says, not a switch
    return "is_unknown" if value is None else "converted" if value else "not_converted"
