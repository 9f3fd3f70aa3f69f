"""The gate on planted claims: true ones refused, false ones passed, by kind of change, and claims checked a second.

Add here: another figure of the gate.
Keep out: the claims themselves (segmentation_pipeline_tests/llm/planted_claims.py).

Forms under `read_later` in the free texts were written after the gate and read by it once before it was changed
again: 1,338 of 1,400 claims made of them passed then (53 of 56 forms whole). That is the figure for sentences never
seen; those below are on sentences the gate has been mended for.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from segmentation_pipeline.llm.grounding import check_claim
from segmentation_pipeline_tests.llm.planted_claims import MUTATORS, false_cases, true_cases

if TYPE_CHECKING:
    from collections.abc import Iterator

CLAIMS = 4_000
SEED = 2_026
MOST_REFUSED = 1 / 400


def run() -> Iterator[dict[str, object]]:
    """Yield the confusion figures of the gate."""
    cases = true_cases(CLAIMS, SEED)
    started = time.perf_counter()
    refused = sum(not check_claim(case.claim, case.evidence).is_grounded for case in cases)
    seconds = time.perf_counter() - started
    yield {
        "name": f"true claims refused, of {len(cases):,}",
        "value": refused,
        "unit": "claims",
        "bound": "<= 1 in 400",
        "passed": refused <= len(cases) * MOST_REFUSED,
    }
    for mutator in MUTATORS:
        changed = false_cases(mutator, CLAIMS, SEED)
        passed = sum(check_claim(case.claim, case.evidence).is_grounded for case in changed)
        yield {
            "name": f"false claims passed ({mutator.replace('_', ' ')}), of {len(changed):,}",
            "value": passed,
            "unit": "claims",
            "bound": "0",
            "passed": passed == 0,
        }
    yield {"name": "claims checked a second", "value": len(cases) / seconds, "unit": "claims/s"}
