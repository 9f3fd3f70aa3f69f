"""A home as its readers see it: each question answered from the newest copy, each edit shown from then on.

Add here: a question for those who ask only one (it delegates to Snapshot), an edit that must know what is published.
Keep out: queries, and what an edit may hold (state/).
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Self

from segmentation_pipeline.client.naming import UNCLASSIFIED
from segmentation_pipeline.client.published import PublishedReader
from segmentation_pipeline.client.snapshot import Snapshot
from segmentation_pipeline.config import Home, find_home
from segmentation_pipeline.state import segment_edits
from segmentation_pipeline.state.database import open_state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    import pandas as pd

    from segmentation_pipeline.client.customers import CustomersSummary
    from segmentation_pipeline.client.evidence import EvidenceTest, LineageEvent
    from segmentation_pipeline.client.refreshes import EndedEarly, RefreshSummary
    from segmentation_pipeline.client.segments import SegmentDetail, SegmentSummary
    from segmentation_pipeline.client.users import UserSegment
    from segmentation_pipeline.state.segment_edits import NameEdit, Note


def open_home(home: Home | Path | str | None = None) -> Client:
    """Return the client of a home: a folder, else the one SEGPIPE_HOME names, else the sample.

    Raises:
        HomeError: the folder is not a home.
        SettingsError: its pipeline.toml is wrong.
    """
    return Client(home if isinstance(home, Home) else find_home(None if home is None else Path(home)))


class Client:
    """Reads the published copy of a home and writes names and notes; may be used from several threads.

    Every call sees the newest copy and the edits of the moment; calls whose answers must belong together are made on
    one `snapshot()`. The copy stays open for the next call until `close()` or the end of a `with`. Each call raises
    HomeError while nothing is published, StateError while state.db cannot be used, and what the method of Snapshot
    with its name raises.
    """

    def __init__(self, home: Home) -> None:
        self.home = home
        self._state = open_state(home, home.settings())
        self._published = PublishedReader(home)

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
        with self._published.open() as connection:
            if not self._state.is_made:
                yield Snapshot(connection, {}, ())
                return
            with self._state.read() as state:
                names, notes = segment_edits.current_names(state), segment_edits.notes(state)
            yield Snapshot(connection, names, notes)

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

    def customers(self, month: date | None = None) -> CustomersSummary | None:
        """Return how many customers of a refresh (by default the newest) carry each label; None where nobody does."""
        with self.snapshot() as snapshot:
            return snapshot.customers(month)

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

    def _taken_by(self, cluster_id: str) -> dict[str, str]:
        """Labels of the living segments, after making sure that the one to be edited exists."""
        with self._published.open() as connection:
            snapshot = Snapshot(connection, {}, ())
            snapshot.known_segment(cluster_id)
            return {**snapshot.own_names(), UNCLASSIFIED: UNCLASSIFIED}
