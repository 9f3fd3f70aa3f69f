"""A home as its readers see it: each question answered from the newest copy, each edit shown from then on.

Add here: a question for those who ask only one (it delegates to Snapshot), an edit that must know what is published.
Keep out: queries, and what an edit may hold (state/).
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from segmentation_pipeline.client import exports, lead_details, personas
from segmentation_pipeline.client.copies import copied
from segmentation_pipeline.client.naming import UNCLASSIFIED
from segmentation_pipeline.client.published import PublishedReader
from segmentation_pipeline.client.roadmap import SEGMENT_NAME, entry_of
from segmentation_pipeline.client.snapshot import Edits, Snapshot
from segmentation_pipeline.config import Home, find_home
from segmentation_pipeline.errors import NotFound
from segmentation_pipeline.state import persona_edits, roadmap, segment_edits
from segmentation_pipeline.state.database import open_state

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    import pandas as pd

    from segmentation_pipeline.client.advice import Recommendation
    from segmentation_pipeline.client.customers import CustomersSummary
    from segmentation_pipeline.client.evidence import EvidenceTest, LineageEvent
    from segmentation_pipeline.client.experiments import ExperimentPower
    from segmentation_pipeline.client.personas import LeadImport, LeadScoring, Persona
    from segmentation_pipeline.client.published import Copy
    from segmentation_pipeline.client.refreshes import EndedEarly, RefreshSummary
    from segmentation_pipeline.client.roadmap import RoadmapEntry
    from segmentation_pipeline.client.segments import SegmentDetail, SegmentSummary
    from segmentation_pipeline.client.users import UserSegment
    from segmentation_pipeline.state.persona_edits import PersonaNote
    from segmentation_pipeline.state.roadmap import PlanEdit
    from segmentation_pipeline.state.segment_edits import NameEdit, Note


EVERYONE = "All users"
"""What `overall` is called: advice for everyone, where segments are cuts of ours."""


def open_home(home: Home | Path | str | None = None) -> Client:
    """Return the client of a home: a folder, else the one SEGPIPE_HOME names, else the sample.

    Raises:
        HomeError: the folder is not a home.
        SettingsError: its pipeline.toml is wrong.
    """
    return Client(home if isinstance(home, Home) else find_home(None if home is None else Path(home)))


class Client:
    """Reads the published copy of a home and writes names, notes and plans; may be used from several threads.

    Every call sees the newest copy and the edits of the moment; calls whose answers must belong together are made on
    one `snapshot()`. The copy stays open for the next call until `close()` or the end of a `with`. Each call raises
    HomeError while nothing is published, StateError while state.db cannot be used, and what the method of Snapshot
    with its name raises.
    """

    def __init__(self, home: Home) -> None:
        self.home = home
        self._state = open_state(home, home.settings())
        self._published = PublishedReader(home)
        self._known: tuple[Copy | None, dict[date, dict[str, str]]] = (None, {})
        self._read: tuple[object, Edits] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the published copy; the client may still be used and opens it again."""
        self._published.close()

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Yield one published copy with the edits of this moment; publishing meanwhile does not disturb it."""
        with self._published.open_copy() as (connection, copy):
            edits = self._edits()
            known = self._known
            if known[0] != copy:
                known = self._known = (copy, {})
            yield Snapshot(connection, edits, copy=copy, known=known[1])

    def _edits(self) -> Edits:
        """Return what people wrote, as of this moment: read anew whenever something was written."""
        if not self._state.is_made:
            return Edits()
        mark = self._state.mark()  # before reading: what is written meanwhile is read the next time
        kept = self._read
        if mark is None or kept is None or kept[0] != mark:
            with self._state.read() as state:
                edits = Edits(
                    segment_edits.current_names(state),
                    segment_edits.notes(state),
                    persona_edits.current_names(state),
                    persona_edits.notes(state),
                )
            kept = self._read = mark, edits
        return kept[1]

    def refreshes(self) -> list[RefreshSummary]:
        """Return every refresh, oldest first."""
        with self.snapshot() as snapshot:
            return snapshot.refreshes()

    def segments(self, month: date | None = None) -> list[SegmentSummary]:
        """Return the segments of a refresh (by default the newest that has any), largest first."""
        with self.snapshot() as snapshot:
            return snapshot.segments(month)

    def segment(self, cluster_id: str, month: date | None = None) -> SegmentDetail:
        """Return one segment with what sets it apart, by default as of the newest refresh it lived in."""
        with self.snapshot() as snapshot:
            return snapshot.segment(cluster_id, month)

    def user_segment(self, user_id: str) -> UserSegment:
        """Return where a user belongs now."""
        with self.snapshot() as snapshot:
            return snapshot.user_segment(user_id)

    def user_segments(self, user_ids: Sequence[str]) -> list[UserSegment]:
        """Return where many users belong now, in the order asked; those not seen of late are left out."""
        with self.snapshot() as snapshot:
            return snapshot.user_segments(user_ids)

    def customers(self, month: date | None = None) -> CustomersSummary | None:
        """Return how many customers of a refresh (by default the newest) carry each label; None where nobody does."""
        with self.snapshot() as snapshot:
            return snapshot.customers(month)

    def lead_scoring(self, import_id: str | None = None) -> LeadScoring:
        """Return the personas of an import (None: the newest) under the names people gave them, and their model."""
        with self.snapshot() as snapshot:
            return snapshot.lead_scoring(import_id)

    def evidence(self, month: date | None = None) -> list[EvidenceTest]:
        """Return the tests behind a refresh's verdict and segments."""
        with self.snapshot() as snapshot:
            return snapshot.evidence(month)

    def lineage(self, month: date | None = None) -> list[LineageEvent]:
        """Return what became of the segments at a refresh, living ones first."""
        with self.snapshot() as snapshot:
            return snapshot.lineage(month)

    def ended_early(self, month: date | None = None) -> list[EndedEarly]:
        """Return who ended before the landmark of a refresh: any outcome first, then by frequency."""
        with self.snapshot() as snapshot:
            return snapshot.ended_early(month)

    def recommendations(
        self, cluster_id: str | None = None, month: date | None = None, *, kind: str | None = None
    ) -> list[Recommendation]:
        """Return the advice of a refresh: of a segment (`overall` is everyone) or of all, of one kind or of all."""
        with self.snapshot() as snapshot:
            return snapshot.recommendations(cluster_id, month, kind=kind)

    def experiment_power(self, cluster_id: str | None = None, month: date | None = None) -> list[ExperimentPower]:
        """Return what the experiments recommended in a refresh would take, of a segment or of all."""
        with self.snapshot() as snapshot:
            return snapshot.experiment_power(cluster_id, month)

    def frame(self, table: str, month: date | None = None) -> pd.DataFrame:
        """Return a table or view as it is stored, all of it or the rows of one refresh."""
        with self.snapshot() as snapshot:
            return snapshot.frame(table, month)

    def segments_frame(self, month: date | None = None) -> pd.DataFrame:
        """Return the segments of a refresh as a frame: the fields of SegmentSummary, notes as texts."""
        with self.snapshot() as snapshot:
            return snapshot.segments_frame(month)

    def rename_segment(self, cluster_id: str, name: str, *, by: str) -> str:
        """Give a segment a name, shown from now on in every month; return it as stored.

        Raises:
            NotFound: there is no such segment.
            EditRefused: the name is empty, too long, or what another living segment is called.
        """
        taken = self._taken_by(cluster_id)
        with self._state.write() as state:
            return segment_edits.rename_segment(state, cluster_id, name, labels=taken, edited_by=by)

    def clear_name(self, cluster_id: str, *, by: str) -> bool:
        """Let a segment be shown by its own label again; False where it is already.

        Raises:
            NotFound: there is no such segment.
            EditRefused: its label is what another living segment is called now.
        """
        taken = self._taken_by(cluster_id)
        with self._state.write() as state:
            return segment_edits.clear_name(state, cluster_id, labels=taken, edited_by=by)

    def name_history(self, cluster_id: str) -> list[NameEdit]:
        """Return every renaming of a segment, oldest first."""
        with self._state.read() as state:
            return segment_edits.name_history(state, cluster_id)

    def notes(self, cluster_id: str | None = None) -> list[Note]:
        """Return the notes on a segment, or on all, oldest first.

        Raises:
            NotFound: there is no such segment.
        """
        if cluster_id is not None:
            self._taken_by(cluster_id)
        with self._state.read() as state:
            return segment_edits.notes(state, cluster_id)

    def add_note(self, cluster_id: str, text: str, *, by: str) -> Note:
        """Store a note on a segment.

        Raises:
            NotFound: there is no such segment.
            EditRefused: the note is empty or too long.
        """
        self._taken_by(cluster_id)
        with self._state.write() as state:
            return segment_edits.add_note(state, cluster_id, text, created_by=by)

    def delete_note(self, note_id: int) -> Note:
        """Take a note out of sight and return it.

        Raises:
            NotFound: there is no such note.
        """
        with self._state.write() as state:
            return segment_edits.delete_note(state, note_id)

    def lead_imports(self) -> list[LeadImport]:
        """Return every import of leads, in name order; the last one is the newest."""
        with self.snapshot() as snapshot:
            return snapshot.lead_imports()

    def personas(self, import_id: str | None = None) -> list[Persona]:
        """Return the personas of an import, by default of the newest, highest rate first."""
        with self.snapshot() as snapshot:
            return snapshot.personas(import_id)

    def lead_export(self, import_id: str, kind: str) -> Path:
        """Return where a file for people is: personas, clustered, dashboard or pca of an import.

        Raises:
            NotFound: it was not written, or is gone.
        """
        with self.snapshot() as snapshot:
            found = lead_details.lead_exports(snapshot.connection, import_id).get(kind)
        path = None if found is None else (self.home.root / found.path).resolve()
        if path is None or not path.is_relative_to(self.home.root) or not path.is_file():
            raise NotFound(
                f"There is no file {kind} of {import_id}. Next: land the import again and `segpipe run`; "
                "a file that was deleted is then written anew."
            )
        return path

    def rename_persona(self, persona_id: str, name: str, *, by: str) -> str:
        """Give a persona a name, shown from now on in every import; return it as stored.

        Raises:
            NotFound: there is no such persona.
            EditRefused: the name is empty, too long, or what another persona of its import is called.
        """
        taken, model = self._personas_beside(persona_id)
        with self._state.write() as state:
            persona_edits.keep_model(state, model)
            return persona_edits.rename_persona(state, persona_id, name, labels=taken, edited_by=by)

    def clear_persona_name(self, persona_id: str, *, by: str) -> bool:
        """Let a persona be called by its own name again; False where it is already.

        Raises:
            NotFound: there is no such persona.
            EditRefused: its label is what another persona is called now.
        """
        taken, model = self._personas_beside(persona_id)
        with self._state.write() as state:
            persona_edits.keep_model(state, model)
            return persona_edits.clear_name(state, persona_id, labels=taken, edited_by=by)

    def persona_notes(self, persona_id: str) -> list[PersonaNote]:
        """Return the notes on a persona, oldest first.

        Raises:
            NotFound: there is no such persona.
        """
        self._personas_beside(persona_id)
        with self._state.read() as state:
            return persona_edits.notes(state, persona_id)

    def add_persona_note(self, persona_id: str, text: str, *, by: str) -> PersonaNote:
        """Store a note on a persona.

        Raises:
            NotFound: there is no such persona.
            EditRefused: the note is empty or too long.
        """
        _, model = self._personas_beside(persona_id)
        with self._state.write() as state:
            persona_edits.keep_model(state, model)
            return persona_edits.add_note(state, persona_id, text, created_by=by)

    def delete_persona_note(self, persona_id: str, note_id: int) -> PersonaNote:
        """Take a note of a persona out of sight and return it.

        Raises:
            NotFound: there is no such persona, or it has no such note.
        """
        known = {note.note_id for note in self.persona_notes(persona_id)}
        with self._state.write() as state:
            return persona_edits.delete_note(state, note_id if note_id in known else -1)

    def roadmap(self) -> list[RoadmapEntry]:
        """Return every planned experiment: running ones first, then planned, decided, dropped, each by priority."""
        if not self._state.is_made:
            return []
        with self._state.read() as state:
            return [entry_of(stored) for stored in roadmap.roadmap(state)]

    def open_plans(self) -> dict[str, RoadmapEntry]:
        """Return recommendation_id -> entry, of what is on the roadmap and undecided."""
        return {entry.recommendation_id: entry for entry in self.roadmap() if entry.plan.status in roadmap.OPEN}

    def roadmap_entry(self, entry_id: int) -> RoadmapEntry:
        """Return one planned experiment.

        Raises:
            NotFound: there is no such entry.
        """
        with self._state.read() as state:
            return entry_of(roadmap.roadmap_entry(state, entry_id))

    def roadmap_history(self, entry_id: int) -> list[PlanEdit]:
        """Return every edit of a plan, oldest first.

        Raises:
            NotFound: there is no such entry.
        """
        with self._state.read() as state:
            roadmap.roadmap_entry(state, entry_id)
            return roadmap.roadmap_history(state, entry_id)

    def add_to_roadmap(
        self, recommendation_id: str, *, by: str, month: date | None = None, **changes: Any
    ) -> RoadmapEntry:
        """Put a recommended experiment on the roadmap, with a copy of it and of its power as they are now.

        `changes`: status, priority, owner, starts_on, ends_on where they are not the usual ones, and note. The copy
        stays as it is whatever later refreshes say.

        Raises:
            NotFound: no refresh (or not that one) recommends such an experiment.
            EditRefused: it is on the roadmap and undecided already, or something of the plan cannot be.
        """
        with self.snapshot() as snapshot:
            found, power = snapshot.experiment(recommendation_id, month)
            name = snapshot.display_names(found.refresh_month).get(found.cluster_id, EVERYONE)
        with self._state.write() as state:
            stored = roadmap.add_entry(
                state,
                {**copied(found), SEGMENT_NAME: name},
                None if power is None else copied(power),
                recommendation_id=recommendation_id,
                cluster_id=found.cluster_id,
                refresh_month=found.refresh_month,
                changes=changes,
                created_by=by,
            )
        return entry_of(stored)

    def change_roadmap(self, entry_id: int, *, by: str, **changes: Any) -> RoadmapEntry:
        """Change the given fields of a plan (as in `add_to_roadmap`); a date or owner of None is taken away.

        Raises:
            NotFound: there is no such entry.
            EditRefused: nothing was given, or something of the plan cannot be.
        """
        with self._state.write() as state:
            return entry_of(roadmap.change_entry(state, entry_id, changes, edited_by=by))

    def roadmap_csv(self) -> str:
        """Return the roadmap as CSV, in the order of `roadmap()`."""
        return exports.roadmap_csv(self.roadmap())

    def experiment_brief(self, entry_id: int) -> str:
        """Return what people need to run a planned experiment, as Markdown.

        Raises:
            NotFound: there is no such entry.
        """
        return exports.experiment_brief(self.roadmap_entry(entry_id))

    def _taken_by(self, cluster_id: str) -> dict[str, str]:
        """Labels of the living segments, after making sure that the one to be edited exists."""
        with self._published.open() as connection:
            snapshot = Snapshot(connection)
            snapshot.known_segment(cluster_id)
            return {**snapshot.own_names(), UNCLASSIFIED: UNCLASSIFIED}

    def _personas_beside(self, persona_id: str) -> tuple[dict[str, str], str]:
        """Labels and model of the personas of its newest import, after making sure that the one to be edited exists."""
        with self._published.open() as connection:
            import_id = personas.known_persona(connection, persona_id)
            return personas.labels(connection, import_id), personas.stored_model(connection, import_id)
