"""Figures of the dashboard, made with plotly from the client's objects; colours belong to segments and never change.

Add here: a figure. Keep out: layout of pages (screens/), queries (client/), and the words around figures (texts/).
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from segmentation_pipeline.dashboard.figure_style import (
    DASHES,
    LEGEND_ABOVE,
    blank,
    faint,
    percent,
    percent_axis,
    percent_hover,
)
from segmentation_pipeline.dashboard.markup import in_figure
from segmentation_pipeline.pictures import NEUTRAL_COLOUR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from segmentation_pipeline.client.discovered import Overlap
    from segmentation_pipeline.client.maps import MapPoints
    from segmentation_pipeline.client.moves import Move
    from segmentation_pipeline.client.retention import CurvePoint, HazardRatio, TrendPoint
    from segmentation_pipeline.client.segments import Contrast
    from segmentation_pipeline.dashboard.wording import Texts

OVERALL, UNCLASSIFIED, OUTSIDE, POOLED = "overall", "unclassified", "not_at_risk", "pooled"
SEQUENTIAL = "Viridis"
"""Readable by colour-blind people and in grey."""

FADING_BLUE = ((0.0, "rgba(0,114,178,0.04)"), (1.0, "rgba(0,114,178,0.6)"))
"""Nothing to all; faint enough for the words on it, on a light page and on a dark one."""

HAZARD_TICKS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20)
"""Round ratios on a log axis; an interval beyond the outer two leaves the figure, its numbers are in the hover."""

MAP_HEIGHT_PX = 560
LINE_HEIGHT_PX = 420


def map_figure(
    found: MapPoints, names: Mapping[str, str], colours: Mapping[str, str], texts: Texts, value_title: str | None
) -> go.Figure:
    """Return the map: by segment where `value_title` is None, else by the points' `value`."""
    points = found.points
    figure = blank(MAP_HEIGHT_PX, texts)
    if value_title is None:
        order = sorted(points["cluster_id"].unique(), key=lambda cluster_id: (cluster_id == UNCLASSIFIED, cluster_id))
        for cluster_id in order:
            own = points[points["cluster_id"] == cluster_id]
            marker = {"color": colours.get(cluster_id, NEUTRAL_COLOUR), "size": _point_size(len(points))}
            name = _name(cluster_id, names, texts)
            figure.add_trace(_points(own, marker, name, "%{text}<extra>%{fullData.name}</extra>"))
    else:
        marker = {
            "color": points["value"],
            "colorscale": SEQUENTIAL,
            "size": _point_size(len(points)),
            "colorbar": {"title": {"text": in_figure(value_title), "side": "right"}, "thickness": 12},
        }
        figure.add_trace(_points(points, marker, None, "%{text}<br>%{marker.color:.3g}<extra></extra>"))
    figure.update_layout(dragmode="pan", legend={"orientation": "h", "y": -0.02, "yanchor": "top"})
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False, scaleanchor="x")
    return figure


def _points(points: Any, marker: dict[str, Any], name: str | None, hover: str) -> go.Scattergl:
    return go.Scattergl(
        x=points["map_x"],
        y=points["map_y"],
        mode="markers",
        name=name,
        marker={"opacity": 0.85, **marker},
        customdata=points["user_id"].to_numpy(),
        text=[in_figure(user_id) for user_id in points["user_id"]],
        hovertemplate=hover,
        showlegend=name is not None,
    )


