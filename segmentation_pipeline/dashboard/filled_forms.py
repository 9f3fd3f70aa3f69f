"""What a form was filled with: kept while it is on the page, whoever edits the same meanwhile.

Add here: nothing; a form asks for its filling, and is filled anew after its own save. Keep out: fields and saving.
"""

from __future__ import annotations

from typing import TypeVar

import streamlit as st

from segmentation_pipeline.dashboard import session

Filling = TypeVar("Filling")


def filled(form: str, now: Filling) -> tuple[str, Filling]:
    """Return the key of the form's first field, and what the form was filled with when it was first drawn.

    What people changed is what differs from that, not from `now`: an edit is neither lost to somebody else's, nor does
    it undo one in another field.
    """
    number, filling = st.session_state.get(_name(form), (0, now))
    field = f"{form}_{number} {session.served_root()}"  # another home may have an entry of the same number
    if field not in st.session_state:  # drawn for the first time, or again after another page
        filling = now
    st.session_state[_name(form)] = number, filling
    return field, filling


def fill_anew(form: str) -> None:
    """Let a form show what is kept now, from the next run on."""
    number, filling = st.session_state[_name(form)]
    st.session_state[_name(form)] = number + 1, filling


def _name(form: str) -> str:
    return f"filling_of_{form} {session.served_root()}"
