"""What a persona looks like: demographics, geography, profession, acquisition, and what sets it apart from everyone.

Add here: another thing told of a persona. Keep out: conversion (ranking.py) and names (naming.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from segmentation_pipeline.leads.columns import UNKNOWN
from segmentation_pipeline.leads.seniority import CLASSES, MIXED, seniority_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from segmentation_pipeline.clustering.rows import Labels
    from segmentation_pipeline.leads.columns import LeadColumn

Concentration: TypeAlias = Literal["High", "Medium", "Low", "Unknown"]

TOP_VALUES = 5
"""Values told of each column, the most frequent ones."""

HIGH_CONCENTRATION = 0.7
MEDIUM_CONCENTRATION = 0.4
"""Share of the most frequent place: above 70 % High, from 40 % Medium, else Low (system E)."""

MAJORITY = 0.5
"""Share of the persona's known titles a class of seniority needs to give the persona its name."""

LEAST_KNOWN_TITLES = 0.3
"""Share of a persona's leads whose title is known, under which no class of seniority speaks for it."""

MOST_CONTRASTS = 5
LEAST_CONTRAST_SHARE = 0.1
"""A value fewer than a tenth of the persona has does not describe it, however rare it is elsewhere."""


@dataclass(frozen=True, slots=True)
class ValueShare:
    """A value, the leads of a persona that have it, and their share of the persona's leads."""

    value: str
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class Contrast:
    """A value more frequent in a persona than among all leads; `effect` is the difference in standard deviations."""

    column: str
    header: str
    value: str
    share: float
    overall_share: float
    effect: float


@dataclass(frozen=True, slots=True)
class Profile:
    """One persona: its size, the most frequent values by column, and what follows from them."""

    size: int
    share: float
    values: Mapping[str, tuple[ValueShare, ...]]
    unknown_shares: Mapping[str, float]
    seniority: str
    seniority_shares: Mapping[str, float]
    concentration: Concentration
    top_place_share: float | None
    contrasts: tuple[Contrast, ...]
    leading: Mapping[str, Contrast]
    """The largest contrast of each column that has one."""


def profile_groups(columns: Sequence[LeadColumn], labels: Labels, k: int) -> list[Profile]:
    """Return the profile of each of k groups of leads, from columns whose spellings are merged."""
    sizes = np.bincount(labels, minlength=k)
    counts = {column.name: _counts(column, labels, k) for column in columns}
    by_name = {column.name: column for column in columns}
    seniorities = _seniority_counts(by_name.get("job_title"), counts)
    return [
        _profile(columns, {name: table[group] for name, table in counts.items()}, counts, sizes, group, seniorities)
        for group in range(k)
    ]


def concentration_of(top_share: float | None) -> Concentration:
    """Return how concentrated a persona is, by the share of its most frequent place."""
    if top_share is None:
        return "Unknown"
    if top_share > HIGH_CONCENTRATION:
        return "High"
    return "Medium" if top_share >= MEDIUM_CONCENTRATION else "Low"


def _counts(column: LeadColumn, labels: Labels, k: int) -> NDArray[np.int64]:
    width = len(column.levels)
    return np.bincount(labels * width + column.codes, minlength=k * width).reshape(k, width).astype(np.int64)


def _profile(
    columns: Sequence[LeadColumn],
    own: Mapping[str, NDArray[np.int64]],
    counts: Mapping[str, NDArray[np.int64]],
    sizes: NDArray[np.int64],
    group: int,
    seniorities: Sequence[Mapping[str, float]],
) -> Profile:
    size = int(sizes[group])
    values = {column.name: _top(column, own[column.name], size) for column in columns}
    unknown = {
        column.name: float(own[column.name][column.unknown_code]) / size if column.unknown_code >= 0 else 0.0
        for column in columns
    }
    top_place = _top_known_share(columns, own)
    shares = seniorities[group] if seniorities else {}
    ruling = max(shares, key=lambda name: shares[name], default=MIXED)
    is_ruled = shares.get(ruling, 0.0) > MAJORITY and unknown.get("job_title", 1.0) <= 1.0 - LEAST_KNOWN_TITLES
    contrasts = _contrasts(columns, counts, sizes, group)
    leading: dict[str, Contrast] = {}
    for contrast in contrasts:
        leading.setdefault(contrast.column, contrast)
    return Profile(
        size=size,
        share=size / int(sizes.sum()),
        values=values,
        unknown_shares=unknown,
        seniority=ruling if is_ruled else MIXED,
        seniority_shares=shares,
        concentration=concentration_of(top_place),
        top_place_share=top_place,
        contrasts=contrasts[:MOST_CONTRASTS],
        leading=leading,
    )


def _top(column: LeadColumn, own: NDArray[np.int64], size: int) -> tuple[ValueShare, ...]:
    order = sorted(np.flatnonzero(own).tolist(), key=lambda code: (-own[code], column.levels[code]))
    return tuple(
        ValueShare(column.levels[code], int(own[code]), float(own[code]) / size) for code in order[:TOP_VALUES]
    )


def _top_known_share(columns: Sequence[LeadColumn], own: Mapping[str, NDArray[np.int64]]) -> float | None:
    """Return the share of the most frequent place among the leads whose place is known."""
    place = next((column for column in columns if column.name == "state"), None)
    if place is None:
        return None
    known = own["state"].copy()
    if place.unknown_code >= 0:
        known[place.unknown_code] = 0
    return float(known.max()) / float(known.sum()) if known.sum() else None


def _seniority_counts(titles: LeadColumn | None, counts: Mapping[str, NDArray[np.int64]]) -> list[dict[str, float]]:
    """Return per group the share of its known titles that each class of seniority has."""
    if titles is None:
        return []
    classes = [seniority_of(level) if level != UNKNOWN else None for level in titles.levels]
    names = [name for name, _ in CLASSES]
    table = counts["job_title"].astype(np.float64)
    if titles.unknown_code >= 0:
        table[:, titles.unknown_code] = 0.0
    known = np.maximum(table.sum(axis=1), 1.0)
    member = np.array([[found == name for found in classes] for name in names], dtype=np.float64)
    shares = (table @ member.T) / known[:, None]
    return [{name: float(row[place]) for place, name in enumerate(names) if row[place] > 0} for row in shares]


def _contrasts(
    columns: Sequence[LeadColumn], counts: Mapping[str, NDArray[np.int64]], sizes: NDArray[np.int64], group: int
) -> tuple[Contrast, ...]:
    """Return what is most over-represented, by the difference of shares in standard deviations of all leads.

    No p-values: the groups were made of these very columns, so any test would call them different.
    """
    everyone = int(sizes.sum())
    found = []
    for column in columns:
        share = counts[column.name][group] / max(int(sizes[group]), 1)
        overall = counts[column.name].sum(axis=0) / everyone
        for code in np.flatnonzero((share >= LEAST_CONTRAST_SHARE) & (share > overall)):
            spread = float(np.sqrt(overall[code] * (1.0 - overall[code])))
            if spread > 0 and column.levels[code] != UNKNOWN:
                effect = float(share[code] - overall[code]) / spread
                found.append(
                    Contrast(
                        column.name,
                        column.header,
                        column.levels[code],
                        float(share[code]),
                        float(overall[code]),
                        effect,
                    )
                )
    found.sort(key=lambda contrast: (-contrast.effect, contrast.column, contrast.value))
    return tuple(found)
