"""Verdicts on simulated logs whose truth is known: planted types, one homogeneous population, and two continua.

Twenty seeds each, over one week and 45 days; how well the chosen segments are the planted ones, in the same run.
Add here: another scenario, or another figure of the verdict. Keep out: what the verdict rests on (clustering/verdict).
`python -m benchmarks.verdicts --seeds 5` prints each log's evidence.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.simulated import SETTINGS, ObservedMonth, observed_months, session_halves
from segmentation_pipeline.clustering.fitting import one_quiet_thread
from segmentation_pipeline.clustering.verdict import Evidence, judge_evidence
from segmentation_pipeline.events.clock import LogSpan, refresh_dates
from segmentation_pipeline.segments.embedding import embed
from segmentation_pipeline.segments.segmenting import segment_users
from segmentation_pipeline.simulation.simulate import LOG_START, SimulatedLog, simulate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

SEEDS = 20
USERS = 1_000
MONTHS = {7: date(2026, 1, 1), 45: date(2026, 2, 1)}
"""Length of the log in days -> the month refreshed; the week is too short for a whole window and horizon."""

PLANTED = "personas"
SCENARIOS = (PLANTED, "null", "continuum", "lifecycle")
LEAST_EVENTS = 10
LEAST_DISTINCT = {7: 13, 45: 19}
MOST_DISTINCT = 1
LEAST_HOMOGENEOUS = 18
LEAST_RATIO = 0.9
DISCRIMINANT_AT_ONE_WEEK = (0.85, 0.97)
"""Outside of it the planted types would be too faint, or too plain, to say anything of a method."""

MOST_SURPLUS = 1
SETTINGS_OF_SEGMENTS = SETTINGS.segments.model_copy(update={"map_method": "pca"})
"""The map is for looking only and takes a second UMAP."""


@dataclass(frozen=True)
class Recovery:
    """How far the chosen segments are the planted personas, and what discriminant analysis reaches that is told them.

    Adjusted Rand index over users with at least 10 events before the landmark; unclassified users count as a group.
    """

    segments: float
    discriminant: float
    segment_count: int


@dataclass(frozen=True)
class Trial:
    """One simulated log as judged; `recovery` where types were planted."""

    scenario: str
    days: int
    seed: int
    evidence: Evidence
    recovery: Recovery | None


def run() -> list[dict[str, object]]:
    """Return the counts of verdicts with their bounds, medians of the statistics, and the recovery."""
    return figures(list(trials(range(SEEDS))))


def trials(seeds: Sequence[int], scenarios: Sequence[str] = SCENARIOS) -> Iterator[Trial]:
    """Yield every scenario at every length, seed by seed."""
    for scenario in scenarios:
        for days in MONTHS:
            for seed in seeds:
                yield trial(scenario, days, seed)


def trial(scenario: str, days: int, seed: int) -> Trial:
    """Simulate, refresh and judge one log."""
    log = simulate(users=USERS, days=days, seed=seed, scenario=scenario)
    [month] = observed_months(log, [MONTHS[days]])
    recovery = _recovery(month, _event_counts(log, month)) if scenario == PLANTED else None
    return Trial(scenario, days, seed, evidence_of(month), recovery)


def evidence_of(month: ObservedMonth, *, seed: int = SETTINGS.segments.seed) -> Evidence:
    """Return the verdict on a month's users."""
    return judge_evidence(month.names, month.matrix, session_halves(month), seed=seed)


def figures(done: Sequence[Trial]) -> list[dict[str, object]]:
    """Return what the trials show as figures with their bounds."""
    found: list[dict[str, object]] = []
    for scenario, days in sorted({(one.scenario, one.days) for one in done}, key=lambda pair: (pair[1], pair[0])):
        group = [one for one in done if (one.scenario, one.days) == (scenario, days)]
        found += _verdict_figures(f"{scenario}, {days} days", scenario, days, group)
        if scenario == PLANTED:
            found += _recovery_figures(f"{scenario}, {days} days", [one.recovery for one in group if one.recovery])
    return found


def _verdict_figures(name: str, scenario: str, days: int, group: Sequence[Trial]) -> list[dict[str, object]]:
    counts = Counter(one.evidence.verdict for one in group)
    shown = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))
    medians = [
        f"{test.name} {np.median([one.evidence.tests[place].statistic for one in group]):.3f}"
        f" (p {np.median([one.evidence.tests[place].p for one in group]):.3f})"
        for place, test in enumerate(group[0].evidence.tests)
    ]
    peer = f"{shown}; medians: {'; '.join(medians)}; k {sorted(one.evidence.k for one in group)}"
    share = len(group) / SEEDS  # fewer seeds are held to the same shares
    least = LEAST_DISTINCT[days] if scenario == PLANTED else 0
    most = SEEDS if scenario == PLANTED else MOST_DISTINCT
    is_kept = least * share <= counts["distinct"] <= max(1.0, most * share)
    bound = f">= {least}" if scenario == PLANTED else f"<= {most}"
    found = [_figure(f"{name}: verdict distinct", counts["distinct"], f"of {len(group)}", bound, peer, passed=is_kept)]
    if scenario == "null":
        is_kept = counts["no_segments"] >= LEAST_HOMOGENEOUS * share
        bound = f">= {LEAST_HOMOGENEOUS}"
        found.append(
            _figure(
                f"{name}: verdict no_segments", counts["no_segments"], f"of {len(group)}", bound, shown, passed=is_kept
            )
        )
    return found


