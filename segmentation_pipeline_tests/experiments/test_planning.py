"""Experiments weighed: users, weeks and verdicts by hand, the smallest union, and what is not computed."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation_pipeline.config import ExperimentSettings
from segmentation_pipeline.experiments.endpoints import Survival, target_of
from segmentation_pipeline.experiments.planning import Traffic, power_rows
from segmentation_pipeline.experiments.sample_size import ErrorRates
from segmentation_pipeline_tests.experiments.plans import WEEK, A, B, C, baseline, idea, refresh

SETTINGS = ExperimentSettings()


def only(found, given_settings=SETTINGS):
    [row] = power_rows(found, given_settings)
    return row


def test_users_weeks_and_alpha_are_those_found_by_hand():
    """Drop-off .30 to .24: hazards .7694 apart, 4 (1.95996 + .84162)^2 / ln(.7694)^2 = 457.01 events, .54 a pair.

    846.3 users an arm then; of 200 newcomers a week each arm gets 90, so 9.41 weeks, and 14 days to follow the last.
    """
    row = only(refresh(eligible={A: 200}))
    assert (row.verdict, row.endpoint, row.comparison_count, row.alpha) == ("run", "survival", 1, 0.05)
    assert (row.event_count, row.users_per_arm, row.enrolled_count) == (458, 847, math.ceil(847 / 0.45))
    assert row.hazard_ratio == pytest.approx(0.76943, abs=1e-5)
    assert row.enrolment_weeks == pytest.approx(847 / 90)
    assert row.weeks_to_decide == pytest.approx(847 / 90 + 2)
    assert row.reason == "Decides in 11.4 weeks (9.4 to enrol, 2.0 to follow) in this segment."
    assert (row.treatment_share, row.control_share, row.holdout_share) == (0.45, 0.45, 0.1)


def test_a_share_is_weighed_with_the_users_of_the_published_table():
    found = refresh(
        idea(metric="conversion_rate", direction="higher"),
        baselines={(A, "conversion_rate"): baseline(0.1)},
        eligible={A: 10_000},
    )
    row = only(found)
    assert (row.users_per_arm, row.target, row.endpoint) == (3841, pytest.approx(0.12), "share")
    assert row.event_count is None


def test_siblings_share_alpha_and_other_segments_do_not_count():
    rows = power_rows(refresh(idea(number=1), idea(number=2), idea(B, number=3)), SETTINGS)
    assert [(row.comparison_count, row.alpha) for row in rows] == [(2, 0.025), (2, 0.025), (1, 0.05)]
    assert rows[0].users_per_arm > rows[2].users_per_arm


def test_the_effect_by_week_begins_when_the_first_users_have_been_followed_and_never_grows():
    weeks = json.loads(only(refresh()).mde_by_week)
    assert [week["week"] for week in weeks] == list(range(1, 27))
    assert [week["users_per_arm"] for week in weeks[:4]] == [0, 0, 45, 90]
    assert [week["mde"] is None for week in weeks[:3]] == [True, True, False]
    known = [week["mde"] for week in weeks[2:]]
    assert known == sorted(known, reverse=True)
    assert weeks[11]["mde_relative"] == pytest.approx(weeks[11]["mde"] / 0.3, abs=1e-6)


def test_the_smallest_union_is_offered_where_a_segment_alone_takes_too_long():
    row = only(refresh(eligible={A: 100, B: 40, C: 90}))
    # 847 users an arm at .45 of the week's newcomers: A alone 18.8 + 2 weeks, with C (190 a week) 9.9 + 2.
    assert (row.verdict, json.loads(row.union_cluster_ids)) == ("run_in_union", [A, C])
    assert row.weeks_to_decide == pytest.approx(847 / 45 + 2)
    assert row.union_weeks_to_decide == pytest.approx(847 / (190 * 0.45) + 2)
    assert (row.union_eligible_per_week, row.union_users_per_arm) == (190, 847)
    assert "Takes 20.8 weeks" in row.reason
    assert "together with 2026-01-c it decides in 11.9 weeks" in row.reason
    assert "interaction" in row.reason


@pytest.mark.parametrize(
    ("measured_share", "verdict", "enrolled"),
    [(1.0, "run", 1_883), (0.9, "do_not_run", 2_092), (0.5, "do_not_run", 3_765)],
)
def test_users_without_the_metric_are_enrolled_but_show_nothing(measured_share, verdict, enrolled):
    known = {(A, "drop_off_rate"): baseline(0.3, measured_share=measured_share)}
    row = only(refresh(eligible={A: 190}, baselines=known))
    assert (row.verdict, row.users_per_arm, row.measured_share) == (verdict, 847, measured_share)
    assert row.enrolled_count == enrolled
    assert row.enrolment_weeks == pytest.approx(847 / (190 * 0.45 * measured_share))
    assert json.loads(row.mde_by_week)[11]["users_per_arm"] == math.floor(190 * 0.45 * measured_share * 10)


def test_a_union_counts_of_each_segment_those_who_show_the_metric():
    known = {(A, "drop_off_rate"): baseline(0.4, measured_share=0.5), (B, "drop_off_rate"): baseline(0.2)}
    row = only(refresh(eligible={A: 160, B: 240}, baselines=known))
    # 80 of A's 160 a week show it, and all of B's 240.
    assert (row.verdict, row.union_eligible_per_week) == ("run_in_union", 400)
    assert row.union_baseline == pytest.approx((80 * 0.4 + 240 * 0.2) / 320)
    assert row.union_weeks_to_decide == pytest.approx(row.union_users_per_arm / (320 * 0.45) + 2)


def test_no_union_that_helps_means_do_not_run():
    row = only(refresh(eligible={A: 20, B: 20, C: 20}))
    assert (row.verdict, row.union_cluster_ids) == ("do_not_run", None)
    assert "no union of segments takes less than 33.4" in row.reason


def test_everyone_has_nobody_to_be_joined_with():
    row = only(refresh(idea("overall"), eligible={"overall": 60, A: 30, B: 30}))
    assert row.verdict == "do_not_run"
    assert row.reason == "Takes 33.4 weeks (31.4 to enrol, 2.0 to follow) with all users, over 12."


def test_a_segment_nobody_newly_reaches_is_not_run():
    row = only(refresh(eligible={B: 5_000}))
    assert (row.verdict, row.weeks_to_decide, row.enrolment_weeks) == ("do_not_run", None, None)
    assert "Nobody newly reached the landmark in this segment from 2026-01-05 to 2026-01-12" in row.reason
    assert row.users_per_arm == 847


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (refresh(baselines={(A, "drop_off_rate"): baseline(0.3, user_count=29)}), "of 29 users, fewer than 30"),
        (refresh(baselines={(A, "drop_off_rate"): baseline(0.0)}), "no hazard"),
        (refresh(idea(metric="conversion_rate", direction="higher")), "conversion_rate is not measured"),
        (refresh(unreadable="the log leaves 0.2 days"), "the log leaves 0.2 days"),
        (
            refresh(idea(metric="session_depth"), baselines={(A, "session_depth"): baseline(5.0)}),
            "spread is not known",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_too_little_data_is_not_computed_and_says_why(found, told):
    row = only(found)
    assert row.verdict == "not_computed"
    assert told in row.reason
    assert (row.users_per_arm, row.mde_by_week, row.weeks_to_decide, row.baseline) == (None,) * 4
    assert row.comparison_count == 1


def test_segments_whose_metric_takes_another_time_to_show_are_not_joined():
    other = {(B, "drop_off_rate"): baseline(0.3, follow_days=7.0)}
    row = only(refresh(eligible={A: 100, B: 5_000}, baselines=other))
    assert row.verdict == "do_not_run"
    assert row.reason.endswith("over 12; no other segment can be joined with it.")


def test_following_alone_can_take_too_long():
    late = {(A, "drop_off_rate"): baseline(0.3, follow_days=90.0)}
    row = only(refresh(eligible={A: 10_000}, baselines=late))
    assert row.verdict == "do_not_run"
    assert json.loads(row.mde_by_week)[11]["mde"] is None
    assert (row.mde, row.mde_relative) == (None, None)


@given(
    st.lists(st.integers(0, 150), min_size=6, max_size=6),
    st.lists(st.floats(0.1, 0.7), min_size=6, max_size=6),
)
@settings(max_examples=25, deadline=None)
def test_no_smaller_union_than_the_one_offered_decides_in_time(counts, lost):
    names = [f"2026-01-{letter}" for letter in "abcdef"]
    known = {(name, "drop_off_rate"): baseline(value) for name, value in zip(names, lost, strict=True)}
    found = replace(
        refresh(baselines=known), traffic=Traffic(WEEK, dict(zip(names, counts, strict=True))), segments=names
    )
    row = only(found)

    def decides(members):
        rate = sum(counts[names.index(name)] for name in members)
        value = sum(counts[i] * lost[i] for i in map(names.index, members)) / rate
        endpoint = Survival(value, "lower")
        users = endpoint.users_per_arm(target_of(endpoint, 0.2), ErrorRates(0.05, 0.8))
        return users / (rate * 0.45) + 2 <= 12

    coming = [name for name in names[1:] if counts[names.index(name)]]
    sizes = [
        size + 1
        for size in range(len(coming) + 1)
        if counts[0] and any(decides((names[0], *others)) for others in itertools.combinations(coming, size))
    ]
    if not sizes:
        assert row.verdict == "do_not_run"
    elif sizes[0] == 1:
        assert row.verdict == "run"
    else:
        assert row.verdict == "run_in_union"
        assert len(json.loads(row.union_cluster_ids)) == sizes[0]
        assert decides(json.loads(row.union_cluster_ids))


@given(st.integers(1, 2_000), st.integers(1, 2_000), st.floats(0.05, 0.9))
@settings(max_examples=25, deadline=None)
def test_more_newcomers_never_take_longer_nor_show_less(count, more, lost):
    known = {(A, "drop_off_rate"): baseline(lost)}
    few, many = (only(refresh(eligible={A: n}, baselines=known)) for n in (count, count + more))
    assert many.weeks_to_decide < few.weeks_to_decide
    assert few.mde is None or many.mde <= few.mde
    assert (few.verdict, many.verdict) != ("run", "do_not_run")


def test_a_larger_holdout_takes_longer_and_a_larger_effect_is_found_sooner():
    usual, held, coarse = (
        only(refresh(), ExperimentSettings(**changes))
        for changes in ({}, {"holdout_share": 0.4}, {"smallest_effect": 0.4})
    )
    assert held.weeks_to_decide > usual.weeks_to_decide > coarse.weeks_to_decide
    assert held.enrolled_count > usual.enrolled_count


def test_so_many_segments_that_not_every_union_can_be_tried_are_joined_by_traffic():
    names = [f"2026-01-{letter}" for letter in "abcdefghijklmn"]
    known = {(name, "drop_off_rate"): baseline(0.3) for name in names}
    eligible = {name: 10 + place for place, name in enumerate(names)}
    row = only(replace(refresh(baselines=known), traffic=Traffic(WEEK, eligible), segments=names))
    assert row.verdict == "run_in_union"
    # 188 newcomers a week are enough; A's 10 with the nine busiest (23 to 15) are 181, with ten 195.
    assert json.loads(row.union_cluster_ids) == [names[0], *names[4:]]
    few = only(replace(refresh(baselines=known), traffic=Traffic(WEEK, dict.fromkeys(names, 1)), segments=names))
    assert few.verdict == "do_not_run"
    assert "joined with the busiest others in turn, 13 unions of many, it takes no less than 136.4" in few.reason
