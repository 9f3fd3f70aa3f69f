"""From columns to a space where distances mean something: one block per column, none louder than another.

A row's place is the sum of what its levels say, block by block. So nothing ever needs the whole matrix: distances,
centres and projections are sums over small tables, one row per level.
Add here: another way to encode a column. Keep out: k-means (grouping.py) and which columns are allowed (guard.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from segmentation_pipeline.leads.columns import UNKNOWN, LeadColumn, level_key, level_numbers, number_of
from segmentation_pipeline.leads.seniority import seniority_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from segmentation_pipeline.clustering.rows import Matrix

Kind: TypeAlias = Literal["categorical", "ordered", "label"]

MOST_LEVELS = 30
"""Levels of a column that keep an axis of their own; the rest is pooled like rare ones."""

POOLED = "Other (rare)"
"""Level that holds the rare ones; the brackets keep it apart from an "Other" of the file."""

IDENTIFIER_SHARE = 0.5
"""A column of which more than half of the leads have a value of their own tells leads apart, not groups of them."""

LEAST_FOR_IDENTIFIER = 100
"""Leads under which a short column may well have as many values as leads."""


@dataclass(frozen=True, slots=True)
class Block:
    """One column's axes. `levels` -> `places` (levels x axes); a level not among them goes to `fallback`.

    `numbers`: for an ordered column, the ascending numbers `levels` stand for; a number between two is interpolated.
    """

    name: str
    kind: Kind
    levels: tuple[str, ...]
    places: Matrix
    fallback: Matrix
    pooled_share: float = 0.0
    numbers: tuple[float, ...] = ()

    def table(self, column: LeadColumn | None) -> Matrix:
        """Return the place of every level of a column (levels x axes)."""
        if column is None:
            return self.fallback[None, :]
        key = str if self.kind == "label" else level_key  # system E takes every spelling for a value of its own
        known = {key(level): place for level, place in zip(self.levels, self.places, strict=True)}
        table = np.empty((len(column.levels), self.places.shape[1]))
        for code, level in enumerate(column.levels):
            found = known.get(key(level))
            if found is None and self.kind == "categorical" and self.name == "job_title":
                found = known.get(key(pooled_title(level)))
            if found is None and self.numbers and (number := number_of(level)) is not None:
                found = self._interpolated(number)
            table[code] = self.fallback if found is None else found
        return table

    def _interpolated(self, number: float) -> Matrix:
        axes = [
            np.interp(number, self.numbers, self.places[: len(self.numbers), axis])
            for axis in range(self.places.shape[1])
        ]
        return np.asarray(axes, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Encoding:
    """The fitted blocks, and why other columns have none."""

    blocks: tuple[Block, ...]
    unused: Mapping[str, str]

    def tables(self, columns: Sequence[LeadColumn]) -> list[tuple[Matrix, Any]]:
        """Return per block the places of its column's levels, and the leads' codes (None: the column is absent)."""
        by_name = {column.name: column for column in columns}
        found = []
        for block in self.blocks:
            column = by_name.get(block.name)
            found.append((block.table(column), None if column is None else column.codes))
        return found

    def matrix(self, columns: Sequence[LeadColumn], row_count: int) -> Matrix:
        """Return the dense matrix, leads x axes; for a sample, all leads never need it."""
        parts = [
            np.repeat(table, row_count, axis=0) if codes is None else table[codes]
            for table, codes in self.tables(columns)
        ]
        return np.hstack(parts) if parts else np.zeros((row_count, 0))

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-serialisable description from which `from_json` rebuilds the same encoding."""
        return {
            "blocks": [
                {
                    "name": block.name,
                    "kind": block.kind,
                    "levels": list(block.levels),
                    "places": block.places.tolist(),
                    "fallback": block.fallback.tolist(),
                    "pooled_share": block.pooled_share,
                    "numbers": list(block.numbers),
                }
                for block in self.blocks
            ],
            "unused": dict(self.unused),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Encoding:
        """Return the encoding that `to_json` described."""
        blocks = tuple(
            Block(
                name=str(block["name"]),
                kind=block["kind"],
                levels=tuple(block["levels"]),
                places=np.asarray(block["places"], dtype=np.float64).reshape(len(block["levels"]), -1),
                fallback=np.asarray(block["fallback"], dtype=np.float64),
                pooled_share=float(block["pooled_share"]),
                numbers=tuple(float(number) for number in block["numbers"]),
            )
            for block in stored["blocks"]
        )
        return cls(blocks, {str(name): str(why) for name, why in stored["unused"].items()})


def fit_one_hot(columns: Sequence[LeadColumn], *, rare_share: float) -> Encoding:
    """Learn one block per column that differs between leads: an axis per level, or one for order and one for missing.

    Every block is divided by the square root of its largest principal variance (multiple factor analysis, Escofier
    and Pages 1983), so that no column alone decides the first direction of difference. With equal *total* variances
    instead, a column of two levels has all of it on one axis and cuts everything else in two: on leads with planted
    personas that found .55 (adjusted Rand), this .94; docs/leads.md has the trials. Rare levels are pooled (job
    titles by seniority), identifiers left out.
    """
    blocks: list[Block] = []
    unused: dict[str, str] = {}
    for column in columns:
        numbers = level_numbers(column)
        if _is_identifier(column, numbers):
            unused[column.name] = "nearly every lead has a value of its own"
            continue
        block = _categorical(column, rare_share) if numbers is None else _ordered(column, numbers)
        if block is None:
            unused[column.name] = "all leads have the same value, or only rare ones"
            continue
        blocks.append(block)
    return Encoding(tuple(blocks), unused)


def fit_label(columns: Sequence[LeadColumn]) -> Encoding:
    """Learn system E's encoding: the rank of each text in code-point order, standardised (population sd, 1 if zero).

    It says that Texas is nearer to Utah than to Ohio; kept for those who must reproduce figures of that system.
    """
    from sklearn.preprocessing import StandardScaler

    if not columns:
        return Encoding((), {})
    present = [np.flatnonzero(column.counts()) for column in columns]
    ranks = [np.searchsorted(found, column.codes) for found, column in zip(present, columns, strict=True)]
    # All columns at once, as that system does: mean and deviation then agree to the last bit.
    scaler = StandardScaler().fit(np.column_stack(ranks))
    return Encoding(
        tuple(
            Block(
                column.name,
                "label",
                tuple(column.levels[code] for code in found),
                ((np.arange(len(found)) - scaler.mean_[number]) / scaler.scale_[number])[:, None],
                np.zeros(1),
            )
            for number, (found, column) in enumerate(zip(present, columns, strict=True))
        ),
        {},
    )


def pooled_title(title: str) -> str:
    """Return the level a rare job title is pooled into: its seniority, which says more than that it is rare."""
    seniority = seniority_of(title)
    return POOLED if seniority is None else f"{seniority} (rare titles)"


def _categorical(column: LeadColumn, rare_share: float) -> Block | None:
    counts = column.counts()
    total = int(counts.sum())
    pool = pooled_title if column.name == "job_title" else _pooled
    by_frequency = sorted(range(len(counts)), key=lambda code: (-counts[code], column.levels[code]))
    kept = {code for code in by_frequency[:MOST_LEVELS] if counts[code] and counts[code] >= rare_share * total}
    shares: dict[str, float] = {}
    pooled = 0
    for code in np.flatnonzero(counts):
        level = column.levels[code] if code in kept or column.levels[code] == UNKNOWN else pool(column.levels[code])
        pooled += 0 if code in kept else int(counts[code])
        shares[level] = shares.get(level, 0.0) + float(counts[code]) / total
    if len(shares) < 2:
        return None
    levels = tuple(sorted(shares))
    share = np.array([shares[level] for level in levels])
    places = _balanced(np.eye(len(levels)) - share[None, :], share)
    # A level never seen lies where "rare" lies, or at the mean of everyone where nothing was rare.
    fallback = places[levels.index(POOLED)] if POOLED in levels else np.zeros(len(levels))
    return Block(column.name, "categorical", levels, places, fallback, pooled / total)


def _ordered(column: LeadColumn, numbers: Matrix) -> Block | None:
    """Ranks instead of values: one lead with 90 visits must not stretch the axis for all others."""
    counts = column.counts().astype(np.float64)
    is_known = ~np.isnan(numbers) & (counts > 0)
    values, place = np.unique(numbers[is_known], return_inverse=True)
    if len(values) < 2:
        return None
    frequency = np.bincount(place, weights=counts[is_known])
    ridits = (np.cumsum(frequency) - frequency / 2) / frequency.sum() - 0.5
    missing = 1.0 - frequency.sum() / counts.sum()
    scores = np.column_stack([ridits, np.full(len(values), -missing)])
    unknown = np.array([0.0, 1.0 - missing])
    shares = np.append(frequency, counts.sum() - frequency.sum()) / counts.sum()
    places = _balanced(np.vstack([scores, unknown]), shares)
    names = [f"{value:g}" for value in values]
    return Block(
        column.name,
        "ordered",
        (*names, UNKNOWN),
        places,
        places[-1],
        numbers=tuple(float(value) for value in values),
    )


def _balanced(places: Matrix, shares: Matrix) -> Matrix:
    """Return the places of levels, scaled so that leads vary by 1 in the block's main direction."""
    covariance = (places * shares[:, None]).T @ places  # the places' mean over leads is 0
    return np.asarray(places / np.sqrt(float(np.linalg.eigvalsh(covariance)[-1])), dtype=np.float64)


def _pooled(_level: str) -> str:
    return POOLED


def _is_identifier(column: LeadColumn, numbers: Matrix | None) -> bool:
    """Tell whether values name leads: mostly used once, or numbers that are whole and different for every lead."""
    total = len(column.codes)
    counts = column.counts()
    distinct = int((counts > 0).sum())
    if total < LEAST_FOR_IDENTIFIER:
        return False
    if numbers is None:
        return distinct > IDENTIFIER_SHARE * total
    present = numbers[(counts > 0) & ~np.isnan(numbers)]
    return int(counts.max()) == 1 and bool((present == np.floor(present)).all())
