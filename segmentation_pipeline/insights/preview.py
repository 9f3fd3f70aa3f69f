"""The prompts a model would be asked for a refresh, as they stand, without asking anybody.

Add here: a prompt that a stage has begun to send. Keep out: making prompts (advice_prompt.py, discovery/prompting.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segmentation_pipeline.customers.model_explanation import example_prompt
from segmentation_pipeline.customers.tables import CustomerSegments
from segmentation_pipeline.insights.advice_prompt import advice_question
from segmentation_pipeline.insights.advisor import AdviceRequest
from segmentation_pipeline.insights.discovery import reading
from segmentation_pipeline.insights.discovery.assigning import asking_order
from segmentation_pipeline.insights.discovery.prompting import assignment_prompt, discovery_prompt
from segmentation_pipeline.insights.discovery.sampling import spread_order
from segmentation_pipeline.insights.discovery.vectors import Detail, read_vectors
from segmentation_pipeline.insights.reading import quotable_names, read_evidence, read_previous_names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from segmentation_pipeline.llm.prompts import Prompt
    from segmentation_pipeline.warehouse.warehouse import Warehouse

PSEUDONYM = "u{:012x}"
"""What pseudonyms look like; the real ones are made with a key that stays in state.db."""


def prompts_of(warehouse: Warehouse, month: date) -> Iterator[tuple[str, Prompt]]:
    """Yield (what it asks, prompt) for every kind of prompt: advice, customers explained, discovery, assignment."""
    settings = warehouse.settings
    with warehouse.transaction() as db:
        evidence = read_evidence(db, month, quotable_names(settings))
        names = read_previous_names(db, month)
        vectors = read_vectors(db, month)
        previous = reading.read_earlier(db, month)
        segments = reading.read_segments(db, month)
        confidences = reading.read_confidences(db, month)
        has_customers = db.exists(CustomerSegments) and bool(db.one("SELECT 1 FROM customer_segments LIMIT 1"))
    most = settings.llm.max_prompt_tokens
    for segment in evidence.segments.values():
        if segment.user_count < settings.advice.min_users:
            continue
        siblings = tuple(other for other in evidence.segments.values() if other is not segment)
        question = advice_question(
            AdviceRequest(segment, siblings),
            settings.product,
            previous=evidence.previous,
            previous_names=names,
            first_answer=None,
            experiment_count=settings.advice.experiments_per_segment,
            locale=settings.llm.locale,
            max_tokens=most,
        )
        yield f"advice on {segment.cluster_id}", question.prompt
    if has_customers:
        yield "the explanation of one kind of customers", example_prompt(settings.customers)
    if not segments:
        return
    spread = spread_order(vectors)
    shown = discovery_prompt(
        vectors,
        spread,
        settings.llm.discovery_users,
        Detail.FULL,
        product=settings.product,
        previous=previous.segments if previous else (),
        max_tokens=most,
    )
    yield f"segments of {shown.user_count} users", shown.prompt
    rows = [int(row) for row in asking_order(vectors, spread, confidences)[: settings.llm.assignment_batch]]
    pseudonyms = [PSEUDONYM.format(number) for number in range(1, len(rows) + 1)]
    yield (
        f"which segment {len(rows)} users belong to",
        assignment_prompt(vectors, rows, pseudonyms, segments, max_tokens=most),
    )
