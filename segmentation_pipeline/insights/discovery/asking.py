"""Discovery and assignment by a language model: questions asked, answers checked, ids kept, texts made harmless.

Add here: another way an answer is held to what is known. Keep out: limits over days (discovering.py, assigning.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from segmentation_pipeline.insights.discovery.answers import (
    AssignmentForm,
    BatchForm,
    ClusterForm,
    DiscoveryForm,
    batch_problem,
    discovery_problem,
)
from segmentation_pipeline.insights.discovery.definitions import (
    SMALLEST_SHARE,
    SURE_ENOUGH,
    Centroid,
    Retired,
    Segment,
    new_ids,
)
from segmentation_pipeline.insights.discovery.prompting import assignment_prompt, discovery_prompt, signal_in_words
from segmentation_pipeline.insights.discovery.protocol import (
    FEWEST_SEGMENTS,
    Assigned,
    Failed,
    Population,
    Proposal,
)
from segmentation_pipeline.insights.discovery.wording import SPELLED
from segmentation_pipeline.llm.failures import FailureKind
from segmentation_pipeline.llm.grounding_words import states_a_fact
from segmentation_pipeline.llm.questions import Request
from segmentation_pipeline.llm.untrusted import cleaned
from segmentation_pipeline.segments.tables import UNCLASSIFIED
from segmentation_pipeline.state.llm_cache import cached_reply
from segmentation_pipeline.state.pseudonyms import pseudonym_key, pseudonyms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from typing import Any

    from segmentation_pipeline.config import ProductContext
    from segmentation_pipeline.insights.discovery.vectors import BehaviourVectors, Detail
    from segmentation_pipeline.llm.client import LanguageModel
    from segmentation_pipeline.llm.limits import Limits
    from segmentation_pipeline.llm.questions import Answer
    from segmentation_pipeline.state.database import State

LABEL_WORDS = 4
LABEL_CHARS = 60
TEXT_CHARS = 300
REASON_CHARS = 200
PILOT_BATCHES = 2
"""Batches a discovery is tried on; their answers are cached, so that assigning asks them no second time."""

WEEKLY_LIMIT = "weekly_limit"
DAILY_LIMIT = "daily_limit"
FALLS_TO_RULES = frozenset({str(FailureKind.BUDGET)})
"""Failures after which users are placed offline at once. After the others they wait: tomorrow a model may answer."""


@dataclass
class ModelProvider:
    """A language model as a provider. `may_discover` is False while the week's discovery is used up.

    What is in the cache is free of limits: it was asked before.
    """

    asked: LanguageModel
    state: State
    limits: Limits
    product: ProductContext
    may_discover: bool = True
    has_spent: bool = False
    _key: bytes | None = field(default=None, repr=False)

    @property
    def provider(self) -> str:
        """The provider as tables tell it."""
        return self.asked.provider.label

    @property
    def model(self) -> str:
        """The model as tables tell it."""
        return self.asked.provider.model

    def propose(
        self, population: Population, sample_count: int, detail: Detail, previous: Sequence[Segment]
    ) -> Proposal | Failed:
        """Ask for segments of the users shown."""
        shown = discovery_prompt(
            population.vectors,
            population.spread,
            sample_count,
            detail,
            product=self.product,
            previous=previous,
            max_tokens=self.asked.settings.max_prompt_tokens,
        )
        known = {segment.segment_id for segment in previous}
        request = Request(
            "segment_discovery",
            f"{population.month:%Y-%m}: {shown.user_count} users, {detail.name.lower()} vectors",
            shown.prompt,
            DiscoveryForm,
            check=lambda answer: discovery_problem(answer, shown.features, known),
        )
        if not self.may_discover and not self._is_cached(request):
            return Failed(WEEKLY_LIMIT, "this week's discoveries are used up")
        answer = self.asked.complete(request)
        self.has_spent |= answer.input_tokens > 0
        if answer.output is None:
            return _failed(answer)
        return _proposal(population.month, answer.output, shown.features, previous, shown.user_count, self.provider)

    def pilot_unclassified(self, population: Population, segments: Sequence[Segment]) -> float | None:
        """Assign the first batches and return the share unclassified; None where today's assignments are used up."""
        size = self.asked.settings.assignment_batch
        rows = [int(row) for row in population.asked[: PILOT_BATCHES * size]]
        found = self.assign(population.vectors, rows, segments)
        told = [assigned for assigned in found if assigned.segment is not None]
        return sum(assigned.segment == -1 for assigned in told) / len(told) if told else None

    def assign(self, vectors: BehaviourVectors, rows: Sequence[int], segments: Sequence[Segment]) -> list[Assigned]:
        """Ask for the segments of some users in batches, as many of them as today allows; the others stay pending."""
        size = self.asked.settings.assignment_batch
        batches = [list(rows[start : start + size]) for start in range(0, len(rows), size)]
        questions = [self._question(vectors, batch, segments) for batch in batches]
        known = [question for question in questions if self._is_cached(question.request)]
        new = [question for question in questions if question not in known]
        with self.limits.assignments(sum(len(question.rows) for question in new)) as grant:
            granted, waiting = self._within(new, grant.count, vectors, segments)
            asked = [*known, *granted]
            answers = self.asked.complete_all([question.request for question in asked])
            grant.used_count = sum(
                len(question.rows) for question, answer in zip(asked, answers, strict=True) if answer.input_tokens > 0
            )
        found = [
            assigned
            for question, answer in zip(asked, answers, strict=True)
            for assigned in self._read(question, answer, segments)
        ]
        pending = f"{DAILY_LIMIT}: {self.asked.settings.assignments_per_day} users a day are assigned"
        found += [Assigned(row, None, None, pending, self.provider, self.model) for row in waiting]
        return sorted(found, key=lambda assigned: assigned.row)

    def _within(
        self, questions: Sequence[_Question], granted: int, vectors: BehaviourVectors, segments: Sequence[Segment]
    ) -> tuple[list[_Question], list[int]]:
        """Return the questions that the grant covers, the last one cut to it, and the users left over."""
        kept: list[_Question] = []
        waiting: list[int] = []
        for question in questions:
            allowed = question.rows[:granted]
            granted -= len(allowed)
            waiting += question.rows[len(allowed) :]
            if len(allowed) == len(question.rows):
                kept.append(question)
            elif allowed:
                kept.append(self._question(vectors, allowed, segments))
        return kept, waiting

    def _question(self, vectors: BehaviourVectors, rows: list[int], segments: Sequence[Segment]) -> _Question:
        names = pseudonyms(self._pseudonym_key(), [vectors.user_ids[row] for row in rows])
        prompt = assignment_prompt(vectors, rows, names, segments, max_tokens=self.asked.settings.max_prompt_tokens)
        ids = [segment.segment_id for segment in segments]
        question = _Question(rows, names)

        def check(answer: BatchForm) -> str | None:
            question.last = answer
            return batch_problem(answer, names, ids)

        question.request = Request("segment_assignment", f"{len(rows)} users", prompt, BatchForm, check)
        return question

    def _read(self, question: _Question, answer: Answer[BatchForm], segments: Sequence[Segment]) -> list[Assigned]:
        """Return what became of each user of a batch: right parts of a wrong answer count, its other users wait."""
        failure = answer.failure
        is_about_reply = failure is not None and failure.kind is FailureKind.WRONG_SCHEMA
        form = answer.output or (question.last if is_about_reply else None)
        given: dict[str, list[AssignmentForm]] = {}
        for assignment in form.assignments if form else ():
            given.setdefault(assignment.user_id, []).append(assignment)
        told = "" if failure is None else f"{failure.kind}: {failure.message}"[:REASON_CHARS]
        return [
            self._assigned(row, given.get(name, []), segments, told if form is None else "")
            for row, name in zip(question.rows, question.names, strict=True)
        ]

    def _assigned(
        self, row: int, given: Sequence[AssignmentForm], segments: Sequence[Segment], failure: str
    ) -> Assigned:
        ids = [segment.segment_id for segment in segments]
        pending = failure or "the model left the user out, twice"
        if len(given) > 1:
            pending = "the model gave the user more than one segment, twice"
        elif given and given[0].cluster_id not in (*ids, UNCLASSIFIED):
            pending = "the model put the user into a segment that does not exist, twice"
        elif given:
            found = given[0]
            is_placed = found.confidence >= SURE_ENOUGH and found.cluster_id != UNCLASSIFIED
            number = ids.index(found.cluster_id) if is_placed else -1
            reason = harmless(found.reasoning, REASON_CHARS, "reasoning held figures nobody checked: left out")
            return Assigned(row, number, found.confidence, reason, self.provider, self.model)
        return Assigned(row, None, None, pending, self.provider, self.model)

    def _is_cached(self, request: Request[Any]) -> bool:
        with self.state.read() as connection:
            return cached_reply(connection, self.asked.cache_key(request)) is not None

    def _pseudonym_key(self) -> bytes:
        if self._key is None:
            with self.state.write() as connection:
                self._key = pseudonym_key(connection)
        return self._key