def curves_figure(
    points: Sequence[CurvePoint], curve: str, names: Mapping[str, str], colours: Mapping[str, str], texts: Texts
) -> go.Figure:
    """Return one curve a segment as steps with its pointwise interval; all users in grey behind."""
    by_segment: dict[str, list[CurvePoint]] = defaultdict(list)
    for point in points:
        if point.curve == curve and point.estimate is not None:
            by_segment[point.cluster_id].append(point)
    figure = blank(LINE_HEIGHT_PX, texts)
    order = sorted(by_segment, key=lambda cluster_id: (cluster_id != OVERALL, cluster_id))
    for place, cluster_id in enumerate(order):
        own = by_segment[cluster_id]
        is_overall = cluster_id == OVERALL
        colour = colours.get(cluster_id, NEUTRAL_COLOUR)
        days = [point.day for point in own]
        if not is_overall and own[0].low is not None:
            figure.add_trace(_interval(own, colour))
        figure.add_trace(
            go.Scatter(
                x=days,
                y=[percent(point.estimate) for point in own],
                mode="lines",
                name=_name(cluster_id, names, texts),
                legendgroup=cluster_id,
                line={
                    "color": colour,
                    "shape": "hv",
                    "width": 2,
                    "dash": "dot" if is_overall else DASHES[(place - 1) % len(DASHES)],
                },
                customdata=[point.at_risk_count for point in own],
                hovertemplate=f"{percent_hover(texts)}, n = %{{customdata}}<extra>%{{fullData.name}}</extra>",
            )
        )
    figure.update_layout(hovermode="x unified", legend=LEGEND_ABOVE)
    figure.update_xaxes(title_text=texts("retention.days"), rangemode="tozero")
    figure.update_yaxes(title_text=texts("retention.share"), range=[0, _top(by_segment)], **percent_axis(texts))
    return figure


def _interval(own: Sequence[CurvePoint], colour: str) -> go.Scatter:
    """Return the band between the steps of both ends of an interval."""
    low = _steps([(point.day, percent(point.low)) for point in own])
    high = _steps([(point.day, percent(point.high)) for point in own])
    band = [*high, *reversed(low)]
    return go.Scatter(
        x=[day for day, _ in band],
        y=[end for _, end in band],
        fill="toself",
        fillcolor=faint(colour, alpha=0.13),
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
        legendgroup=own[0].cluster_id,
    )


def _steps(points: Sequence[tuple[float, float | None]]) -> list[tuple[float, float | None]]:
    """Return the corners of a curve that stays until its next point."""
    corners = [points[0]]
    for day, value in points[1:]:
        corners += [(day, corners[-1][1]), (day, value)]
    return corners


def _top(by_segment: Mapping[str, Sequence[CurvePoint]]) -> float:
    """Return the upper end of the axis in percent: all of it for what stays, less for what only grows a little."""
    highest = max((point.high or point.estimate or 0.0 for own in by_segment.values() for point in own), default=1.0)
    return 102.0 if highest > 0.75 else max(5.0, math.ceil(highest * 22) * 5.0)


def hazard_figure(
    terms: Sequence[HazardRatio], names: Mapping[str, str], colours: Mapping[str, str], texts: Texts
) -> go.Figure:
    """Return the fitted hazard ratios of segments with their intervals on a log axis, 1 marked."""
    fitted = [term for term in terms if term.hazard_ratio is not None and term.kind in ("segment", POOLED)]
    fitted = [term for term in fitted if term.low is not None and term.high is not None]
    figure = blank(90 + 44 * len(fitted), texts, top=8)
    ends = [1.0]
    for term in reversed(fitted):
        assert term.hazard_ratio is not None, "only fitted terms are drawn"
        assert term.low is not None, "a fitted term has its interval"
        assert term.high is not None, "a fitted term has its interval"
        ends += [term.low, term.high]
        colour = colours.get(term.term, NEUTRAL_COLOUR)
        told = f"{texts.number(term.hazard_ratio)} ({texts.number(term.low)} – {texts.number(term.high)})"
        figure.add_trace(
            go.Scatter(
                x=[term.hazard_ratio],
                y=[term.term],
                mode="markers",
                marker={"color": colour, "size": 11},
                error_x={
                    "type": "data",
                    "symmetric": False,
                    "array": [term.high - term.hazard_ratio],
                    "arrayminus": [term.hazard_ratio - term.low],
                    "color": colour,
                },
                hovertemplate=f"{told}<extra></extra>",
                showlegend=False,
            )
        )
    figure.add_vline(x=1, line={"dash": "dot", "color": NEUTRAL_COLOUR})
    low = max((tick for tick in HAZARD_TICKS if tick < min(ends)), default=HAZARD_TICKS[0])
    high = min((tick for tick in HAZARD_TICKS if tick > max(ends)), default=HAZARD_TICKS[-1])
    figure.update_xaxes(
        type="log",
        title_text=texts("retention.hazards_axis"),
        tickvals=HAZARD_TICKS,
        ticktext=[texts.number(tick) for tick in HAZARD_TICKS],
        range=[math.log10(low), math.log10(high)],
    )
    order = [term.term for term in reversed(fitted)]
    figure.update_yaxes(
        automargin=True,
        type="category",
        tickvals=order,
        ticktext=[_name(term, names, texts) for term in order],
    )
    return figure


