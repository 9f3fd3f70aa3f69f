"""Draw a log from a population: arrivals, endings, visits, events; the same arguments give the same log.

Add here: how users behave in time. Every draw comes from a named stream of the seed, in a fixed order.
Keep out: parameters of populations (personas.py) and file formats (writing.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.errors import PipelineError
from segmentation_pipeline.simulation.evolving import draw_evolving_users
from segmentation_pipeline.simulation.personas import ACCEPT, ACTIONS, DROP_OFF, LOGIN, WORK_ACTIONS
from segmentation_pipeline.simulation.scenarios import SCENARIOS, EvolvingPopulation
from segmentation_pipeline.simulation.users import DAY_S, HOUR_S, Streams, draw_users, seconds_of_day

if TYPE_CHECKING:
    from segmentation_pipeline.simulation.personas import Persona, Population
    from segmentation_pipeline.simulation.users import Floats, Integers, Lives

# A Monday, so that a log of one week lies in one month and one calendar week.
LOG_START = datetime(2026, 1, 5)  # noqa: DTZ001 - times of a log are naive UTC

# Longest pause inside a visit: well under the 30 minutes at which a visit is usually held to be over.
LONGEST_GAP_S = 600.0
SHORTEST_GAP_S = 1.0
# Spread of single pauses around the user's median.
PAUSE_SIGMA = 0.8
# How far single events stray from the persona's usual order, in places of the workflow.
ORDER_JITTER = 0.8
# Newcomers look in again on the day they come: share, median delay and its spread.
RETURN_SHARE = 0.9
RETURN_S = 2 * HOUR_S
RETURN_SIGMA = 0.5
DEALS_PER_USER = 3

# A log of three years is the longest that anything here is tried on.
LONGEST_DAYS = 1_100

FEATURES = ("dashboard", "templates", "compare", "calendar", "alerts", "e_sign", "data_room", "mobile")
FORMATS = ("pdf", "xlsx", "csv")
REASONS = ("price", "timing", "competitor", "no_answer")
DEAL_ACTIONS = frozenset(
    {
        "view_proposal",
        "proposal_create",
        "create_term_sheet",
        "revise_offer",
        "comment",
        "upload_document",
        ACCEPT,
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedLog:
    """A drawn log, sorted by time, then user; columns of equal length, one entry per event."""

    user_ids: tuple[str, ...]
    personas: tuple[str, ...]
    """The truth: persona of each user as it arrived, in the order of `user_ids`."""
    event_user: Integers
    """Position of the event's user in `user_ids`."""
    event_ms: Integers
    """Milliseconds since `LOG_START`."""
    event_action: Integers
    """Position in `ACTIONS`."""
    event_metadata: Integers
    """Position in `metadata_texts`."""
    metadata_texts: tuple[str, ...]
    """JSON objects; the first is empty: nothing to add."""
    days: int
    population: Population | EvolvingPopulation
    lives: Lives
    """The whole truth; users in the order of `user_ids`, a user's second life after all first ones."""


def simulate(*, users: int, days: int, seed: int, scenario: str = "personas") -> SimulatedLog:
    """Return a log of one of the `SCENARIOS`: who the users are, is the scenario's.

    But for `evolve`, users arrive over the first five sevenths of the log (`null`: on its first day). They visit at
    their persona's hours and stay until they drop off or accept, at hazards that are constant per persona and depend
    on nothing else; from then on they are silent. The same arguments give the same log.

    Raises:
        PipelineError: no such scenario, fewer than one user or day, too long a log, or a negative seed.
    """
    _require(scenario in SCENARIOS, f"{scenario} is no scenario", f"give one of {', '.join(SCENARIOS)}")
    shortest = SCENARIOS[scenario].shortest_days
    _require(days >= shortest, f"{scenario} cannot be told in {days} days", f"ask for at least {shortest} whole days")
    return draw_log(SCENARIOS[scenario].population, users=users, days=days, seed=seed)


