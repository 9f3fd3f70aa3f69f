"""Figures of the dashboard, made with plotly from the client's objects; colours belong to segments and never change.

Add here: a figure. Keep out: layout of pages (screens/), queries (client/), and the words around figures (texts/).
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from segmentation_pipeline.pictures import NEUTRAL_COLOUR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from segmentation_pipeline.client.discovered import Overlap
    from segmentation_pipeline.client.maps import MapPoints
    from segmentation_pipeline.client.moves import Move
    from segmentation_pipeline.client.retention import CurvePoint, HazardRatio, TrendPoint
    from segmentation_pipeline.client.segments import Contrast
    from segmentation_pipeline.dashboard.wording import Texts

OVERALL, UNCLASSIFIED, OUTSIDE = "overall", "unclassified", "not_at_risk"
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
"""Lines differ in dash too, so that nobody needs the colours."""

SEQUENTIAL = "Viridis"
"""Readable by colour-blind people and in grey."""

MAP_HEIGHT_PX = 560
LINE_HEIGHT_PX = 420


def map_figure(
    found: MapPoints, names: Mapping[str, str], colours: Mapping[str, str], texts: Texts, value_title: str | None
) -> go.Figure:
    """Return the map: by segment where `value_title` is None, else by the points' `value`."""
    points = found.points
    figure = _figure(MAP_HEIGHT_PX)
    if value_title is None:
        order = sorted(points["cluster_id"].unique(), key=lambda cluster_id: (cluster_id == UNCLASSIFIED, cluster_id))
        for cluster_id in order:
            own = points[points["cluster_id"] == cluster_id]
            figure.add_trace(
                go.Scattergl(
                    x=own["map_x"],
                    y=own["map_y"],
                    mode="markers",
                    name=names.get(cluster_id, texts("app.unclassified")),
                    marker={"color": colours.get(cluster_id, NEUTRAL_COLOUR), "size": _point_size(len(points))},
                    customdata=own["user_id"].to_numpy(),
                    hovertemplate="%{customdata}<extra>%{fullData.name}</extra>",
                )
            )
    else:
        figure.add_trace(
            go.Scattergl(
                x=points["map_x"],
                y=points["map_y"],
                mode="markers",
                marker={
                    "color": points["value"],
                    "colorscale": SEQUENTIAL,
                    "size": _point_size(len(points)),
                    "colorbar": {"title": {"text": value_title, "side": "right"}, "thickness": 12},
                },
                customdata=points["user_id"].to_numpy(),
                hovertemplate="%{customdata}<br>%{marker.color:.3g}<extra></extra>",
                showlegend=False,
            )
        )
    figure.update_layout(dragmode="lasso", legend={"orientation": "h", "y": -0.02, "yanchor": "top"})
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False, scaleanchor="x")
    return figure


def curves_figure(
    points: Sequence[CurvePoint], curve: str, names: Mapping[str, str], colours: Mapping[str, str], texts: Texts
) -> go.Figure:
    """Return one curve a segment as steps with its pointwise interval; all users in grey behind."""
    by_segment: dict[str, list[CurvePoint]] = defaultdict(list)
    for point in points:
        if point.curve == curve and point.estimate is not None:
            by_segment[point.cluster_id].append(point)
    figure = _figure(LINE_HEIGHT_PX)
    order = sorted(by_segment, key=lambda cluster_id: (cluster_id != OVERALL, cluster_id))
    for place, cluster_id in enumerate(order):
        own = by_segment[cluster_id]
        is_overall = cluster_id == OVERALL
        colour = NEUTRAL_COLOUR if is_overall else colours.get(cluster_id, NEUTRAL_COLOUR)
        days = [point.day for point in own]
        if not is_overall and own[0].low is not None:
            figure.add_trace(
                go.Scatter(
                    x=[*days, *reversed(days)],
                    y=[*(point.high for point in own), *(point.low for point in reversed(own))],
                    fill="toself",
                    fillcolor=_faint(colour),
                    line={"width": 0, "shape": "hv"},
                    hoverinfo="skip",
                    showlegend=False,
                    legendgroup=cluster_id,
                )
            )
        figure.add_trace(
            go.Scatter(
                x=days,
                y=[point.estimate for point in own],
                mode="lines",
                name=texts("app.overall") if is_overall else names.get(cluster_id, texts("app.unclassified")),
                legendgroup=cluster_id,
                line={
                    "color": colour,
                    "shape": "hv",
                    "width": 2,
                    "dash": "dot" if is_overall else DASHES[(place - 1) % len(DASHES)],
                },
                customdata=[point.at_risk_count for point in own],
                hovertemplate="%{y:.1%}, n = %{customdata}<extra>%{fullData.name}</extra>",
            )
        )
    figure.update_layout(hovermode="x unified", legend={"orientation": "h", "y": -0.2, "yanchor": "top"})
    figure.update_xaxes(title_text=texts("retention.days"), rangemode="tozero")
    figure.update_yaxes(title_text=texts("retention.share"), tickformat=".0%", range=[0, 1.02])
    return figure


