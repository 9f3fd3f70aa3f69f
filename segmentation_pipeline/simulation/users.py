"""Who the users of a simulated log are: persona, lasting traits, arrival and ending of each.

Add here: a trait of users, or another way in which a population makes users. Every draw comes from a named stream.
Keep out: parameters of populations (personas.py, scenarios.py) and what users do in time (simulate.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.simulation.personas import (
    BACKGROUND_WEIGHT,
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
    Flags = NDArray[np.bool_]

DAY_S = 86_400.0
HOUR_S = 3_600.0
# Quarter hours: resolution of the distribution of visits over the day.
HOURS = np.linspace(0.0, 24.0, 97)


@dataclass(frozen=True, slots=True, eq=False)
class Lives:
    """What a user is from `arrived_s` to `ended_s`; arrays of one entry per life, `mix` one row per life.

    A user has one life, but for those whose habits change for good: a second one follows on the first.
    """

    user: Integers
    is_first: Flags
    is_last: Flags
    """Whether the life's end is the user's: dropped off or accepted."""
    persona: Integers
    other: Integers
    """The persona whose habits the user borrows; its own for those who borrow none."""
    borrowed: Floats
    """How far the user's habits lie towards the other persona's, 0 to 1."""
    arrived_s: Floats
    ended_s: Floats
    is_accepted: Flags
    visits_per_day: Floats
    events_per_visit: Floats
    gap_s: Floats
    weekend_factor: Floats
    login_share: Floats
    hour_shift_h: Floats
    mix: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Streams:
    """One generator for each thing drawn, so that a change in one leaves the draws of the others alone."""

    traits: np.random.Generator
    arrivals: np.random.Generator
    endings: np.random.Generator
    visits: np.random.Generator
    events: np.random.Generator
    metadata: np.random.Generator

    @classmethod
    def of(cls, seed: int) -> Streams:
        """Return independent streams of one seed."""
        return cls(*(np.random.Generator(np.random.PCG64(child)) for child in np.random.SeedSequence(seed).spawn(6)))


@dataclass(frozen=True, slots=True, eq=False)
class Deviations:
    """How far each user lies from its persona's centre, in standard deviations; lasts for all lives of the user."""

    activity: Floats
    depth: Floats
    gap: Floats
    shift: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Stays:
    """When each life begins and ends, and whether it ended by accepting."""

    arrived_s: Floats
    ended_s: Floats
    is_accepted: Flags


def draw_users(population: Population, users: int, days: int, streams: Streams) -> Lives:
    """Return one life per user of a population that does not change while the log is written."""
    persona = _draw_personas(population, users, streams.traits)
    if population.is_path:
        other, borrowed = _draw_places(population, persona, streams.traits)
    else:
        other, borrowed = _draw_borrowing(population, persona, streams.traits)
    deviations = Deviations(*streams.traits.standard_normal((4, users)))
    mix = draw_mix(population, persona, other, borrowed, streams.traits)
    shift_h = population.heterogeneity.hour_spread_h * deviations.shift
    arrived_s = _draw_arrivals(population, persona, shift_h, days, streams.arrivals)
    stayed_s, is_accepted = draw_stays(population, persona, days, streams.endings)
    stays = Stays(arrived_s, arrived_s + stayed_s, is_accepted)
    everyone = np.arange(users)
    return live(population, everyone, persona, (other, borrowed), deviations, mix, stays, days)


def live(
    population: Population,
    user: Integers,
    persona: Integers,
    borrowing: tuple[Integers, Floats],
    deviations: Deviations,
    mix: Floats,
    stays: Stays,
    days: int,
) -> Lives:
    """Return lives from personas, what is borrowed, and how far their users (one entry per life) deviate."""
    spread = population.heterogeneity
    other, borrowed = borrowing

    def habit(trait: str, sigma: float = 0.0, deviation: Floats | float = 0.0) -> Floats:
        own, others = (np.log(_by_persona(population, which, trait)) for which in (persona, other))
        return np.asarray(np.exp((1.0 - borrowed) * own + borrowed * others + sigma * deviation))

    order = np.lexsort((stays.arrived_s, user))
    is_first = np.ones(user.size, dtype=bool)
    is_first[order[1:]] = np.diff(user[order]) != 0
    is_last = np.ones(user.size, dtype=bool)
    is_last[order[:-1]] = np.diff(user[order]) != 0
    return Lives(
        user=user,
        is_first=is_first,
        is_last=is_last,
        persona=persona,
        other=other,
        borrowed=borrowed,
        arrived_s=stays.arrived_s,
        ended_s=stays.ended_s,
        is_accepted=stays.is_accepted,
        visits_per_day=habit("visits_per_day", spread.activity_sigma, deviations.activity) * pace(days),
        events_per_visit=habit("events_per_visit", spread.depth_sigma, deviations.depth),
        gap_s=habit("gap_s", spread.gap_sigma, deviations.gap),
        weekend_factor=habit("weekend_factor"),
        login_share=habit("login_share"),
        hour_shift_h=spread.hour_spread_h * deviations.shift,
        mix=mix,
    )


