"""The summary of a refresh as `segpipe run` prints it.

Add here: another figure people look for first. Keep out: where the figures come from (client/).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from segmentation_pipeline import client
from segmentation_pipeline.config import SAMPLE_HOME

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from rich.console import Console

    from segmentation_pipeline.config import Home

NOT_KNOWN = "–"
OVERALL = "overall"
_WAYS = {"split": "from", "merged": "into"}


def print_found(console: Console, home: Home, month: date) -> None:
    """Print what a refresh found, of what the home has: users' segments, customers."""
    with client.open(home).snapshot() as published:
        customers = published.customers(month)
        has_events = published.has_events()
    if has_events or customers is None:
        print_refresh(console, home, month)
    if customers is not None:
        print_customers(console, customers)


def print_customers(console: Console, found: client.CustomersSummary) -> None:
    """Print how many customers carry each label, what is recommended, and what the tiers were worth."""
    console.print(
        f"\n[bold]Customers {found.refresh_month:%Y-%m}[/]  as of {found.as_of:%Y-%m-%d %H:%M} UTC; "
        f"{found.customer_count:,} customers, {found.order_count:,} orders, {found.total_spent:,.2f} spent"
    )
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for dimension, labels in found.labels.items():
        told = "   ".join(f"{escape(label)} {count:,} ({count / found.customer_count:.0%})" for label, count in labels)
        table.add_row(dimension.replace("_", " "), told)
    console.print(table)
    for lift in found.lifts:
        console.print(
            f"  [dim]{lift.dimension} {escape(lift.tier)}: {lift.outcome} {lift.lift:.2f} x all others "
            f"(95 % {lift.lift_low:.2f}–{lift.lift_high:.2f}), {lift.days:.0f} days on[/]"
        )


def print_refresh(console: Console, home: Home, month: date) -> None:
    """Print the segments of a refresh, who ended early, and where to look next."""
    with client.open(home).snapshot() as published:
        found = {refresh.refresh_month: refresh for refresh in published.refreshes()}
        refresh = found.get(month)
        if refresh is None:
            console.print(f"{month:%Y-%m} is not in the published copy: the check above says why it was kept back.")
            return
        segments = published.segments(month)
        ended = published.ended_early(month)
        unclassified = published.unclassified_count(month)
        evidence, lineage = published.evidence(month), published.lineage(month)
    if refresh.status == "insufficient_data":
        console.print(
            Panel(refresh.status_reason or "", title=f"{month:%Y-%m}: insufficient data", border_style="yellow")
        )
        return
    console.print(_dates(refresh))
    console.print(_verdict(refresh, evidence))
    console.print(_segments_table(segments))
    if any(segment.is_cause_specific for segment in segments):
        console.print("[dim]Retention counts other endings as censored: with drop-off it need not add up to 100 %.[/]")
    for line in _since_before(refresh, lineage):
        console.print(line)
    console.print("[bold]Top advice[/]")
    console.print(_top_advice(segments))
    console.print()
    if unclassified:
        console.print(
            f"{unclassified:,} of {refresh.at_risk_count:,} users at risk are unclassified: between segments."
        )
    if ended and ended[0].user_count:
        console.print(_ended_early(ended))


def print_next_steps(console: Console, home: Home) -> None:
    """Print where to look after a run."""
    which = "" if home.root == SAMPLE_HOME else f" --home {home.root}"
    reports = home.exports / "reports"
    report = f"      {reports} holds the report of each refresh;\n" if reports.is_dir() else ""
    console.print(
        f"\n[bold]Next[/]  `segpipe dashboard{which}` shows map, segments and curves in the browser;\n{report}"
        f"      `segpipe ui{which}` opens the graph with its runs, checks and schedules;\n"
        f"      any DuckDB client opens {home.published_file}\n"
        "      (start with: FROM data_dictionary; FROM clusters; FROM recommendations)."
    )


def _dates(refresh: client.RefreshSummary) -> str:
    landmark = f"{refresh.landmark_at:%Y-%m-%d %H:%M}" if refresh.landmark_at else "each user's own"
    return (
        f"\n[bold]Refresh {refresh.refresh_month:%Y-%m}[/]  {refresh.clock} clock, landmark {landmark} UTC, "
        f"outcomes up to {refresh.as_of:%Y-%m-%d %H:%M}; {refresh.at_risk_count:,} users at risk at the landmark, "
        f"{refresh.ended_early_count:,} had ended"
    )


