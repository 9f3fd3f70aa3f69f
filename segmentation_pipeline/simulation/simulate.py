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
from segmentation_pipeline.simulation.personas import (
    ACCEPT,
    ACTIONS,
    BACKGROUND_WEIGHT,
    DROP_OFF,
    LOGIN,
    NULL,
    PLANTED,
    REFERENCE_DAYS,
    WORK_ACTIONS,
    hazard_scale,
    pace,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from segmentation_pipeline.simulation.personas import Persona, Population

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

# A Monday, so that a log of one week lies in one month and one calendar week.
LOG_START = datetime(2026, 1, 5)  # noqa: DTZ001 - times of a log are naive UTC

DAY_S = 86_400.0
HOUR_S = 3_600.0
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
# Quarter hours: resolution of the distribution of visits over the day.
HOURS = np.linspace(0.0, 24.0, 97)
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
    """The truth: persona of each user, in the order of `user_ids`."""
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


@dataclass(frozen=True, slots=True, eq=False)
class _Users:
    """What a user is for the whole log; arrays of one entry per user, `mix` one row per user."""

    persona: Integers
    other: Integers
    """The persona whose habits the user borrows; its own for those who borrow none."""
    borrowed: Floats
    """How far the user's habits lie towards the other persona's, 0 to 1."""
    arrived_s: Floats
    ended_s: Floats
    is_accepted: NDArray[np.bool_]
    visits_per_day: Floats
    events_per_visit: Floats
    gap_s: Floats
    weekend_factor: Floats
    login_share: Floats
    hour_shift_h: Floats
    mix: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Streams:
    """One generator for each thing drawn, so that a change in one leaves the draws of the others alone."""

    traits: np.random.Generator
    arrivals: np.random.Generator
    endings: np.random.Generator
    visits: np.random.Generator
    events: np.random.Generator
    metadata: np.random.Generator


def simulate(*, users: int, days: int, seed: int, null: bool = False) -> SimulatedLog:
    """Return a log of planted personas, or with `null` of one homogeneous population.

    Users arrive over the first five sevenths of the log, visit at their persona's hours and stay until they
    drop off or accept, at hazards that are constant per persona and depend on nothing else; from then on they
    are silent. The same arguments give the same log.

    Raises:
        PipelineError: fewer than one user or day, too long a log, or a negative seed.
    """
    return draw_log(NULL if null else PLANTED, users=users, days=days, seed=seed)


def draw_log(population: Population, *, users: int, days: int, seed: int) -> SimulatedLog:
    """Return a log drawn from any population; `simulate` says the rest."""
    _require(users >= 1, f"{users} users cannot be simulated", "ask for at least 1 user")
    _require(
        1 <= days <= LONGEST_DAYS,
        f"{days} days cannot be simulated",
        f"ask for 1 to {LONGEST_DAYS} whole days",
    )
    _require(seed >= 0, f"{seed} is no seed", "give a whole number of at least 0")
    spawned = np.random.SeedSequence(seed).spawn(6)
    streams = _Streams(*(np.random.Generator(np.random.PCG64(child)) for child in spawned))
    people = _draw_users(population, users, days, streams)
    user, event_ms, action, deal = _draw_story(population, people, days, streams)
    texts, metadata = _metadata(action, deal, users, streams.metadata)

    order = np.lexsort((user, event_ms))
    # A user does one thing at a time: of two events in one millisecond the first drawn stays.
    is_first = np.ones(order.size, dtype=bool)
    is_first[1:] = (np.diff(event_ms[order]) != 0) | (np.diff(user[order]) != 0)
    order = order[is_first]
    width = max(4, len(str(users)))
    return SimulatedLog(
        user_ids=tuple(f"u{number:0{width}d}" for number in range(1, users + 1)),
        personas=tuple(population.personas[index].name for index in people.persona),
        event_user=user[order],
        event_ms=event_ms[order],
        event_action=action[order],
        event_metadata=metadata[order],
        metadata_texts=texts,
    )


def _draw_story(
    population: Population, people: _Users, days: int, streams: _Streams
) -> tuple[Integers, Integers, Integers, Integers]:
    """Return user, time in ms, action and deal of every event; the ending is a user's last."""
    visit_user, visit_s = _draw_visits(population, people, days, streams.visits)
    visit_deal = DEALS_PER_USER * visit_user + streams.metadata.integers(DEALS_PER_USER, size=visit_user.size)
    visit, event_ms, action = _draw_events(population, people, visit_user, visit_s, streams.events)

    log_end_ms = round(days * DAY_S * 1000)
    ended_ms = np.maximum(_milliseconds(people.ended_s), _milliseconds(people.arrived_s) + 1)
    is_kept = event_ms < np.minimum(ended_ms, log_end_ms)[visit_user[visit]]
    closing = np.flatnonzero(ended_ms < log_end_ms)
    closing_action = np.where(people.is_accepted[closing], ACTIONS.index(ACCEPT), ACTIONS.index(DROP_OFF))
    closing_deal = DEALS_PER_USER * closing + streams.metadata.integers(DEALS_PER_USER, size=closing.size)
    return (
        np.concatenate([visit_user[visit][is_kept], closing]),
        np.concatenate([event_ms[is_kept], ended_ms[closing]]),
        np.concatenate([action[is_kept], closing_action]),
        np.concatenate([visit_deal[visit][is_kept], closing_deal]),
    )


def _require(is_met: bool, what: str, advice: str) -> None:  # noqa: FBT001 - a condition, not an option
    if not is_met:
        raise PipelineError(f"{what}. Next: {advice}.")


def _milliseconds(seconds: Floats) -> Integers:
    return np.asarray(np.floor(np.minimum(seconds, LONGEST_DAYS * DAY_S) * 1000), dtype=np.int64)


def _by_persona(population: Population, persona: Integers, trait: str) -> Floats:
    return np.array([getattr(p, trait) for p in population.personas], dtype=np.float64)[persona]


def _draw_borrowing(
    population: Population, persona: Integers, generator: np.random.Generator
) -> tuple[Integers, Floats]:
    """Return each user's other persona and how far its habits are borrowed."""
    kinds = len(population.personas)
    is_borrower, borrowed = generator.random((2, persona.size))
    other = persona
    if kinds > 1:
        other = (persona + 1 + generator.integers(kinds - 1, size=persona.size)) % kinds
    return other, np.where(is_borrower < population.heterogeneity.borrower_share, borrowed, 0.0)


def _draw_users(population: Population, users: int, days: int, streams: _Streams) -> _Users:
    spread = population.heterogeneity
    shares = np.array([p.share for p in population.personas])
    # Exact quotas in random order: the sizes are planted, only who is who is chance.
    quota = np.searchsorted(np.cumsum(shares) / shares.sum(), (np.arange(users) + 0.5) / users)
    persona = streams.traits.permutation(quota.astype(np.int64))
    other, borrowed = _draw_borrowing(population, persona, streams.traits)
    activity, depth, gap, shift = streams.traits.standard_normal((4, users))

    def habit(trait: str, sigma: float = 0.0, deviation: Floats | float = 0.0) -> Floats:
        own, others = (np.log(_by_persona(population, which, trait)) for which in (persona, other))
        return np.asarray(np.exp((1.0 - borrowed) * own + borrowed * others + sigma * deviation))

    mixes = np.array([_mix_weights(p) for p in population.personas])
    mix = (1.0 - borrowed)[:, None] * mixes[persona] + borrowed[:, None] * mixes[other]
    if spread.mix_concentration is not None:
        mix = streams.traits.standard_gamma(mix * spread.mix_concentration)
        mix = mix / mix.sum(axis=1, keepdims=True)
    shift_h = spread.hour_spread_h * shift
    arrived_s = _draw_arrivals(population, persona, shift_h, days, streams.arrivals)

    # Endings follow the persona alone, borrowed habits or not: behaviour tells of them only through it.
    drop_off = _by_persona(population, persona, "drop_off_hazard") * hazard_scale(days)
    accept = _by_persona(population, persona, "accept_hazard") * hazard_scale(days)
    stayed_days = streams.endings.standard_exponential(users) / (drop_off + accept)
    is_accepted = streams.endings.random(users) < accept / (drop_off + accept)
    return _Users(
        persona=persona,
        other=other,
        borrowed=borrowed,
        arrived_s=arrived_s,
        ended_s=arrived_s + stayed_days * DAY_S,
        is_accepted=is_accepted,
        visits_per_day=habit("visits_per_day", spread.activity_sigma, activity) * pace(days),
        events_per_visit=habit("events_per_visit", spread.depth_sigma, depth),
        gap_s=habit("gap_s", spread.gap_sigma, gap),
        weekend_factor=habit("weekend_factor"),
        login_share=habit("login_share"),
        hour_shift_h=shift_h,
        mix=mix,
    )


def _mix_weights(persona: Persona) -> Floats:
    weights = np.array([persona.mix.get(action, BACKGROUND_WEIGHT) for action in WORK_ACTIONS])
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def _draw_arrivals(
    population: Population, persona: Integers, shift_h: Floats, days: int, generator: np.random.Generator
) -> Floats:
    shares = np.array(population.arrival_shares)
    seventh = np.searchsorted(np.cumsum(shares) / shares.sum(), generator.random(persona.size), side="right")
    day = np.floor((seventh + generator.random(persona.size)) * days / REFERENCE_DAYS)
    return day * DAY_S + _seconds_of_day(population, persona, generator.random(persona.size), shift_h)


def _seconds_of_day(population: Population, persona: Integers, quantile: Floats, shift_h: Floats) -> Floats:
    """Return when in the day the given quantile of a persona's visits lies, shifted for the user."""
    hour = np.empty(persona.size)
    for index, member in enumerate(population.personas):
        is_member = persona == index
        hour[is_member] = np.interp(quantile[is_member], _share_of_day(member), HOURS)
    return np.mod(hour + shift_h, 24.0) * HOUR_S


def _share_of_day(persona: Persona) -> Floats:
    """Return the share of a persona's visits before each of `HOURS`; humps reach round midnight."""
    middle = (HOURS[1:] + HOURS[:-1]) / 2
    density = np.zeros(middle.size)
    for peak in persona.peaks:
        distance = np.abs(middle - peak.hour)
        distance = np.minimum(distance, 24.0 - distance)
        density += peak.weight / peak.spread_h * np.exp(-0.5 * (distance / peak.spread_h) ** 2)
    return np.concatenate([[0.0], np.cumsum(density) / density.sum()])


def _draw_visits(
    population: Population, people: _Users, days: int, generator: np.random.Generator
) -> tuple[Integers, Floats]:
    """Return user and start, in seconds of the log, of every visit begun before the user's end."""
    day = np.arange(days)
    is_weekend = (LOG_START.weekday() + day) % 7 >= 5
    rate = people.visits_per_day[:, None] * np.where(is_weekend, people.weekend_factor[:, None], 1.0)
    has_come = day >= np.floor(people.arrived_s / DAY_S)[:, None]
    count = np.where(has_come, generator.poisson(rate), 0).ravel()
    cell = np.repeat(np.arange(count.size), count)
    first_of_cell = np.cumsum(count) - count
    place = np.arange(cell.size) - first_of_cell[cell]
    user = cell // days
    # Spread over the day by strata: people come back after a while, not in the minute they left.
    quantile = (place + generator.random(cell.size)) / count[cell]
    is_borrowed = generator.random(cell.size) < people.borrowed[user]
    hours_of = np.where(is_borrowed, people.other[user], people.persona[user])
    second = _seconds_of_day(population, hours_of, quantile, people.hour_shift_h[user])
    start_s = (cell % days) * DAY_S + second
    # The arrival itself is a visit, so every user is seen at least once; most look in again within hours.
    everyone = np.arange(people.persona.size)
    returned_s = people.arrived_s + RETURN_S * np.exp(RETURN_SIGMA * generator.standard_normal(everyone.size))
    comes_back = generator.random(everyone.size) < RETURN_SHARE
    visit_user = np.concatenate([everyone, everyone[comes_back], user])
    visit_s = np.concatenate([people.arrived_s, returned_s[comes_back], start_s])
    is_there = (visit_s >= people.arrived_s[visit_user]) & (visit_s < people.ended_s[visit_user])
    return visit_user[is_there], visit_s[is_there]


def _draw_events(
    population: Population,
    people: _Users,
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