def draw_mix(
    population: Population, persona: Integers, other: Integers, borrowed: Floats, generator: np.random.Generator
) -> Floats:
    """Return the action mix of each life, rows summing to 1."""
    mixes = np.array([_mix_weights(p) for p in population.personas])
    mix = (1.0 - borrowed)[:, None] * mixes[persona] + borrowed[:, None] * mixes[other]
    if population.heterogeneity.mix_concentration is not None:
        mix = generator.standard_gamma(mix * population.heterogeneity.mix_concentration)
        mix = mix / mix.sum(axis=1, keepdims=True)
    return np.asarray(mix, dtype=np.float64)


def draw_stays(
    population: Population, persona: Integers, days: int, generator: np.random.Generator
) -> tuple[Floats, Flags]:
    """Return how long each user stays, in seconds, and whether it leaves by accepting.

    Endings follow the persona alone, borrowed habits or not: behaviour tells of them only through it.
    """
    drop_off = _by_persona(population, persona, "drop_off_hazard") * hazard_scale(days)
    accept = _by_persona(population, persona, "accept_hazard") * hazard_scale(days)
    stayed_days = generator.standard_exponential(persona.size) / (drop_off + accept)
    is_accepted = generator.random(persona.size) < accept / (drop_off + accept)
    return np.asarray(stayed_days * DAY_S, dtype=np.float64), is_accepted


def seconds_of_day(population: Population, persona: Integers, quantile: Floats, shift_h: Floats) -> Floats:
    """Return when in the day the given quantile of a persona's visits lies, shifted for the user."""
    hour = np.empty(persona.size)
    for index, member in enumerate(population.personas):
        is_member = persona == index
        hour[is_member] = np.interp(quantile[is_member], _share_of_day(member), HOURS)
    return np.mod(hour + shift_h, 24.0) * HOUR_S


def exact_quotas(weights: Floats, users: int) -> Integers:
    """Return a number per user, in proportion to the weights as nearly as whole users allow."""
    quota = np.searchsorted(np.cumsum(weights) / weights.sum(), (np.arange(users) + 0.5) / users)
    return np.asarray(quota, dtype=np.int64)


def _draw_personas(population: Population, users: int, generator: np.random.Generator) -> Integers:
    # Exact quotas in random order: the sizes are planted, only who is who is chance.
    shares = np.array([p.share for p in population.personas])
    return np.asarray(generator.permutation(exact_quotas(shares, users)), dtype=np.int64)


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


def _draw_places(population: Population, persona: Integers, generator: np.random.Generator) -> tuple[Integers, Floats]:
    """Return the other end of each user's stretch of the path, and how far towards it: evenly, up to half."""
    forward, place = generator.random((2, persona.size))
    last = len(population.personas) - 1
    is_forward = (persona == 0) | ((persona < last) & (forward < 0.5))
    return np.where(is_forward, np.minimum(persona + 1, last), persona - 1), place / 2


def _mix_weights(persona: Persona) -> Floats:
    weights = np.array([persona.mix.get(action, BACKGROUND_WEIGHT) for action in WORK_ACTIONS])
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def _draw_arrivals(
    population: Population, persona: Integers, shift_h: Floats, days: int, generator: np.random.Generator
) -> Floats:
    shares = np.array(population.arrival_shares)
    seventh = np.searchsorted(np.cumsum(shares) / shares.sum(), generator.random(persona.size), side="right")
    day = np.floor((seventh + generator.random(persona.size)) * days / REFERENCE_DAYS)
    return day * DAY_S + seconds_of_day(population, persona, generator.random(persona.size), shift_h)


def _share_of_day(persona: Persona) -> Floats:
    """Return the share of a persona's visits before each of `HOURS`; humps reach round midnight."""
    middle = (HOURS[1:] + HOURS[:-1]) / 2
    density = np.zeros(middle.size)
    for peak in persona.peaks:
        distance = np.abs(middle - peak.hour)
        distance = np.minimum(distance, 24.0 - distance)
        density += peak.weight / peak.spread_h * np.exp(-0.5 * (distance / peak.spread_h) ** 2)
    return np.concatenate([[0.0], np.cumsum(density) / density.sum()])
