"""The home a file goes into where the one shown is the sample, which takes none: a new one, in a folder people name.

Add here: another choice about a new home. Keep out: making it (intake/uploads.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from segmentation_pipeline.intake.uploads import new_home, proposed_home

if TYPE_CHECKING:
    from segmentation_pipeline.config import Home
    from segmentation_pipeline.dashboard.wording import Texts

FOLDER = "new_home"
"""Name in the session: the folder of the new home."""

MADE = "made_home"
"""Name in the session: the folder and the home made there, until a file has come into it."""


def ask_for_folder(texts: Texts) -> None:
    """Let people name the folder of the new home; one that is free is proposed."""
    if FOLDER not in st.session_state:
        st.session_state[FOLDER] = str(proposed_home())
    st.text_input(texts("add.new_home"), key=FOLDER, help=texts("add.new_home_help"))


def make_home() -> Home:
    """Make the home in the folder that was named; one made there before in this window, into which no file came, stays.

    Raises:
        HomeError: no folder was named, it is not empty, or it cannot be made.
    """
    named = st.session_state[FOLDER]
    made: tuple[str, Home] | None = st.session_state.get(MADE)
    if made is None or made[0] != named or not made[1].settings_file.exists():
        made = st.session_state[MADE] = named, new_home(named)
    return made[1]


def forget_folder() -> None:
    """Propose another folder the next time."""
    st.session_state.pop(FOLDER, None)
    st.session_state.pop(MADE, None)
