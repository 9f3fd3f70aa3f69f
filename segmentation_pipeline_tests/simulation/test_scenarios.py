"""Scenarios beside the planted personas, looked at from outside: what their logs must and must not hold."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest

from segmentation_pipeline.errors import PipelineError
from segmentation_pipeline.simulation.personas import ACTIONS, WORK_ACTIONS
from segmentation_pipeline.simulation.scenarios import SCENARIOS
from segmentation_pipeline.simulation.simulate import LOG_START, simulate
from segmentation_pipeline.simulation.truth import month_rows, path_positions, personas_at, user_rows

DAY_MS = 86_400_000
EVOLVE_DAYS = 150
# Two weeks before the ends of January to May: where the pipeline's default settings put the landmarks.
MONTHS = ("2026-01", "2026-02", "2026-03", "2026-04", "2026-05")
WORK = [ACTIONS.index(action) for action in WORK_ACTIONS]


@pytest.fixture(scope="module")
def evolving():
    return simulate(users=1500, days=EVOLVE_DAYS, seed=3, scenario="evolve")


@pytest.fixture(scope="module")
def lifecycle():
    return simulate(users=1000, days=21, seed=3, scenario="lifecycle")


def shares_of(log, month):
    return {row["persona"]: float(row["share"]) for row in month_rows(log) if row["month"] == month}


def mix_between(log, from_day, to_day):
    """Return the share of each work action among each user's work in a time, users x actions; nan for none."""
    counts = np.zeros((len(log.user_ids), len(ACTIONS)))
    is_then = (log.event_ms >= from_day * DAY_MS) & (log.event_ms < to_day * DAY_MS)
    np.add.at(counts, (log.event_user[is_then], log.event_action[is_then]), 1)
    work = counts[:, WORK]
    with np.errstate(invalid="ignore"):
        return work / work.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_scenario_gives_the_same_log_again_and_another_for_another_seed(scenario):
    days = SCENARIOS[scenario].days
    one, again, other = (simulate(users=60, days=days, seed=seed, scenario=scenario) for seed in (1, 1, 2))
    assert np.array_equal(one.event_ms, again.event_ms)
    assert np.array_equal(one.event_action, again.event_action)
    assert not np.array_equal(one.event_ms, other.event_ms)
    assert one.event_ms.max() < days * DAY_MS
    assert set(one.event_user.tolist()) == set(range(60)), "everybody is seen"


def test_an_unknown_scenario_is_refused_with_those_that_exist_and_evolve_with_the_days_it_needs():
    with pytest.raises(PipelineError, match=r"Next: give one of personas, null, continuum, lifecycle, evolve"):
        simulate(users=5, days=7, seed=1, scenario="types")
    with pytest.raises(PipelineError, match=r"Next: ask for at least 120"):
        simulate(users=5, days=30, seed=1, scenario="evolve")


def test_users_of_the_continuum_differ_far_more_than_chance_yet_in_one_hump():
    log = simulate(users=2000, days=21, seed=3, scenario="continuum")
    assert set(log.personas) == {"everyone"}
    early = [user for user, row in enumerate(log.lives.arrived_s) if row < 86_400]
    count = np.bincount(log.event_user, minlength=2000)[early]
    assert count.var() > 10 * count.mean(), "activity differs"
    share = mix_between(log, 0, 21)[early]
    expected = 0.02  # binomial sd of a share of a tenth among some 200 events
    assert (np.nanstd(share, axis=0) > 2 * expected).all(), "mixes differ"
    # One hump: no action splits users into those who do it and those who do not.
    for action in range(len(WORK_ACTIONS)):
        density, _ = np.histogram(np.sqrt(share[:, action][~np.isnan(share[:, action])]), bins=8)
        peak = density.argmax()
        slack = 3 * np.sqrt(density.max())
        assert (np.diff(density[: peak + 1]) > -slack).all()
        assert (np.diff(density[peak:]) < slack).all()


@pytest.mark.parametrize("users", [1, 2, 3])
def test_a_few_users_of_the_lifecycle_have_places_on_the_whole_way_too(users):
    places = [path_positions(simulate(users=users, days=7, seed=seed, scenario="lifecycle")) for seed in range(20)]
    assert min(map(min, places)) >= 0
    assert max(map(max, places)) <= 1


