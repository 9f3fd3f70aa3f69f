"""Published homes of a few customers and leads, made in a moment, without a single event."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from segmentation_pipeline.config import Home, Settings
from segmentation_pipeline.customers.tables import CustomerSegments, RegionSegments, TierBacktests
from segmentation_pipeline.definitions import VIEWS
from segmentation_pipeline.events.tables import LandedFiles, RejectedEvents
from segmentation_pipeline.leads.tables import (
    LeadColumns,
    LeadExports,
    LeadFiles,
    LeadImports,
    LeadModels,
    LeadPersonas,
    RejectedLeads,
)
from segmentation_pipeline.warehouse.publish import publish
from segmentation_pipeline.warehouse.tables import CheckResults
from segmentation_pipeline.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    from pathlib import Path

MISSING = [
    {
        "productId": "tea",
        "category": "Food",
        "avgDaysBetween": 30.5,
        "lastPurchaseDaysAgo": 50,
        "daysOverdue": 19.5,
    },
    {"productId": "jam", "category": None, "avgDaysBetween": 10, "lastPurchaseDaysAgo": 13, "daysOverdue": 3},
]

CUSTOMERS = (
    """INSERT INTO customer_segments BY NAME
    SELECT month::DATE AS refresh_month, id AS customer_id, IF(orders = 0, 'new_customer', 'regular') AS mode,
        TIMESTAMP '2026-02-20 10:00' AS as_of, 'Adult' AS age_segment, churn, 'HighValue' AS value, 'Gold' AS loyalty,
        category AS affinity_category, 'Focused' AS affinity_type, 'Loyal' AS diversity, region,
        'Mild' AS region_climate, 100.0 AS region_median_basket, 150.0 AS avg_basket, 180.0 AS estimated_budget,
        90.5 AS avg_monthly_spend, IF(orders = 0, 999, 12) AS last_purchase_days_ago, orders AS order_count,
        orders * 150.0 AS total_spent, 400 AS membership_days, IF(id = 'c2', $missing, []) AS missing_regulars,
        IF(orders = 0, [], [{'productId': 'tea', 'totalSpent': 300.25}]) AS top_products,
        IF(churn = 'Risky', 'RETENTION', 'GROW') AS recommended_strategy,
        IF(churn = 'Risky', 20, 0) AS discount_pct, 'r1' AS rule_version, 'own' AS labels
    FROM (VALUES ('2026-01-01', 'c1', 'Active', 'Books', 'North', 1),
        ('2026-02-01', 'c1', 'Active', 'Books', 'North', 2),
        ('2026-02-01', 'c2', 'Risky', 'Food', 'South', 5), ('2026-02-01', 'C3', 'Risky', 'Garden', NULL, 0),
        ('2026-02-01', 'd<4>', 'Active', 'Books', 'North', 1)) AS given(month, id, churn, category, region, orders)""",
    """INSERT INTO region_segments BY NAME
    SELECT DATE '2026-02-01' AS refresh_month, region, people AS customer_count, 9 AS order_count,
        100.0 AS region_median_basket, 'computed' AS median_source, 'Books' AS affinity_category,
        'given' AS trend_source, 'Mild' AS region_climate, 'unknown' AS climate_source
    FROM (VALUES ('South', 1), ('(all)', 4), ('North', 2)) AS given(region, people)""",
    """INSERT INTO tier_backtests BY NAME
    SELECT DATE '2026-02-01' AS refresh_month, dimension, tier, outcome, TIMESTAMP '2025-12-22 10:00' AS landmark_at,
        TIMESTAMP '2026-02-20 10:00' AS as_of, lift, low AS lift_low, high AS lift_high
    FROM (VALUES ('churn', 'Active', 'repurchase', 2.0, 1.5, 2.6), ('churn', 'Risky', 'repurchase', 0.5, 0.4, 0.7),
        ('loyalty', 'Gold', 'orders', 1.1, 0.8, 1.4)) AS given(dimension, tier, outcome, lift, low, high)""",
)

FREQUENT = json.dumps({"state": [{"value": "Ohio", "count": 6, "share": 0.6}], "concentration": "High"})
APART = json.dumps(
    [{"column": "state", "header": "State", "value": "Ohio", "share": 0.6, "overall_share": 0.3, "effect": 0.6}]
)

LEADS = (
    """INSERT INTO lead_imports BY NAME
    SELECT id AS import_id, 'grouped' AS status, 2 AS persona_count, leads AS lead_count,
        unknown AS unknown_outcome_count, young AS immature_count, leads - unknown - young AS counted_count,
        5 AS conversion_count, 0.25 AS overall_rate, 20.0 AS prior_weight, FALSE AS is_prior_learned, maturity,
        0.2 AS axis_1_share, 0.1 AS axis_2_share
    FROM (VALUES ('2026-01.csv', 20, 0, 0, 'not_asked'), ('2026-02.csv', 30, 4, 6, 'judged')
    ) AS given(id, leads, unknown, young, maturity)""",
    """INSERT INTO lead_personas BY NAME
    SELECT import AS import_id, id AS persona_id, rank, label, label || ' [' || tier || ' VALUE]' AS name, 10 AS size,
        0.5 AS share, 10 AS counted_count, 4 AS conversion_count, rate + 0.05 AS raw_rate, rate AS shrunken_rate,
        rate - 0.1 AS rate_low, rate + 0.1 AS rate_high, best AS best_probability, tier AS value_tier,
        unsure AS is_tier_uncertain, 0.9 AS stability, 'C-Suite' AS seniority, '{}' AS demographics,
        $frequent AS geography, '{}' AS professional, '{}' AS acquisition, '{}' AS extras, $apart AS contrasts
    FROM (VALUES ('2026-01.csv', 'p1', 1, 'Bankers', 0.5, 0.9999, 'PREMIUM', TRUE),
        ('2026-01.csv', 'p2', 2, 'Nurses', 0.15, 0.0001, 'MEDIUM', FALSE),
        ('2026-02.csv', 'p2', 1, 'Nurses', 0.4, 0.7, 'HIGH', FALSE),
        ('2026-02.csv', 'p1', 2, 'Bankers', 0.35, 0.3, 'HIGH', TRUE)
    ) AS given(import, id, rank, label, rate, best, tier, unsure)""",
    """INSERT INTO lead_models VALUES ('2026-01.csv', '{"number": 1}'), ('2026-02.csv', '{"number": 2}')""",
    """INSERT INTO lead_columns BY NAME
    SELECT '2026-02.csv' AS import_id, name AS column_name, header, status, reason, 'categorical' AS kind,
        3 AS level_count, 0.1 AS unknown_share, auc
    FROM (VALUES ('state', 'State', 'used', NULL, 0.7), ('Stage', 'Stage', 'leaking', 'it tells the outcome', 0.99)
    ) AS given(name, header, status, reason, auc)""",
    """INSERT INTO lead_files BY NAME
    SELECT id AS import_id, IF(error IS NULL, 'loaded', 'error') AS status, error, 30 AS read_count,
        30 AS accepted_count, 0 AS rejected_count, 0 AS duplicate_count
    FROM (VALUES ('2026-02.csv', NULL), ('bad.csv', 'no column is known')) AS given(id, error)""",
    """INSERT INTO rejected_leads BY NAME
    SELECT '2026-02.csv' AS import_id, number AS record_number, reason, 'as told' AS message
    FROM (VALUES (5, 'duplicate_lead'), (7, 'age_out_of_range')) AS given(number, reason)""",
    """INSERT INTO lead_exports BY NAME
    SELECT '2026-02.csv' AS import_id, kind, 'exports/leads/2026-02.csv/' || file AS path, 9 AS byte_count
    FROM (VALUES ('personas', 'personas.json'), ('clustered', '../../../pipeline.toml.gone'), ('pca', 'pca.png')
    ) AS given(kind, file)""",
)

PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8ffff3f0005fe02fe0def46b8"
    "0000000049454e44ae426082"
)
"""A white PNG of one pixel."""


def make_shop_home(root: Path) -> Home:
    """Make a published home of customers alone, with two months."""
    return _published(root, (CustomerSegments, RegionSegments, TierBacktests), CUSTOMERS, {"missing": MISSING})


def make_leads_home(root: Path) -> Home:
    """Make a published home of leads alone, with two imports and two of the files for people."""
    tables = (LeadImports, LeadPersonas, LeadColumns, LeadFiles, LeadExports, LeadModels, RejectedLeads)
    home = _published(root, tables, LEADS, {"frequent": FREQUENT, "apart": APART})
    folder = home.exports / "leads" / "2026-02.csv"
    folder.mkdir(parents=True)
    (folder / "personas.json").write_text('{"personas": []}', encoding="utf-8")
    (folder / "pca.png").write_bytes(PICTURE)
    return home


def _published(root: Path, tables: tuple[type, ...], rows: tuple[str, ...], params: dict[str, str]) -> Home:
    home = Home(root)
    root.mkdir(parents=True, exist_ok=True)
    home.settings_file.touch()
    warehouse = Warehouse(home, Settings())
    with warehouse.transaction() as db:
        db.ensure(*tables, LandedFiles, RejectedEvents, CheckResults)
        for statement in rows:
            db.execute(statement, {name: value for name, value in params.items() if f"${name}" in statement})
    publish(warehouse, "sample", {}, VIEWS)
    return home
