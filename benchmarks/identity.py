"""Do segments keep their ids where nothing changed, and is what changed told: trials on simulated logs.

Add here: another trial of identity with its bound.
Keep out: verdicts on a single refresh (verdicts.py) and the making of months (simulated.py).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.simulated import FIRST_MONTH, ObservedMonth, months_from, observed_months, session_halves
from segmentation_pipeline.config import SegmentSettings
from segmentation_pipeline.segments.embedding import embed
from segmentation_pipeline.segments.identity import PreviousRefresh
from segmentation_pipeline.segments.lineage import LineageEvent, lineage
from segmentation_pipeline.segments.moves import user_moves
from segmentation_pipeline.segments.segmenting import RefreshSegments, segment_users
from segmentation_pipeline.simulation.personas import PLANTED
from segmentation_pipeline.simulation.scenarios import CONTINUUM, EVOLVE, EvolvingPopulation, steady
from segmentation_pipeline.simulation.simulate import draw_log, simulate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# UMAP takes seconds a fit, and on these logs its candidates are never chosen.
QUICK = SegmentSettings(reductions=("pca",), map_method="pca")

STABLE_PERSONAS = ("closer", "collaborator")
LEAST_SHARE = 0.05
LEAST_KEPT = 0.95
MOST_IN_ONE = 0.6
LEAST_SEGMENTS = 3
GROWTH = 0.05
SECOND_MONTH = date(2026, 2, 1)

EVOLVE_USERS, EVOLVE_DAYS, EVOLVE_MONTHS = 1_500, 150, 5
SEEDS = range(10)
LEAST_TRUE_STORIES = 8
MOST_EXCESS = 0.1
"""Moves beyond chance on a log in which nothing changes: two standard errors with some 130 users in both months."""

# As EVOLVE, but the explorers come in the month the authors fade: an id must not pass from one to the other.
AT_ONCE = replace(
    EVOLVE,
    stories=tuple(
        replace(story, arrives_from=0.5) if story.persona == "explorer" else story for story in EVOLVE.stories
    ),
)


@dataclass(frozen=True)
class Refreshed:
    """One refresh of a trial: what was seen, what came out, and what is told of it."""

    seen: ObservedMonth
    found: RefreshSegments
    events: list[LineageEvent]

    @property
    def previous(self) -> PreviousRefresh:
        """This refresh as the next one sees it."""
        return PreviousRefresh(self.seen.month, self.found.model, self.seen.user_ids, self.found.scores.cluster_ids)

    def id_of(self, persona: str) -> str | None:
        """Return the segment most of a persona's users are in; None when fewer than half are in one."""
        ids = self.found.scores.cluster_ids[self.seen.personas == persona].tolist()
        cluster_id, count = Counter(ids).most_common(1)[0] if ids else ("", 0)
        return cluster_id if count > len(ids) / 2 else None

    def persona_of(self, cluster_id: str) -> str:
        """Return the persona most users of a segment are of."""
        personas = self.seen.personas[self.found.scores.cluster_ids == cluster_id].tolist()
        return Counter(personas).most_common(1)[0][0] if personas else ""

    def true_share(self, persona: str) -> float:
        """Return the persona's share of the users at risk."""
        return float(np.mean(self.seen.personas == persona))


def refreshed(seen: ObservedMonth, previous: PreviousRefresh | None, settings: SegmentSettings = QUICK) -> Refreshed:
    """Refresh one month, following on an earlier refresh."""
    found = segment_users(
        seen.month,
        seen.names,
        seen.matrix,
        embed(seen.names, seen.matrix, settings).spaces,
        settings,
        user_ids=seen.user_ids,
        previous=previous,
        as_before=seen.as_before if previous is not None else None,
        halves=session_halves(seen),
    )
    events = lineage(found.model.cluster_ids, found.user_counts, len(seen.user_ids), found.succession)
    return Refreshed(seen, found, events)


def in_order(months: Sequence[ObservedMonth], settings: SegmentSettings = QUICK) -> list[Refreshed]:
    """Refresh months one after the other."""
    done: list[Refreshed] = []
    for seen in months:
        done.append(refreshed(seen, done[-1].previous if done else None, settings))
    return done


def months_of(population: EvolvingPopulation, seed: int, count: int = EVOLVE_MONTHS) -> list[ObservedMonth]:
    """Return the first whole months of a log in which personas come and go."""
    log = draw_log(population, users=EVOLVE_USERS, days=EVOLVE_DAYS, seed=seed)
    return observed_months(log, list(months_from(FIRST_MONTH, count)))


