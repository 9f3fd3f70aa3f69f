"""Pictures of retention: curves above a table of numbers at risk, incidences, and hazard ratios over time.

Add here: a picture of what the retention tables hold.
Keep out: estimating anything; a picture draws stored rows only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segmentation_pipeline.pictures import (
    GRID_COLOUR,
    NEUTRAL_COLOUR,
    TEXT_COLOUR,
    blank_figure,
    blank_panels,
)
from segmentation_pipeline.retention.tables import FITTED, INCIDENCES, OBSERVED, REFERENCE, RETENTION_KM
from segmentation_pipeline.segments.tables import OVERALL, UNCLASSIFIED
from segmentation_pipeline.survival.follow_up import DAY_TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from segmentation_pipeline.retention.hazards import CoxRow, ResidualRow
    from segmentation_pipeline.retention.judging import CurvePoint

LABEL_GAP = 0.035
"""Least distance between two direct labels, as a share of the axis: one line of text."""

SMOOTHED_SHARE = 0.12
"""Bandwidth of the local mean as a share of the events: narrow enough to show a course, wide enough for one."""
BAND_ERRORS = 1.96
"""Standard errors on either side: a pointwise 95 % band."""

TERM_NAMES = {"tenure_days": "tenure, per day", "cohort_weeks": "cohort, per week", "pooled": "small segments, pooled"}
PANEL_LABEL_GAP = 0.05
"""The same in a panel, which is lower than a whole picture."""
FINE_TOP = 0.1
"""Axes that end below this share show tenths of a per cent, or all labels would read alike."""

ENDING_NAMES = {"churn": "dropped off", "conversion": "converted", "end": "ended otherwise"}
ENDING_COLOURS = {"churn": "#D55E00", "conversion": "#009E73", "end": "#56B4E9"}


def draw_retention(
    points: Sequence[CurvePoint], labels: Mapping[str, str], days: Sequence[float], colours: Mapping[str, str]
) -> Figure:
    """Draw the retention curve of every segment with its interval, and under it who is at risk on the days.

    `labels` name the segments; a segment without an observed curve is left to the table alone.
    """
    curves = {
        name: rows
        for name in _names(points)
        if len(rows := [p for p in _of(points, name, RETENTION_KM) if p.status == OBSERVED]) > 1
    }
    in_table = [name for name in _names(points) if name != UNCLASSIFIED]
    figure, axes = blank_figure(height_in=4.6 + 0.2 * len(in_table))
    last_day = max((rows[-1].day for rows in curves.values()), default=max(days, default=1.0))
    for name, rows in curves.items():
        _draw_curve(axes, name, rows, colours)
    _label_ends(axes, {name: rows[-1] for name, rows in curves.items()}, labels, last_day, colours)
    is_specific = any(point.is_cause_specific for point in points)
    axes.set_title(
        "Retained after the landmark" + (" (other endings censored)" if is_specific else ""),
        loc="left",
        color=TEXT_COLOUR,
    )
    _dress(axes, last_day)
    # The last day is shown too, unless its number would run into the one before it.
    shown = [day for day in (0.0, *days) if day < 0.93 * last_day] + [last_day]
    _table_of_risk(axes, in_table, points, labels, shown, colours)
    return figure


def draw_incidences(points: Sequence[CurvePoint], days: Sequence[float]) -> Figure:
    """Draw for all users how large a share has ended in which way by each day, with intervals."""
    figure, axes = blank_figure(height_in=4.2)
    ends: dict[str, CurvePoint] = {}
    last_day = max(days, default=1.0)
    for cause, curve in INCIDENCES.items():
        rows = [point for point in _of(points, OVERALL, curve) if point.status == OBSERVED]
        if len(rows) > 1:
            _step(axes, rows, ENDING_COLOURS[cause], 1.8)
            ends[cause] = rows[-1]
            last_day = rows[-1].day
    _label_ends(axes, ends, ENDING_NAMES, last_day, ENDING_COLOURS)
    axes.set_title("How cases ended after the landmark, all users", loc="left", color=TEXT_COLOUR)
    _dress(axes, last_day)
    axes.set_xlabel("days after the landmark", color=TEXT_COLOUR)
    return figure


def draw_segment_incidences(
    points: Sequence[CurvePoint], labels: Mapping[str, str], colours: Mapping[str, str]
) -> Figure:
    """Draw, one panel an ending, the share of every segment that ended so by each day; everyone together dashed."""
    curves = {
        cause: {
            name: rows
            for name in _names(points)
            if name != UNCLASSIFIED
            and len(rows := [p for p in _of(points, name, curve) if p.status == OBSERVED and p.estimate is not None])
            > 1
        }
        for cause, curve in INCIDENCES.items()
    }
    shown = {cause: found for cause, found in curves.items() if found}
    figure, panels = blank_panels(rows=max(len(shown), 1), width_in=9.0, height_in=0.5 + 3.1 * max(len(shown), 1))
    last_day = max((rows[-1].day for found in shown.values() for rows in found.values()), default=1.0)
    for axes, (cause, found) in zip(panels, shown.items(), strict=False):
        top = max(point.estimate or 0 for rows in found.values() for point in rows) * 1.12 or 1.0
        for name, rows in sorted(found.items(), key=lambda item: item[0] != OVERALL):
            _draw_line(axes, name, rows, colours)
        _dress(axes, last_day, top)
        _label_ends(
            axes,
            {name: rows[-1] for name, rows in found.items()},
            labels,
            last_day,
            colours,
            top=top,
            gap=PANEL_LABEL_GAP,
        )
        axes.set_title(f"{ENDING_NAMES[cause].capitalize()} by day, per segment", loc="left", color=TEXT_COLOUR)
    panels[-1].set_xlabel("days after the landmark", color=TEXT_COLOUR)
    return figure


def draw_residuals(
    residuals: Sequence[ResidualRow], terms: Sequence[CoxRow], labels: Mapping[str, str], colours: Mapping[str, str]
) -> Figure:
    """Draw, one panel a term, how its hazard ratio goes with time, with a band, against the fitted one (dashed).

    The course is a local mean of the residuals; single ones are far too noisy to be looked at.
    """
    fitted = {row.term: row for row in terms if row.coefficient is not None and row.status == FITTED}
    by_term = {name: [row for row in residuals if row.term == name] for name in fitted}
    shown = {name: rows for name, rows in by_term.items() if rows}
    columns = min(len(shown), 3) or 1
    lines = -(-len(shown) // columns) or 1
    figure, panels = blank_panels(rows=lines, columns=columns, width_in=3.4 * columns, height_in=0.8 + 2.6 * lines)
    for axes, (name, rows) in zip(panels, shown.items(), strict=False):
        _draw_course(axes, fitted[name], rows, colours)
        axes.set_title(labels.get(name, TERM_NAMES.get(name, name)), loc="left", color=TEXT_COLOUR, fontsize=10)
    for axes in panels[len(shown) :]:
        axes.set_visible(False)
    reference = next((row.term for row in terms if row.status == REFERENCE), None)
    against = "" if reference is None else f", segments against {labels.get(reference, reference)}"
    figure.suptitle(f"Hazard ratio of dropping off over time{against}", x=0.01, ha="left", color=TEXT_COLOUR)
    figure.supxlabel("days after the landmark", color=TEXT_COLOUR, fontsize=10)
    return figure


def _draw_course(axes: Axes, term: CoxRow, rows: Sequence[ResidualRow], colours: Mapping[str, str]) -> None:
    import numpy as np
    from matplotlib.ticker import LogLocator, NullLocator

    coefficient = term.coefficient or 0.0
    days = np.array([row.day for row in rows])
    middle, mean, error = _local_means(days, np.array([coefficient + row.scaled_residual for row in rows]))
    colour = colours.get(term.term, NEUTRAL_COLOUR)
    colour = TEXT_COLOUR if colour == NEUTRAL_COLOUR else colour
    axes.fill_between(
        middle, np.exp(mean - BAND_ERRORS * error), np.exp(mean + BAND_ERRORS * error), color=colour, alpha=0.15, lw=0
    )
    axes.plot(middle, np.exp(mean), color=colour, linewidth=1.8)
    axes.axhline(np.exp(coefficient), color=TEXT_COLOUR, linewidth=1, linestyle=(0, (4, 2)))
    axes.axhline(1, color=NEUTRAL_COLOUR, linewidth=0.8)
    axes.set_yscale("log", base=2)
    low, high = axes.get_ylim()
    # Doublings where there are several, quarters of one where there are not.
    axes.yaxis.set_major_locator(LogLocator(base=2, subs=(1.0,) if high > 8 * low else (1.0, 1.25, 1.5, 1.75)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(lambda ratio, _: f"{ratio:.3g}")
    axes.set_xlim(0, float(days.max()) or 1.0)
    verdict = "" if term.proportional_p is None else f"same every day: p = {term.proportional_p:.2g}"
    axes.text(0.98, 0.97, verdict, transform=axes.transAxes, ha="right", va="top", fontsize=8.5, color=TEXT_COLOUR)


def _local_means(
    days: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return days, means of the values around each (Gaussian in the order of events), and the means' errors."""
    import numpy as np

    places = np.arange(days.size)
    spread = max(days.size * SMOOTHED_SHARE, 1.0)
    weights = np.exp(-0.5 * ((places[:, None] - places[None, :]) / spread) ** 2)
    weights /= weights.sum(axis=1, keepdims=True)
    means = weights @ values
    # The variance of one residual around the fitted coefficient, times what is left of it after averaging.
    errors = values.std() * np.sqrt((weights**2).sum(axis=1))
    return days, means, errors