def contrasts_figure(contrasts: Sequence[Contrast], wording: Mapping[str, str], colour: str, texts: Texts) -> go.Figure:
    """Return the strongest contrasts of a segment as bars in standard deviations from all users."""
    shown = list(contrasts)[:8]
    shown.reverse()
    features = [contrast.feature for contrast in shown]
    figure = blank(64 + 28 * len(shown), texts, top=4)
    figure.add_trace(
        go.Bar(
            x=[contrast.difference_sd for contrast in shown],
            y=features,
            orientation="h",
            marker={"color": colour},
            customdata=[
                f"{texts.measured(contrast.mean, contrast.unit)} "
                f"({texts('app.overall')}: {texts.measured(contrast.overall, contrast.unit)})"
                for contrast in shown
            ],
            hovertemplate="%{customdata}<extra></extra>",
            showlegend=False,
        )
    )
    figure.update_xaxes(title_text=texts("segments.apart_axis"), zeroline=True)
    figure.update_yaxes(
        automargin=True,
        type="category",
        tickvals=features,
        ticktext=[in_figure(wording.get(feature, feature)) for feature in features],
    )
    return figure


def trend_figure(
    points: Sequence[TrendPoint],
    column: str,
    names: Mapping[str, str],
    colours: Mapping[str, str],
    texts: Texts,
    title: str,
) -> go.Figure:
    """Return one figure of every segment over the refreshes: `column` is share, drop_off_rate or retention."""
    by_segment: dict[str, list[TrendPoint]] = defaultdict(list)
    for point in points:
        if getattr(point, column) is not None and (column != "share" or point.cluster_id != OVERALL):
            by_segment[point.cluster_id].append(point)
    figure = blank(300, texts)
    for place, (cluster_id, own) in enumerate(sorted(by_segment.items())):
        is_overall = cluster_id == OVERALL
        figure.add_trace(
            go.Scatter(
                x=[point.refresh_month for point in own],
                y=[percent(getattr(point, column)) for point in own],
                mode="lines+markers",
                name=_name(cluster_id, {cluster_id: own[-1].label, **names}, texts),
                line={
                    "color": colours.get(cluster_id, NEUTRAL_COLOUR),
                    "dash": "dot" if is_overall else DASHES[place % len(DASHES)],
                },
                customdata=[_read_on(point, column, texts) for point in own],
                hovertemplate=f"{percent_hover(texts)}%{{customdata}}<extra>%{{fullData.name}}</extra>",
            )
        )
    figure.update_layout(title={"text": title, "font": {"size": 15}}, hovermode="x unified", showlegend=False)
    figure.update_xaxes(tickformat="%Y-%m", dtick="M1")
    figure.update_yaxes(rangemode="tozero", **percent_axis(texts))
    return figure


