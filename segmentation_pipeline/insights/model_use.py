"""The model of a refresh's run, and what asking it came to, for every asset that asks.

Add here: another thing assets tell of a model. Keep out: questions and answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from segmentation_pipeline.llm.client import LanguageModel
from segmentation_pipeline.llm.questions import Run
from segmentation_pipeline.state.database import open_state

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from segmentation_pipeline.llm.questions import Usage
    from segmentation_pipeline.warehouse.warehouse import Warehouse


def model_of_run(warehouse: Warehouse, month: date, run_id: str) -> LanguageModel:
    """Return the model of the settings for one run of one refresh; its `unavailable` says where nobody is asked.

    Raises:
        StateError: state.db cannot be used.
    """
    return LanguageModel(warehouse.settings.llm, open_state(warehouse.home, warehouse.settings), Run(month, run_id))


def spent(usages: Sequence[Usage]) -> dict[str, Any]:
    """Return calls, tokens and cost of some questions, for the metadata of an asset."""
    costs = [usage.cost_usd for usage in usages]
    known = [cost for cost in costs if cost is not None]
    return {
        "calls": sum(usage.call_count for usage in usages),
        "calls_from_the_cache": sum(usage.cached_count for usage in usages),
        "failed_calls": _added([usage.failed_counts for usage in usages]),
        "input_tokens": sum(usage.input_tokens for usage in usages),
        "output_tokens": sum(usage.output_tokens for usage in usages),
        "cost_usd": sum(known) if len(known) == len(costs) else "no price is known",
    }


def _added(counts: Sequence[dict[str, int]]) -> dict[str, int]:
    kinds = sorted({kind for found in counts for kind in found})
    return {kind: sum(found.get(kind, 0) for found in counts) for kind in kinds}
