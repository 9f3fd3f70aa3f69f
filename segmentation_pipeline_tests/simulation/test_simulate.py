"""What a simulated log holds, looked at from outside: its events counted by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from segmentation_pipeline.errors import PipelineError
from segmentation_pipeline.simulation.personas import ACTIONS, NULL, PERSONAS, PLANTED, drop_off_hazards
from segmentation_pipeline.simulation.simulate import LOG_START, draw_log, simulate

DAY_MS = 86_400_000
NAMES = [persona.name for persona in PERSONAS]
# 14 of 44 days are judged; a log of one week is split in the same proportion.
LANDMARK_DAY = 7 * 30 / 44


@pytest.fixture(scope="module")
def week():
    return simulate(users=1000, days=7, seed=3)


@pytest.fixture(scope="module")
def null_week():
    return simulate(users=1000, days=7, seed=3, scenario="null")


def closings(log, action):
    """Return user position and day of every event of a closing action."""
    is_it = log.event_action == ACTIONS.index(action)
    return log.event_user[is_it], log.event_ms[is_it] / DAY_MS


def ended_days(log, users):
    """Return the day each user ended; infinity for those who stayed."""
    ended = np.full(users, np.inf)
    for action in ("drop_off", "accept"):
        user, day = closings(log, action)
        ended[user] = day
    return ended


def first_days(log, users):
    first = np.full(users, np.inf)
    np.minimum.at(first, log.event_user, log.event_ms / DAY_MS)
    return first


def share_of(log, persona, action):
    member = np.array(log.personas)[log.event_user] == persona
    return float(np.mean(log.event_action[member] == ACTIONS.index(action)))


def same(one, another):
    return all(
        np.array_equal(getattr(one, column), getattr(another, column))
        for column in ("event_user", "event_ms", "event_action", "event_metadata", "personas")
    )


def test_the_same_arguments_give_the_same_log_and_another_seed_another(week):
    assert same(week, simulate(users=1000, days=7, seed=3))
    assert not same(week, simulate(users=1000, days=7, seed=4))


def test_events_are_sorted_by_time_then_user_and_no_user_does_two_things_in_one_millisecond(week):
    keys = np.stack([week.event_ms, week.event_user], axis=1).tolist()
    assert keys == sorted(keys)
    assert len({tuple(key) for key in keys}) == len(keys)


def test_a_log_of_a_week_lies_inside_that_week_of_one_month_and_has_the_agreed_size(week):
    assert LOG_START.weekday() == 0
    assert week.event_ms.min() >= 0
    assert week.event_ms.max() < 7 * DAY_MS
    assert 40_000 <= week.event_ms.size <= 90_000


def test_every_user_of_the_truth_is_seen_and_personas_have_their_planted_sizes(week):
    assert set(week.event_user.tolist()) == set(range(1000))
    assert len(set(week.user_ids)) == 1000
    counts = {name: week.personas.count(name) for name in NAMES}
    assert counts == {"closer": 210, "collaborator": 200, "author": 190, "researcher": 200, "explorer": 200}


def test_arrivals_are_spread_over_the_first_five_days_and_none_is_later(week):
    first = first_days(week, 1000)
    per_day = np.bincount(first.astype(int), minlength=7)
    assert (per_day[:5] >= 25).all()
    assert per_day[5:].sum() == 0


def test_who_dropped_off_or_accepted_is_silent_from_then_on(week):
    ended = ended_days(week, 1000)
    assert (week.event_ms / DAY_MS <= ended[week.event_user]).all()
    user = np.concatenate([closings(week, action)[0] for action in ("drop_off", "accept")])
    assert len(user) == len(set(user.tolist())), "a story ends once"


@pytest.mark.parametrize("seed", [0, 4, 7, 11, 16, 19])
def test_every_persona_has_at_least_fifteen_drop_offs_after_the_landmark(seed):
    log = simulate(users=1000, days=7, seed=seed)
    user, day = closings(log, "drop_off")
    judged = np.array(log.personas)[user[day >= LANDMARK_DAY]]
    assert {name: int((judged == name).sum()) >= 15 for name in NAMES} == dict.fromkeys(NAMES, True)
    assert (closings(log, "accept")[1] >= LANDMARK_DAY).sum() >= 15


@pytest.mark.parametrize("seed", [0, 7])
def test_most_users_seen_before_the_landmark_are_still_there_at_it_and_most_of_those_have_ten_events(seed):
    log = simulate(users=1000, days=7, seed=seed)
    is_before = log.event_ms / DAY_MS < LANDMARK_DAY
    count = np.bincount(log.event_user[is_before], minlength=1000)
    is_at_risk = (count > 0) & (ended_days(log, 1000) >= LANDMARK_DAY)
    assert is_at_risk.sum() > 0.55 * (count > 0).sum(), "else the calendar clock would not fit"
    assert (count[is_at_risk] >= 10).mean() >= 0.6


def test_drop_offs_per_user_and_day_are_the_true_hazards_before_and_after_the_landmark_alike():
    users = 20_000
    log = simulate(users=users, days=7, seed=5)
    ended = np.minimum(ended_days(log, users), 7)
    first = first_days(log, users)
    user, day = closings(log, "drop_off")
    for low, high in ((0, LANDMARK_DAY), (LANDMARK_DAY, 7)):
        lived = np.clip(np.minimum(ended, high) - np.maximum(first, low), 0, None)
        dropped = np.bincount(user[(day >= low) & (day < high)], minlength=users)
        for name, hazard in drop_off_hazards(PLANTED, 7).items():
            member = np.array(log.personas) == name
            # Four standard errors of a Poisson count.
            expected = hazard * lived[member].sum()
            assert abs(dropped[member].sum() - expected) < 4 * expected**0.5


def test_within_a_persona_who_drops_off_was_no_more_or_less_active():
    users = 20_000
    log = simulate(users=users, days=7, seed=5)
    is_first_day = log.event_ms / DAY_MS < 2
    count = np.bincount(log.event_user[is_first_day], minlength=users)
    ended, first = ended_days(log, users), first_days(log, users)
    dropped = np.zeros(users, dtype=bool)
    dropped[closings(log, "drop_off")[0]] = True
    for name in NAMES:
        # Arrived on the first day and still there on the third: the same exposure for all of them.
        group = (np.array(log.personas) == name) & (first < 1) & (ended > 2)
        gone, stayed = count[group & dropped], count[group & ~dropped]
        error = (gone.var() / gone.size + stayed.var() / stayed.size) ** 0.5
        assert abs(gone.mean() - stayed.mean()) < 4 * error


@pytest.mark.parametrize(
    ("persona", "action"),
    [
        ("closer", "revise_offer"),
        ("closer", "create_term_sheet"),
        ("collaborator", "comment"),
        ("collaborator", "invite_teammate"),
        ("author", "proposal_create"),
        ("author", "upload_document"),
        ("researcher", "search"),
        ("researcher", "export_report"),
        ("explorer", "feature_use"),
    ],
)
def test_a_persona_does_its_signature_action_at_least_twice_as_often_as_any_other(week, persona, action):
    others = [share_of(week, name, action) for name in NAMES if name != persona]
    assert share_of(week, persona, action) > 2 * max(others)


@pytest.mark.parametrize(
    ("persona", "from_hour", "to_hour"),
    [("closer", 6, 12), ("collaborator", 12, 18), ("author", 8, 19), ("researcher", 17, 24)],
)
def test_a_persona_comes_at_its_hours(week, persona, from_hour, to_hour):
    member = np.array(week.personas)[week.event_user] == persona
    hour = week.event_ms[member] / 3_600_000 % 24
    assert ((hour >= from_hour) & (hour < to_hour)).mean() > 0.75


def test_pauses_inside_visits_tell_the_hurried_from_the_slow(week):
    order = np.lexsort((week.event_ms, week.event_user))
    pause_s = np.diff(week.event_ms[order]) / 1000
    is_inside = (np.diff(week.event_user[order]) == 0) & (pause_s < 1800)
    member = np.array(week.personas)[week.event_user[order]][1:]
    median = {name: float(np.median(pause_s[is_inside & (member == name)])) for name in NAMES}
    assert sorted(median, key=median.__getitem__) == [
        "explorer",
        "researcher",
        "closer",
        "collaborator",
        "author",
    ]
    assert median["author"] > 4 * median["explorer"]


def test_members_of_one_persona_differ_from_each_other_more_than_chance_makes_homogeneous_users_differ(week, null_week):
    def dispersion(log, persona):
        # Variance over mean of the counts of days 2 and 3, for those who came on day 1 and stayed.
        member = np.array(log.personas) == persona
        here = member & (first_days(log, 1000) < 1) & (ended_days(log, 1000) > 3)
        is_day_2_to_3 = (log.event_ms >= DAY_MS) & (log.event_ms < 3 * DAY_MS)
        count = np.bincount(log.event_user[is_day_2_to_3], minlength=1000)[here]
        return count.var() / count.mean()

    assert np.mean([dispersion(week, name) for name in NAMES]) > 1.3 * dispersion(null_week, "everyone")


def test_the_homogeneous_log_has_one_persona_whose_users_all_start_on_the_first_day(null_week):
    assert set(null_week.personas) == {"everyone"}
    assert (first_days(null_week, 1000) < 1).all()
    assert (ended_days(null_week, 1000) >= LANDMARK_DAY).mean() > 0.55


def test_homogeneous_users_share_one_mix_up_to_multinomial_chance(null_week):
    users = null_week.event_user
    comment = ACTIONS.index("comment")
    total = np.bincount(users, minlength=1000)
    hits = np.bincount(users, weights=null_week.event_action == comment, minlength=1000)
    # Visits open with a login, so only the other actions are one multinomial.
    total = total - np.bincount(users, weights=null_week.event_action == ACTIONS.index("login"), minlength=1000)
    share = hits.sum() / total.sum()
    chosen = total >= 10
    chi_square = ((hits - total * share) ** 2 / (total * share * (1 - share)))[chosen].sum()
    degrees = chosen.sum() - 1
    assert abs(chi_square - degrees) < 4 * (2 * degrees) ** 0.5


def test_homogeneous_drop_off_is_unrelated_to_activity(null_week):
    ended = ended_days(null_week, 1000)
    count = np.bincount(null_week.event_user[null_week.event_ms < 4 * DAY_MS], minlength=1000)
    at_risk = ended > 4
    is_gone = np.zeros(1000, dtype=bool)
    is_gone[closings(null_week, "drop_off")[0]] = True
    correlation = np.corrcoef(count[at_risk], is_gone[at_risk])[0, 1]
    assert abs(correlation) < 4 / at_risk.sum() ** 0.5


def test_longer_logs_keep_most_users_judgeable_and_grow_slower_than_their_days():
    log = simulate(users=300, days=45, seed=2)
    first, ended = first_days(log, 300), ended_days(log, 300)
    assert first.max() < 45 * 5 / 7 + 1
    assert log.event_ms.max() / DAY_MS > 44
    assert (ended >= 31).mean() > 0.5
    assert log.event_ms.size < 4 * simulate(users=300, days=7, seed=2).event_ms.size


def test_borrowers_keep_the_endings_of_their_own_persona():
    borrowing = replace(PLANTED, heterogeneity=replace(PLANTED.heterogeneity, borrower_share=1.0))
    plain = draw_log(PLANTED, users=500, days=7, seed=1)
    borrowed = draw_log(borrowing, users=500, days=7, seed=1)
    stayed = [ended_days(log, 500) - first_days(log, 500) for log in (plain, borrowed)]
    both = np.isfinite(stayed[0]) & np.isfinite(stayed[1])
    assert both.sum() > 200
    assert np.allclose(stayed[0][both], stayed[1][both], atol=1e-6)


@pytest.mark.parametrize(
    "arguments",
    [
        {"users": 0, "days": 7, "seed": 1},
        {"users": 5, "days": 0, "seed": 1},
        {"users": 5, "days": 5000, "seed": 1},
        {"users": 5, "days": 7, "seed": -1},
    ],
)
def test_impossible_arguments_are_refused_with_what_to_ask_for_instead(arguments):
    with pytest.raises(PipelineError, match=r"Next: (ask for|give)"):
        simulate(**arguments)


@pytest.mark.parametrize("population", [PLANTED, NULL], ids=["planted", "null"])
@pytest.mark.parametrize(("users", "days"), [(1, 1), (3, 2), (7, 10)])
def test_tiny_logs_can_be_drawn(population, users, days):
    log = draw_log(population, users=users, days=days, seed=0)
    assert len(set(log.event_user.tolist())) == users
    assert log.event_ms.max() < days * DAY_MS
