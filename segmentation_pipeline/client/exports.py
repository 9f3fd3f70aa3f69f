"""The roadmap as files: a table for spreadsheets, and a brief of each experiment for those who run it.

Add here: another form of the same. Keep out: looking anything up; what is given is all that is told.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from segmentation_pipeline.markdown import plain, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from segmentation_pipeline.client.experiments import ExperimentPower
    from segmentation_pipeline.client.roadmap import RoadmapEntry

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What makes a spreadsheet compute a cell (OWASP, CSV injection), full-width forms among them."""

NOTE_GLUE = " | "

COLUMNS = (
    "entry",
    "status",
    "priority",
    "owner",
    "starts_on",
    "ends_on",
    "refresh_month",
    "segment_id",
    "segment",
    "recommendation_id",
    "title",
    "hypothesis",
    "primary_metric",
    "expected_direction",
    "effort",
    "verdict",
    "reason",
    "baseline",
    "target",
    "unit",
    "new_users_a_week",
    "users_per_arm",
    "weeks_to_decide",
    "union_segments",
    "union_weeks_to_decide",
    "notes",
    "created_at",
    "created_by",
    "edited_at",
    "edited_by",
)

VERDICTS = {
    "run": "Run it",
    "run_in_union": "Run it together with other segments",
    "do_not_run": "Do not run it",
    "not_computed": "Not computed",
}

TESTS = {
    "share": "score test of two shares",
    "mean": "Student's t-test of two means",
    "survival": "log-rank test, events by Schoenfeld",
}

SHOWN_WEEKS = (1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 26, 39, 52)
"""Weeks a brief tells the detectable effect of."""


def roadmap_csv(entries: Iterable[RoadmapEntry]) -> str:
    """Return the roadmap as CSV (RFC 4180), one line an entry; no cell of text is a formula to a spreadsheet."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    for entry in entries:
        writer.writerow([_safe(cell) for cell in _cells(entry)])
    return written.getvalue()


def experiment_brief(entry: RoadmapEntry) -> str:
    """Return what people need to run an experiment, as Markdown: the idea, its design, what it can show, the plan."""
    advice, plan = entry.recommendation, entry.plan
    rows = [
        ("Status", plan.status),
        ("Priority", plan.priority),
        ("Owner", plan.owner or "-"),
        ("Starts", plan.starts_on or "-"),
        ("Ends", plan.ends_on or "-"),
        ("Segment", f"{entry.segment_name} ({advice.cluster_id})"),
        ("Refresh", f"{advice.refresh_month:%Y-%m}"),
        ("Effort", advice.effort or "-"),
        ("Advised by", advice.advisor),
        ("Recommendation", advice.recommendation_id),
    ]
    parts = [
        f"# {plain(advice.title)}",
        str(table(("Plan", ""), rows)),
        "## Hypothesis",
        plain(advice.hypothesis or "-"),
        "## Why",
        plain(advice.text),
        *_design(entry.power),
        *_notes(entry),
    ]
    return "\n\n".join(parts) + "\n"


def _safe(cell: object) -> object:
    """Put an apostrophe before a text that a spreadsheet would compute; numbers are no texts."""
    if not isinstance(cell, str):
        return cell
    is_formula = cell.startswith(FORMULA_STARTS) or cell.lstrip().startswith(FORMULA_STARTS)
    return f"'{cell}" if is_formula else cell


def _cells(entry: RoadmapEntry) -> Iterator[object]:
    advice, plan, power = entry.recommendation, entry.plan, entry.power
    yield from (entry.entry_id, plan.status, plan.priority, plan.owner, plan.starts_on, plan.ends_on)
    yield from (f"{advice.refresh_month:%Y-%m}", advice.cluster_id, entry.segment_name, advice.recommendation_id)
    yield from (advice.title, advice.hypothesis, advice.primary_metric, advice.expected_direction, advice.effort)
    if power is None:
        yield from (None,) * 10
    else:
        yield from (power.verdict, power.reason, power.baseline, power.target, power.unit)
        yield from (power.eligible_per_week, power.users_per_arm, power.weeks_to_decide)
        yield from (" ".join(power.union_cluster_ids) or None, power.union_weeks_to_decide)
    yield NOTE_GLUE.join(note.note or "" for note in entry.notes) or None
    yield from (f"{entry.created_at:%Y-%m-%d %H:%M:%S}", entry.created_by)
    yield from (f"{entry.edited_at:%Y-%m-%d %H:%M:%S}", entry.edited_by)


def _design(power: ExperimentPower | None) -> Iterator[str]:
    yield "## Power"
    if power is None:
        yield "No figures were kept with this entry."
        return
    yield f"**{VERDICTS.get(power.verdict, power.verdict)}.** {plain(power.reason)}"
    if power.baseline is None:
        return
    yield str(table(("Design", ""), _design_rows(power)))
    shown = [week for week in power.mde_by_week if week.week in SHOWN_WEEKS]
    if shown:
        yield "Smallest change it could show if it were decided at the end of a week:"
        rows = [
            (
                week.week,
                _count(week.users_per_arm),
                _figure(week.mde, power.unit),
                "-" if week.mde_relative is None else f"{week.mde_relative:.0%}",
            )
            for week in shown
        ]
        yield str(table(("Week:", "Users an arm:", "Change:", "As a part:"), rows))


def _design_rows(power: ExperimentPower) -> Iterator[tuple[str, str]]:
    unit = power.unit
    arms = f"{power.treatment_share:.0%} treatment, {power.control_share:.0%} control"
    yield "Primary metric", f"{power.primary_metric}, expected {power.expected_direction}"
    yield "Today", f"{_figure(power.baseline, unit)}, of {_count(power.baseline_user_count)} users"
    yield "Smallest change worth finding", f"{power.smallest_effect:.0%}: to {_figure(power.target, unit)}"
    yield "Test", TESTS.get(power.endpoint or "", power.endpoint or "-")
    yield "Two-sided alpha", f"{power.alpha:.4g} ({power.comparison_count} experiments of the segment share it, Holm)"
    yield "Power", f"{power.power:.0%}"
    yield "Allocation", f"{arms}, {power.holdout_share:.0%} holdout"
    yield "Users an arm", _count(power.users_per_arm)
    yield "Users enrolled, holdout included", _count(power.enrolled_count)
    if power.measured_share is not None and power.measured_share < 1:
        yield "Of them with the metric", f"{power.measured_share:.0%}"
    yield "New users a week", _number(power.eligible_per_week)
    yield "Days each user is followed", _number(power.follow_days)
    yield "Weeks to decide", _number(power.weeks_to_decide)
    if power.union_cluster_ids:
        yield "Run in", ", ".join(power.union_cluster_ids)
        yield "Weeks to decide there", _number(power.union_weeks_to_decide)


def _notes(entry: RoadmapEntry) -> Iterator[str]:
    if not entry.notes:
        return
    yield "## Notes"
    for note in entry.notes:
        lines = (note.note or "").splitlines()
        quoted = "\n".join(f"> {plain(line)}".rstrip() for line in lines)
        yield f"{note.edited_at:%Y-%m-%d %H:%M}, {plain(note.edited_by)}:\n\n{quoted}"


def _count(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _figure(value: float | None, unit: str | None) -> str:
    if value is None:
        return "-"
    return f"{value:.1%}" if unit == "pct" else f"{value:.3g}"
