"""What each metric of the evidence table means, its unit, and the sentence that states it.

Add here: a metric family, with a sentence whose only figure is the slot {value}.
Keep out: computing metrics (`metrics.py`) and judging them (`rules.py`).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Literal

from segmentation_pipeline.llm.rendering import quoted_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from segmentation_pipeline.llm.claims import Unit

Basis = Literal["size", "behaviour", "outcome"]


@dataclass(frozen=True)
class MetricDefinition:
    """One family of metrics; `<name>` in its texts stands for what follows the colon of a metric id.

    basis: `behaviour` is what segments were learned from, so its contrasts describe and prove nothing;
    `outcome` is from after the landmark; `size` has no contrast.
    counted: what a count counts (users, visits, events, actions, points), where its noun says so.
    """

    family: str
    unit: Unit
    basis: Basis
    sentence: str
    description: str
    counted: str = ""

    @property
    def topics(self) -> tuple[str, ...]:
        """Beginnings of words that show a text to be about this family."""
        return tuple(_topics().get(self.family, ()))


@cache
def _topics() -> dict[str, list[str]]:
    return tomllib.loads(resources.files(__package__).joinpath("topics.toml").read_text(encoding="utf-8"))


_DEFINITIONS = (
    MetricDefinition("size", "count", "size", "The segment holds {value} users", "Users of the segment.", "users"),
    MetricDefinition(
        "share",
        "pct",
        "size",
        "The segment holds {value} of the users at risk",
        "Users of the segment among all users at risk at the landmark.",
    ),
    MetricDefinition(
        "drop_off_rate",
        "pct",
        "outcome",
        "Drop-off after the landmark is {value}",
        "Users who dropped off within the followed days after the landmark; an incidence where other endings exist.",
    ),
    MetricDefinition(
        "conversion_rate",
        "pct",
        "outcome",
        "Conversion after the landmark is {value}",
        "Users who converted within the followed days after the landmark (cumulative incidence).",
    ),
    MetricDefinition(
        "retention_day",
        "pct",
        "outcome",
        "Retention (`<id>`) is {value}",
        "Kaplan-Meier share without drop-off by that day after the landmark; other endings count as censored.",
    ),
    MetricDefinition(
        "event_count",
        "count",
        "behaviour",
        "Events before the landmark average {value} a user",
        "Mean number of events a user had in the observation window.",
        "events",
    ),
    MetricDefinition(
        "session_frequency",
        "count",
        "behaviour",
        "Visits a week average {value}",
        "Mean visits a week of a user in the observation window.",
        "visits",
    ),
    MetricDefinition(
        "session_depth",
        "count",
        "behaviour",
        "Events a visit average {value}",
        "Mean over users of their events per visit.",
        "events",
    ),
    MetricDefinition(
        "single_visit_share",
        "pct",
        "behaviour",
        "Users with a lone visit are {value} of the segment",
        "Users with exactly one visit in the observation window.",
    ),
    MetricDefinition(
        "feature_breadth",
        "count",
        "behaviour",
        "Distinct actions a user tries average {value}",
        "Mean number of distinct actions a user took in the observation window.",
        "actions",
    ),
    MetricDefinition(
        "active_day_share",
        "pct",
        "behaviour",
        "Days with any activity are {value} of the days a user was watched",
        "Mean over users of active days among exposed days.",
    ),
    MetricDefinition(
        "visit_minutes",
        "minutes",
        "behaviour",
        "A visit lasts {value} on average",
        "Mean over users of their mean visit duration.",
    ),
    MetricDefinition(
        "pause_minutes",
        "minutes",
        "behaviour",
        "The pause between actions inside a visit averages {value}",
        "Mean over users of their mean time between consecutive events of a visit.",
    ),
    MetricDefinition(
        "revision_share",
        "pct",
        "behaviour",
        "Revisions make up {value} of a user's events",
        "Mean over users of the share of their events that are revision actions.",
    ),
    MetricDefinition(
        "collaboration_score",
        "count",
        "behaviour",
        "The collaboration score averages {value}",
        "Mean collaboration score of users, from 0 to 100.",
        "points",
    ),
    MetricDefinition(
        "account_age_days",
        "days",
        "behaviour",
        "Time since the account began averages {value}",
        "Mean age of accounts at the landmark.",
    ),
    MetricDefinition(
        "silent_days",
        "days",
        "behaviour",
        "Silence up to the landmark averages {value}",
        "Mean time from a user's last event to the landmark.",
    ),
    MetricDefinition(
        "recent_visit_share",
        "pct",
        "behaviour",
        "Visits in the recent part of the window make up {value} of a user's visits",
        "Mean over users with two visits or more of the share that began in the later half of their time watched.",
    ),
    MetricDefinition(
        "time_of_day",
        "pct",
        "behaviour",
        "Users whose pattern is `<name>` are {value} of the segment",
        "Users whose time-of-day pattern is this one.",
    ),
    MetricDefinition(
        "action_share",
        "pct",
        "behaviour",
        "`<name>` makes up {value} of a user's events",
        "Mean over users of the share of their events that are this action.",
    ),
    MetricDefinition(
        "action_reach",
        "pct",
        "behaviour",
        "`<name>` is in use by {value} of users",
        "Users who took this action at least once in the observation window.",
    ),
)

_NOUNS_AND_GOOD_DIRECTIONS: dict[str, tuple[str, Literal["higher", "lower"]]] = {
    "drop_off_rate": ("drop-off", "lower"),
    "conversion_rate": ("conversion", "higher"),
    "retention_day": ("retention", "higher"),
    "session_frequency": ("the number of visits a week", "higher"),
    "session_depth": ("the number of events a visit", "higher"),
    "single_visit_share": ("the share of users with a lone visit", "lower"),
    "feature_breadth": ("the number of distinct actions a user tries", "higher"),
    "revision_share": ("the share of revisions among a user's events", "lower"),
    "collaboration_score": ("the collaboration score", "higher"),
    "recent_visit_share": ("the share of visits in the recent part of the window", "higher"),
    "action_reach": ("the share of users of `<name>`", "higher"),
}
"""How a metric is called inside a hypothesis, and which way an experiment wants to move it."""

DEFINITIONS: dict[str, MetricDefinition] = {definition.family: definition for definition in _DEFINITIONS}
RETENTION_PREFIX = "retention_day_"


def family_of(metric_id: str) -> str:
    """Return the family of a metric id: action_share:login -> action_share, retention_day_7 -> retention_day."""
    if metric_id.startswith(RETENTION_PREFIX):
        return "retention_day"
    return metric_id.partition(":")[0]


def definition_of(metric_id: str) -> MetricDefinition:
    """Return the definition a metric id belongs to; KeyError for an id outside the catalogue."""
    return DEFINITIONS[family_of(metric_id)]


def name_in(metric_id: str) -> str:
    """Return what follows the colon of a metric id, or nothing."""
    return metric_id.partition(":")[2]


def retention_metric(day: float) -> str:
    """Return the metric id of retention at a day: 7.0 -> retention_day_7."""
    return f"{RETENTION_PREFIX}{day:g}"


def longest_retention(metric_ids: Iterable[str]) -> str | None:
    """Return the retention metric of the longest day among the ids, if any."""
    days = [metric_id for metric_id in metric_ids if metric_id.startswith(RETENTION_PREFIX)]
    return max(days, key=lambda metric_id: float(metric_id.removeprefix(RETENTION_PREFIX)), default=None)


def noun(metric_id: str) -> str:
    """Return what a hypothesis calls the metric; KeyError for one no experiment is decided on."""
    return _NOUNS_AND_GOOD_DIRECTIONS[family_of(metric_id)][0].replace("`<name>`", quoted_name(name_in(metric_id)))


def decides_experiments(metric_id: str) -> bool:
    """Tell whether an experiment may be decided on the metric: it is known which way is better."""
    return family_of(metric_id) in _NOUNS_AND_GOOD_DIRECTIONS


def good_direction(metric_id: str) -> Literal["higher", "lower"]:
    """Return which way an experiment wants to move the metric; KeyError for one no experiment is decided on."""
    return _NOUNS_AND_GOOD_DIRECTIONS[family_of(metric_id)][1]


def level_template(metric_id: str) -> str:
    """Return the sentence that states a metric's level; its only slot is {value}."""
    return f"{_sentence(metric_id)}."


def contrast_template(metric_id: str) -> str:
    """Return the sentence that compares a metric: slots {value}, {direction}, {comparator}."""
    return f"{_sentence(metric_id)}, {{direction}} {{comparator}}."


def _sentence(metric_id: str) -> str:
    # The name goes in last and backticked: rendering leaves backticked text alone, whatever it holds.
    sentence = definition_of(metric_id).sentence.replace("`<id>`", quoted_name(metric_id))
    return sentence.replace("`<name>`", quoted_name(name_in(metric_id)))
