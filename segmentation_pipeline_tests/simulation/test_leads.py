"""Simulated leads: the same bytes each time, rates as planted, the truth where no run looks."""

import csv
import hashlib

import pytest

from segmentation_pipeline.errors import PipelineError
from segmentation_pipeline.simulation.leads import HEADERS, PERSONAS, simulate_leads, write_home_leads

FROZEN = "748c294832c71b81988ae8386eb91a742c071ca46486f91bf8f26fef9e2fa314"
"""What is tuned on these leads must not be able to tune them."""


def test_leads_are_frozen(tmp_path):
    landed, truth = write_home_leads(simulate_leads(leads=2_000, seed=7), tmp_path)
    assert hashlib.sha256(landed.read_bytes() + truth.read_bytes()).hexdigest() == FROZEN
    assert landed.relative_to(tmp_path).as_posix() == "landing/leads/leads.csv"


def test_each_persona_converts_as_planted():
    drawn = simulate_leads(leads=20_000, seed=3)
    sold = [row[HEADERS.index("is_sale")] == "TRUE" for row in drawn.rows]
    for persona in PERSONAS:
        own = [won for won, name in zip(sold, drawn.personas, strict=True) if name == persona.name]
        assert len(own) / len(sold) == pytest.approx(persona.share, abs=0.015)
        assert sum(own) / len(own) == pytest.approx(persona.conversion_rate, abs=0.02)


def test_the_truth_has_a_row_for_every_lead(tmp_path):
    landed, truth = write_home_leads(simulate_leads(leads=50, seed=1), tmp_path)
    with landed.open(newline="") as leads, truth.open(newline="") as known:
        ids = [row["Lead ID"] for row in csv.DictReader(leads)]
        assert [row["lead_id"] for row in csv.DictReader(known)] == ids
    assert len(set(ids)) == 50


def test_no_leads_cannot_be_simulated():
    with pytest.raises(PipelineError, match="Next: ask for 1 or more"):
        simulate_leads(leads=0, seed=1)
