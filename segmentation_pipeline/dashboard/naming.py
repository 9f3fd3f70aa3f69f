"""The form for names and notes of people's own, the same for segments and personas.

Add here: another thing people may say of either. Keep out: where it is kept (client/) and the card around it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from segmentation_pipeline.dashboard.filled_forms import fill_anew, filled
from segmentation_pipeline.dashboard.markup import quiet
from segmentation_pipeline.dashboard.session import done
from segmentation_pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from segmentation_pipeline.client import Note
    from segmentation_pipeline.dashboard.wording import Texts
    from segmentation_pipeline.state.persona_edits import PersonaNote


@dataclass(frozen=True)
class Named:
    """What a name and notes are of: its id, its label, its name now, and how each edit is kept.

    Without `delete_note` notes are shown and stay; `hint` stands below the forms.
    """

    key: str
    label: str
    name: str
    notes: Sequence[Note | PersonaNote]
    rename: Callable[[str], str]
    clear_name: Callable[[], bool]
    add_note: Callable[[str], object]
    delete_note: Callable[[int], object] | None = None
    hint: str | None = None


def name_and_notes(named: Named, texts: Texts) -> None:
    """Show the form, and do what it was asked for; a refusal is told in its own words."""
    form = f"name_of_{named.key}"
    field, shown = filled(form, named.name)
    with st.expander(texts("segments.edit"), icon=":material/edit:"):
        st.caption(texts("segments.own_label", label=quiet(named.label), cluster_id=named.key))
        with st.form(f"form_{field}", border=False):
            name = st.text_input(texts("segments.name"), value=shown, max_chars=80, key=field)
            save, back = st.columns(2)
            is_saved = save.form_submit_button(texts("app.save"))
            is_back = back.form_submit_button(texts("app.cancel"))
        deleted = _notes(named, texts)
        with st.form(f"note_{named.key}", border=False, clear_on_submit=True):
            note_text = st.text_area(texts("segments.note"), height=68)
            is_noted = st.form_submit_button(texts("app.save"))
        if named.hint is not None:
            st.caption(named.hint)
    try:
        if is_saved and name.strip() != shown:
            renamed = named.rename(name)
            fill_anew(form)
            done(texts("segments.renamed", name=quiet(renamed)))
        if is_back and named.clear_name():
            fill_anew(form)
            done(texts("segments.name_back"))
        if is_noted and note_text.strip():
            named.add_note(note_text)
            done(texts("segments.noted"))
        if deleted is not None and named.delete_note is not None:
            named.delete_note(deleted)
            done(texts("leads.deleted"))
    except PipelineError as refused:
        st.error(quiet(str(refused)), icon=":material/block:")


def _notes(named: Named, texts: Texts) -> int | None:
    """Show the notes; return the one that is to be deleted."""
    deleted = None
    for note in named.notes:
        st.markdown(quiet(note.text))
        signed = texts("segments.signed", by=quiet(note.created_by), at=texts.moment(note.created_at))
        if named.delete_note is None:
            st.caption(signed)
            continue
        beside, delete = st.columns([4, 1], vertical_alignment="center")
        beside.caption(signed)
        if delete.button(
            texts("leads.delete"),
            key=f"delete_{named.key}_{note.note_id}",
            icon=":material/delete:",
            type="tertiary",
        ):
            deleted = note.note_id
    return deleted