def test_users_of_the_lifecycle_are_anywhere_on_the_way_and_their_work_follows_their_place(lifecycle):
    places = np.array(path_positions(lifecycle))
    assert np.histogram(places, bins=10, range=(0, 1))[0].min() > 70, "about a hundred in every tenth"
    assert {row["persona"] for row in user_rows(lifecycle)} == {"everyone"}, "the truth names no types"
    mix = mix_between(lifecycle, 0, 21)
    tenth = np.minimum((places * 10).astype(int), 9)
    made = np.array([np.nanmean(mix[tenth == t, WORK_ACTIONS.index("proposal_create")]) for t in range(10)])
    invited = np.array([np.nanmean(mix[tenth == t, WORK_ACTIONS.index("invite_teammate")]) for t in range(10)])
    searched = np.array([np.nanmean(mix[tenth == t, WORK_ACTIONS.index("search")]) for t in range(10)])
    assert made[4:6].min() > 2 * max(made[0], made[9]), "makers are in the middle"
    assert invited[9] > 3 * invited[:5].max()
    assert searched[0] > 3 * searched[5:].max()
    assert np.abs(np.diff(made)).max() < 0.4 * made.max(), "without a step"


def test_the_evolving_log_keeps_several_hundred_users_present_in_every_month(evolving):
    for month in MONTHS:
        present = sum(int(row["user_count"]) for row in month_rows(evolving) if row["month"] == month)
        assert 250 <= present <= 700
    arrivals = np.bincount((evolving.lives.arrived_s[evolving.lives.is_first] // (30 * 86_400)).astype(int))
    assert (arrivals >= 100).all(), "users keep arriving"


def test_the_evolving_log_tells_of_a_birth_a_fading_and_a_split_among_personas_that_stay(evolving):
    january, february, march, april, may = (shares_of(evolving, month) for month in MONTHS)
    assert set(january) == set(february) == {"closer", "collaborator", "researcher", "author"}
    assert march["explorer"] > 0.12
    assert march["author"] > 0.05 > 0.04 > april["author"]
    assert "searcher" not in april
    assert april["researcher"] > 0.15
    assert "researcher" not in may
    assert min(may["searcher"], may["reporter"]) > 0.07
    for month in (january, february, march, april, may):
        assert min(month["closer"], month["collaborator"]) > 0.15


def test_users_of_the_splitting_persona_change_what_they_do_and_all_others_do_not(evolving):
    split_day = 0.69 * EVOLVE_DAYS
    before, after = (
        mix_between(evolving, split_day - 30, split_day),
        mix_between(evolving, split_day + 3, split_day + 33),
    )
    search, export = (WORK_ACTIONS.index(name) for name in ("search", "export_report"))
    later = {row["user_id"]: row["later_persona"] for row in user_rows(evolving)}
    became = np.array([later[user_id] for user_id in evolving.user_ids])
    change = after - before
    assert np.nanmean(change[became == "searcher", search]) > 0.1
    assert np.nanmean(change[became == "reporter", export]) > 0.15
    unchanged = change[became == ""]
    error = np.nanstd(unchanged, axis=0) / np.sqrt(np.isfinite(unchanged).sum(axis=0))
    assert (np.abs(np.nanmean(unchanged, axis=0)) < 4 * error).all()


def test_who_changes_habits_ends_once_and_has_one_arrival(evolving):
    ending = np.isin(evolving.event_action, [ACTIONS.index("drop_off"), ACTIONS.index("accept")])
    users = evolving.event_user[ending].tolist()
    assert len(users) == len(set(users))
    told = {row["user_id"] for row in user_rows(evolving) if row["ended_at"]}
    assert told == {evolving.user_ids[user] for user in users}


def test_those_present_at_a_moment_are_named_by_what_they_are_then(evolving):
    after = personas_at(evolving, LOG_START + timedelta(days=0.69 * EVOLVE_DAYS + 4))
    before = personas_at(evolving, LOG_START + timedelta(days=0.69 * EVOLVE_DAYS - 1))
    assert "researcher" in before.values()
    assert "researcher" not in after.values()
    assert personas_at(evolving, datetime(2025, 1, 1)) == {}