def _draw_line(axes: Axes, name: str, rows: Sequence[CurvePoint], colours: Mapping[str, str]) -> None:
    is_overall = name == OVERALL
    axes.step(
        [p.day for p in rows],
        [p.estimate or 0 for p in rows],
        where="post",
        color=colours.get(name, NEUTRAL_COLOUR),
        linewidth=1.4 if is_overall else 1.8,
        linestyle=(0, (4, 2)) if is_overall else "-",
    )


def _names(points: Sequence[CurvePoint]) -> list[str]:
    return list(dict.fromkeys(point.cluster_id for point in points))


def _of(points: Sequence[CurvePoint], cluster_id: str, curve: str) -> list[CurvePoint]:
    return [point for point in points if point.cluster_id == cluster_id and point.curve == curve]


def _draw_curve(axes: Axes, name: str, rows: Sequence[CurvePoint], colours: Mapping[str, str]) -> None:
    if name == OVERALL:
        axes.step(
            [p.day for p in rows],
            [p.estimate or 0 for p in rows],
            where="post",
            color=NEUTRAL_COLOUR,
            linewidth=1.4,
            linestyle=(0, (4, 2)),
        )
    elif name != UNCLASSIFIED:
        _step(axes, rows, colours.get(name, NEUTRAL_COLOUR), 1.8)


