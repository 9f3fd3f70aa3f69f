"""One published copy held open, overlaid with the edits of the moment: what several questions in a row are asked of.

Add here: a question, as a method that calls its query module. Keep out: SQL of a subject, and edits (home.py).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

from segmentation_pipeline.client import advice as advice_queries
from segmentation_pipeline.client import customers as customer_queries
from segmentation_pipeline.client import evidence as evidence_queries
from segmentation_pipeline.client import experiments as experiment_queries
from segmentation_pipeline.client import lead_details as lead_queries
from segmentation_pipeline.client import personas as persona_queries
from segmentation_pipeline.client import refreshes as refresh_queries
from segmentation_pipeline.client import segments as segment_queries
from segmentation_pipeline.client import users as user_queries
from segmentation_pipeline.client.naming import display_names
from segmentation_pipeline.client.published import ask, has_table
from segmentation_pipeline.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    import duckdb
    import pandas as pd

    from segmentation_pipeline.client.advice import Recommendation
    from segmentation_pipeline.client.customers import Customer, CustomersSummary
    from segmentation_pipeline.client.evidence import EvidenceTest, LineageEvent
    from segmentation_pipeline.client.experiments import ExperimentPower
    from segmentation_pipeline.client.lead_details import PersonaProfile
    from segmentation_pipeline.client.personas import LeadImport, Persona
    from segmentation_pipeline.client.published import Copy
    from segmentation_pipeline.client.refreshes import EndedEarly, RefreshSummary
    from segmentation_pipeline.client.segments import SegmentDetail, SegmentSummary
    from segmentation_pipeline.client.users import UserSegment
    from segmentation_pipeline.state.persona_edits import PersonaNote
    from segmentation_pipeline.state.segment_edits import Note

SHOWN_CHOICES = 30
"""Ids named when one is not found; a list that fits a screen."""


@dataclasses.dataclass(frozen=True)
class Edits:
    """What people wrote, as of one moment: names and notes of segments and of personas, by id."""

    names: Mapping[str, str] = dataclasses.field(default_factory=dict)
    notes: Sequence[Note] = ()
    persona_names: Mapping[str, str] = dataclasses.field(default_factory=dict)
    persona_notes: Sequence[PersonaNote] = ()


class Snapshot:
    """Answers from one published copy, so figures asked for one after the other belong together.

    `copy` tells which one it is. `connection` is open for reading, for any SQL of your own (`FROM data_dictionary`
    explains every column).
    A month left out is the newest refresh that has segments.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        edits: Edits | None = None,
        *,
        copy: Copy | None = None,
        known: dict[date, dict[str, str]] | None = None,
    ) -> None:
        self.connection = connection
        self.copy = copy
        self._own_names = {} if known is None else known  # by month, kept as long as the copy is the newest
        self._edits = edits or Edits()

    def refreshes(self) -> list[RefreshSummary]:
        """Return every refresh, oldest first; none in a home of purchases or leads alone."""
        if not has_table(self.connection, "refreshes"):
            return []
        return refresh_queries.refreshes(self.connection)

    def refresh(self, month: date | None = None) -> RefreshSummary:
        """Return one refresh.

        Raises:
            NotFound: there is no refresh of that month; the text names those there are.
        """
        wanted = self.month(month)
        return next(refresh for refresh in self.refreshes() if refresh.refresh_month == wanted)

    def month(self, asked: date | None = None) -> date:
        """Return the month asked for, by default the newest refresh that has segments, else the newest at all.

        Raises:
            NotFound: there is no refresh of that month, or none at all.
        """
        months: list[date] = [
            row[0] for row in ask(self.connection, "SELECT refresh_month FROM refreshes ORDER BY ALL")
        ]
        if not months:
            raise NotFound("No refresh is published yet. Next: `segpipe run`.")
        if asked is None:
            newest = ask(self.connection, "SELECT max(refresh_month) FROM clusters")[0][0]
            return newest or months[-1]
        if asked not in months:
            raise NotFound(
                f"There is no refresh {asked:%Y-%m} in the published copy. "
                f"Next: choose one of {_choices(f'{month:%Y-%m}' for month in reversed(months))}."
            )
        return asked

    def display_names(self, month: date | None = None) -> dict[str, str]:
        """Return cluster_id -> name to show, for the segments of a refresh."""
        return display_names(self.own_names(month), self._edits.names)

    def segments(self, month: date | None = None) -> list[SegmentSummary]:
        """Return the segments of a refresh, largest first; none where it has too little data."""
        wanted = self.month(month)
        return segment_queries.segments(self.connection, wanted, self.display_names(wanted), self._edits.notes)

    def segment(self, cluster_id: str, month: date | None = None) -> SegmentDetail:
        """Return one segment with what sets it apart, by default as of the newest refresh it lived in.

        Raises:
            NotFound: it is not there (in that month); the text names the segments that are.
        """
        lived = self.known_segment(cluster_id)
        found = self.segments(month or lived)
        for summary in found:
            if summary.cluster_id == cluster_id:
                return segment_queries.segment_detail(self.connection, summary)
        raise NotFound(
            f"Segment {cluster_id} did not live in {month:%Y-%m}. "
            f"Next: choose one of {_choices(summary.cluster_id for summary in found)}."
        )

    def known_segment(self, cluster_id: str) -> date:
        """Return the newest refresh a segment lived in.

        Raises:
            NotFound: no published refresh has such a segment; the text names those there are.
        """
        known = segment_queries.last_months(self.connection)
        if cluster_id not in known:
            raise NotFound(f"There is no segment {cluster_id}. Next: choose one of {_choices(known)}.")
        return known[cluster_id]

    def own_names(self, month: date | None = None) -> dict[str, str]:
        """Return cluster_id -> what a segment of a refresh is called unless renamed: as its persona, else by label."""
        if month in self._own_names:
            return self._own_names[month]
        wanted = self.month(month)
        personas = segment_queries.persona_names(self.connection, wanted)
        labels = segment_queries.labels(self.connection, wanted)
        found = {cluster_id: personas.get(cluster_id, label) for cluster_id, label in labels.items()}
        self._own_names[wanted] = found
        return found

    def unclassified_count(self, month: date | None = None) -> int:
        """Return how many users of a refresh belong to no segment."""
        return refresh_queries.unclassified_count(self.connection, self.month(month))

    def ended_early(self, month: date | None = None) -> list[EndedEarly]:
        """Return who ended before the landmark of a refresh: any outcome first, then by frequency."""
        return refresh_queries.ended_early(self.connection, self.month(month))

    def evidence(self, month: date | None = None) -> list[EvidenceTest]:
        """Return the tests behind a refresh's verdict and segments."""
        return evidence_queries.evidence(self.connection, self.month(month))

    def lineage(self, month: date | None = None) -> list[LineageEvent]:
        """Return what became of the segments at a refresh, living ones first."""
        return evidence_queries.lineage(self.connection, self.month(month))

    def customers(self, month: date | None = None) -> CustomersSummary | None:
        """Return how many customers of a refresh (by default the newest) carry each label; None where nobody does."""
        return customer_queries.customers(self.connection, month)

    def customer(
        self, customer_id: str, month: date | None = None, *, language: Literal["en", "tr"] = "en"
    ) -> Customer:
        """Return one customer as of a refresh (by default the newest), explained in a language.

        Raises:
            NotFound: the refresh knows no such customer; the text names ids that begin alike.
        """
        return customer_queries.customer(self.connection, month, customer_id, language)

    def lead_imports(self) -> list[LeadImport]:
        """Return every import of leads, in name order; the last one is the newest."""
        return persona_queries.lead_imports(self.connection)

    def personas(self, import_id: str | None = None) -> list[Persona]:
        """Return the personas of an import, by default of the newest, highest rate first.

        Raises:
            NotFound: there is no such import, or none at all.
        """
        wanted = persona_queries.newest_import(self.connection, import_id)
        return persona_queries.personas(self.connection, wanted, self._edits.persona_names, self._edits.persona_notes)

    def persona_profiles(self, import_id: str | None = None) -> dict[str, PersonaProfile]:
        """Return persona_id -> who they are, of an import, by default of the newest.

        Raises:
            NotFound: there is no such import, or none at all.
        """
        wanted = persona_queries.newest_import(self.connection, import_id)
        return lead_queries.persona_profiles(self.connection, wanted)

    def has_events(self) -> bool:
        """Tell whether the home has events at all, or purchases alone."""
        return bool(ask(self.connection, "SELECT 1 FROM raw_events LIMIT 1"))

    def recommendations(
        self, cluster_id: str | None = None, month: date | None = None, *, kind: str | None = None
    ) -> list[Recommendation]:
        """Return the advice of a refresh: of a segment (`overall` is everyone) or of all, of one kind or of all."""
        return advice_queries.recommendations(self.connection, self.month(month), cluster_id, kind)

    def experiment_power(self, cluster_id: str | None = None, month: date | None = None) -> list[ExperimentPower]:
        """Return what the experiments recommended in a refresh would take, of a segment or of all."""
        return experiment_queries.experiment_power(self.connection, self.month(month), cluster_id)

    def experiment(
        self, recommendation_id: str, month: date | None = None
    ) -> tuple[Recommendation, ExperimentPower | None]:
        """Return a recommended experiment with its power, by default as of the newest refresh that recommends it.

        Raises:
            NotFound: no refresh (or not that one) recommends such an experiment; the text names those there are.
        """
        months = advice_queries.months_of(self.connection, recommendation_id)
        wanted = self.month(month) if month is not None or not months else months[-1]
        ideas = self.recommendations(month=wanted, kind=advice_queries.EXPERIMENT)
        found = next((idea for idea in ideas if idea.recommendation_id == recommendation_id), None)
        if found is None:
            raise NotFound(
                f"{wanted:%Y-%m} recommends no experiment {recommendation_id}. "
                f"Next: choose one of {_choices(idea.recommendation_id for idea in ideas)}."
            )
        rows = self.experiment_power(found.cluster_id, wanted)
        return found, next((row for row in rows if row.recommendation_id == recommendation_id), None)

    def user_segment(self, user_id: str) -> UserSegment:
        """Return where a user belongs now.

        Raises:
            NotFound: the user has not been seen in the days users are observed over.
        """
        found = user_queries.user_segment(self.connection, user_id)
        if found is None:
            raise NotFound(f"User {user_id} has no events of late. Next: look for the id in raw_events.")
        return self._named([found])[0]

    def user_segments(self, user_ids: Sequence[str]) -> list[UserSegment]:
        """Return where many users belong now, in the order asked; those not seen of late are left out."""
        return self._named(user_queries.user_segments(self.connection, user_ids))

    def _named(self, found: list[UserSegment]) -> list[UserSegment]:
        """Return users with their segments as they are called now; one model has scored them all."""
        month = next((user.model_month for user in found if user.model_month is not None), None)
        names = {} if month is None else self.display_names(month)
        return [dataclasses.replace(user, display_name=names.get(user.cluster_id, user.label)) for user in found]

    def frame(self, table: str, month: date | None = None) -> pd.DataFrame:
        """Return a table or view as it is stored, all of it or the rows of one refresh.

        Raises:
            NotFound: there is no such table, it is not kept by month, or there is no such refresh.
        """
        known = self.tables()
        if table not in known:
            raise NotFound(f"There is no table {table}. Next: choose one of {', '.join(known)}.")
        if month is None:
            return self.connection.execute(f"FROM {table}").df()
        if "refresh_month" not in known[table]:
            raise NotFound(f"{table} is not kept by month. Next: ask for it without one.")
        wanted = {"month": self.month(month)}
        return self.connection.execute(f"FROM {table} WHERE refresh_month = $month", wanted).df()

    def segments_frame(self, month: date | None = None) -> pd.DataFrame:
        """Return the segments of a refresh as a frame: the fields of SegmentSummary, notes as texts."""
        import pandas as pd

        from segmentation_pipeline.client.segments import SegmentSummary

        names = [field.name for field in dataclasses.fields(SegmentSummary)]
        rows = [{name: getattr(found, name) for name in names} for found in self.segments(month)]
        frame = pd.DataFrame(rows, columns=names)
        frame["notes"] = [[note.text for note in given] for given in frame["notes"]]
        return frame

    def tables(self) -> dict[str, list[str]]:
        """Return the names of all tables and views with their columns."""
        rows = ask(
            self.connection,
            "SELECT table_name, list(column_name ORDER BY column_index) FROM duckdb_columns()"
            " WHERE NOT internal AND schema_name = 'main' GROUP BY table_name ORDER BY table_name",
        )
        return dict(rows)


def _choices(names: Iterable[str]) -> str:
    found = list(names)
    rest = f" and {len(found) - SHOWN_CHOICES} more" if len(found) > SHOWN_CHOICES else ""
    return (", ".join(found[:SHOWN_CHOICES]) or "none") + rest
