"""What was found in an import as rows of its tables.

Add here: how another finding becomes a row. Keep out: finding it (assembling.py) and files for people (exports.py).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from segmentation_pipeline.leads.tables import (
    LeadCandidates,
    LeadClusters,
    LeadColumns,
    LeadEvidence,
    LeadImports,
    LeadModels,
    LeadPersonas,
)
from segmentation_pipeline.warehouse.contracts import columns as columns_of
from segmentation_pipeline.warehouse.contracts import table_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from segmentation_pipeline.lead_settings import LeadSettings
    from segmentation_pipeline.leads.assembling import ImportResult, Persona
    from segmentation_pipeline.leads.profiles import Profile, ValueShare
    from segmentation_pipeline.leads.reading import ReadImport
    from segmentation_pipeline.warehouse.contracts import Table
    from segmentation_pipeline.warehouse.database import Database

RESULT_TABLES = (LeadImports, LeadClusters, LeadPersonas, LeadColumns, LeadCandidates, LeadEvidence, LeadModels)

DEMOGRAPHICS = ("gender", "age", "education")
PROFESSIONAL = ("industry", "job_title", "experience")


@dataclass(frozen=True, slots=True)
class Matched:
    """How an import came to be looked at: by which fingerprint, and against which import."""

    fingerprint: str
    against: str | None


def write_import(db: Database, read: ReadImport, found: ImportResult, settings: LeadSettings, matched: Matched) -> None:
    """Replace everything that is stored of an import's groups; the caller validates the tables at its end."""
    import_id = found.leads.import_id
    for table in RESULT_TABLES:
        db.execute(f"DELETE FROM {table_name(table)} WHERE import_id = $id", {"id": import_id})
    _append(db, LeadImports, [_import_row(read, found, settings, matched)])
    _append(db, LeadPersonas, [_persona_row(import_id, persona) for persona in found.personas])
    _append(db, LeadColumns, _column_rows(found))
    _append(db, LeadCandidates, _candidate_rows(found))
    _append(db, LeadEvidence, _evidence_rows(found))
    _append(db, LeadModels, [{"import_id": import_id, "model": _json(found.model.to_json())}])
    _append_clusters(db, read, found)


def forget_imports(db: Database, import_ids: Sequence[str]) -> None:
    """Remove the groups of imports that have no leads any more."""
    for table in RESULT_TABLES:
        db.execute(
            f"DELETE FROM {table_name(table)} WHERE list_contains($ids::VARCHAR[], import_id)",
            {"ids": list(import_ids)},
        )


def profile_json(profile: Profile) -> dict[str, dict[str, Any]]:
    """Return a profile as nested plain values, by the parts in which people know it."""
    values = profile.values
    roles = {*DEMOGRAPHICS, *PROFESSIONAL, "state", "source"}
    return {
        "demographics": {role: _shares(values[role]) for role in DEMOGRAPHICS if role in values},
        "geography": {
            "state": _shares(values.get("state", ())),
            "concentration": profile.concentration,
            "top_state_share_of_known": _rounded(profile.top_place_share),
            "unknown_share": _rounded(profile.unknown_shares.get("state")),
        },
        "professional": {
            **{role: _shares(values[role]) for role in PROFESSIONAL if role in values},
            "seniority": profile.seniority,
            "seniority_shares": {name: _rounded(share) for name, share in profile.seniority_shares.items()},
        },
        "acquisition": {"source": _shares(values.get("source", ()))},
        "extras": {name: _shares(found) for name, found in values.items() if name not in roles},
    }


def contrasts_json(profile: Profile) -> list[dict[str, Any]]:
    """Return what sets a persona apart as plain values."""
    return [
        {name: _rounded(value) if isinstance(value, float) else value for name, value in asdict(contrast).items()}
        for contrast in profile.contrasts
    ]


def _append(db: Database, table: type[Table], rows: Iterable[dict[str, Any]]) -> None:
    import pandas as pd

    kinds = {"BIGINT": "Int64", "DOUBLE": "Float64", "BOOLEAN": "boolean", "VARCHAR": "string"}
    described = columns_of(table)
    frame = pd.DataFrame.from_records(list(rows), columns=list(described))
    frame = frame.astype({name: kinds[kind] for name, (kind, *_) in described.items() if kind in kinds})
    frame = frame.astype({name: "datetime64[us]" for name, (kind, *_) in described.items() if kind == "TIMESTAMP"})
    db.append(table, frame)


def _append_clusters(db: Database, read: ReadImport, found: ImportResult) -> None:
    import pandas as pd

    labels = found.grouping.labels
    ids = pd.Categorical(_unique(found.identity.persona_ids))
    frame = pd.DataFrame(
        {
            "import_id": pd.Categorical([found.leads.import_id]).take(np.zeros(len(labels), dtype=np.int64)),
            "record_number": read.record_numbers,
            "cluster": labels,
            "persona_id": ids.take(labels),
            "is_counted": found.counts_for_rates,
            "map_x": found.map.places[:, 0],
            "map_y": found.map.places[:, 1],
        }
    )
    db.append(LeadClusters, frame)


