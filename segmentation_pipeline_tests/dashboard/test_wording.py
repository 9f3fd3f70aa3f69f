"""Both languages say the same things with the same slots, and nothing is said that no page uses."""

import ast
import string
from datetime import date, datetime
from pathlib import Path
from typing import get_args

import pytest

from segmentation_pipeline import dashboard, wording
from segmentation_pipeline.client.customers import EIGHT, FIGURES
from segmentation_pipeline.client.maps import MEASURES, PATTERN
from segmentation_pipeline.customers.tables import MODES
from segmentation_pipeline.customers.tables import REASONS as PURCHASE_REASONS
from segmentation_pipeline.dashboard.pages import PAGES
from segmentation_pipeline.dashboard.persona_cards import TIERS as TIER_LOOKS
from segmentation_pipeline.dashboard.wording import LANGUAGES, load_texts
from segmentation_pipeline.events.feature_tables import ENDINGS, TIME_OF_DAY_PATTERNS
from segmentation_pipeline.events.tables import REASONS
from segmentation_pipeline.experiments.tables import ENDPOINTS
from segmentation_pipeline.experiments.tables import VERDICTS as EXPERIMENT_VERDICTS
from segmentation_pipeline.insights.tables import UNITS
from segmentation_pipeline.lead_settings import LeadSettings
from segmentation_pipeline.leads.records import lead_columns
from segmentation_pipeline.leads.tables import DUPLICATE, SENIORITIES, TIERS
from segmentation_pipeline.leads.tables import REASONS as LEAD_REASONS
from segmentation_pipeline.leads.tables import VERDICTS as LEAD_VERDICTS
from segmentation_pipeline.retention.tables import CURVES
from segmentation_pipeline.segments.lineage import Kind, MatchedBy
from segmentation_pipeline.segments.tables import CHURN_RISKS, STABILITIES
from segmentation_pipeline.segments.verdict_tables import TESTS, VERDICTS
from segmentation_pipeline.segments.wording import WORDINGS
from segmentation_pipeline.state.roadmap import STATUSES

ENGLISH, TURKISH = load_texts("en"), load_texts("tr")

STORED = {
    "page": PAGES,
    "verdict": VERDICTS,
    "verdict_short": VERDICTS,
    "test": [name for name in TESTS if name != "jaccard"],
    "risk": CHURN_RISKS,
    "stability": STABILITIES,
    "lineage": get_args(Kind),
    "matched": get_args(MatchedBy),
    "outcome": [*ENDINGS, "censored"],
    "measure": [*MEASURES, PATTERN],
    "pattern": TIME_OF_DAY_PATTERNS,
    "reason": [*REASONS, *PURCHASE_REASONS, *(name for name in LEAD_REASONS if name != DUPLICATE)],
    "feature": WORDINGS,
    "severity": ["ERROR", "WARN"],
    "month": [str(number) for number in range(1, 13)],
    "retention": CURVES,
    "comparator": ["none", "overall", "segment", "previous"],
    "direction": ["higher", "lower"],
    "power": EXPERIMENT_VERDICTS,
    "endpoint": ENDPOINTS,
    "status": STATUSES,
    "dimension": ["mode", *EIGHT, "recommended_strategy"],
    "figure": FIGURES,
    "customer_mode": MODES,
    "lift_outcome": ["repurchase", "spend", "orders"],
    "source": ["given", "computed", "shop", "unknown"],
    "tier": TIERS,
    "mark": [mark for _, mark in TIER_LOOKS.values()],
    "seniority": SENIORITIES,
    "lead_verdict": LEAD_VERDICTS,
    "column_status": ["used", "unused", "leaking"],
    "lead_role": [role.name for role in lead_columns(LeadSettings()).roles],
    "unit": [unit for unit in UNITS if unit != "pct"],
}
"""Group of words -> values that tables hold and pages look up by."""


def keys_in_code() -> tuple[set[str], set[str]]:
    """Keys that the pages name, and beginnings of those they put together."""
    named, begun = set(), set()
    for module in (*Path(dashboard.__file__).parent.rglob("*.py"), Path(wording.__file__)):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr) and node.values and isinstance(node.values[0], ast.Constant):
                begun.add(str(node.values[0].value))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                named.add(node.value)
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "choice":
                begun.add(f"{node.args[0].value}.")
    return named, begun


def asked_for() -> set[str]:
    """First arguments of calls of `texts`, where they are whole keys."""
    found = set()
    for module in Path(dashboard.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and node.args):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name == "texts":
                parts = [node.args[0]]
                if isinstance(node.args[0], ast.IfExp):
                    parts = [node.args[0].body, node.args[0].orelse]
                found |= {part.value for part in parts if isinstance(part, ast.Constant)}
    return found


def test_every_key_a_page_asks_for_is_there():
    assert len(asked_for()) > 100
    assert asked_for() - set(ENGLISH.entries) == set()


def test_every_key_is_used_by_a_page():
    named, begun = keys_in_code()
    prefixes = tuple(beginning for beginning in begun if "." in beginning)
    assert [key for key in ENGLISH.entries if key not in named and not key.startswith(prefixes)] == []


@pytest.mark.parametrize(("group", "values"), STORED.items())
def test_every_value_a_table_can_hold_has_words(group, values):
    assert [value for value in values if f"{group}.{value}" not in ENGLISH.entries] == []


def slots(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_both_languages_have_the_same_keys_and_slots():
    assert set(LANGUAGES) == {"en", "tr"}
    assert list(TURKISH.entries) == list(ENGLISH.entries)
    assert {key: slots(text) for key, text in TURKISH.entries.items()} == {
        key: slots(text) for key, text in ENGLISH.entries.items()
    }


WRITTEN = {
    "en": "24% 9.5% -3% – 80,894 1,234.5 0 0.50 (0.20 – 1.00) January 2026 9 January 2026, 18:35",
    "tr": "%24 %9,5 -%3 – 80.894 1.234,5 0 0,50 (0,20 – 1,00) Ocak 2026 9 Ocak 2026, 18:35",
}


@pytest.mark.parametrize("texts", [ENGLISH, TURKISH], ids=lambda texts: texts.locale)
def test_numbers_and_dates_are_written_as_the_language_does(texts):
    written = [
        texts.share(0.24),
        texts.measured(0.095, "share"),
        texts.share(-0.03),
        texts.share(float("nan")),
        texts.count(80_894),
        texts.number(1234.5),
        texts.number(-0.001),
        texts.estimate(0.5, 0.2, 1),
        texts.month(date(2026, 1, 1)),
        texts.moment(datetime(2026, 1, 9, 18, 35)),
    ]
    assert " ".join(written) == WRITTEN[texts.locale]


def test_a_value_carries_its_unit_and_an_unknown_word_stays():
    assert ENGLISH.measured(167.72, "s") == "167.7 s"
    assert TURKISH.measured(2.5, "days") == "2,5 gün"
    assert ENGLISH.measured(None, "pct") == "–"
    assert ENGLISH.choice("risk", "unheard_of") == "unheard_of"
    assert ENGLISH.choice("risk", None) == ""
    assert ENGLISH.estimate(-0.001, None, 1.0) == "0.00"
    assert ENGLISH.estimate(None, None, None) == "–"
