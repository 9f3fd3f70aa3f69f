"""Planted claims: no false one passes the gate, and hardly a true one is refused.

More than 170 of the forms are free text written by a language model (`free_text_en.toml`, `free_text_tr.toml`); the
others are templates with slots and those of the rules advisor. `python -m benchmarks grounding` runs more of them.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from segmentation_pipeline.llm.grounding import check_claim
from segmentation_pipeline_tests.llm.planted_claims import MUTATORS, false_cases, form_count, true_cases

if TYPE_CHECKING:
    from collections.abc import Callable

CLAIMS = 420
MUTANTS = 420
SEED = 11


def test_at_most_one_true_claim_in_400_is_refused(record_property: Callable[[str, object], None]) -> None:
    cases = [*true_cases(CLAIMS, SEED), *true_cases(CLAIMS, SEED + 1)]
    refused = [case.claim.text for case in cases if not check_claim(case.claim, case.evidence).is_grounded]
    record_property("true claims", f"{len(cases)}, refused {len(refused)}")
    assert len(refused) <= len(cases) // 400, refused
    styles = Counter(case.planted.style for case in cases)
    assert min(styles.values()) >= 20, styles


@pytest.mark.parametrize("mutator", MUTATORS)
def test_no_false_claim_passes(mutator: str, record_property: Callable[[str, object], None]) -> None:
    cases = false_cases(mutator, MUTANTS, SEED)
    passed = [case.claim for case in cases if check_claim(case.claim, case.evidence).is_grounded]
    record_property(mutator, f"{len(cases)}, passed {len(passed)}")
    assert len(cases) >= 400
    assert passed == []


@pytest.mark.parametrize(("locale", "at_least"), [("en", 60), ("tr", 30)])
def test_free_text_comes_in_many_forms(locale: str, at_least: int) -> None:
    assert form_count("free", locale) >= at_least