def _recovery_figures(name: str, found: Sequence[Recovery]) -> list[dict[str, object]]:
    ratios = [one.segments / one.discriminant for one in found]
    counts = sorted(one.segment_count for one in found)
    ours = f"segments: {np.mean([one.segments for one in found]):.3f}, worst ratio {min(ratios):.3f}"
    planted = 5
    surplus = max(abs(count - planted) for count in counts)
    low, high = DISCRIMINANT_AT_ONE_WEEK
    told_mean = float(np.mean([one.discriminant for one in found]))
    return [
        _figure(
            f"{name}: adjusted Rand of discriminant analysis told the truth",
            told_mean,
            "",
            f"{low} to {high} at one week",
            "what can be had with these features",
            passed=not name.endswith(", 7 days") or low <= told_mean <= high,
        ),
        _figure(
            f"{name}: adjusted Rand of the segments / of discriminant analysis",
            float(np.mean(ratios)),
            "",
            f">= {LEAST_RATIO}",
            ours,
            passed=bool(np.mean(ratios) >= LEAST_RATIO),
        ),
        _figure(
            f"{name}: surplus or missing segments at worst",
            surplus,
            "",
            f"<= {MOST_SURPLUS}",
            f"segments found: {counts}",
            passed=surplus <= MOST_SURPLUS,
        ),
    ]


def _figure(name: str, value: float, unit: str, bound: str, peer: str, *, passed: bool) -> dict[str, object]:
    return {"name": name, "value": value, "unit": unit, "bound": bound, "peer": peer, "passed": passed}


def _recovery(month: ObservedMonth, event_counts: NDArray[np.int64]) -> Recovery:
    from sklearn.metrics import adjusted_rand_score

    embedding = embed(month.names, month.matrix, SETTINGS_OF_SEGMENTS)
    found = segment_users(month.month, month.names, month.matrix, embedding.spaces, SETTINGS_OF_SEGMENTS)
    is_counted = event_counts >= LEAST_EVENTS
    segments, truth = found.scores.segments[is_counted], month.personas[is_counted]
    return Recovery(
        segments=float(adjusted_rand_score(truth, segments)),
        discriminant=_discriminant(month.matrix[is_counted], truth),
        segment_count=len(found.user_counts),
    )


@one_quiet_thread()
def _discriminant(matrix: NDArray[np.float64], truth: NDArray[np.str_]) -> float:
    """Return the adjusted Rand index that linear discriminant analysis reaches, cross-validated on the truth."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.metrics import adjusted_rand_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    return float(adjusted_rand_score(truth, cross_val_predict(LinearDiscriminantAnalysis(), matrix, truth, cv=folds)))


def _event_counts(log: SimulatedLog, month: ObservedMonth) -> NDArray[np.int64]:
    """Return how many events of each user at risk lie in the refresh's window."""
    moments = [LOG_START + timedelta(milliseconds=int(ms)) for ms in (log.event_ms[0], log.event_ms[-1])]
    dates = refresh_dates(month.month, LogSpan(*moments), SETTINGS)
    window, landmark = (
        (moment - LOG_START) / timedelta(milliseconds=1) for moment in (dates.window_start, dates.landmark_at)
    )
    is_seen = (log.event_ms >= window) & (log.event_ms < landmark)
    counts = np.bincount(log.event_user[is_seen], minlength=len(log.user_ids))
    return counts[np.searchsorted(np.array(log.user_ids), month.user_ids.astype(str))]


def _print_trials(seed_count: int, scenarios: Sequence[str]) -> None:
    done = []
    for one in trials(range(seed_count), scenarios):
        done.append(one)
        tests = "; ".join(f"{test.name} {test.statistic:.3f} p {test.p:.4f}" for test in one.evidence.tests)
        recovered = ""
        if one.recovery:
            recovered = f"; adjusted Rand {one.recovery.segments:.3f} of {one.recovery.discriminant:.3f}"
            recovered += f", {one.recovery.segment_count} segments"
        print(
            f"{one.scenario} {one.days} {one.seed}: {one.evidence.verdict}, k {one.evidence.k}; {tests}{recovered}",
            flush=True,
        )
    for figure in figures(done):
        print(f"{figure['name']}: {figure['value']} {figure['unit']} ({figure['bound']}), {figure['peer']}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--scenarios", nargs="+", default=SCENARIOS)
    given = parser.parse_args()
    _print_trials(given.seeds, given.scenarios)