def _verdict(refresh: client.RefreshSummary, evidence: list[client.EvidenceTest]) -> Panel:
    colour = {"distinct": "green", "continuum": "cyan"}.get(refresh.verdict or "", "yellow")
    lines = [f"[bold]{refresh.verdict}[/]  {escape(refresh.verdict_reason or '')}"]
    tests = [_test(test) for test in evidence if test.cluster_id == OVERALL]
    lines += [f"  {'   '.join(tests)}"] if tests else []
    if refresh.weakness is not None:
        lines.append(f"  [yellow]weak[/]  {escape(refresh.weakness)}")
    return Panel("\n".join(lines), title="Verdict", title_align="left", border_style=colour, padding=(0, 1))


def _test(test: client.EvidenceTest) -> str:
    mark = "[green]✓[/]" if test.is_passed else "[yellow]✗[/]"
    return f"{mark} {test.test} {test.statistic:.2f}" + ("" if test.p is None else f" (p {test.p:.3f})")


def _since_before(refresh: client.RefreshSummary, lineage: list[client.LineageEvent]) -> Iterator[str]:
    """Yield what changed since the refresh matched against; nothing at the first."""
    if refresh.matched_against is None:
        return
    told = [event for event in lineage if event.kind != "continued"]
    changes = "; ".join(
        f"{event.cluster_id} {event.kind}"
        + (f" {_WAYS[event.kind]} {event.other_cluster_id}" if event.other_cluster_id else "")
        for event in told
    )
    yield f"[bold]Since {refresh.matched_against:%Y-%m}[/]  {changes or 'every segment continued'}"
    if refresh.moved_share is not None:
        usual = (
            ""
            if refresh.expected_moved_share is None
            else f" ({refresh.expected_moved_share:.0%} would without change)"
        )
        yield f"  {refresh.moved_share:.0%} of the users in both refreshes changed segment{usual}"


def _ended_early(ended: list[client.EndedEarly]) -> str:
    every, outcomes = ended[0], [row for row in ended[1:] if row.user_count]
    of_which = ", ".join(f"{row.outcome} {row.user_count:,} ({_interval(row)})" for row in outcomes)
    return (
        f"[bold]ended_early[/] (case closed before the landmark, so not judged): {every.user_count:,} users, "
        f"{_interval(every)} of all; {of_which}"
    )


def _interval(row: client.EndedEarly) -> str:
    return f"{row.share:.1%}, 95 % {row.share_low:.1%}–{row.share_high:.1%}"


def _segments_table(segments: list[client.SegmentSummary]) -> Table:
    drop_off_days = {segment.drop_off_days for segment in segments if segment.drop_off_days is not None}
    by_day = f" by day {max(drop_off_days):.3g}" if drop_off_days else ""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("segment", no_wrap=True)
    table.add_column("label", overflow="fold", min_width=18)
    table.add_column("stability", overflow="fold")
    table.add_column("users", justify="right", no_wrap=True)
    table.add_column(f"drop-off{by_day} (95 %)", justify="right")
    table.add_column("retention (KM)", justify="right")
    for segment in segments:
        table.add_row(
            segment.cluster_id,
            escape(segment.display_name),
            segment.stability or ("our cut" if segment.origin == "preset" else NOT_KNOWN),
            f"{segment.user_count:,} ({segment.share:.0%})",
            _drop_off(segment),
            _retention(segment),
        )
    return table


def _top_advice(segments: list[client.SegmentSummary]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for segment in segments:
        table.add_row(segment.cluster_id, segment.top_advice or "no advice: too few users")
    return table


def _drop_off(segment: client.SegmentSummary) -> str:
    if segment.drop_off_rate is None or segment.drop_off_low is None or segment.drop_off_high is None:
        return NOT_KNOWN
    return f"{segment.drop_off_rate:.0%} ({segment.drop_off_low:.0%}–{segment.drop_off_high:.0%})"


def _retention(segment: client.SegmentSummary) -> str:
    if segment.retention is None:
        return NOT_KNOWN
    return f"{segment.retention:.0%}, day {segment.retention_day:.3g}"