def untrue(story: Sequence[Refreshed]) -> list[str]:
    """Return what the lineage of an evolving log tells wrongly; nothing for the true story.

    True: in the first month every persona is born; then one birth (the explorers), one retirement (the authors, in
    the first or second month in which they are under 5 %), one split (the researchers) in the months they happen,
    and nothing else; stable personas have one id all along.
    """
    wrong = []
    for persona in STABLE_PERSONAS:
        ids = {step.id_of(persona) for step in story}
        if len(ids) > 1 or None in ids:
            wrong.append(f"{persona} had the ids {sorted(map(str, ids))}")
    expected = Counter({("born", "explorer"): 1, ("retired", "author"): 1, ("split", "researcher"): 1})
    told: Counter[tuple[str, str]] = Counter()
    for before, step in pairwise(story):
        for event in step.events:
            if event.kind == "continued":
                continue
            subject = step.persona_of(event.cluster_id)
            if event.kind in {"retired", "merged"}:
                subject = before.persona_of(event.cluster_id)
                is_time = step.true_share(subject) < LEAST_SHARE
            elif event.kind == "split":
                subject = before.persona_of(event.other_cluster_id or "")
                is_time = before.true_share(subject) >= LEAST_SHARE > step.true_share(subject)
            else:
                is_time = before.true_share(subject) < LEAST_SHARE <= step.true_share(subject)
            told[event.kind, subject] += 1
            if not is_time:
                wrong.append(f"{step.seen.month:%Y-%m}: {event.kind} {event.cluster_id} ({subject}) is not its time")
    if told != expected:
        wrong.append(f"told: {dict(told)}")
    return wrong


def subset(seen: ObservedMonth, rows: NDArray[np.int64]) -> ObservedMonth:
    """Return the month with these users only, in this order; halves of the others are left out."""
    ids = set(seen.user_ids[rows])
    halves = seen.halves
    if halves is not None:
        kept = np.array([user_id in ids for user_id in halves.user_ids])
        halves = replace(halves, user_ids=halves.user_ids[kept], first=halves.first[kept], second=halves.second[kept])
    return replace(
        seen,
        user_ids=seen.user_ids[rows],
        matrix=seen.matrix[rows],
        personas=seen.personas[rows],
        halves=halves,
        as_before=None if seen.as_before is None else (seen.as_before[0], seen.as_before[1][rows]),
    )


@dataclass(frozen=True)
class Refit:
    """A refit of the same log: share of users that keep their id, number of segments, share of the largest."""

    kept: float
    segments: int
    largest: float

    @property
    def is_good(self) -> bool:
        """Whether it reaches all three bounds."""
        return self.kept >= LEAST_KEPT and self.segments >= LEAST_SEGMENTS and self.largest <= MOST_IN_ONE


def refits(seen: ObservedMonth, seed: int) -> dict[str, Refit]:
    """Return what a refit with 5 % more users, with permuted rows, and with another seed keeps."""
    generator = np.random.default_rng(seed)
    everyone = np.arange(len(seen.user_ids))
    earlier = np.sort(generator.permutation(everyone)[: round(len(everyone) / (1 + GROWTH))])
    first, fewer = refreshed(seen, None), refreshed(subset(seen, earlier), None)
    again = replace(seen, month=SECOND_MONTH)
    shuffled = subset(again, generator.permutation(everyone))
    other_seed = QUICK.model_copy(update={"seed": QUICK.seed + 1 + seed})
    return {
        "5 % more users": _refit(fewer, refreshed(again, fewer.previous)),
        "permuted rows": _refit(first, refreshed(shuffled, first.previous)),
        "another seed": _refit(first, refreshed(again, first.previous, other_seed)),
    }


def _refit(first: Refreshed, again: Refreshed) -> Refit:
    before = dict(zip(first.seen.user_ids, first.found.scores.cluster_ids, strict=True))
    now = dict(zip(again.seen.user_ids, again.found.scores.cluster_ids, strict=True))
    kept = float(np.mean([now[user_id] == cluster_id for user_id, cluster_id in before.items()]))
    return Refit(kept, len(again.found.model.cluster_ids), max(again.found.user_counts) / len(again.seen.user_ids))


def strangers(scenario: str, users: int, days: int, seed: int) -> tuple[Refreshed, Refreshed]:
    """Return two refreshes of one population that have no user in common."""
    first, second = (
        observed_months(simulate(users=users, days=days, seed=one, scenario=scenario), [FIRST_MONTH])[0]
        for one in (seed, 1_000 + seed)
    )
    others = np.array([f"other-{user_id}" for user_id in second.user_ids], dtype=object)
    halves = second.halves
    if halves is not None:
        halves = replace(halves, user_ids=np.array([f"other-{one}" for one in halves.user_ids], dtype=object))
    done = refreshed(first, None)
    return done, refreshed(replace(second, month=SECOND_MONTH, user_ids=others, halves=halves), done.previous)


