"""Who lives in a simulated log: planted personas, how much their members differ, and when they arrive.

Add here: a population (of a new scenario) as data, every parameter with its reason.
Keep out: the drawing of events (simulate.py) and files (writing.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LOGIN = "login"
ACCEPT = "accept"
DROP_OFF = "drop_off"

# What users do inside a visit. `login` opens visits, `accept` and `drop_off` close a user's story.
WORK_ACTIONS = (
    "view_proposal",
    "search",
    "proposal_create",
    "upload_document",
    "create_term_sheet",
    "revise_offer",
    "comment",
    "invite_teammate",
    "feature_use",
    "export_report",
)
ACTIONS = (*WORK_ACTIONS, LOGIN, ACCEPT, DROP_OFF)

# Rates and hazards below are stated for a log of one week; see `pace` and `hazard_scale` for other lengths.
REFERENCE_DAYS = 7


@dataclass(frozen=True, slots=True)
class DailyPeak:
    """One hump of activity in the day, normal around its hour."""

    hour: float
    spread_h: float
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Persona:
    """One planted type of user: the centre its members scatter around."""

    name: str
    share: float
    """Share of all users; with a high hazard, fewer of them are left at the landmark."""
    visits_per_day: float
    events_per_visit: float
    gap_s: float
    """Median pause between two events of a visit, in seconds."""
    peaks: tuple[DailyPeak, ...]
    weekend_factor: float
    """Visits of a Saturday or Sunday relative to a weekday."""
    login_share: float
    """Share of visits that open with a login (the others resume a remembered session)."""
    mix: Mapping[str, float]
    """Relative weights of the work actions; an action not named gets `Heterogeneity.background`."""
    workflow: tuple[str, ...]
    """The order in which members usually go through the actions of a visit."""
    drop_off_hazard: float
    """Drop-offs per user and day, constant from arrival on; depends on nothing but the persona."""
    accept_hazard: float
    """Accepted deals per user and day, constant likewise; the competing ending."""


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """How much members of one persona differ from each other, lastingly. All zero: only chance differs."""

    activity_sigma: float
    """Log-normal spread of a user's visits per day."""
    depth_sigma: float
    """Log-normal spread of a user's events per visit."""
    gap_sigma: float
    """Log-normal spread of a user's median pause."""
    hour_spread_h: float
    """Normal shift of a user's whole day, in hours."""
    borrower_share: float
    """Share of users with habits borrowed from a second persona, to any degree from 0 to 1, evenly.

    They are why the truth cannot be had in full, however long the log: the most borrowing look like the other
    persona. Their endings stay those of their own.
    """
    mix_concentration: float | None
    """Dirichlet concentration of a user's own mix around the persona's; None: everyone has the persona's."""


@dataclass(frozen=True, slots=True)
class Population:
    """Everything a log is drawn from, besides size, length and seed."""

    personas: tuple[Persona, ...]
    heterogeneity: Heterogeneity
    arrival_shares: tuple[float, ...]
    """Shares of users that arrive in the first, second, ... seventh of the log."""
    is_path: bool = False
    """Whether users lie anywhere on the way from the first persona over the next to the last, instead of near one."""


