"""Data quality: files, what was rejected and why, and every check with its last result.

Add here: another look at the data. Keep out: judging it (the checks do).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from segmentation_pipeline.client import quality
from segmentation_pipeline.dashboard.columns import counts
from segmentation_pipeline.dashboard.last_run import tell_failed_run

if TYPE_CHECKING:
    from segmentation_pipeline.dashboard.session import Shown


def show(shown: Shown) -> None:
    """Show the page."""
    texts = shown.texts
    tell_failed_run(shown.home, shown.published_at, texts)
    st.caption(texts("quality.lead"))
    if shown.published_at is not None:
        st.caption(texts("quality.published", moment=texts.moment(shown.published_at)))
    _files(shown)
    st.subheader(texts("quality.rejections"))
    _rejections(shown)
    st.subheader(texts("quality.checks"))
    _checks(shown)


def _files(shown: Shown) -> None:
    texts = shown.texts
    files = quality.landed_files(shown.snapshot.connection)
    figures = [
        ("read", sum(file.read_count for file in files)),
        ("accepted", sum(file.accepted_count for file in files)),
        ("rejected", sum(file.rejected_count for file in files)),
        ("duplicates", sum(file.duplicate_count for file in files)),
    ]
    cancelled = sum(file.cancelled_count for file in files)
    if cancelled:
        figures.append(("cancelled", cancelled))
    with st.container(horizontal=True):
        for name, count in figures:
            st.metric(texts(f"quality.{name}"), texts.count(count), border=True)
    if not files:
        return
    st.dataframe(
        [
            {
                texts("quality.file"): file.file_name,
                texts("quality.format"): " ".join(
                    part for part in (file.format, file.encoding, file.compression) if part != "none"
                ),
                texts("quality.size"): texts.size(file.byte_count),
                texts("quality.read"): file.read_count,
                texts("quality.accepted"): file.accepted_count,
                texts("quality.rejected"): file.rejected_count,
                texts("quality.duplicates"): file.duplicate_count,
                **({texts("quality.cancelled"): file.cancelled_count} if cancelled else {}),
                texts("quality.span"): ""
                if file.first_event_at is None or file.last_event_at is None
                else f"{texts.day(file.first_event_at)} – {texts.day(file.last_event_at)}",
                texts("quality.problem"): file.error or "",
            }
            for file in files
        ],
        hide_index=True,
        column_config=counts(*(texts(f"quality.{name}") for name, _ in figures)),
        width="stretch",
    )


def _rejections(shown: Shown) -> None:
    texts = shown.texts
    found = quality.rejections(shown.snapshot.connection)
    if not found:
        st.caption(f":material/check: {texts('quality.no_rejections')}")
        return
    st.dataframe(
        [
            {
                texts("quality.reason"): texts.choice("reason", row.reason),
                texts("quality.records"): row.record_count,
                texts("quality.example"): f"{row.example_file}, {row.example_record_number}: {row.example_message}",
            }
            for row in found
        ],
        hide_index=True,
        column_config=counts(texts("quality.records")),
        width="stretch",
    )


def _checks(shown: Shown) -> None:
    texts = shown.texts
    found = quality.check_results(shown.snapshot.connection)
    failed = [check for check in found if not check.is_passed]
    if failed:
        st.warning(texts("quality.checks_failed", failed=len(failed), count=len(found)), icon=":material/rule:")
    else:
        st.success(texts("quality.checks_fine", count=len(found)), icon=":material/check:")
    if not found:
        return
    has_all = st.toggle(texts("quality.all"), key="all_checks", value=not failed)
    st.dataframe(
        [
            {
                texts("quality.result"): texts("quality.passed" if check.is_passed else "quality.failed"),
                texts("quality.severity"): texts.choice("severity", check.severity),
                texts("quality.table"): check.table_name,
                texts("quality.check"): check.check_name,
                texts("quality.month"): "" if check.refresh_month is None else texts.month(check.refresh_month),
                texts("quality.checked"): texts.moment(check.checked_recorded_at),
                texts("quality.told"): check.description,
            }
            for check in (found if has_all else failed)
        ],
        hide_index=True,
        width="stretch",
    )
