"""Users of a population whose personas come and go: who arrives when, and whose habits change for good.

Add here: another thing that can happen to a persona.
Keep out: which personas there are and when (scenarios.py), and what users do in time (simulate.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.simulation.personas import hazard_scale
from segmentation_pipeline.simulation.users import (
    DAY_S,
    Deviations,
    Stays,
    draw_mix,
    draw_stays,
    exact_quotas,
    live,
    seconds_of_day,
)

if TYPE_CHECKING:
    from segmentation_pipeline.simulation.personas import Population
    from segmentation_pipeline.simulation.scenarios import EvolvingPopulation, Story
    from segmentation_pipeline.simulation.users import Flags, Floats, Integers, Lives, Streams

LAUNCH_SHARE = 0.05
"""Share of the log in which those come who are there when a persona begins."""

CHANGE_DAYS = 3.0
"""Within so many days all users of a splitting persona take up new habits."""


def draw_evolving_users(evolving: EvolvingPopulation, users: int, days: int, streams: Streams) -> Lives:
    """Return the lives of all users: first ones in the order of users, then second ones of those who change."""
    population, stories = evolving.population, evolving.stories
    launched, flowing = _expected_users(population, stories, days)
    persona = streams.traits.permutation(exact_quotas(launched + flowing, users))
    deviations = Deviations(*streams.traits.standard_normal((4, users)))
    is_launched = streams.arrivals.random(users) < (launched / (launched + flowing))[persona]
    arrived_s = _draw_arrivals(evolving, persona, is_launched, deviations.shift, days, streams)
    stayed_s, is_accepted = draw_stays(population, persona, days, streams.endings)
    ended_s = arrived_s + stayed_s

    changed_s, later = _draw_changes(population, stories, persona, days, streams)
    changing = np.flatnonzero((later >= 0) & (arrived_s < changed_s) & (changed_s < np.minimum(ended_s, days * DAY_S)))
    user = np.concatenate([np.arange(users), changing])
    lived = np.concatenate([persona, later[changing]])
    first_ended_s = ended_s.copy()
    first_ended_s[changing] = changed_s[changing]
    stays = Stays(
        np.concatenate([arrived_s, changed_s[changing]]),
        np.concatenate([first_ended_s, ended_s[changing]]),
        is_accepted[user],
    )
    borrowed = np.zeros(user.size)
    mix = draw_mix(population, lived, lived, borrowed, streams.traits)
    lasting = Deviations(
        deviations.activity[user], deviations.depth[user], deviations.gap[user], deviations.shift[user]
    )
    return live(population, user, lived, (lived, borrowed), lasting, mix, stays, days)


def _expected_users(population: Population, stories: tuple[Story, ...], days: int) -> tuple[Floats, Floats]:
    """Return, relative to all users of a steady state, who comes when a persona begins, and who comes later."""
    hazards = {p.name: (p.drop_off_hazard + p.accept_hazard) * hazard_scale(days) for p in population.personas}
    launched = np.array([story.share if story.has_launch else 0.0 for story in stories])
    flowing = np.array(
        [story.share * hazards[story.persona] * (story.arrives_until - story.arrives_from) * days for story in stories]
    )
    return launched, flowing


def _draw_arrivals(
    evolving: EvolvingPopulation,
    persona: Integers,
    is_launched: Flags,
    shift: Floats,
    days: int,
    streams: Streams,
) -> Floats:
    begins = np.array([story.arrives_from for story in evolving.stories])[persona]
    ends = np.array([story.arrives_until for story in evolving.stories])[persona]
    last = np.where(is_launched, np.minimum(begins + LAUNCH_SHARE, ends), ends)
    day = np.floor((begins + streams.arrivals.random(persona.size) * (last - begins)) * days)
    shift_h = evolving.population.heterogeneity.hour_spread_h * shift
    second = seconds_of_day(evolving.population, persona, streams.arrivals.random(persona.size), shift_h)
    return np.asarray(day * DAY_S + second, dtype=np.float64)


def _draw_changes(
    population: Population, stories: tuple[Story, ...], persona: Integers, days: int, streams: Streams
) -> tuple[Floats, Integers]:
    """Return when each user's habits would change, and the persona they become; -1 for those of no such persona."""
    names = [p.name for p in population.personas]
    changed_s = np.full(persona.size, np.inf)
    later = np.full(persona.size, -1, dtype=np.int64)
    delay_s = streams.traits.random(persona.size) * CHANGE_DAYS * DAY_S
    for number, story in enumerate(stories):
        if story.becomes:
            members = streams.traits.permutation(np.flatnonzero(persona == number))
            into = np.array([names.index(name) for name in story.becomes])
            later[members] = into[np.arange(members.size) % into.size]
            changed_s[members] = story.arrives_until * days * DAY_S + delay_s[members]
    return changed_s, later
