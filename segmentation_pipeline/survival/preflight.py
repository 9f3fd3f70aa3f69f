"""What must hold before a Cox model is fitted: covariates that vary and differ, events enough for them.

Add here: a condition that makes a fit impossible or its figures worthless, with the words that say so.
Keep out: the fit itself (cox.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Column = NDArray[np.float64]

EVENTS_PER_PARAMETER = 10
"""Fewer bias Cox coefficients and their intervals (Peduzzi, Concato, Feinstein and Holford 1995)."""
COLLINEAR_SHARE = 1e-7
"""Share of a column's variance the columns before it leave unexplained, under which it adds nothing: VIF 1e7."""
CONSTANT_SPREAD = 1e-9
"""Standard deviation relative to the column's largest value, under which it is the rounding of a constant."""
SOURCE_WEIGHT = 1e-3
"""Standardised weight under which a covariate is no source of a collinear one: what is left of rounding."""

POOLED = "pooled"
"""Level that takes in every group with too few events for a coefficient of its own."""


@dataclass(frozen=True)
class Preflight:
    """Covariates fit to be used, in the order given, and for every other one the reason."""

    kept: tuple[str, ...]
    dropped: dict[str, str]


@dataclass(frozen=True)
class GroupLevels:
    """Groups as levels of a model.

    `level` names each user's level; `reference` is None when no group has enough events. `pooled` and
    `left_out` give the event counts of the groups that lost their own level; users of `left_out` groups have
    the level "" and are not to be fitted.
    """

    level: NDArray[np.str_]
    reference: str | None
    estimated: tuple[str, ...]
    pooled: dict[str, int]
    left_out: dict[str, int]


def usable_covariates(covariates: Mapping[str, Column]) -> Preflight:
    """Sort covariates into usable and not: constant, the same as, or a linear function of earlier ones.

    Earlier ones win, so the caller orders them by importance.
    """
    kept: list[str] = []
    dropped: dict[str, str] = {}
    basis: list[Column] = []
    for name, raw in covariates.items():
        values = np.asarray(raw, dtype=np.float64)
        if not np.isfinite(values).all():
            dropped[name] = "has missing or infinite values"
            continue
        centred = values - values.mean() if values.size else values
        spread = float(np.linalg.norm(centred))
        if spread <= CONSTANT_SPREAD * max(float(np.abs(values).max(initial=0.0)), 1.0) * np.sqrt(values.size):
            dropped[name] = "constant: the same for every user"
            continue
        unit = centred / spread
        twin = next((other for other in kept if np.array_equal(values, covariates[other])), None)
        if twin is not None:
            dropped[name] = f"duplicate: the same values as {twin}"
            continue
        rest = unit.copy()
        for _ in range(2):  # twice is enough: the second pass removes what rounding left (Kahan; Parlett 1980)
            for direction in basis:
                rest = rest - direction * float(direction @ rest)
        unexplained = float(rest @ rest)
        if unexplained < COLLINEAR_SHARE:
            dropped[name] = f"collinear: a linear function of {_listed(_sources(unit, kept, covariates))}"
            continue
        basis.append(rest / np.sqrt(unexplained))
        kept.append(name)
    return Preflight(tuple(kept), dropped)


def enough_events(event_count: int, parameter_count: int) -> str | None:
    """Return None when there are events enough, else the reason in words."""
    needed = EVENTS_PER_PARAMETER * parameter_count
    if parameter_count == 0:
        return "no covariate differs between users"
    if event_count < needed:
        return f"{event_count} events for {parameter_count} parameters; at least {needed} are needed"
    return None


def group_levels(
    groups: Sequence[str] | NDArray[np.str_], happened: NDArray[np.bool_], never_reference: Sequence[str] = ()
) -> GroupLevels:
    """Make groups the levels of a model; the reference is the group with the most events.

    Groups with fewer than EVENTS_PER_PARAMETER events share one level. If even together they have fewer, their
    users are left out. Ties for the reference go to the first name.
    """
    names = np.asarray(groups, dtype=np.str_)
    events = {str(name): int(happened[names == name].sum()) for name in np.unique(names)}
    small = {name: count for name, count in events.items() if count < EVENTS_PER_PARAMETER}
    large = [name for name in events if name not in small]
    candidates = [name for name in large if name not in never_reference]
    reference = max(candidates, key=lambda name: events[name], default=None)
    is_small = np.isin(names, list(small)) if small else np.zeros(names.shape, dtype=bool)
    is_pool_usable = sum(small.values()) >= EVENTS_PER_PARAMETER
    width = max(names.dtype.itemsize // 4, len(POOLED), 1)
    level = names.astype(f"U{width}")
    level[is_small] = POOLED if is_pool_usable else ""
    estimated = tuple(name for name in large if name != reference) + ((POOLED,) if is_pool_usable else ())
    return GroupLevels(level, reference, estimated, small if is_pool_usable else {}, {} if is_pool_usable else small)


def _sources(unit: Column, kept: Sequence[str], covariates: Mapping[str, Column]) -> list[str]:
    """Return which of the kept covariates a collinear one (centred, of length 1) is made of."""
    columns = np.column_stack([covariates[name] - np.mean(covariates[name]) for name in kept])
    columns /= np.linalg.norm(columns, axis=0)
    weights = np.linalg.lstsq(columns, unit, rcond=None)[0]
    return [name for name, weight in zip(kept, weights, strict=True) if abs(weight) > SOURCE_WEIGHT]


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:4])
    return shown if len(names) <= 4 else f"{shown} and {len(names) - 4} more"
