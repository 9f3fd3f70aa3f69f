"""Estimates are drawn with their intervals where they belong, and curves with what they are judged by."""

import pytest

from segmentation_pipeline.client.experiments import WeekPower, power_from
from segmentation_pipeline.client.personas import PersonaTrend
from segmentation_pipeline.dashboard.curve_figures import mde_figure, persona_trend_figure
from segmentation_pipeline.dashboard.interval_figure import Estimate, interval_figure
from segmentation_pipeline.dashboard.persona_cards import TIERS
from segmentation_pipeline.dashboard.wording import load_texts

TEXTS = load_texts("en")


def test_estimates_stand_from_top_to_bottom_with_both_ends_of_their_interval():
    rows = [Estimate("first", 30.0, 20.0, 45.0, "30", raw=35.0), Estimate("<b>", 10.0, 5.0, 12.0, "10")]
    figure = interval_figure(rows, TEXTS, "rate", against=21.0)
    first, hollow, second = figure.data
    assert (first.x[0], first.error_x.array[0], first.error_x.arrayminus[0]) == (30.0, 15.0, 10.0)
    assert (hollow.x[0], hollow.marker.symbol) == (35.0, "circle-open")
    assert first.y[0] > second.y[0]
    assert list(figure.layout.yaxis.ticktext) == ["first", "&lt;b&gt;"]
    assert figure.layout.shapes[0].x0 == 21.0


def test_ratios_are_drawn_on_a_log_axis_that_holds_one_and_every_interval():
    figure = interval_figure([Estimate("up", 4.0, 3.0, 5.0, "4")], TEXTS, "lift", against=1.0, is_ratio=True)
    low, high = figure.layout.xaxis.range
    assert figure.layout.xaxis.type == "log"
    assert 10**low < 1
    assert 10**high > 5
    zero = interval_figure([Estimate("none", 0.5, 0.0, 2.0, "x")], TEXTS, "lift", against=1.0, is_ratio=True)
    assert 10 ** zero.layout.xaxis.range[0] > 0


def test_weeks_that_could_show_nothing_are_left_out_of_the_curve():
    weeks = (WeekPower(1, 0, None, None), WeekPower(2, 9, 9.0, 3.0), WeekPower(3, 80, 0.1, 0.4))
    power = power_from({"mde_by_week": [vars(week) for week in weeks], "smallest_effect": 0.2, "max_weeks": 12})
    figure = mde_figure(power, "#0072B2", TEXTS)
    assert (list(figure.data[0].x), list(figure.data[0].y)) == ([3], [40.0])
    assert {shape.y0 for shape in figure.layout.shapes} >= {20.0}
    assert figure.layout.xaxis.range == (0, 13)


def test_personas_run_from_import_to_import_each_with_a_dash_of_its_own():
    def at(import_id, persona_id, rate):
        return PersonaTrend(
            persona_id, import_id, persona_id, 9, 0.5, rate, rate - 0.1, rate + 0.1, "HIGH", None, None, None
        )

    trends = [at("b", "p1", 0.3), at("a", "p1", 0.2), at("b", "p2", 0.4)]
    figure = persona_trend_figure(trends, {"p2": "Nurses"}, TEXTS)
    assert [trace.name for trace in figure.data] == ["Nurses", "p1"]
    assert list(figure.data[0].y) == [40.0]
    assert figure.data[0].error_y.array[0] == pytest.approx(10.0)
    assert len({trace.line.dash for trace in figure.data}) == 2
    assert figure.layout.xaxis.categoryarray == ("a", "b")


def test_tiers_differ_in_mark_as_well_as_in_colour():
    assert len({mark for _, mark in TIERS.values()}) == len(TIERS)
    assert len({colour for colour, _ in TIERS.values()}) == len(TIERS)
