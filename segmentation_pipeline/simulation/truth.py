"""What a simulated log really is: per user, and for personas that come and go, their shares month by month.

Add here: a fact of the truth that a trial or a reader needs.
Keep out: files (writing.py).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.simulation.scenarios import EvolvingPopulation
from segmentation_pipeline.simulation.simulate import LOG_START
from segmentation_pipeline.simulation.users import DAY_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from segmentation_pipeline.simulation.simulate import SimulatedLog

    Row = dict[str, str]

NO_TYPE = "everyone"
FOLLOWED_DAYS = 14
"""Shares are those of the day so long before a month's end, where the pipeline's default horizon puts the landmark."""


def user_rows(log: SimulatedLog) -> list[Row]:
    """Return one row per user: `user_id`, `persona`, and what else the log's population plants.

    On a path `persona` is the same for all and `position` runs from 0 to 1; users of an evolving population have
    `arrived_at` and `ended_at` (empty: still there), and `later_persona` from `changed_at` on where habits changed.
    """
    rows = [
        {"user_id": user_id, "persona": persona} for user_id, persona in zip(log.user_ids, log.personas, strict=True)
    ]
    if isinstance(log.population, EvolvingPopulation):
        return [row | more for row, more in zip(rows, _stories(log), strict=True)]
    if log.population.is_path:
        return [
            {"user_id": row["user_id"], "persona": NO_TYPE, "position": f"{place:.4f}"}
            for row, place in zip(rows, path_positions(log), strict=True)
        ]
    return rows


def path_positions(log: SimulatedLog) -> list[float]:
    """Return how far each user is on the way from the first persona (0) to the last (1)."""
    lives = log.lives
    place = lives.persona + np.sign(lives.other - lives.persona) * lives.borrowed
    return [float(share) for share in place / max(len(_persona_names(log)) - 1, 1)]


def personas_at(log: SimulatedLog, moment: datetime) -> dict[str, str]:
    """Return the persona of every user present at a moment: arrived, not ended, habits as they were then."""
    at_s = (moment - LOG_START).total_seconds()
    lives = log.lives
    there = np.flatnonzero((lives.arrived_s <= at_s) & (at_s < lives.ended_s))
    names = _persona_names(log)
    return {log.user_ids[lives.user[life]]: names[lives.persona[life]] for life in there[np.argsort(lives.user[there])]}


def month_rows(log: SimulatedLog) -> list[Row]:
    """Return one row per month and persona present: users and share on `day`, two weeks before the month's end."""
    rows = []
    for month, day in _landmarks(log):
        present = list(personas_at(log, day).values())
        for persona in sorted(set(present)):
            count = present.count(persona)
            rows.append(
                {
                    "month": f"{month:%Y-%m}",
                    "day": f"{day:%Y-%m-%d}",
                    "persona": persona,
                    "user_count": str(count),
                    "share": f"{count / len(present):.4f}",
                }
            )
    return rows


def _landmarks(log: SimulatedLog) -> Iterator[tuple[datetime, datetime]]:
    """Yield each month of the log with the day its shares are of; months without such a day are left out."""
    log_end = LOG_START + timedelta(days=log.days)
    month = LOG_START.replace(day=1)
    while month < log_end:
        following = (month + timedelta(days=32)).replace(day=1)
        day = min(following, log_end) - timedelta(days=FOLLOWED_DAYS)
        if day > LOG_START:
            yield month, day
        month = following


def _stories(log: SimulatedLog) -> Iterator[Row]:
    lives, names = log.lives, _persona_names(log)
    user_count = len(log.user_ids)
    second = {int(lives.user[life]): life for life in range(user_count, lives.user.size)}
    for user in range(user_count):
        life = second.get(user)
        yield {
            "arrived_at": _moment(lives.arrived_s[user]),
            "ended_at": _ending(log, life or user),
            "later_persona": "" if life is None else names[lives.persona[life]],
            "changed_at": "" if life is None else _moment(lives.arrived_s[life]),
        }


def _ending(log: SimulatedLog, life: int) -> str:
    ended_s = float(log.lives.ended_s[life])
    return _moment(ended_s) if ended_s < log.days * DAY_S else ""


def _moment(seconds: float) -> str:
    return f"{LOG_START + timedelta(seconds=int(seconds)):%Y-%m-%dT%H:%M:%SZ}"


def _persona_names(log: SimulatedLog) -> list[str]:
    population = log.population.population if isinstance(log.population, EvolvingPopulation) else log.population
    return [persona.name for persona in population.personas]
