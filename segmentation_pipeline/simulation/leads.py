"""Simulated CRM leads with planted personas: who they are, how often they convert, and the truth beside them.

Add here: a persona of leads, or how a lead is drawn from one. Every draw comes from the seed, in a fixed order.
Keep out: users and events (personas.py, simulate.py).
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.errors import PipelineError
from segmentation_pipeline.simulation.simulate import LOG_START

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

LEADS_FILE = "leads.csv"
LEADS_TRUTH_FILE = "truth_leads.csv"

HEADERS = (
    "Lead ID",
    "Lead Date",
    "State",
    "Industry",
    "Job Title",
    "Education Level",
    "Age_range",
    "Years of Experience",
    "Gender",
    "Lead Source",
    "is_sale",
)

DAYS = 90
"""Leads come over the quarter before the log of events begins, so that none is in the future of a run."""

MISSING_SHARE = 0.03
"""Values left empty, column by column: CRM exports have gaps."""

BLURRED_SHARE = 0.15
"""Values drawn from all personas together: nobody is a textbook case in every column."""

STREAM = 5
"""Keeps the draws of leads apart from those of events under one seed."""

STATES = ("New York", "California", "Texas", "Florida", "Illinois", "Ohio", "Georgia", "Washington")


@dataclass(frozen=True, slots=True)
class LeadPersona:
    """A planted persona: its share of the leads, its true conversion rate, and the odds of each value by column."""

    name: str
    share: float
    conversion_rate: float
    odds: Mapping[str, Mapping[str, float]]
    years: tuple[int, int]


PERSONAS = (
    LeadPersona(
        "executives",
        0.15,
        0.55,
        {
            "State": {"New York": 16, "Illinois": 2, "Texas": 1, "California": 1},
            "Industry": {"Banking": 7, "Insurance": 2, "Technology": 1},
            "Job Title": {"CEO": 3, "Chief Financial Officer": 3, "Founder": 2, "VP Finance": 1},
            "Education Level": {"MBA": 6, "Master": 3, "Bachelor": 1},
            "Age_range": {"45-54": 5, "55+": 4, "35-44": 1},
            "Gender": {"Male": 6, "Female": 4},
            "Lead Source": {"Referral": 6, "Event": 3, "LinkedIn": 1},
        },
        (15, 35),
    ),
    LeadPersona(
        "managers",
        0.25,
        0.30,
        {
            "State": {"California": 10, "Washington": 4, "Texas": 4, "New York": 2},
            "Industry": {"Technology": 8, "Manufacturing": 2},
            "Job Title": {"Product Manager": 4, "Engineering Manager": 3, "Team Lead": 2, "Supervisor": 1},
            "Education Level": {"Master": 5, "Bachelor": 5},
            "Age_range": {"35-44": 7, "25-34": 2, "45-54": 1},
            "Gender": {"Male": 5, "Female": 5},
            "Lead Source": {"Webinar": 6, "LinkedIn": 3, "Organic Search": 1},
        },
        (8, 18),
    ),
    LeadPersona(
        "specialists",
        0.35,
        0.12,
        {
            "State": dict.fromkeys(STATES, 1.0),
            "Industry": {"Healthcare": 8, "Education": 2},
            "Job Title": {"Nurse": 4, "Data Analyst": 3, "Therapist": 2, "Consultant": 1},
            "Education Level": {"Bachelor": 7, "Master": 2, "Associate": 1},
            "Age_range": {"25-34": 7, "35-44": 3},
            "Gender": {"Female": 7, "Male": 3},
            "Lead Source": {"Organic Search": 6, "Email": 4},
        },
        (3, 12),
    ),
    LeadPersona(
        "starters",
        0.25,
        0.03,
        {
            "State": {"Florida": 4, "Ohio": 3, "Georgia": 3, "Texas": 2, "California": 1},
            "Industry": {"Retail": 7, "Hospitality": 3},
            "Job Title": {"Intern": 4, "Student": 3, "Junior Clerk": 3},
            "Education Level": {"High School": 6, "Associate": 3, "Bachelor": 1},
            "Age_range": {"18-24": 9, "25-34": 1},
            "Gender": {"Female": 5, "Male": 5},
            "Lead Source": {"Social Ads": 8, "Email": 2},
        },
        (0, 3),
    ),
)
"""Four kinds of leads whose conversion rates lie in four value tiers."""


@dataclass(frozen=True, slots=True)
class SimulatedLeads:
    """Leads as rows of texts under HEADERS, and the persona each was drawn from."""

    rows: tuple[tuple[str, ...], ...]
    personas: tuple[str, ...]


def simulate_leads(*, leads: int, seed: int) -> SimulatedLeads:
    """Return leads drawn from PERSONAS; the same arguments give the same leads.

    Raises:
        PipelineError: fewer than one lead, or a negative seed.
    """
    if leads < 1 or seed < 0:
        raise PipelineError(f"{leads} leads of seed {seed} cannot be simulated. Next: ask for 1 or more, seed from 0.")
    generator = np.random.default_rng([seed, STREAM])
    drawn = generator.choice(len(PERSONAS), size=leads, p=[persona.share for persona in PERSONAS])
    columns = {header: _values(header, drawn, generator) for header in PERSONAS[0].odds}
    low, high = (np.array([persona.years[end] for persona in PERSONAS])[drawn] for end in (0, 1))
    years = low + np.floor(generator.random(leads) * (high - low + 1)).astype(np.int64)
    columns["Years of Experience"] = np.array([str(found) for found in years.tolist()], dtype=object)
    days = generator.integers(DAYS, size=leads)
    first = LOG_START - timedelta(days=DAYS)
    rate = np.array([persona.conversion_rate for persona in PERSONAS])[drawn]
    is_sale = generator.random(leads) < rate
    for header in HEADERS[2:-1]:
        columns[header][generator.random(leads) < MISSING_SHARE] = ""
    columns["Lead ID"] = np.array([f"L{number:06d}" for number in range(1, leads + 1)], dtype=object)
    columns["Lead Date"] = np.array([f"{first + timedelta(days=day):%Y-%m-%d}" for day in days.tolist()], dtype=object)
    columns["is_sale"] = np.where(is_sale, "TRUE", "FALSE").astype(object)
    rows = zip(*(columns[header] for header in HEADERS), strict=True)
    return SimulatedLeads(
        tuple(tuple(str(cell) for cell in row) for row in rows), tuple(PERSONAS[number].name for number in drawn)
    )


def write_home_leads(simulated: SimulatedLeads, out: Path) -> tuple[Path, Path]:
    """Write leads into `landing/leads/` of a home, the truth beside it where no run looks; return both paths."""
    rates = {persona.name: persona.conversion_rate for persona in PERSONAS}
    truth = [(row[0], name, f"{rates[name]:g}") for row, name in zip(simulated.rows, simulated.personas, strict=True)]
    return (
        _write(out / "landing" / "leads" / LEADS_FILE, [HEADERS, *simulated.rows]),
        _write(out / LEADS_TRUTH_FILE, [("lead_id", "persona", "conversion_rate"), *truth]),
    )


def _values(header: str, drawn: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.object_]:
    """Draw one column: each persona's own odds, blurred by those of everybody."""
    names = sorted({value for persona in PERSONAS for value in persona.odds[header]})
    own = np.array([[persona.odds[header].get(name, 0.0) for name in names] for persona in PERSONAS], dtype=float)
    own /= own.sum(axis=1, keepdims=True)
    everybody = np.array([persona.share for persona in PERSONAS]) @ own
    cumulated = np.cumsum((1 - BLURRED_SHARE) * own + BLURRED_SHARE * everybody, axis=1)
    chosen = (generator.random(len(drawn))[:, None] > cumulated[drawn]).sum(axis=1)
    values: NDArray[np.object_] = np.array(names, dtype=object)[np.minimum(chosen, len(names) - 1)]
    return values


def _write(path: Path, rows: list[tuple[str, ...]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8", newline="\n")
    return path
