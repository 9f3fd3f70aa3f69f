"""The logs that can be asked for by name: planted types, none, continua without types, and types that come and go.

Add here: a scenario as data, every parameter with its reason.
Keep out: the planted personas (personas.py) and all drawing (users.py, evolving.py, simulate.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from segmentation_pipeline.simulation.personas import (
    AUTHOR,
    CLOSER,
    COLLABORATOR,
    EXPLORER,
    NULL,
    PLANTED,
    REFERENCE_DAYS,
    RESEARCHER,
    DailyPeak,
    Persona,
    Population,
)


@dataclass(frozen=True, slots=True)
class Story:
    """What becomes of one persona while the log is written; moments are shares of the log's length."""

    persona: str
    share: float
    """Of the users present in a steady state; arrivals and stays are balanced so that it stays the same."""
    arrives_from: float = 0.0
    arrives_until: float = 1.0
    has_launch: bool = True
    """Whether as many as a steady state holds come at once when the persona begins, so that it counts from then on."""
    becomes: tuple[str, ...] = ()
    """The personas whose habits its users take up, in equal parts, at `arrives_until`."""


@dataclass(frozen=True, slots=True)
class EvolvingPopulation:
    """A population whose personas come and go; one story each."""

    population: Population
    stories: tuple[Story, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A population, and the size of log it is meant for."""

    population: Population | EvolvingPopulation
    summary: str
    users: int = 1_000
    days: int = REFERENCE_DAYS
    shortest_days: int = 1


EVERYONE = NULL.personas[0]

# No types at all: each user has its own activity and its own mix. Around 12 pseudo-events over ten actions, the
# Dirichlet has no corner to pull users into (which would be types) and users still differ as much as they can.
CONTINUUM = replace(
    NULL,
    heterogeneity=replace(NULL.heterogeneity, activity_sigma=0.8, mix_concentration=12.0),
    arrival_shares=PLANTED.arrival_shares,
)

# A curve without a gap: habits change from searching over making to working with others, and users are met anywhere
# on the way. Hours, order of work and endings are the same for all, so nothing marks the middle of the way.
NEWCOMER = replace(
    EVERYONE,
    name="newcomer",
    share=0.25,
    visits_per_day=2.6,
    events_per_visit=4.0,
    gap_s=35.0,
    mix={"view_proposal": 4.0, "search": 4.0, "feature_use": 2.0},
)
MAKER = replace(
    EVERYONE,
    name="maker",
    share=0.5,
    visits_per_day=3.6,
    events_per_visit=6.0,
    gap_s=90.0,
    mix={"proposal_create": 3.5, "upload_document": 3.0, "create_term_sheet": 2.5, "view_proposal": 1.0},
)
COORDINATOR = replace(
    EVERYONE,
    name="coordinator",
    share=0.25,
    visits_per_day=5.0,
    events_per_visit=4.5,
    gap_s=60.0,
    mix={"comment": 4.5, "invite_teammate": 3.0, "revise_offer": 1.5, "export_report": 1.0},
)
LIFECYCLE = Population(
    personas=(NEWCOMER, MAKER, COORDINATOR),
    heterogeneity=replace(
        PLANTED.heterogeneity, activity_sigma=0.3, hour_spread_h=0.5, borrower_share=0.0, mix_concentration=40.0
    ),
    arrival_shares=PLANTED.arrival_shares,
    is_path=True,
)

# A stay of two fifths of the log (60 of 150 days): every month has users of all ages at risk, and months share many.
STEADY_HAZARDS = {"drop_off_hazard": 0.286, "accept_hazard": 0.071}
# The fading persona's users stay shorter (22 of 150 days), so that two months after the last arrival under one in
# ten is left.
FADING_HAZARDS = {"drop_off_hazard": 0.78, "accept_hazard": 0.19}


def _with_hazards(persona: Persona, hazards: dict[str, float]) -> Persona:
    return replace(persona, **hazards)  # type: ignore[arg-type]


# What researchers become: as far from each other as two planted personas, and researchers lie between them.
SEARCHER = replace(
    RESEARCHER,
    name="searcher",
    visits_per_day=3.6,
    events_per_visit=6.5,
    gap_s=28.0,
    peaks=(DailyPeak(22.0, 1.8),),
    mix={"search": 7.0, "view_proposal": 2.5},
)
REPORTER = replace(
    RESEARCHER,
    name="reporter",
    visits_per_day=2.5,
    events_per_visit=8.5,
    gap_s=45.0,
    peaks=(DailyPeak(17.5, 1.8),),
    mix={"export_report": 6.5, "view_proposal": 2.0, "feature_use": 1.0},
)
# Two months of a log of 150 days that begins on 5 January go by before anything happens; then explorers appear
# (from February 18), authors stop coming (February 23) and fade, and researchers split (April 18): at the default
# landmarks of March, April and May the explorers are new, the authors are under 5 %, and the split has happened.
EVOLVE = EvolvingPopulation(
    population=Population(
        personas=(
            *(_with_hazards(one, STEADY_HAZARDS) for one in (CLOSER, COLLABORATOR, RESEARCHER)),
            _with_hazards(AUTHOR, FADING_HAZARDS),
            *(_with_hazards(one, STEADY_HAZARDS) for one in (EXPLORER, SEARCHER, REPORTER)),
        ),
        # Nobody borrows from another persona: it could be one that is not there yet, or no more.
        heterogeneity=replace(PLANTED.heterogeneity, borrower_share=0.0),
        arrival_shares=PLANTED.arrival_shares,
    ),
    stories=(
        Story("closer", 0.25),
        Story("collaborator", 0.25),
        Story("researcher", 0.26, arrives_until=0.69, becomes=("searcher", "reporter")),
        Story("author", 0.24, arrives_until=0.33),
        Story("explorer", 0.22, arrives_from=0.30),
        Story("searcher", 0.13, arrives_from=0.69, has_launch=False),
        Story("reporter", 0.13, arrives_from=0.69, has_launch=False),
    ),
)


def steady(population: Population) -> EvolvingPopulation:
    """Return a population that users enter and leave all the time and that stays the same: nothing is to be told."""
    personas = tuple(_with_hazards(persona, STEADY_HAZARDS) for persona in population.personas)
    spread = replace(population.heterogeneity, borrower_share=0.0)
    return EvolvingPopulation(
        replace(population, personas=personas, heterogeneity=spread),
        tuple(Story(persona.name, persona.share) for persona in personas),
    )


SCENARIOS = {
    "personas": Scenario(PLANTED, "five planted personas"),
    "null": Scenario(NULL, "one homogeneous population"),
    "continuum": Scenario(CONTINUUM, "no types: activity log-normal, action mixes from one Dirichlet"),
    "lifecycle": Scenario(LIFECYCLE, "no types: users anywhere on the way newcomer, maker, coordinator"),
    "evolve": Scenario(
        EVOLVE,
        "personas over months: two stable, one appears, one fades, one splits",
        users=1_500,
        days=150,
        # Four whole months: fewer have no refresh before, between and after what happens.
        shortest_days=120,
    ),
}