def _step(axes: Axes, rows: Sequence[CurvePoint], colour: str, width_pt: float) -> None:
    days = [p.day for p in rows]
    axes.fill_between(
        days,
        [p.low or 0 for p in rows],
        [p.high or 0 for p in rows],
        step="post",
        color=colour,
        alpha=0.12,
        linewidth=0,
    )
    axes.step(days, [p.estimate or 0 for p in rows], where="post", color=colour, linewidth=width_pt)


def _label_ends(
    axes: Axes,
    ends: Mapping[str, CurvePoint],
    labels: Mapping[str, str],
    last_day: float,
    colours: Mapping[str, str],
    top: float = 1.02,
    gap: float = LABEL_GAP,
) -> None:
    """Write each name and the last estimate at its curve's end, moved apart just enough to be read.

    A curve that was cut before the others bears the day it ends at.
    """
    heights: list[float] = []
    for name, end in sorted(ends.items(), key=lambda item: (item[1].estimate or 0, item[0])):
        if name == UNCLASSIFIED:
            continue
        height = end.estimate or 0
        place = max(height, heights[-1] + gap * 1.3 * top) if heights else height
        heights.append(place)
        colour = colours.get(name, NEUTRAL_COLOUR)
        share = f"{height:.0%}" if top >= FINE_TOP else f"{height:.1%}"
        text = f"{labels.get(name, 'all users' if name == OVERALL else name)}  {share}"
        if end.day < last_day - DAY_TOLERANCE:
            text += f" at day {end.day:.3g}"
        axes.annotate(
            text,
            (end.day, place),
            xytext=(6, 0),
            textcoords="offset points",
            color=colour if name != OVERALL else "#6A6A6A",
            va="center",
            fontsize=9,
            annotation_clip=False,
        )


def _dress(axes: Axes, last_day: float, top: float = 1.02) -> None:
    axes.set_xlim(0, last_day)
    axes.set_ylim(0, top)
    axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes.grid(axis="y", color=GRID_COLOUR, linewidth=0.8)
    axes.set_axisbelow(True)


def _table_of_risk(
    axes: Axes,
    names: Sequence[str],
    points: Sequence[CurvePoint],
    labels: Mapping[str, str],
    days: Sequence[float],
    colours: Mapping[str, str],
) -> None:
    """Write the numbers at risk under their days, one line a segment in the segment's colour."""
    axes.set_xticks(list(days), [f"{day:.3g}" for day in days])
    line_pt = 15.0
    axes.annotate(
        "days after the landmark, and users at risk",
        (0, 0),
        xytext=(0, -2.0 * line_pt),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=9,
        color=TEXT_COLOUR,
        annotation_clip=False,
    )
    for line, name in enumerate(names):
        at_risk = {p.day: p.at_risk_count for p in _of(points, name, RETENTION_KM)}
        colour = colours.get(name, NEUTRAL_COLOUR) if name != OVERALL else "#6A6A6A"
        offset = -(3.1 + line) * line_pt
        label = labels.get(name, "all users" if name == OVERALL else name)
        for day in days:
            if day not in at_risk:
                continue
            axes.annotate(
                f"{at_risk[day]:,}",
                (day, 0),
                xytext=(0, offset),
                xycoords=axes.get_xaxis_transform(),
                textcoords="offset points",
                ha="center",
                fontsize=8.5,
                color=colour,
                annotation_clip=False,
            )
        axes.annotate(
            label,
            (1, 0),
            xytext=(24, offset),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=8.5,
            color=colour,
            annotation_clip=False,
        )