def _read_on(point: TrendPoint, column: str, texts: Texts) -> str:
    """Return the day a point of a trend was read on, as its hover tells it; a share is of the landmark."""
    day = {"drop_off_rate": point.drop_off_days, "retention": point.retention_day}.get(column)
    return "" if day is None else f" · {texts('overview.trend_day', day=texts.number(day, digits=1))}"


def moves_figure(
    moves: Sequence[Move], names: Mapping[str, str], colours: Mapping[str, str], texts: Texts
) -> go.Figure:
    """Return the flows of users between the segments of two refreshes; those who stayed are drawn too."""
    before = sorted({move.from_cluster_id for move in moves}, key=_last_outside)
    now = sorted({move.to_cluster_id for move in moves}, key=_last_outside)
    figure = blank(460, texts)
    figure.add_trace(
        go.Sankey(
            arrangement="snap",
            node={
                "label": [_name(one, names, texts) for one in (*before, *now)],
                "color": [colours.get(one, NEUTRAL_COLOUR) for one in (*before, *now)],
                "pad": 18,
                "thickness": 16,
                "line": {"width": 0},
                "hovertemplate": "%{label}: %{value}<extra></extra>",
            },
            link={
                "source": [before.index(move.from_cluster_id) for move in moves],
                "target": [len(before) + now.index(move.to_cluster_id) for move in moves],
                "value": [move.user_count for move in moves],
                "color": [faint(colours.get(move.from_cluster_id, NEUTRAL_COLOUR), alpha=0.45) for move in moves],
                "hovertemplate": "%{source.label} → %{target.label}: %{value}<extra></extra>",
            },
        )
    )
    return figure


def agreement_figure(
    overlaps: Sequence[Overlap], segment_names: Mapping[str, str], names: Mapping[str, str], texts: Texts
) -> go.Figure:
    """Return discovered segments against clusters, as shares of the discovered segment."""
    rows = sorted({overlap.segment_id for overlap in overlaps}, key=_last_outside)
    columns = sorted({overlap.cluster_id for overlap in overlaps}, key=_last_outside)
    shares = {(overlap.segment_id, overlap.cluster_id): overlap for overlap in overlaps}
    cells = [[shares.get((row, column)) for column in columns] for row in rows]
    figure = blank(130 + 46 * len(rows), texts)
    figure.add_trace(
        go.Heatmap(
            z=[[percent(cell.share_of_segment) if cell else 0.0 for cell in line] for line in cells],
            text=[[texts.count(cell.user_count) if cell else "" for cell in line] for line in cells],
            texttemplate="%{text}",
            x=columns,
            y=rows,
            colorscale=FADING_BLUE,
            zmin=0,
            zmax=100,
            xgap=2,
            ygap=2,
            colorbar={
                "thickness": 12,
                "title": {"text": texts("discovered.agreement_axis"), "side": "right"},
                **percent_axis(texts),
            },
            hovertemplate=percent_hover(texts).replace("y", "z") + "<extra></extra>",
        )
    )
    figure.update_yaxes(
        autorange="reversed",
        showgrid=False,
        automargin=True,
        type="category",
        tickvals=rows,
        ticktext=[_name(row, segment_names, texts, wrap=18) for row in rows],
    )
    figure.update_xaxes(
        automargin=True,
        side="top",
        tickangle=0,
        showgrid=False,
        type="category",
        tickvals=columns,
        ticktext=[_name(column, names, texts, wrap=13) for column in columns],
    )
    return figure


def _name(one: str, names: Mapping[str, str], texts: Texts, *, wrap: int | None = None) -> str:
    """Return what a figure calls a segment, or the users outside of all."""
    return in_figure(names.get(one, texts.choice("app", one)), wrap=wrap)


def _point_size(count: int) -> float:
    """Return the size of a point: many small ones, few large ones."""
    return 7.0 if count <= 2_000 else 5.0 if count <= 8_000 else 3.5


def _last_outside(name: str) -> tuple[bool, bool, str]:
    return name == OUTSIDE, name == UNCLASSIFIED, name
