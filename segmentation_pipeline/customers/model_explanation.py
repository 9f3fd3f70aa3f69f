"""Explanations written by a language model, grounded by their form: sentences with slots, one set for a kind.

Add here: another thing that makes a kind of customer. Keep out: facts and their words (facts.py), asking (llm/).
"""

from __future__ import annotations

import functools
import re
import threading
from typing import TYPE_CHECKING, Any, Literal, cast

from pydantic import BaseModel, Field

from segmentation_pipeline.customer_settings import CODES
from segmentation_pipeline.customers import rules
from segmentation_pipeline.customers.explanation import explain
from segmentation_pipeline.customers.facts import facts_of
from segmentation_pipeline.llm.claims import Evidence
from segmentation_pipeline.llm.grounding import check_prose
from segmentation_pipeline.llm.prompts import load_template
from segmentation_pipeline.llm.questions import Request
from segmentation_pipeline.llm.untrusted import quote_untrusted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from segmentation_pipeline.customer_settings import CustomerSettings
    from segmentation_pipeline.customers.explanation import Explainer
    from segmentation_pipeline.llm.client import LanguageModel
    from segmentation_pipeline.llm.prompts import Prompt

PURPOSE = "customer_explanation"
PROMPT = "customer_explanation.v1"

MAX_CHARS = 400
QUOTED_CHARS = 200
SUBJECT_CHARS = 60

_SLOT = re.compile(r"\{([^{}]*)\}")
_STAND_IN = {"en": "this", "tr": "bu"}
"""What is read in place of a slot when the words around it are checked."""

_LANGUAGES = {"en": "English", "tr": "Turkish"}
_EXAMPLE = {
    "lastPurchaseDaysAgo": 45,
    "orderCount": 9,
    "membershipDays": 240,
    "avgBasket": 61.5,
    "regionMedianBasket": 48.0,
    "avgMonthlySpend": 69.2,
    "affinityCategory": "a category",
    "regionClimate": "a climate",
    "loyalty": "a tier",
    "affinityType": "a tier",
    "diversity": "a tier",
}
"""Figures of nobody, so that the prompt holds none of a customer."""


class ExplanationForm(BaseModel):
    """What a model answers: sentences in which every fact is a slot such as {recency}."""

    text: str = Field(min_length=1, max_length=MAX_CHARS)


class ModelExplainer:
    """Puts analyses into sentences of a language model, asked once for each kind of customer.

    A kind is the mode with churn, value, strategy, and whether there is a discount and an overdue product: a model
    sees that and no customer. What it wrote must name known slots, no tier of others, and hold no figure, comparison
    or link of its own; it is corrected once, after that the deterministic sentence stands in until the next day, as
    it does while no model can be asked.

    model_of: the model of a day: budget and breaker are the day's. start: runs a question beside the caller, who gets
    the deterministic sentence meanwhile; without it the caller waits. May be used from several threads.
    """

    def __init__(
        self,
        model_of: Callable[[date], LanguageModel],
        settings: CustomerSettings,
        *,
        today: Callable[[], date],
        fallback: Explainer = explain,
        start: Callable[[Callable[[], None]], object] | None = None,
    ) -> None:
        self._model_of = functools.lru_cache(maxsize=1)(model_of)
        self._today = today
        self._labels = settings.label_table()
        self._fallback = fallback
        self._start = start
        self._templates: dict[tuple[Any, ...], str | None] = {}
        self._asked_on: dict[tuple[Any, ...], date] = {}
        self._lock = threading.Lock()

    def __call__(self, analysis: Mapping[str, Any], *, language: str) -> str:
        """Return the model's sentences with the facts of this analysis, or the deterministic ones."""
        kind = _kind(analysis, language)
        if self._templates.get(kind) is None:
            self._ask_once_a_day(kind, analysis, language)
        template = self._templates.get(kind)
        if template is None:
            return self._fallback(analysis, language=language)
        facts = facts_of(analysis, language=language)
        return _SLOT.sub(lambda slot: facts[slot[1]], template)

    def _ask_once_a_day(self, kind: tuple[Any, ...], analysis: Mapping[str, Any], language: str) -> None:
        day = self._today()
        with self._lock:
            if self._asked_on.get(kind) == day:
                return
            self._asked_on[kind] = day
            model = self._model_of(day)
        if model.unavailable is not None:
            return

        def ask() -> None:
            self._templates[kind] = self._template(model, analysis, language)

        if self._start is None:
            ask()
        else:
            self._start(ask)

    def _template(self, model: LanguageModel, analysis: Mapping[str, Any], language: str) -> str | None:
        slots = _slots(analysis, language)
        others = self._words_of_others(analysis)
        request = Request(
            PURPOSE,
            _told_kind(analysis)[:SUBJECT_CHARS],
            prompt_for(analysis, language=language),
            ExplanationForm,
            check=lambda form: problem_of(form.text, set(slots), others, language),
        )
        answer = model.complete(request)
        return None if answer.output is None else answer.output.text

    def _words_of_others(self, analysis: Mapping[str, Any]) -> set[str]:
        """Return the words of the tiers this kind is not in; those it may be in are told by slots."""
        own = {str(analysis[name]).casefold() for name in ("churn", "value")}
        return {word.casefold() for words in self._labels.values() for word in words.values()} - own


