"""Advice by a language model: one question a segment, asked together; what the gate refused is sent back once.

Add here: another way a model is asked for advice. Keep out: the question (advice_prompt.py), the form of the answer
(advice_form.py) and what may be published of it (gate.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from segmentation_pipeline.insights.advice_form import AdviceForm, advice_in
from segmentation_pipeline.insights.advice_prompt import advice_question, answer_kept
from segmentation_pipeline.insights.advisor import Advice, NoAdvice
from segmentation_pipeline.llm.questions import Request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from segmentation_pipeline.config import ProductContext
    from segmentation_pipeline.insights.advisor import AdviceRequest
    from segmentation_pipeline.llm.claims import SegmentEvidence
    from segmentation_pipeline.llm.client import LanguageModel

PURPOSE = "cluster_insights"
CORRECTION = "cluster_insights_correction"


@dataclass
class ModelAdvisor:
    """A language model as an advisor.

    previous, previous_names: the segments one refresh earlier and what they were called, by cluster id.
    """

    model: LanguageModel
    experiment_count: int
    previous: Mapping[str, SegmentEvidence] = field(default_factory=dict)
    previous_names: Mapping[str, str] = field(default_factory=dict)
    can_correct: bool = True
    _answered: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """Provider and model, as recommendations tell it."""
        provider = self.model.provider
        return f"{provider.label}:{provider.model}"

    def advise_all(self, requests: Sequence[AdviceRequest], product: ProductContext) -> list[Advice | NoAdvice]:
        """Ask one question for each segment, several at a time.

        Raises:
            StateError: state.db cannot be used, so neither cache nor audit can be kept.
        """
        settings = self.model.settings
        questions = [
            advice_question(
                request,
                product,
                previous=self.previous,
                previous_names=self.previous_names,
                first_answer=self._first_answer(request),
                experiment_count=self.experiment_count,
                locale=settings.locale,
                max_tokens=settings.max_prompt_tokens,
            )
            for request in requests
        ]
        answers = self.model.complete_all(
            [
                Request(
                    CORRECTION if request.refused else PURPOSE, request.segment.cluster_id, question.prompt, AdviceForm
                )
                for request, question in zip(requests, questions, strict=True)
            ]
        )
        found: list[Advice | NoAdvice] = []
        for request, question, answer in zip(requests, questions, answers, strict=True):
            if answer.output is None:
                failure = answer.failure
                found.append(NoAdvice("no answer" if failure is None else f"{failure.kind}: {failure.message}"))
                continue
            self._answered[request.segment.cluster_id] = answer.output.model_dump_json()
            found.append(advice_in(answer.output, request.segment, question.codes, settings.locale))
        return found

    def _first_answer(self, request: AdviceRequest) -> str | None:
        written = self._answered.get(request.segment.cluster_id) if request.refused else None
        return None if written is None else answer_kept(written, self.model.settings.max_prompt_tokens // 2)
