"""The leads of a home as readers see them, and the names and notes people give personas.

Add here: a question or an edit about leads. Keep out: users' segments (home.py) and SQL (personas.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segmentation_pipeline.client import personas as queries
from segmentation_pipeline.client.published import open_published
from segmentation_pipeline.state import persona_edits
from segmentation_pipeline.state.database import open_state

if TYPE_CHECKING:
    from segmentation_pipeline.client.personas import LeadImport, Persona
    from segmentation_pipeline.config import Home
    from segmentation_pipeline.state.persona_edits import PersonaNote


class LeadsClient:
    """Reads the published leads of a home and writes names and notes; each call sees the newest copy and edits.

    Each call raises HomeError while nothing is published, and StateError while state.db cannot be used.
    """

    def __init__(self, home: Home) -> None:
        self.home = home
        self._state = open_state(home, home.settings())

    def imports(self) -> list[LeadImport]:
        """Return every import, in name order."""
        with open_published(self.home) as connection:
            return queries.lead_imports(connection)

    def personas(self, import_id: str | None = None) -> list[Persona]:
        """Return the personas of an import, by default of the newest, highest rate first.

        Raises:
            NotFound: there is no such import, or none at all.
        """
        with self._state.read() as state:
            names, notes = persona_edits.current_names(state), persona_edits.notes(state)
        with open_published(self.home) as connection:
            return queries.personas(connection, queries.newest_import(connection, import_id), names, notes)

    def rename(self, persona_id: str, name: str, *, by: str) -> str:
        """Give a persona a name, shown from now on in every import; return it as stored.

        Raises:
            NotFound: there is no such persona.
            EditRefused: the name is empty, too long, or what another persona of its import is called.
        """
        taken = self._labels(persona_id)
        with self._state.write() as state:
            return persona_edits.rename_persona(state, persona_id, name, labels=taken, edited_by=by)

    def clear_name(self, persona_id: str, *, by: str) -> bool:
        """Let a persona be called by its own name again; False where it is already.

        Raises:
            NotFound: there is no such persona.
            EditRefused: its label is what another persona is called now.
        """
        taken = self._labels(persona_id)
        with self._state.write() as state:
            return persona_edits.clear_name(state, persona_id, labels=taken, edited_by=by)

    def notes(self, persona_id: str) -> list[PersonaNote]:
        """Return the notes on a persona, oldest first.

        Raises:
            NotFound: there is no such persona.
        """
        self._labels(persona_id)
        with self._state.read() as state:
            return persona_edits.notes(state, persona_id)

    def add_note(self, persona_id: str, text: str, *, by: str) -> PersonaNote:
        """Store a note on a persona.

        Raises:
            NotFound: there is no such persona.
            EditRefused: the note is empty or too long.
        """
        self._labels(persona_id)
        with self._state.write() as state:
            return persona_edits.add_note(state, persona_id, text, created_by=by)

    def delete_note(self, persona_id: str, note_id: int) -> PersonaNote:
        """Take a note of a persona out of sight and return it.

        Raises:
            NotFound: there is no such persona, or it has no such note.
        """
        known = {note.note_id for note in self.notes(persona_id)}
        with self._state.write() as state:
            return persona_edits.delete_note(state, note_id if note_id in known else -1)

    def _labels(self, persona_id: str) -> dict[str, str]:
        """Return the labels of the personas beside this one, after making sure that it exists."""
        with open_published(self.home) as connection:
            return queries.labels(connection, queries.known_persona(connection, persona_id))