def prompt_for(analysis: Mapping[str, Any], *, language: str) -> Prompt:
    """Return what a model is asked for the kind of this analysis, whose figures and names it does not hold."""
    slots = _slots(analysis, language)
    shown = [f"{{{slot}}}: {quote_untrusted(phrase, QUOTED_CHARS)}" for slot, phrase in slots.items()]
    return load_template(__package__, PROMPT).fill(
        {
            "language": _LANGUAGES[language],
            "kind": quote_untrusted(_told_kind(analysis), QUOTED_CHARS),
            "slots": "\n".join(shown),
        }
    )


def example_prompt(settings: CustomerSettings) -> Prompt:
    """Return the prompt for regular customers at risk with baskets above their region's, as people may look at it."""
    codes = {"mode": "regular", "churn": "at_risk", "value": "high"}
    rest = {dimension: known[0] for dimension, known in CODES.items() if dimension not in codes}
    strategy, discount_pct = rules.strategy({**codes, **rest}, settings)
    labels = settings.label_table()
    analysis = {
        "mode": "regular",
        "churn": labels["churn"]["at_risk"],
        "value": labels["value"]["high"],
        "recommendedStrategy": strategy,
        "discountPct": discount_pct,
        "missingRegulars": [{}],
    }
    return prompt_for(analysis, language=settings.language)


def problem_of(text: str, slots: set[str], words_of_others: set[str], language: str) -> str | None:
    """Return what is wrong with sentences for a kind of customer, in words that can be sent back; None if nothing."""
    used = _SLOT.findall(text)
    wrong = [f"{{{slot}}} is no slot of this kind" for slot in used if slot not in slots]
    wrong += [f"{{{slot}}} stands there twice" for slot in sorted(slots) if used.count(slot) > 1]
    if "strategy" not in used:
        wrong.append("the slot {strategy} is missing")
    around = _SLOT.sub(_STAND_IN[language], text)
    if "{" in around or "}" in around:
        wrong.append("a brace stands outside of slots")
    if "`" in around:
        wrong.append("a backtick stands in it")
    words = set(re.findall(r"[^\W\d_]+", around.casefold()))
    wrong += [f"{word!r} is the word of a tier; slots say tiers" for word in sorted(words & words_of_others)]
    locale = cast('Literal["en", "tr"]', language)
    wrong += [str(violation) for violation in check_prose(around, Evidence.of(()), locale=locale)]
    return "; ".join(wrong) or None


def _kind(analysis: Mapping[str, Any], language: str) -> tuple[Any, ...]:
    return (
        language,
        *(analysis[name] for name in ("mode", "churn", "value", "recommendedStrategy")),
        analysis["discountPct"] > 0,
        bool(analysis["missingRegulars"]),
    )


def _slots(analysis: Mapping[str, Any], language: str) -> dict[str, str]:
    return facts_of({**analysis, **_EXAMPLE, **_overdue(analysis)}, language=language)


def _overdue(analysis: Mapping[str, Any]) -> dict[str, Any]:
    return {"missingRegulars": [{"productId": "a product"}]} if analysis["missingRegulars"] else {}


def _told_kind(analysis: Mapping[str, Any]) -> str:
    return ", ".join(str(analysis[name]) for name in ("mode", "churn", "value", "recommendedStrategy"))