@dataclass(eq=False)
class _Question:
    """A batch: its users, their pseudonyms, and the last answer of the right form, usable or not."""

    rows: list[int]
    names: list[str]
    request: Request[BatchForm] = None  # type: ignore[assignment]  # set once its check can refer to this
    last: BatchForm | None = None


def harmless(text: str, limit: int, instead: str) -> str:
    """Return a model's text on one line and bounded; `instead` where it states a figure or compares."""
    kept = cleaned(text, limit)
    return instead if not kept or states_a_fact(kept) else kept


def _failed(answer: Answer[Any]) -> Failed:
    assert answer.failure is not None, "an answer without output says why"
    return Failed(str(answer.failure.kind), answer.failure.message)


def _proposal(
    month: date,
    answer: DiscoveryForm,
    features: dict[str, str],
    previous: Sequence[Segment],
    user_count: int,
    provider: str,
) -> Proposal:
    known = {segment.segment_id: segment for segment in previous}
    big = [form for form in answer.clusters if form.estimated_pct >= 100 * SMALLEST_SHARE]
    forms = big if len(big) >= FEWEST_SEGMENTS or len(answer.clusters) < FEWEST_SEGMENTS else answer.clusters
    fresh = iter(new_ids(month, len(forms), known))
    taken: set[str] = set()
    segments = []
    for form in forms:
        segment_id = form.id if form.id in known else next(fresh)
        segments.append(_segment(form, segment_id, features, taken, provider))
    living = {segment.segment_id for segment in segments}
    small = {form.id for form in answer.clusters} - living
    retired = tuple(
        Retired(
            segment,
            f"under {SMALLEST_SHARE:.0%} of the users shown"
            if segment.segment_id in small
            else "no segment found continues it",
        )
        for segment in previous
        if segment.segment_id not in living
    )
    notes = harmless(answer.cluster_quality_notes, TEXT_CHARS, "the model's notes held figures nobody checked")
    return Proposal(tuple(segments), retired, notes, user_count)


