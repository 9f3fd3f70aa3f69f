"""Bringing a file of leads: shown first as it will be read, then landed; the sample takes none.

Add here: another thing to see before a file is handed over. Keep out: reading files (client/lead_uploads.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from segmentation_pipeline.client import lead_uploads
from segmentation_pipeline.dashboard.markup import code, quiet
from segmentation_pipeline.errors import PipelineError

if TYPE_CHECKING:
    from segmentation_pipeline.client import Client
    from segmentation_pipeline.client.lead_uploads import LeadPreview
    from segmentation_pipeline.dashboard.wording import Texts

MOST_MEGABYTES = 200
"""The file is held in memory while it is looked at; larger ones are put into the folder by hand."""

NAMED_ROLES = ("outcome", "lead_id", "lead_date")


def bring_leads(home: Client, texts: Texts) -> None:
    """Show the form that brings a file of leads, or why there is none."""
    st.subheader(texts("lead_upload.title"))
    if lead_uploads.is_sample(home.home):
        st.info(
            texts(
                "lead_upload.sample",
                command=code("segpipe init my-home"),
                next=code("segpipe dashboard --home my-home"),
            ),
            icon=":material/lock:",
        )
        return
    st.caption(texts("lead_upload.says", folder=code(str(home.home.landing / lead_uploads.FOLDER))))
    given = st.file_uploader(
        texts("lead_upload.file"),
        type=["csv", "txt", "json", "ndjson", "parquet", "gz", "zst"],
        key="lead_file",
        max_upload_size=MOST_MEGABYTES,
    )
    if given is None:
        return
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
        if st.button(texts("lead_upload.land"), icon=":material/upload_file:"):
            lead_uploads.land_leads(home.home, name, content)
            landed(home, preview.name, texts)
    except PipelineError as refused:
        st.error(quiet(str(refused)), icon=":material/block:")


def landed(home: Client, name: str, texts: Texts) -> None:
    """Tell that a file has landed and what reads it: the place to request a refresh from."""
    told = texts("lead_upload.landed", name=code(name), command=code(f"segpipe run --home {home.home.root}"))
    st.success(told, icon=":material/check:")


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
