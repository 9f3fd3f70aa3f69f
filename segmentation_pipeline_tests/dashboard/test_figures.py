"""Figures hold what the tables say, in colours that stay with a segment's id, and names only as letters."""

import math
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from segmentation_pipeline.client.discovered import Overlap
from segmentation_pipeline.client.maps import MapPoints
from segmentation_pipeline.client.moves import Move
from segmentation_pipeline.client.retention import CurvePoint, HazardRatio, TrendPoint
from segmentation_pipeline.client.segments import Contrast
from segmentation_pipeline.dashboard.figures import (
    HAZARD_TICKS,
    agreement_figure,
    contrasts_figure,
    curves_figure,
    hazard_figure,
    map_figure,
    moves_figure,
    trend_figure,
)
from segmentation_pipeline.dashboard.screens.overview import TRENDS
from segmentation_pipeline.dashboard.screens.retention import round_days
from segmentation_pipeline.dashboard.wording import load_texts
from segmentation_pipeline.pictures import NEUTRAL_COLOUR

ENGLISH, TURKISH = load_texts("en"), load_texts("tr")
NAMES = {"a": "Owls", "b": "<b>Larks</b>"}
COLOURS = {"a": "#0072B2", "b": "#D55E00"}


def curve_point(cluster_id, day, estimate, at_risk, curve="retention_km"):
    low, high = (None, None) if estimate is None else (estimate - 0.1, estimate + 0.1)
    return CurvePoint(cluster_id, curve, day, estimate, low, high, at_risk, "observed", None, False)


def hazard(term, ratio, low, high, kind="segment"):
    return HazardRatio(term, kind, "", "fitted", None, ratio, low, high, 0.1, 0.5, False)


def trend_point(month, cluster_id, share):
    return TrendPoint(date(2026, month, 1), cluster_id, "Old", "distinct", 5, share, *[None] * 8)


def points(*clusters):
    ids = [f"u{place}" for place in range(len(clusters))]
    frame = pd.DataFrame({"user_id": ids, "cluster_id": clusters, "value": range(len(ids))})
    return MapPoints(frame.assign(map_x=0.0, map_y=1.0), len(ids))


def test_the_map_has_one_trace_a_segment_in_its_own_colour_and_the_unclassified_last():
    figure = map_figure(points("b", "unclassified", "a", "b"), NAMES, COLOURS, ENGLISH, None)
    assert [(trace.name, trace.marker.color, list(trace.customdata)) for trace in figure.data] == [
        ("Owls", "#0072B2", ["u2"]),
        ("&lt;b&gt;Larks&lt;/b&gt;", "#D55E00", ["u0", "u3"]),
        ("unclassified", NEUTRAL_COLOUR, ["u1"]),
    ]
    assert figure.layout.dragmode == "pan", "a click selects only while dragging moves the map"


def test_a_segment_keeps_its_colour_whoever_is_drawn_beside_it():
    alone = map_figure(points("b"), NAMES, COLOURS, ENGLISH, None).data[0].marker.color
    assert alone == map_figure(points("a", "b"), NAMES, COLOURS, ENGLISH, None).data[1].marker.color == COLOURS["b"]


def test_a_measure_colours_all_points_in_one_trace_with_its_scale():
    [trace] = map_figure(points("a", "b"), NAMES, COLOURS, ENGLISH, "Visits <i>").data
    assert (list(trace.marker.color), trace.marker.colorbar.title.text) == ([0, 1], "Visits &lt;i&gt;")


def test_hostile_ids_are_letters_in_the_hover_and_whole_in_the_event():
    found = points("a")
    found.points["user_id"] = "<a href='http://x'>"
    [trace] = map_figure(found, NAMES, COLOURS, ENGLISH, None).data
    assert (list(trace.customdata), list(trace.text)) == (["<a href='http://x'>"], ["&lt;a href='http://x'&gt;"])


def test_curves_step_with_a_band_and_leave_out_what_was_not_observed():
    figure = curves_figure(
        [
            curve_point("overall", 1, 0.9, 10),
            curve_point("a", 0, 1.0, 6),
            curve_point("a", 2, 0.5, 3),
            curve_point("a", 30, None, 0),
            curve_point("b", 1, 0.7, 4, curve="incidence_churn"),
        ],
        "retention_km",
        NAMES,
        COLOURS,
        ENGLISH,
    )
    overall, band, owls = figure.data
    assert (overall.name, overall.line.color, list(overall.y)) == ("all users", NEUTRAL_COLOUR, [90.0])
    assert (owls.name, list(owls.x), list(owls.y), list(owls.customdata)) == ("Owls", [0, 2], [100.0, 50.0], [6, 3])
    assert list(band.x) == [0, 2, 2, 2, 2, 0]
    assert list(band.y) == pytest.approx([110, 110, 60, 40, 90, 90])
    assert figure.layout.yaxis.range == (0, 102)


@pytest.mark.parametrize(("estimate", "top"), [(0.02, 15), (0.2, 35), (0.7, 102)])
def test_small_incidences_get_an_axis_of_their_own(estimate, top):
    figure = curves_figure(
        [curve_point("a", 1, estimate, 5, "incidence_churn")], "incidence_churn", NAMES, COLOURS, ENGLISH
    )
    assert figure.layout.yaxis.range == (0, top)


