"""The roadmap: what is planned, the plan of one experiment to edit, its history, files to hand on.

Add here: another thing people decide about an experiment. Keep out: power (power_card.py), what a plan may be (state/).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from segmentation_pipeline.client import STATUSES
from segmentation_pipeline.dashboard.filled_forms import fill_anew, filled
from segmentation_pipeline.dashboard.markup import quiet, unticked
from segmentation_pipeline.dashboard.session import EDITOR, done
from segmentation_pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from segmentation_pipeline.client import Plan, RoadmapEntry
    from segmentation_pipeline.dashboard.session import View
    from segmentation_pipeline.dashboard.wording import Texts

PRIORITIES = (1, 2, 3, 4, 5)
OWNER_CHARS = 80


def roadmap_part(view: View) -> None:
    """Show the roadmap, and the plan that is chosen of it."""
    texts = view.texts
    entries = {entry.entry_id: entry for entry in view.home.roadmap()}
    if not entries:
        st.info(texts("experiments.nothing_planned"), icon=":material/map:")
        return
    st.dataframe(
        [_row(entry, texts) for entry in entries.values()],
        hide_index=True,
        width="stretch",
    )
    st.download_button(
        texts("experiments.get_csv"),
        data=view.home.roadmap_csv,
        file_name="roadmap.csv",
        mime="text/csv",
        key="get_roadmap",
        icon=":material/download:",
        on_click="ignore",
    )
    if st.session_state.get("entry") not in entries:
        st.session_state["entry"] = next(iter(entries))
    chosen = st.selectbox(
        texts("experiments.entry"), list(entries), key="entry", format_func=lambda number: _name(entries[number], texts)
    )
    with st.container(border=True):
        _entry(view, entries[chosen])


def plan_form(texts: Texts, now: Plan, form: str, submit: str) -> dict[str, Any] | None:
    """Show the fields of a plan; return what people changed in them once they are handed in."""
    first_field, plan = filled(form, now)
    with st.form(f"form_{first_field}", border=False):
        first, second, third = st.columns(3)
        status = first.selectbox(
            texts("experiments.status"),
            STATUSES,
            index=STATUSES.index(plan.status),
            key=first_field,
            format_func=lambda name: texts(f"status.{name}"),
        )
        priority = second.selectbox(
            texts("experiments.priority"), PRIORITIES, index=plan.priority - 1, help=texts("experiments.priority_help")
        )
        owner = third.text_input(texts("experiments.owner"), value=plan.owner or "", max_chars=OWNER_CHARS)
        starts, ends = st.columns(2)
        starts_on: date | None = starts.date_input(
            texts("experiments.starts"), value=plan.starts_on, format="YYYY-MM-DD"
        )
        ends_on: date | None = ends.date_input(texts("experiments.ends"), value=plan.ends_on, format="YYYY-MM-DD")
        note = st.text_area(texts("segments.note"), height=68)
        if not st.form_submit_button(submit):
            return None
    given: dict[str, Any] = {
        "status": status,
        "priority": priority,
        "owner": owner.strip() or None,
        "starts_on": starts_on,
        "ends_on": ends_on,
    }
    changed = {name: value for name, value in given.items() if value != getattr(plan, name)}
    return {**changed, "note": note} if note.strip() else changed


def _row(entry: RoadmapEntry, texts: Texts) -> dict[str, object]:
    plan = entry.plan
    return {
        texts("experiments.number"): entry.entry_id,
        texts("experiments.status"): texts.choice("status", plan.status),
        texts("experiments.priority"): plan.priority,
        texts("experiments.experiment"): unticked(entry.recommendation.title),
        texts("overview.segment"): entry.segment_name,
        texts("experiments.owner"): plan.owner or "",
        texts("experiments.starts"): str(plan.starts_on or ""),
        texts("experiments.ends"): str(plan.ends_on or ""),
        texts("experiments.verdict"): "–" if entry.power is None else texts.choice("power", entry.power.verdict),
        texts("experiments.notes"): len(entry.notes),
    }


def _name(entry: RoadmapEntry, texts: Texts) -> str:
    return f"{entry.entry_id} · {unticked(entry.recommendation.title)} ({texts.choice('status', entry.plan.status)})"


def _entry(view: View, entry: RoadmapEntry) -> None:
    texts = view.texts
    st.markdown(f"#### {quiet(entry.recommendation.title)}")
    copied = texts("experiments.copied", month=texts.month(entry.refresh_month), segment=quiet(entry.segment_name))
    st.caption(copied)
    if entry.recommendation.hypothesis:
        st.markdown(f"*{texts('segments.hypothesis')}:* {quiet(entry.recommendation.hypothesis)}")
    form = f"plan_of_{entry.entry_id}"
    changes = plan_form(texts, entry.plan, form, texts("app.save"))
    if changes:
        try:
            view.home.change_roadmap(entry.entry_id, by=EDITOR, **changes)
        except PipelineError as refused:
            st.error(quiet(str(refused)), icon=":material/block:")
        else:
            fill_anew(form)
            done(texts("experiments.changed"))
    elif changes is not None:
        st.caption(texts("experiments.unchanged"))
    for note in entry.notes:
        st.markdown(quiet(note.note or ""))
        st.caption(texts("segments.signed", by=quiet(note.edited_by), at=texts.moment(note.edited_at)))
    st.download_button(
        texts("experiments.get_brief"),
        data=lambda: view.home.experiment_brief(entry.entry_id),
        file_name=f"experiment-{entry.entry_id}.md",
        mime="text/markdown",
        key=f"get_brief_{entry.entry_id}",
        icon=":material/description:",
        on_click="ignore",
    )
    with st.expander(texts("experiments.history"), icon=":material/history:"):
        _history(view, entry)


def _history(view: View, entry: RoadmapEntry) -> None:
    texts = view.texts
    edits: Sequence[Any] = view.home.roadmap_history(entry.entry_id)
    st.dataframe(
        [
            {
                texts("experiments.when"): texts.moment(edit.edited_at),
                texts("experiments.who"): edit.edited_by,
                texts("experiments.status"): texts.choice("status", edit.plan.status),
                texts("experiments.priority"): edit.plan.priority,
                texts("experiments.owner"): edit.plan.owner or "",
                texts("experiments.starts"): str(edit.plan.starts_on or ""),
                texts("experiments.ends"): str(edit.plan.ends_on or ""),
                texts("segments.note"): edit.note or "",
            }
            for edit in reversed(edits)
        ],
        hide_index=True,
        width="stretch",
    )