# Every persona has its own signature actions, hours and rhythm, so that no two are much nearer to each other
# than any other two: a hierarchy of types would make "how many segments" a question of taste. All do a bit of
# everything. Hazards: the lowest still gives about 30 drop-offs after the landmark among 1,000 users, the
# highest leaves enough members at risk there. Ratios to the closer's: 1, 1.3, 1.6, 2, 2.5.
CLOSER = Persona(
    name="closer",
    share=0.21,
    visits_per_day=4.2,
    events_per_visit=5.0,
    gap_s=45.0,
    peaks=(DailyPeak(9.0, 1.6),),
    weekend_factor=0.5,
    login_share=0.9,
    mix={"create_term_sheet": 3.0, "revise_offer": 4.0, "view_proposal": 2.0, "comment": 1.0},
    workflow=("view_proposal", "create_term_sheet", "revise_offer", "comment", "export_report"),
    drop_off_hazard=0.10,
    accept_hazard=0.04,
)
COLLABORATOR = Persona(
    name="collaborator",
    share=0.20,
    visits_per_day=5.4,
    events_per_visit=3.8,
    gap_s=75.0,
    peaks=(DailyPeak(14.5, 1.8),),
    weekend_factor=0.5,
    login_share=0.5,
    mix={"comment": 4.5, "invite_teammate": 2.5, "view_proposal": 2.0, "revise_offer": 0.8},
    workflow=("view_proposal", "comment", "invite_teammate", "revise_offer", "feature_use"),
    drop_off_hazard=0.13,
    accept_hazard=0.03,
)
AUTHOR = Persona(
    name="author",
    share=0.19,
    visits_per_day=3.4,
    events_per_visit=6.0,
    gap_s=150.0,
    peaks=(DailyPeak(11.0, 1.5, 0.5), DailyPeak(16.5, 1.5, 0.5)),
    weekend_factor=0.7,
    login_share=0.8,
    mix={"proposal_create": 3.5, "upload_document": 3.5, "view_proposal": 1.2, "search": 0.8},
    workflow=("search", "proposal_create", "upload_document", "view_proposal", "comment"),
    drop_off_hazard=0.16,
    accept_hazard=0.03,
)
RESEARCHER = Persona(
    name="researcher",
    share=0.20,
    visits_per_day=3.0,
    events_per_visit=7.5,
    gap_s=35.0,
    peaks=(DailyPeak(20.0, 1.8),),
    weekend_factor=0.9,
    login_share=0.95,
    mix={"search": 4.5, "export_report": 2.5, "view_proposal": 2.5, "feature_use": 0.8},
    workflow=("search", "view_proposal", "export_report", "feature_use", "comment"),
    drop_off_hazard=0.20,
    accept_hazard=0.02,
)
EXPLORER = Persona(
    name="explorer",
    share=0.20,
    visits_per_day=4.6,
    events_per_visit=4.3,
    gap_s=20.0,
    peaks=(DailyPeak(8.0, 2.0, 0.3), DailyPeak(13.0, 2.5, 0.3), DailyPeak(21.5, 2.0, 0.4)),
    weekend_factor=1.1,
    login_share=0.7,
    mix={"feature_use": 6.0, "view_proposal": 1.5, "search": 0.8, "upload_document": 0.6},
    workflow=("feature_use", "search", "view_proposal", "upload_document", "comment"),
    drop_off_hazard=0.25,
    accept_hazard=0.02,
)

PERSONAS = (CLOSER, COLLABORATOR, AUTHOR, RESEARCHER, EXPLORER)

# Weight of an action a persona's mix does not name: nobody's log is free of any action.
BACKGROUND_WEIGHT = 0.35

PLANTED = Population(
    personas=PERSONAS,
    heterogeneity=Heterogeneity(
        activity_sigma=0.5,
        depth_sigma=0.2,
        gap_sigma=0.3,
        hour_spread_h=0.8,
        borrower_share=0.06,
        mix_concentration=40.0,
    ),
    # Days 1-5 of a week. More at the start, as after an announcement; late ones have little to be judged by.
    arrival_shares=(0.32, 0.27, 0.22, 0.13, 0.06, 0.0, 0.0),
)

NULL = Population(
    personas=(
        replace(
            EXPLORER,
            name="everyone",
            share=1.0,
            visits_per_day=3.2,
            events_per_visit=5.0,
            gap_s=55.0,
            peaks=(DailyPeak(13.0, 4.0),),
            weekend_factor=0.7,
            login_share=0.75,
            mix=dict.fromkeys(WORK_ACTIONS, 1.0) | {"view_proposal": 2.0, "comment": 1.5, "search": 1.5},
            workflow=("search", "view_proposal", "comment", "revise_offer", "export_report"),
            drop_off_hazard=0.08,
            accept_hazard=0.02,
        ),
    ),
    heterogeneity=Heterogeneity(
        activity_sigma=0.0,
        depth_sigma=0.0,
        gap_sigma=0.0,
        hour_spread_h=0.0,
        borrower_share=0.0,
        mix_concentration=None,
    ),
    # All on the first day: a spread of arrivals would be a difference between users, of exposure.
    arrival_shares=(1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
)


def hazard_scale(days: int) -> float:
    """Factor on the hazards for a log of this length.

    The share of a cohort that is lost over the whole log is the same whatever its length: at the weekly
    hazards nobody would be left to judge after a month and a half.
    """
    return REFERENCE_DAYS / days


def pace(days: int) -> float:
    """Factor on visits per day for a log of this length.

    Falls with the square root: nobody keeps up the visits of a launch week for months, and a longer log still
    holds more of every user.
    """
    return min(1.0, math.sqrt(REFERENCE_DAYS / days))


def drop_off_hazards(population: Population, days: int) -> dict[str, float]:
    """Return the true drop-offs per user and day by persona, in a log of this length."""
    return {p.name: p.drop_off_hazard * hazard_scale(days) for p in population.personas}


def hazard_ratios(population: Population) -> dict[str, float]:
    """Return the true hazard ratios of drop-off against the first persona, whatever the length."""
    reference = population.personas[0].drop_off_hazard
    return {p.name: p.drop_off_hazard / reference for p in population.personas}