def draw_log(population: Population | EvolvingPopulation, *, users: int, days: int, seed: int) -> SimulatedLog:
    """Return a log drawn from any population; `simulate` says the rest."""
    _require(users >= 1, f"{users} users cannot be simulated", "ask for at least 1 user")
    _require(
        1 <= days <= LONGEST_DAYS,
        f"{days} days cannot be simulated",
        f"ask for 1 to {LONGEST_DAYS} whole days",
    )
    _require(seed >= 0, f"{seed} is no seed", "give a whole number of at least 0")
    streams = Streams.of(seed)
    if isinstance(population, EvolvingPopulation):
        people = draw_evolving_users(population, users, days, streams)
        drawn = population.population
    else:
        people = draw_users(population, users, days, streams)
        drawn = population
    user, event_ms, action, deal = _draw_story(drawn, people, days, streams)
    texts, metadata = _metadata(action, deal, users, streams.metadata)

    order = np.lexsort((user, event_ms))
    # A user does one thing at a time: of two events in one millisecond the first drawn stays.
    is_first = np.ones(order.size, dtype=bool)
    is_first[1:] = (np.diff(event_ms[order]) != 0) | (np.diff(user[order]) != 0)
    order = order[is_first]
    width = max(4, len(str(users)))
    return SimulatedLog(
        user_ids=tuple(f"u{number:0{width}d}" for number in range(1, users + 1)),
        personas=tuple(drawn.personas[index].name for index in people.persona[people.is_first]),
        event_user=user[order],
        event_ms=event_ms[order],
        event_action=action[order],
        event_metadata=metadata[order],
        metadata_texts=texts,
        days=days,
        population=population,
        lives=people,
    )


def _draw_story(
    population: Population, people: Lives, days: int, streams: Streams
) -> tuple[Integers, Integers, Integers, Integers]:
    """Return user, time in ms, action and deal of every event; the ending is a user's last."""
    visit_life, visit_s = _draw_visits(population, people, days, streams.visits)
    deal = streams.metadata.integers(DEALS_PER_USER, size=visit_life.size)
    visit_deal = DEALS_PER_USER * people.user[visit_life] + deal
    visit, event_ms, action = _draw_events(population, people, visit_life, visit_s, streams.events)

    log_end_ms = round(days * DAY_S * 1000)
    ended_ms = np.maximum(_milliseconds(people.ended_s), _milliseconds(people.arrived_s) + 1)
    is_kept = event_ms < np.minimum(ended_ms, log_end_ms)[visit_life[visit]]
    closing = np.flatnonzero((ended_ms < log_end_ms) & people.is_last)
    closing_action = np.where(people.is_accepted[closing], ACTIONS.index(ACCEPT), ACTIONS.index(DROP_OFF))
    closing_deal = DEALS_PER_USER * people.user[closing] + streams.metadata.integers(DEALS_PER_USER, size=closing.size)
    return (
        np.concatenate([people.user[visit_life[visit]][is_kept], people.user[closing]]),
        np.concatenate([event_ms[is_kept], ended_ms[closing]]),
        np.concatenate([action[is_kept], closing_action]),
        np.concatenate([visit_deal[visit][is_kept], closing_deal]),
    )


def _require(is_met: bool, what: str, advice: str) -> None:  # noqa: FBT001 - a condition, not an option
    if not is_met:
        raise PipelineError(f"{what}. Next: {advice}.")


def _draw_visits(
    population: Population, people: Lives, days: int, generator: np.random.Generator
) -> tuple[Integers, Floats]:
    """Return life and start, in seconds of the log, of every visit begun before the life's end."""
    day = np.arange(days)
    is_weekend = (LOG_START.weekday() + day) % 7 >= 5
    rate = people.visits_per_day[:, None] * np.where(is_weekend, people.weekend_factor[:, None], 1.0)
    has_come = day >= np.floor(people.arrived_s / DAY_S)[:, None]
    count = np.where(has_come, generator.poisson(rate), 0).ravel()
    cell = np.repeat(np.arange(count.size), count)
    first_of_cell = np.cumsum(count) - count
    place = np.arange(cell.size) - first_of_cell[cell]
    life = cell // days
    # Spread over the day by strata: people come back after a while, not in the minute they left.
    quantile = (place + generator.random(cell.size)) / count[cell]
    is_borrowed = generator.random(cell.size) < people.borrowed[life]
    hours_of = np.where(is_borrowed, people.other[life], people.persona[life])
    second = seconds_of_day(population, hours_of, quantile, people.hour_shift_h[life])
    start_s = (cell % days) * DAY_S + second
    # The arrival itself is a visit, so every user is seen at least once; most look in again within hours.
    newcomers = np.flatnonzero(people.is_first)
    arrived_s = people.arrived_s[newcomers]
    returned_s = arrived_s + RETURN_S * np.exp(RETURN_SIGMA * generator.standard_normal(newcomers.size))
    comes_back = generator.random(newcomers.size) < RETURN_SHARE
    visit_life = np.concatenate([newcomers, newcomers[comes_back], life])
    visit_s = np.concatenate([arrived_s, returned_s[comes_back], start_s])
    is_there = (visit_s >= people.arrived_s[visit_life]) & (visit_s < people.ended_s[visit_life])
    return visit_life[is_there], visit_s[is_there]