def hazard_figure(
    terms: Sequence[HazardRatio], names: Mapping[str, str], colours: Mapping[str, str], texts: Texts
) -> go.Figure:
    """Return the fitted hazard ratios of segments with their intervals on a log axis, 1 marked."""
    fitted = [
        term for term in terms if term.hazard_ratio is not None and term.low is not None and term.kind == "segment"
    ]
    figure = _figure(80 + 44 * len(fitted))
    for term in reversed(fitted):
        assert term.hazard_ratio is not None, "only fitted terms are drawn"
        assert term.low is not None, "a fitted term has its interval"
        assert term.high is not None, "a fitted term has its interval"
        figure.add_trace(
            go.Scatter(
                x=[term.hazard_ratio],
                y=[names.get(term.term, term.term)],
                mode="markers",
                marker={"color": colours.get(term.term, NEUTRAL_COLOUR), "size": 11},
                error_x={
                    "type": "data",
                    "symmetric": False,
                    "array": [term.high - term.hazard_ratio],
                    "arrayminus": [term.hazard_ratio - term.low],
                },
                hovertemplate=f"%{{x:.2f}} ({term.low:.2f} – {term.high:.2f})<extra></extra>",
                showlegend=False,
            )
        )
    figure.add_vline(x=1, line={"dash": "dot", "color": NEUTRAL_COLOUR})
    figure.update_xaxes(type="log", title_text=texts("retention.hazards_axis"), dtick="D2")
    figure.update_yaxes(automargin=True)
    return figure


def contrasts_figure(contrasts: Sequence[Contrast], wording: Mapping[str, str], colour: str, texts: Texts) -> go.Figure:
    """Return the strongest contrasts of a segment as bars in standard deviations from all users."""
    shown = list(contrasts)[:8]
    figure = _figure(70 + 30 * len(shown))
    figure.add_trace(
        go.Bar(
            x=[contrast.difference_sd for contrast in reversed(shown)],
            y=[wording.get(contrast.feature, contrast.feature) for contrast in reversed(shown)],
            orientation="h",
            marker={"color": colour},
            hovertemplate="%{x:+.2f}<extra></extra>",
            showlegend=False,
        )
    )
    figure.update_xaxes(title_text=texts("segments.apart_axis"), zeroline=True)
    figure.update_yaxes(automargin=True)
    return figure


def trend_figure(
    points: Sequence[TrendPoint], column: str, names: Mapping[str, str], colours: Mapping[str, str], title: str
) -> go.Figure:
    """Return one figure of every segment over the refreshes: `column` is share, drop_off_rate or retention."""
    by_segment: dict[str, list[TrendPoint]] = defaultdict(list)
    for point in points:
        if getattr(point, column) is not None and (column != "share" or point.cluster_id != OVERALL):
            by_segment[point.cluster_id].append(point)
    figure = _figure(300)
    for place, (cluster_id, own) in enumerate(sorted(by_segment.items())):
        is_overall = cluster_id == OVERALL
        figure.add_trace(
            go.Scatter(
                x=[point.refresh_month for point in own],
                y=[getattr(point, column) for point in own],
                mode="lines+markers",
                name=names.get(cluster_id, own[-1].label),
                line={
                    "color": NEUTRAL_COLOUR if is_overall else colours.get(cluster_id, NEUTRAL_COLOUR),
                    "dash": "dot" if is_overall else DASHES[place % len(DASHES)],
                },
                hovertemplate="%{y:.1%}<extra>%{fullData.name}</extra>",
            )
        )
    figure.update_layout(title={"text": title, "font": {"size": 15}}, hovermode="x unified", showlegend=False)
    figure.update_xaxes(tickformat="%Y-%m", dtick="M1")
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    return figure


def moves_figure(
    moves: Sequence[Move], names: Mapping[str, str], colours: Mapping[str, str], texts: Texts
) -> go.Figure:
    """Return the flows of users between the segments of two refreshes; those who stayed are drawn too."""
    before = sorted({move.from_cluster_id for move in moves}, key=_last_outside)
    now = sorted({move.to_cluster_id for move in moves}, key=_last_outside)
    words = {UNCLASSIFIED: texts("app.unclassified"), OUTSIDE: texts("app.not_at_risk")}
    labels = [names.get(one, words.get(one, one)) for one in (*before, *now)]
    figure = _figure(460)
    figure.add_trace(
        go.Sankey(
            arrangement="snap",
            node={
                "label": labels,
                "color": [colours.get(one, NEUTRAL_COLOUR) for one in (*before, *now)],
                "pad": 18,
                "thickness": 16,
                "line": {"width": 0},
            },
            link={
                "source": [before.index(move.from_cluster_id) for move in moves],
                "target": [len(before) + now.index(move.to_cluster_id) for move in moves],
                "value": [move.user_count for move in moves],
                "color": [_faint(colours.get(move.from_cluster_id, NEUTRAL_COLOUR), alpha=0.45) for move in moves],
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
    figure = _figure(130 + 46 * len(rows))
    figure.add_trace(
        go.Heatmap(
            z=[[cell.share_of_segment if cell else 0.0 for cell in line] for line in cells],
            text=[[str(cell.user_count) if cell else "" for cell in line] for line in cells],
            texttemplate="%{text}",
            x=[names.get(column, texts("app.unclassified")) for column in columns],
            y=[segment_names.get(row, texts("app.unclassified")) for row in rows],
            colorscale="Blues",
            zmin=0,
            zmax=1,
            xgap=2,
            ygap=2,
            colorbar={
                "tickformat": ".0%",
                "thickness": 12,
                "title": {"text": texts("discovered.agreement_axis"), "side": "right"},
            },
            hovertemplate="%{y} / %{x}: %{z:.0%}<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", automargin=True)
    figure.update_xaxes(automargin=True, side="top")
    return figure


def _figure(height: int) -> go.Figure:
    figure = go.Figure()
    figure.update_layout(height=height, margin={"l": 8, "r": 8, "t": 28, "b": 8})
    return figure


def _point_size(count: int) -> float:
    """Return the size of a point: many small ones, few large ones."""
    return 7.0 if count <= 2_000 else 5.0 if count <= 8_000 else 3.5


def _faint(colour: str, *, alpha: float = 0.16) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha})"


def _last_outside(name: str) -> tuple[bool, bool, str]:
    return name == OUTSIDE, name == UNCLASSIFIED, name