def test_lines_differ_in_dash_so_that_colour_is_not_needed():
    figure = curves_figure(
        [curve_point(cluster_id, 1, 0.9, 5) for cluster_id in "abcdef"], "retention_km", NAMES, COLOURS, ENGLISH
    )
    dashes = [trace.line.dash for trace in figure.data if trace.name]
    assert len(set(dashes)) == 6


def test_hazards_stand_on_a_log_axis_with_round_ratios_around_one():
    figure = hazard_figure(
        [
            hazard("a", 0.4, 0.24, 0.6),
            hazard("tenure_days", 3.0, 2, 4, kind="adjustment"),
            hazard("pooled", 0.8, 0.5, 1.3, kind="pooled"),
            hazard("b", None, None, None),
        ],
        NAMES,
        COLOURS,
        TURKISH,
    )
    assert [(trace.y[0], trace.marker.color) for trace in figure.data] == [("pooled", NEUTRAL_COLOUR), ("a", "#0072B2")]
    assert figure.layout.yaxis.ticktext == ("küçük segmentler birlikte", "Owls")
    assert figure.layout.xaxis.range == (math.log10(0.2), math.log10(2))
    assert (figure.layout.xaxis.tickvals, figure.layout.xaxis.ticktext[:3]) == (HAZARD_TICKS, ("0,05", "0,1", "0,2"))


def test_an_interval_without_end_does_not_stretch_the_axis():
    figure = hazard_figure([hazard("a", 5, 0.0001, 1e9)], NAMES, COLOURS, ENGLISH)
    assert figure.layout.xaxis.range == (math.log10(0.05), math.log10(20))


def test_contrasts_tell_their_values_in_the_features_unit():
    found = [Contrast("mix:search", "share", 0.5, 0.25, 1.5, "above"), Contrast("x", "s", 2, 1, -0.5, "below")]
    figure = contrasts_figure(found, {"mix:search": "<search>"}, "#0072B2", ENGLISH)
    [bars] = figure.data
    assert (list(bars.x), list(bars.customdata)) == ([-0.5, 1.5], ["2 s (all users: 1 s)", "50% (all users: 25%)"])
    assert figure.layout.yaxis.ticktext == ("x", "&lt;search&gt;")


def test_trends_join_a_segments_refreshes_and_leave_all_users_out_of_shares():
    found = [trend_point(1, "a", 0.4), trend_point(2, "a", 0.5), trend_point(2, "overall", 1), trend_point(1, "z", 0.1)]
    figure = trend_figure(found, "share", NAMES, COLOURS, TURKISH, "Pay")
    assert [(trace.name, list(trace.y)) for trace in figure.data] == [("Owls", [40, 50]), ("Old", [10])]
    assert (figure.layout.yaxis.tickprefix, figure.layout.separators) == ("%", ",.")


def test_trends_tell_the_day_each_figure_was_read_on():
    found = [replace(trend_point(1, "a", 0.4), drop_off_rate=0.3, drop_off_days=7.0, retention=0.6, retention_day=3.0)]
    days = [trend_figure(found, name, NAMES, COLOURS, ENGLISH, "").data[0].customdata[0] for name in TRENDS]
    assert days == ["", " · day 7", " · day 3"]


def test_flows_carry_the_colour_of_where_they_came_from():
    moves = [
        Move("b", "a", 3, None, None, None, date(2026, 1, 1)),
        Move("not_at_risk", "unclassified", 2, None, None, None, date(2026, 1, 1)),
    ]
    [sankey] = moves_figure(moves, NAMES, COLOURS, ENGLISH).data
    assert list(sankey.node.label) == ["&lt;b&gt;Larks&lt;/b&gt;", "not at risk", "Owls", "unclassified"]
    assert (list(sankey.link.source), list(sankey.link.target), list(sankey.link.value)) == ([0, 1], [2, 3], [3, 2])
    assert sankey.link.color[0] == "rgba(213,94,0,0.45)"


def test_two_segments_of_one_name_stay_two_rows():
    overlaps = [Overlap(one, "a", 2, 1.0, share, 0.5, 0.7) for one, share in (("x", 1.0), ("y", 0.5))]
    figure = agreement_figure(overlaps, {"x": "Same", "y": "Same"}, NAMES, ENGLISH)
    [cells] = figure.data
    assert (cells.y, figure.layout.yaxis.ticktext) == (("x", "y"), ("Same", "Same"))
    assert [list(line) for line in cells.z] == [[100.0], [50.0]]
    assert cells.zmax == 100


@pytest.mark.parametrize(
    ("last", "days"),
    [
        (2.224, [0, 0.5, 1, 1.5, 2]),
        (30, [0, 10, 20, 30]),
        (14, [0, 5, 10]),
        (0.5, [0, 0.1, 0.2, 0.3, 0.4, 0.5]),
        (0, [0]),
    ],
)
def test_numbers_at_risk_are_told_at_round_days(last, days):
    assert round_days(last) == days