def _unique(names: Sequence[str]) -> list[str]:
    assert len(set(names)) == len(names), "two groups of one import were given the same persona"
    return list(names)


def _import_row(read: ReadImport, found: ImportResult, settings: LeadSettings, matched: Matched) -> dict[str, Any]:
    leads, grouping, ranking = found.leads, found.grouping, found.ranking
    is_known = leads.converted >= 0
    counted = int(found.counts_for_rates.sum())
    choice, evidence = grouping.choice, grouping.evidence
    return {
        "import_id": leads.import_id,
        "status": "grouped" if found.why_one is None else "one_group",
        "status_reason": found.why_one,
        "encoding": settings.encoding,
        "method": settings.method if choice is None else choice.chosen.method,
        "persona_count": len(found.personas),
        "is_count_chosen": choice is not None and settings.k == "auto",
        "verdict": None if evidence is None else evidence.verdict,
        "verdict_reason": None if evidence is None else evidence.reason,
        "weakness": None if choice is None else choice.weakness,
        "lead_count": len(leads),
        "unknown_outcome_count": int((~is_known).sum()),
        "immature_count": int(is_known.sum()) - counted,
        "counted_count": counted,
        "conversion_count": int((found.counts_for_rates & (leads.converted == 1)).sum()),
        "overall_rate": None if ranking is None else ranking.overall,
        "prior_weight": None if ranking is None else ranking.prior_weight,
        "is_prior_learned": None if ranking is None else ranking.is_weight_learned,
        "maturity": found.maturity,
        "as_of": read.as_of,
        "axis_1_share": found.map.variance_shares[0],
        "axis_2_share": found.map.variance_shares[1],
        "matched_against": matched.against,
        "fingerprint": matched.fingerprint,
    }


def _persona_row(import_id: str, persona: Persona) -> dict[str, Any]:
    profile = persona.profile
    return {
        "import_id": import_id,
        "persona_id": persona.persona_id,
        "cluster": persona.cluster,
        "rank": persona.rank,
        "label": persona.label,
        "name": persona.name,
        "size": profile.size,
        "share": profile.share,
        "counted_count": persona.lead_count,
        "conversion_count": persona.conversion_count,
        "raw_rate": persona.raw_rate,
        "shrunken_rate": persona.shrunken_rate,
        "rate_low": persona.rate_low,
        "rate_high": persona.rate_high,
        "best_probability": persona.best_probability,
        "value_tier": persona.value_tier,
        "raw_tier": persona.raw_tier,
        "is_tier_uncertain": persona.is_tier_uncertain,
        "stability": persona.stability,
        "matched_distance": persona.matched_distance,
        "seniority": profile.seniority,
        "geographic_concentration": profile.concentration,
        **{part: _json(told) for part, told in profile_json(profile).items()},
        "contrasts": _json(contrasts_json(profile)),
    }


def _column_rows(found: ImportResult) -> list[dict[str, Any]]:
    total = len(found.leads)
    rows = []
    for judged in found.judged:
        column = judged.column
        unknown = column.unknown_code
        rows.append(
            {
                "import_id": found.leads.import_id,
                "column_name": column.name,
                "header": column.header,
                "status": judged.status,
                "reason": judged.reason,
                "kind": judged.kind,
                "level_count": len(column.levels),
                "unknown_share": float(column.counts()[unknown]) / total if unknown >= 0 else 0.0,
                "pooled_share": judged.pooled_share,
                "auc": judged.auc,
            }
        )
    return rows


def _candidate_rows(found: ImportResult) -> list[dict[str, Any]]:
    choice = found.grouping.choice
    return [
        {
            "import_id": found.leads.import_id,
            "candidate_id": one.candidate_id,
            "method": one.method,
            "parameters": _json(one.parameters),
            "cluster_count": one.cluster_count,
            "noise_share": one.noise_share,
            "silhouette": one.silhouette,
            "min_jaccard": one.min_jaccard,
            "smallest_share": one.smallest_share,
            "is_chosen": one.is_chosen,
            "reason": one.reason,
        }
        for one in (() if choice is None else choice.table)
    ]


def _evidence_rows(found: ImportResult) -> list[dict[str, Any]]:
    evidence = found.grouping.evidence
    return [
        {
            "import_id": found.leads.import_id,
            "test": test.name,
            "statistic": test.statistic,
            "p": test.p,
            "threshold": test.threshold,
            "is_passed": test.is_passed,
            "draws": _json([round(draw, 6) for draw in test.draws]),
            "description": test.sentence,
        }
        for test in (() if evidence is None else evidence.tests)
    ]


def _shares(values: Iterable[ValueShare]) -> list[dict[str, Any]]:
    return [{"value": found.value, "count": found.count, "share": _rounded(found.share)} for found in values]


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 6)


def _json(told: Any) -> str:
    return json.dumps(told, ensure_ascii=False)