def _milliseconds(seconds: Floats) -> Integers:
    return np.asarray(np.floor(np.minimum(seconds, LONGEST_DAYS * DAY_S) * 1000), dtype=np.int64)


def _draw_events(
    population: Population,
    people: Lives,
    visit_user: Integers,
    visit_s: Floats,
    generator: np.random.Generator,
) -> tuple[Integers, Integers, Integers]:
    """Return visit, time in ms of the log, and action of every event, visit by visit in order."""
    count = 1 + generator.poisson(np.maximum(people.events_per_visit[visit_user] - 1.0, 0.0))
    visit = np.repeat(np.arange(count.size), count)
    first_of_visit = np.cumsum(count) - count
    user = visit_user[visit]

    pause_s = people.gap_s[user] * np.exp(PAUSE_SIGMA * generator.standard_normal(visit.size))
    pause_s = np.clip(pause_s, SHORTEST_GAP_S, LONGEST_GAP_S)
    pause_s[first_of_visit] = 0.0
    since_log_start = np.cumsum(pause_s)
    offset_s = since_log_start - since_log_start[first_of_visit][visit]
    event_ms = _milliseconds(visit_s[visit] + offset_s)

    # One search for all users: user u's cumulative mix lies between u and u + 1.
    cumulative = np.cumsum(people.mix, axis=1)
    cumulative[:, -1] = 1.0
    ladder = (np.arange(people.persona.size)[:, None] + cumulative).ravel()
    step = np.searchsorted(ladder, user + generator.random(visit.size), side="right")
    action = np.minimum(step - user * len(WORK_ACTIONS), len(WORK_ACTIONS) - 1)

    is_login = np.zeros(visit.size, dtype=bool)
    is_login[first_of_visit] = generator.random(count.size) < people.login_share[visit_user]
    place = np.array([_workflow_places(p) for p in population.personas])[people.persona[user], action]
    place = place + ORDER_JITTER * generator.standard_normal(visit.size)
    place[is_login] = -np.inf
    order = np.lexsort((place, visit))
    return visit, event_ms, np.where(is_login, ACTIONS.index(LOGIN), action)[order]


def _workflow_places(persona: Persona) -> list[float]:
    middle = (len(persona.workflow) - 1) / 2
    return [persona.workflow.index(a) if a in persona.workflow else middle for a in WORK_ACTIONS]


def _metadata(
    action: Integers, deal: Integers, users: int, generator: np.random.Generator
) -> tuple[tuple[str, ...], Integers]:
    """Return the distinct metadata texts, and for every event the position of its own."""
    lists = {
        "feature_use": ("feature", FEATURES),
        "export_report": ("format", FORMATS),
        DROP_OFF: ("reason", REASONS),
    }
    texts = [""]
    position = np.zeros(action.size, dtype=np.int64)
    for name, (key, values) in lists.items():
        chosen = np.flatnonzero(action == ACTIONS.index(name))
        position[chosen] = len(texts) + generator.integers(len(values), size=chosen.size)
        texts += [f'{{"{key}":"{value}"}}' for value in values]
    is_deal = np.isin(action, [ACTIONS.index(name) for name in sorted(DEAL_ACTIONS)])
    position[is_deal] = len(texts) + deal[is_deal]
    texts += [f'{{"deal_id":"d-{number}"}}' for number in range(1, DEALS_PER_USER * users + 1)]
    return tuple(texts), position