def excess_moves(steps: Sequence[Refreshed]) -> list[float]:
    """Return per refresh after the first the share of users who moved beyond what chance makes move."""
    excess = []
    for before, now in pairwise(steps):
        seen, found = now.seen, now.found
        halves = session_halves(seen)
        moves = user_moves(before.previous, seen.user_ids, found.scores.cluster_ids, found.model, seen.names, halves)
        excess.append(moves[0].excess_share or 0.0)
    return excess


def run() -> list[dict[str, object]]:
    """Return every figure of identity, each over the seeds."""
    return [*_refit_figures(), *_evolve_figures(), *_stranger_figures(), *_steady_figures()]


def _refit_figures() -> list[dict[str, object]]:
    figures = []
    for scenario, days in (("personas", 7), ("personas", 45), ("continuum", 45), ("lifecycle", 45)):
        found: dict[str, list[Refit]] = {}
        for seed in SEEDS:
            log = simulate(users=1_000, days=days, seed=seed, scenario=scenario)
            for change, refit in refits(observed_months(log, [FIRST_MONTH])[0], seed).items():
                found.setdefault(change, []).append(refit)
        figures += [
            {
                "name": f"users who keep their id, {scenario}, {days} days, {change}: the least of {len(SEEDS)} seeds",
                "value": min(refit.kept for refit in each),
                "unit": "share",
                "bound": f">= {LEAST_KEPT}",
                "peer": f"segments {min(one.segments for one in each)}-{max(one.segments for one in each)},"
                f" largest {max(one.largest for one in each):.0%} of users",
                "passed": all(refit.is_good for refit in each),
            }
            for change, each in found.items()
        ]
    return figures


def _evolve_figures() -> list[dict[str, object]]:
    figures = []
    for name, population in (("evolve", EVOLVE), ("birth and fading in one month", AT_ONCE)):
        wrong = [untrue(in_order(months_of(population, seed))) for seed in SEEDS]
        true = sum(not each for each in wrong)
        figures.append(
            {
                "name": f"lineage tells the story and nothing else: {name}",
                "value": true,
                "unit": f"of {len(SEEDS)} seeds",
                "bound": f">= {LEAST_TRUE_STORIES}",
                "peer": "; ".join(sorted({text for each in wrong for text in each}))
                or "stable personas kept their ids",
                "passed": true >= LEAST_TRUE_STORIES,
            }
        )
    return figures


def _stranger_figures() -> list[dict[str, object]]:
    figures = []
    for scenario in ("personas", "continuum", "lifecycle"):
        total = matched = 0
        for seed in SEEDS:
            first, second = strangers(scenario, 1_000, 45, seed)
            total += len(first.found.model.cluster_ids)
            matched += sum(
                event.kind == "continued"
                and event.matched_by == "profile"
                and (
                    scenario != "personas" or first.persona_of(event.cluster_id) == second.persona_of(event.cluster_id)
                )
                for event in second.events
            )
        figures.append(
            {
                "name": f"ids matched by profile between months without a common user, {scenario}",
                "value": matched / total,
                "unit": "share",
                "bound": "1",
                "peer": f"{total} segments over {len(SEEDS)} seeds",
                "passed": matched == total,
            }
        )
    return figures


def _steady_figures() -> list[dict[str, object]]:
    figures: list[dict[str, object]] = []
    for name, population in (("personas", PLANTED), ("continuum", CONTINUUM)):
        told, excess = 0, []
        for seed in SEEDS:
            steps = in_order(months_of(steady(population), seed))
            told += sum(event.kind != "continued" for step in steps[1:] for event in step.events)
            excess.append(float(np.mean(excess_moves(steps))))
        figures += [
            {
                "name": f"births, ends, splits and mergers told though nothing changed, {name}",
                "value": told,
                "unit": f"in {len(SEEDS) * (EVOLVE_MONTHS - 1)} refreshes",
                "bound": "0",
                "passed": told == 0,
            },
            {
                "name": f"users who moved beyond chance though nothing changed, {name}: mean of refreshes, worst seed",
                "value": max(excess, key=abs),
                "unit": "share",
                "bound": f"within {MOST_EXCESS:g} of 0",
                "passed": max(map(abs, excess)) <= MOST_EXCESS,
            },
        ]
    return figures