def _segment(form: ClusterForm, segment_id: str, features: dict[str, str], taken: set[str], provider: str) -> Segment:
    signals = tuple(signal_in_words(features[signal.feature], signal.level) for signal in form.defining_signals)
    told = f"Users told apart by {'; '.join(signals[:2])}."
    return Segment(
        segment_id=segment_id,
        label=_label(form.label, segment_id, taken),
        description=harmless(form.description, TEXT_CHARS, told),
        defining_signals=signals,
        churn_risk=form.churn_risk,
        personalization_strategy=harmless(
            form.personalization_strategy, TEXT_CHARS, "Left out: it held figures nobody checked."
        ),
        estimated_pct=round(form.estimated_pct, 1),
        centroid=Centroid(
            form.centroid.session_frequency,
            form.centroid.session_depth,
            form.centroid.feature_breadth,
            form.centroid.collaboration,
        ),
        provider=provider,
    )


def _label(written: str, segment_id: str, taken: set[str]) -> str:
    """Return a label of two to four words, told apart from those taken; without figures."""
    words = cleaned(written, LABEL_CHARS).split()[:LABEL_WORDS]
    label = " ".join(words)
    if not any(character.isalpha() for character in label) or any(character.isdigit() for character in label):
        label = f"Segment {segment_id[-1].upper()}"
    elif len(words) == 1:
        label = f"{label} users"
    tries = [label, *(f"{' '.join(label.split()[: LABEL_WORDS - 1])} {word}" for word in SPELLED)]
    found = next((name for name in tries if name.casefold() not in taken), f"Segment {segment_id[-1].upper()}")
    taken.add(found.casefold())
    return found
