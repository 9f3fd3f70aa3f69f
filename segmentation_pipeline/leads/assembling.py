"""One import from its columns to personas: guard, encoding, groups, rates, profiles, names, ids. No storage.

Add here: the order of these steps, and which leads count for what. Keep out: the steps themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from segmentation_pipeline.clustering.fitting import one_thread
from segmentation_pipeline.leads.continuity import Identity, PersonaModel, identify
from segmentation_pipeline.leads.encoding import Encoding, fit_label, fit_one_hot
from segmentation_pipeline.leads.grouping import Grouping, LeadMap, group_leads, map_leads
from segmentation_pipeline.leads.guard import column_auc
from segmentation_pipeline.leads.naming import label_personas, persona_name
from segmentation_pipeline.leads.profiles import Profile, profile_groups
from segmentation_pipeline.leads.ranking import Ranking, Tier, is_tier_uncertain, rank_rates, tier_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from segmentation_pipeline.clustering.rows import Labels
    from segmentation_pipeline.lead_settings import LeadSettings
    from segmentation_pipeline.leads.columns import LeadColumn

ColumnStatus: TypeAlias = Literal["used", "leaking", "unused"]
Maturity: TypeAlias = Literal["judged", "not_asked", "no_date_column"]

ALL_ALIKE = "every lead has the same values in all columns that may be used"


@dataclass(frozen=True, slots=True)
class Leads:
    """The leads of one import: columns, outcome and age, row by row.

    `converted`: 1, 0, or -1 where the outcome is not known. `age_days`: days before the newest lead of the import,
    NaN where a lead has no date; None where the import has no date column.
    """

    import_id: str
    columns: tuple[LeadColumn, ...]
    converted: NDArray[np.int8]
    age_days: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.converted)


@dataclass(frozen=True, slots=True)
class JudgedColumn:
    """A column with what the guard and the encoding made of it."""

    column: LeadColumn
    kind: str
    status: ColumnStatus
    auc: float | None
    pooled_share: float
    reason: str | None


@dataclass(frozen=True, slots=True)
class Persona:
    """One persona of an import, `rank` 1 being the one with the highest shrunken rate."""

    persona_id: str
    cluster: int
    rank: int
    label: str
    name: str
    profile: Profile
    lead_count: int
    conversion_count: int
    raw_rate: float | None
    shrunken_rate: float | None
    rate_low: float | None
    rate_high: float | None
    best_probability: float | None
    value_tier: Tier
    raw_tier: Tier
    is_tier_uncertain: bool
    stability: float | None
    matched_distance: float | None


@dataclass(frozen=True, slots=True)
class ImportResult:
    """Everything found in one import; `why_one` says why all leads are one persona, where they are."""

    leads: Leads
    judged: tuple[JudgedColumn, ...]
    encoding: Encoding
    grouping: Grouping
    map: LeadMap
    personas: tuple[Persona, ...]
    ranking: Ranking | None
    identity: Identity
    counts_for_rates: NDArray[np.bool_]
    maturity: Maturity
    why_one: str | None

    @property
    def model(self) -> PersonaModel:
        """What the next import is matched against."""
        return PersonaModel(self.encoding, self.grouping.centres, self.identity.persona_ids)


def find_personas(leads: Leads, settings: LeadSettings, before: PersonaModel | None = None) -> ImportResult:
    """Return the personas of an import with at least one lead; `before` holds those whose ids may live on."""
    with one_thread():
        counts, maturity = _counting(leads, settings.matured_after_days)
        judged, encoding = _encoded(leads, counts, settings)
        grouping, why_one = _grouped(leads, encoding, settings)
        merged = [column.merged() for column in leads.columns]
        profiles = profile_groups(merged, grouping.labels, grouping.k)
        conversions, known = _outcomes(leads, grouping.labels, grouping.k, counts)
        ranking = rank_rates(conversions, known, prior_weight=settings.prior_weight)
        identity = identify(leads.columns, grouping.labels, grouping.centres, leads.import_id, before)
        personas = _personas(profiles, ranking, identity, grouping, settings.tier_cuts)
        lead_map = map_leads(encoding, leads.columns, len(leads), settings) if encoding.blocks else _nowhere(leads)
    return ImportResult(
        leads, judged, encoding, grouping, lead_map, personas, ranking, identity, counts, maturity, why_one
    )


def _counting(leads: Leads, matured_after_days: float | None) -> tuple[NDArray[np.bool_], Maturity]:
    """Return which leads count for rates: a known outcome, and old enough to have one where ages are known."""
    is_known = leads.converted >= 0
    if matured_after_days is None:
        return is_known, "not_asked"
    if leads.age_days is None:
        return is_known, "no_date_column"
    with np.errstate(invalid="ignore"):
        return is_known & (leads.age_days >= matured_after_days), "judged"


def _encoded(
    leads: Leads, counts: NDArray[np.bool_], settings: LeadSettings
) -> tuple[tuple[JudgedColumn, ...], Encoding]:
    rows = np.flatnonzero(counts).astype(np.int64)
    converted = leads.converted[rows] == 1
    aucs = {column.name: column_auc(column.taken(rows), converted, seed=settings.seed) for column in leads.columns}
    leaking = {name for name, auc in aucs.items() if auc is not None and auc > settings.leak_auc}
    is_label = settings.encoding == "label"
    allowed = [column for column in leads.columns if is_label or column.name not in leaking]
    encoding = (
        fit_label(allowed)
        if is_label
        else fit_one_hot([column.merged() for column in allowed], rare_share=settings.rare_share)
    )
    blocks = {block.name: block for block in encoding.blocks}
    judged = []
    for column in leads.columns:
        block = blocks.get(column.name)
        reason = encoding.unused.get(column.name)
        if column.name in leaking:
            reason = f"alone it tells the outcome with an AUC of {aucs[column.name]:.2f}, above {settings.leak_auc:g}"
        status: ColumnStatus = "leaking" if column.name in leaking else "unused" if block is None else "used"
        judged.append(
            JudgedColumn(
                column,
                kind="none" if block is None else block.kind,
                status=status,
                auc=aucs[column.name],
                pooled_share=0.0 if block is None else block.pooled_share,
                reason=reason,
            )
        )
    return tuple(judged), encoding


def _grouped(leads: Leads, encoding: Encoding, settings: LeadSettings) -> tuple[Grouping, str | None]:
    if len(leads) < settings.min_leads:
        return _one_group(leads, encoding), f"{len(leads):,} leads; {settings.min_leads} are needed to form personas"
    if not encoding.blocks:
        return _one_group(leads, encoding), ALL_ALIKE
    grouping = group_leads(encoding, leads.columns, len(leads), settings)
    return grouping, ALL_ALIKE if grouping.k == 1 else None


def _one_group(leads: Leads, encoding: Encoding) -> Grouping:
    width = sum(block.places.shape[1] for block in encoding.blocks)
    return Grouping(np.zeros(len(leads), dtype=np.int64), np.zeros((1, width)), None)


def _outcomes(leads: Leads, labels: Labels, k: int, counts: NDArray[np.bool_]) -> tuple[list[int], list[int]]:
    known = np.bincount(labels[counts], minlength=k)
    conversions = np.bincount(labels[counts & (leads.converted == 1)], minlength=k)
    return [int(count) for count in conversions], [int(count) for count in known]


def _personas(
    profiles: Sequence[Profile],
    ranking: Ranking | None,
    identity: Identity,
    grouping: Grouping,
    cuts: Sequence[float],
) -> tuple[Persona, ...]:
    labels = label_personas(profiles)
    rates = [None] * len(profiles) if ranking is None else list(ranking.rates)
    order = sorted(
        range(len(profiles)),
        key=lambda number: (-(rate.shrunken if (rate := rates[number]) else 0.0), -profiles[number].size, number),
    )
    found = []
    for rank, number in enumerate(order, start=1):
        rate = rates[number]
        tier: Tier = "UNKNOWN" if rate is None else tier_of(rate.shrunken, cuts)
        found.append(
            Persona(
                persona_id=identity.persona_ids[number],
                cluster=number,
                rank=rank,
                label=labels[number],
                name=persona_name(labels[number], tier),
                profile=profiles[number],
                lead_count=0 if rate is None else rate.lead_count,
                conversion_count=0 if rate is None else rate.conversion_count,
                raw_rate=None if rate is None else rate.raw,
                shrunken_rate=None if rate is None else rate.shrunken,
                rate_low=None if rate is None else rate.low,
                rate_high=None if rate is None else rate.high,
                best_probability=None if rate is None else rate.best_probability,
                value_tier=tier,
                raw_tier="UNKNOWN" if rate is None or rate.raw is None else tier_of(rate.raw, cuts),
                is_tier_uncertain=rate is None or is_tier_uncertain(rate.low, rate.high, cuts),
                stability=None if grouping.jaccards is None else grouping.jaccards[number],
                matched_distance=identity.distances[number],
            )
        )
    return tuple(found)


def _nowhere(leads: Leads) -> LeadMap:
    return LeadMap(np.zeros((len(leads), 2)), (0.0, 0.0))
