"""Answers found in a home: each from one published copy, with the names and plans of the moment.

Add here: a question two surfaces ask. Keep out: the form of answers (segments.py, advice.py, leads.py), HTTP.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from segmentation_pipeline import client
from segmentation_pipeline.answers import advice, leads
from segmentation_pipeline.answers import segments as shown
from segmentation_pipeline.answers.shape import Stamp, month_text
from segmentation_pipeline.client import retention as retention_queries
from segmentation_pipeline.errors import NotFound, NothingPublished
from segmentation_pipeline.leads.scoring import LeadScorer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from segmentation_pipeline.client import Recommendation, RefreshSummary, RoadmapEntry, SegmentSummary, Snapshot
    from segmentation_pipeline.client.personas import Persona
    from segmentation_pipeline.client.published import Copy
    from segmentation_pipeline.config import Home

OVERALL = "overall"
"""Id of all users together, where they are advised or fitted."""


@dataclass
class _Facts:
    """What never changes of a published copy, looked up once."""

    copy: Copy
    refreshes: list[RefreshSummary]
    stamps: dict[date | None, Stamp] = field(default_factory=dict)


class Answers:
    """Answers questions about one home; may be used from several threads.

    Every method raises NothingPublished while nothing is published, StateError while state.db cannot be used, and
    NotFound for a month, segment, user or entry that is not there.
    """

    def __init__(self, home: Home) -> None:
        self.home = home
        self._client = client.open(home)
        self._published = str(home.published_file)
        self._hidden_nulls = home.settings().leads.hidden_nulls
        self._lock = threading.Lock()
        self._facts: _Facts | None = None
        self._seen: tuple[int, int] | None = None
        self._scorer: tuple[str, LeadScorer] | None = None

    def close(self) -> None:
        """Let go of the published copy."""
        self._client.close()

    def stamp(self) -> Stamp | None:
        """Return the refresh answers come from at this moment; None while nothing is published. Costs microseconds."""
        try:
            found = os.stat(self._published)  # noqa: PTH116 - a Path takes five times as long, at every request
        except OSError:
            return None
        facts, seen = self._facts, (found.st_ino, found.st_mtime_ns)
        if facts is not None and self._seen == seen and None in facts.stamps:
            return facts.stamps[None]
        try:
            with self._client.snapshot() as snapshot:
                stamp = self._stamp(snapshot)
        except NothingPublished:
            return None
        self._seen = seen
        return stamp

    def refreshes(self) -> shown.Refreshes:
        """Return every refresh."""
        with self._client.snapshot() as snapshot:
            known = self._known(snapshot).refreshes
            told = [
                shown.Refresh.of(found, month=found.refresh_month, matched_against=month_text(found.matched_against))
                for found in known
            ]
            return shown.Refreshes(refresh=self._stamp(snapshot), refreshes=told)

    def segments(self, month: date | None = None) -> shown.Segments:
        """Return the segments of a refresh."""
        with self._client.snapshot() as snapshot:
            return shown.Segments(
                refresh=self._stamp(snapshot, month),
                unclassified_count=snapshot.unclassified_count(month),
                segments=[_segment(found) for found in snapshot.segments(month)],
            )

    def segment(self, segment_id: str, month: date | None = None) -> shown.SegmentDescription:
        """Return one segment with what sets it apart."""
        with self._client.snapshot() as snapshot:
            found = snapshot.segment(segment_id, month)
            return shown.SegmentDescription.of(
                found,
                refresh=self._stamp(snapshot, found.summary.refresh_month),
                segment=_segment(found.summary),
                contrasts=[shown.Contrast.of(contrast) for contrast in found.contrasts],
                profile=dict(found.profile),
                notes=[note.text for note in found.summary.notes],
            )

    def retention(self, segment_id: str, month: date | None = None) -> shown.Retention:
        """Return how a segment (or all users, `overall`) is retained."""
        with self._client.snapshot() as snapshot:
            wanted = self._lived(snapshot, segment_id, month)
            fits = retention_queries.fits(snapshot.connection, wanted)
            points = retention_queries.curves(snapshot.connection, wanted)
            return shown.Retention(
                refresh=self._stamp(snapshot, wanted),
                segment_id=segment_id,
                fit=next((shown.SurvivalFit.of(fit) for fit in fits if fit.cluster_id == segment_id), None),
                curves=[shown.CurvePoint.of(point) for point in points if point.cluster_id == segment_id],
                comparisons=_comparisons(snapshot, wanted, segment_id),
            )

    def compared(self, first_id: str, second_id: str, month: date | None = None) -> shown.ComparedSegments:
        """Return two segments of one refresh side by side."""
        with self._client.snapshot() as snapshot:
            first = snapshot.segment(first_id, month)
            wanted = first.summary.refresh_month
            second = snapshot.segment(second_id, wanted)
            between = [one for one in _comparisons(snapshot, wanted, first_id) if one.other_segment_id == second_id]
            return shown.ComparedSegments(
                refresh=self._stamp(snapshot, wanted),
                first=_segment(first.summary),
                second=_segment(second.summary),
                retention=between[0] if between else None,
                differences={
                    name: value - second.profile[name]
                    for name, value in first.profile.items()
                    if name in second.profile
                },
            )

    def recommendations(
        self, segment_id: str | None = None, month: date | None = None, *, kind: str | None = None
    ) -> advice.Recommendations:
        """Return the advice of a refresh: of a segment, of `overall` or of all, of one kind or of all."""
        with self._client.snapshot() as snapshot:
            wanted = snapshot.month(month) if segment_id is None else self._lived(snapshot, segment_id, month)
            power = {one.recommendation_id: one for one in snapshot.experiment_power(segment_id, wanted)}
            return advice.Recommendations(
                refresh=self._stamp(snapshot, wanted),
                segment_id=segment_id,
                recommendations=[
                    _recommendation(found, power.get(found.recommendation_id))
                    for found in snapshot.recommendations(segment_id, wanted, kind=kind)
                ],
            )

    def user(self, user_id: str) -> shown.UserAnswer:
        """Return where a user belongs now."""
        with self._client.snapshot() as snapshot:
            found = snapshot.user_segment(user_id)
            return shown.UserAnswer(refresh=self._stamp(snapshot, found.model_month), user=_user(found))

    def users(self, user_ids: Sequence[str]) -> shown.UsersAnswer:
        """Return where many users belong now."""
        with self._client.snapshot() as snapshot:
            found = snapshot.user_segments(user_ids)
            seen = {user.user_id for user in found}
            model_month = next((user.model_month for user in found if user.model_month is not None), None)
            return shown.UsersAnswer(
                refresh=self._stamp(snapshot, model_month),
                users=[_user(user) for user in found],
                not_seen=[user_id for user_id in dict.fromkeys(user_ids) if user_id not in seen],
            )

    def roadmap(self) -> advice.Roadmap:
        """Return every planned experiment."""
        return advice.Roadmap(refresh=self._now(), entries=[_entry(found) for found in self._client.roadmap()])

    def roadmap_entry(self, entry_id: int) -> advice.RoadmapAnswer:
        """Return one planned experiment."""
        return advice.RoadmapAnswer(refresh=self._now(), entry=_entry(self._client.roadmap_entry(entry_id)))

    def add_to_roadmap(self, wanted: advice.NewEntry, *, by: str) -> advice.RoadmapAnswer:
        """Put a recommended experiment on the roadmap.

        Raises:
            EditRefused: it is there and undecided already (AlreadyPlanned), or something of the plan cannot be.
        """
        changes = _given(wanted, "recommendation_id", "month")
        added = self._client.add_to_roadmap(wanted.recommendation_id, by=by, month=month_of(wanted.month), **changes)
        return advice.RoadmapAnswer(refresh=self._now(), entry=_entry(added))

    def change_roadmap(self, entry_id: int, change: advice.PlanChange, *, by: str) -> advice.RoadmapAnswer:
        """Change the given fields of a plan.

        Raises:
            EditRefused: nothing was given, or something of the plan cannot be.
        """
        changed = self._client.change_roadmap(entry_id, by=by, **_given(change))
        return advice.RoadmapAnswer(refresh=self._now(), entry=_entry(changed))

    def scored_leads(self, given: Sequence[Mapping[str, Any]], import_id: str | None = None) -> leads.ScoredLeads:
        """Return leads beside their nearest personas of an import, by default of the newest.

        Raises:
            InvalidPayload: a field of a lead is not what it should be; the error names it.
        """
        scoring = self._client.lead_scoring(import_id)
        known = {persona.persona_id: persona for persona in scoring.personas}
        scorer = self._scorer_of(scoring.model, scoring.mapping)
        placed = [scorer.place(lead, f"leads[{number}]") for number, lead in enumerate(given)]
        return leads.ScoredLeads(
            refresh=self._now(),
            import_id=scoring.found.import_id,
            overall_rate=scoring.found.overall_rate,
            leads=[leads.ScoredLead.of(found, **_told_of(known[found.persona_id])) for found in placed],
        )

    def _scorer_of(self, model: str, mapping: Mapping[str, str]) -> LeadScorer:
        with self._lock:
            if self._scorer is None or self._scorer[0] != model:
                self._scorer = (model, LeadScorer(model, mapping, self._hidden_nulls))
            return self._scorer[1]

    def _lived(self, snapshot: Snapshot, segment_id: str, month: date | None) -> date:
        """Return the month asked for, by default the newest in which a segment lived.

        Raises:
            NotFound: it did not live then, or there is no such month or segment.
        """
        if segment_id == OVERALL:
            return snapshot.month(month)
        lived = snapshot.known_segment(segment_id)
        if month is None:
            return lived
        wanted = snapshot.month(month)
        if segment_id not in snapshot.own_names(wanted):
            raise NotFound(f"Segment {segment_id} did not live in {wanted:%Y-%m}. Next: leave the month out.")
        return wanted

    def _now(self) -> Stamp:
        with self._client.snapshot() as snapshot:
            return self._stamp(snapshot)

    def _known(self, snapshot: Snapshot) -> _Facts:
        assert snapshot.copy is not None
        facts = self._facts
        if facts is None or facts.copy != snapshot.copy:
            has_refreshes = "refresh_summary" in snapshot.tables()  # a home of leads alone has none
            facts = self._facts = _Facts(snapshot.copy, snapshot.refreshes() if has_refreshes else [])
        return facts

    def _stamp(self, snapshot: Snapshot, month: date | None = None) -> Stamp:
        """Return the stamp of a month, by default of the newest with segments; a home of leads alone has none."""
        facts = self._known(snapshot)
        if month not in facts.stamps:
            found = self._refresh(snapshot, facts, month)
            facts.stamps[month] = Stamp(
                month=None if found is None else f"{found.refresh_month:%Y-%m}",
                copy_id=facts.copy.copy_id,
                as_of=None if found is None else found.as_of,
                verdict=None if found is None else found.verdict,
                is_provisional=found is not None and found.is_provisional,
            )
        return facts.stamps[month]

    def _refresh(self, snapshot: Snapshot, facts: _Facts, month: date | None) -> RefreshSummary | None:
        if not facts.refreshes:
            return None
        wanted = snapshot.month(month)
        return next(known for known in facts.refreshes if known.refresh_month == wanted)


def month_of(text: str | None) -> date | None:
    """Return the first day of a month written as 2026-01; None for none."""
    return None if text is None else date.fromisoformat(f"{text}-01")


def _segment(found: SegmentSummary) -> shown.Segment:
    return shown.Segment.of(found, segment_id=found.cluster_id, name=found.display_name)


def _user(found: client.UserSegment) -> shown.UserSegment:
    return shown.UserSegment.of(found, segment_id=found.cluster_id, segment_name=found.display_name)


def _comparisons(snapshot: Snapshot, month: date, segment_id: str) -> list[shown.Comparison]:
    """Return a segment beside each other one, differences counted from its side."""
    found = []
    for pair in retention_queries.comparisons(snapshot.connection, month):
        if segment_id not in (pair.cluster_id, pair.other_cluster_id):
            continue
        is_first = pair.cluster_id == segment_id
        low, high = pair.rmst_difference_low, pair.rmst_difference_high
        found.append(
            shown.Comparison.of(
                pair,
                segment_id=segment_id,
                other_segment_id=pair.other_cluster_id if is_first else pair.cluster_id,
                rmst_difference_days=pair.rmst_difference_days if is_first else _negative(pair.rmst_difference_days),
                rmst_difference_low=low if is_first else _negative(high),
                rmst_difference_high=high if is_first else _negative(low),
            )
        )
    return found


def _negative(value: float | None) -> float | None:
    return None if value is None else -value


def _recommendation(found: Recommendation, power: client.ExperimentPower | None) -> advice.Recommendation:
    return advice.Recommendation.of(
        found,
        month=found.refresh_month,
        segment_id=found.cluster_id,
        evidence=[advice.Citation.of(cited) for cited in found.evidence],
        power=None if power is None else advice.Power.of(power),
    )


def _entry(found: RoadmapEntry) -> advice.RoadmapEntry:
    return advice.RoadmapEntry.of(
        found,
        status=found.plan.status,
        priority=found.plan.priority,
        owner=found.plan.owner,
        starts_on=found.plan.starts_on,
        ends_on=found.plan.ends_on,
        recommendation=_recommendation(found.recommendation, found.power),
        notes=[advice.PlanNote.of(edit) for edit in found.notes],
    )


def _given(change: advice.PlanChange, *without: str) -> dict[str, Any]:
    """Return the fields that were given, as `client` takes them."""
    return {name: getattr(change, name) for name in change.model_fields_set if name not in without}


def _told_of(persona: Persona) -> dict[str, Any]:
    return {
        "persona": persona.display_name,
        "tier": persona.value_tier,
        "is_tier_uncertain": persona.is_tier_uncertain,
        "rate": persona.shrunken_rate,
        "rate_low": persona.rate_low,
        "rate_high": persona.rate_high,
    }
