"""Advice of a model that errs: sent back once, then dropped, then replaced, and every verdict kept."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pytest

from segmentation_pipeline.config import ProductContext, Roles
from segmentation_pipeline.insights.advisor import (
    Advice,
    AdviceRequest,
    Experiment,
    NoAdvice,
    PainPoint,
    Persona,
    ProductRecommendation,
)
from segmentation_pipeline.insights.gate import advise_grounded, recommendation_id
from segmentation_pipeline.insights.recommending import citation_problems, rows_of, ungrounded_texts
from segmentation_pipeline.insights.rules import RulesAdvisor
from segmentation_pipeline.llm.claims import Claim, Evidence
from segmentation_pipeline_tests.insights.evidence_samples import segment

if TYPE_CHECKING:
    from collections.abc import Sequence

# Drop-off of a is .4 against .35 overall.
SEGMENT, SIBLING = segment("2026-03-a", drop_off_rate=0.5), segment("2026-03-b", drop_off_rate=-0.5)
EVIDENCE = Evidence.of([SEGMENT, SIBLING])
RULES = RulesAdvisor(Roles(churn=("drop_off",)), 3)

TRUE = Claim(
    kind="contrast",
    subject="2026-03-a",
    metric="drop_off_rate",
    comparator="overall",
    direction="higher",
    value="40%",
    unit="pct",
    window="",
    text="At 40%, drop-off is higher than the 35% overall.",
)
FALSE = replace(TRUE, text="At 46%, drop-off is higher than the 35% overall.")
PAIN = PainPoint("pain", "They leave early", (TRUE,), "Ask them why.")
EXPERIMENTS = tuple(
    Experiment(
        name,
        f"Try {name}",
        (TRUE,),
        "Show it to them.",
        f"If {name} is tried, drop-off will be {{direction}}.",
        "drop_off_rate",
        "lower",
        "S",
    )
    for name in ("reminders", "templates", "drafts")
)
REMEDY = ProductRecommendation("remedy", "Keep drafts", (TRUE,), "Save what they began.")
GOOD = Advice((PAIN,), (REMEDY,), EXPERIMENTS, Persona("Early leavers", "Users who look around and go."))


class Model:
    """An advisor that answers what it was given, and can be told once what is wrong."""

    name = "model"
    can_correct = True

    def __init__(self, first: Advice | NoAdvice, second: Advice | NoAdvice) -> None:
        self.first, self.second = first, second
        self.told: list[str] = []

    def advise_all(self, requests: Sequence[AdviceRequest], product: ProductContext) -> list[Advice | NoAdvice]:
        self.told += [request.refused for request in requests if request.refused]
        return [self.second if request.refused else self.first for request in requests]


def gated(first: Advice | NoAdvice, second: Advice | NoAdvice = GOOD):
    model = Model(first, second)
    return model, advise_grounded([SEGMENT], EVIDENCE, model, ProductContext(), RULES)[0]


def with_first_experiment(**changes: object) -> Advice:
    return replace(GOOD, experiments=(replace(EXPERIMENTS[0], **changes), *EXPERIMENTS[1:]))


def test_grounded_advice_passes_without_a_second_question() -> None:
    model, found = gated(GOOD)
    assert (found.advice, found.advisor, model.told) == (GOOD, "model", [])
    assert {check.verdict for check in found.checks} == {"ok"}
    assert {check.recommendation_id for check in found.checks if check.item == "pain_point:pain"} == {
        recommendation_id("2026-03-a", PAIN)
    }


def test_what_is_wrong_is_sent_back_once_and_what_is_mended_is_told_as_corrected() -> None:
    model, found = gated(with_first_experiment(claims=(FALSE,)))
    assert found.advice == GOOD
    assert len(model.told) == 1
    assert "wrong_figure: found '46%'; drop_off_rate of 2026-03-a is 40%" in model.told[0]
    told = [
        (check.attempt, check.verdict, check.violation, check.recommendation_id)
        for check in found.checks
        if (check.item, check.part) == ("experiment:reminders", "claim")
    ]
    assert told == [
        (1, "sent_back", "wrong_figure", None),
        (2, "corrected", None, recommendation_id("2026-03-a", EXPERIMENTS[0])),
    ]


def test_a_claim_that_stays_wrong_is_dropped_and_the_right_one_beside_it_stays() -> None:
    bad = with_first_experiment(claims=(FALSE, TRUE))
    _, found = gated(bad, bad)
    assert found.advice == GOOD
    assert [c.verdict for c in found.checks if c.item == "experiment:reminders" and c.part == "claim"] == [
        "sent_back",
        "ok",
        "dropped",
        "ok",
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"claims": (FALSE,)},
        {"claims": ()},
        {"title": "Cut drop-off by 10%"},
        {"body": "Half of them never see it."},
        {"hypothesis": "If tried, drop-off will be lower by 5 pp."},
        {"claims": (replace(TRUE, subject="2026-03-b", direction="lower", value=None, text="Drop-off is {value}."),)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_where_too_little_is_left_the_fallback_advises(changes: dict[str, object]) -> None:
    bad = with_first_experiment(**changes)
    _, found = gated(bad, bad)
    assert found.advisor == "rules"
    assert len(found.advice.experiments) == 3
    assert {c.recommendation_id for c in found.checks if c.advisor == "model"} == {None}
    assert all(c.recommendation_id for c in found.checks if c.advisor == "rules")


def test_advice_is_told_by_what_it_says_and_not_by_the_name_its_writer_gave_it() -> None:
    one = EXPERIMENTS[0]
    assert recommendation_id("2026-03-a", one) == recommendation_id(
        "2026-03-a", replace(one, rule_id="other", effort="L")
    )
    different: list[PainPoint] = [
        replace(one, title="Try harder"),
        replace(one, body="Show it to all."),
        replace(one, claims=(FALSE,)),
        replace(one, hypothesis="If tried, drop-off will be {direction}."),
        replace(one, primary_metric="conversion_rate"),
        replace(one, expected_direction="higher"),
        PainPoint(one.rule_id, one.title, one.claims, one.body),
    ]
    ids = {recommendation_id("2026-03-a", item) for item in (one, *different)} | {recommendation_id("2026-03-b", one)}
    assert len(ids) == len(different) + 2
    # Pinned, because roadmaps refer to it: the id must not change with the program.
    assert recommendation_id("2026-03-a", PAIN) == "2026-03-a:pain_point:82d56bc0afa1"


def test_what_is_said_twice_under_two_names_is_published_once() -> None:
    twin = replace(PAIN, rule_id="twin")
    _, found = gated(replace(GOOD, pain_points=(PAIN, twin)))
    assert found.advice.pain_points == (PAIN,)
    assert {check.recommendation_id for check in found.checks if check.item == "pain_point:twin"} == {None}


def test_an_advisor_that_cannot_be_corrected_loses_what_is_wrong() -> None:
    class Deaf:
        name = "deaf"
        can_correct = False

        def advise_all(self, requests: Sequence[AdviceRequest], product: ProductContext) -> list[Advice]:
            return [with_first_experiment(claims=(FALSE,)) for _ in requests]

    found = advise_grounded([SEGMENT], EVIDENCE, Deaf(), ProductContext())[0]
    assert [item.rule_id for item in found.advice.experiments] == ["templates", "drafts"]
    assert [check.violation for check in found.checks if check.violation] == ["wrong_figure"]


def test_a_model_that_repeats_itself_breaks_no_contract() -> None:
    _, found = gated(replace(GOOD, pain_points=(PAIN, replace(PAIN, title="The same once more"))))
    assert found.advice == GOOD
    rows = [asdict(check) for check in found.checks]
    keys = [(c["item"], c["part"], c["claim_index"], c["attempt"], c["advisor"]) for c in rows]
    assert len(set(keys)) == len(keys)


def test_rows_of_free_text_pass_the_checks_that_follow() -> None:
    _, found = gated(GOOD)
    rows = [asdict(row) for row in rows_of(found, EVIDENCE)]
    assert rows[0]["text"] == "At 40%, drop-off is higher than the 35% overall. Ask them why."
    assert citation_problems(rows, EVIDENCE) == []
    assert ungrounded_texts(rows, EVIDENCE) == []
    assert ungrounded_texts([rows[0] | {"text": rows[0]["text"].replace("40%", "41%")}], EVIDENCE)


@pytest.mark.parametrize(
    ("persona", "violation"),
    [
        (Persona("label of 2026-03-b", "They look around."), "duplicate_name"),
        (Persona("LABEL OF 2026-03-B", "They look around."), "duplicate_name"),
        (Persona("Half-hearted visitors", "They look around."), "fraction"),
        (Persona("Users who look around and then leave", "They look around."), "too_long"),
        (Persona("Ten percenters", "They look around."), "number_word"),
        (Persona("Lookers", "They leave more often than others."), "comparative"),
        (Persona("Lookers", "Read https://example.org first."), "link"),
    ],
    ids=lambda value: value.name if isinstance(value, Persona) else value,
)
def test_a_persona_that_is_not_its_own_or_states_something_is_dropped_and_the_advice_stays(persona, violation) -> None:
    bad = replace(GOOD, persona=persona)
    model, found = gated(bad, bad)
    assert violation in model.told[0]
    assert found.persona is None
    assert (found.advisor, found.advice.experiments) == ("model", EXPERIMENTS)
    assert violation in {check.violation for check in found.checks if check.item == "persona"}


def test_of_two_segments_named_alike_the_second_is_told_and_loses_the_name() -> None:
    class Namesake(Model):
        def advise_all(self, requests: Sequence[AdviceRequest], product: ProductContext) -> list[Advice | NoAdvice]:
            self.told += [request.refused for request in requests if request.refused]
            return [Advice((), (), (), Persona("Owls", "They come late.")) for _ in requests]

    model = Namesake(GOOD, GOOD)
    first, second = advise_grounded([SEGMENT, SIBLING], EVIDENCE, model, ProductContext(), RULES)
    assert (first.persona, second.persona) == (Persona("Owls", "They come late."), None)
    assert len(model.told) == 1
    assert "2026-03-a is called so" in model.told[0]


@pytest.mark.parametrize(
    ("changes", "violation"),
    [
        ({"primary_metric": "made_up"}, "unknown_metric"),
        ({"primary_metric": "size"}, "unfit_metric"),
        ({"expected_direction": "higher"}, "wrong_direction"),
        ({"body": "See www.example.org for it."}, "link"),
    ],
)
def test_an_experiment_is_decided_on_a_metric_it_may_move_the_right_way(changes, violation) -> None:
    bad = with_first_experiment(**changes)
    model, found = gated(bad, bad)
    assert violation in model.told[0]
    assert found.advisor == "rules"


def test_where_no_answer_comes_the_rules_stand_in_and_say_why() -> None:
    model, found = gated(NoAdvice("timeout: no answer in 45 s"))
    assert (found.advisor, found.instead_because, model.told) == ("rules", "timeout: no answer in 45 s", [])
    assert found.advice.pain_points
    assert [item.rule_id for item in found.advice.product_recommendations] == ["drop_off_high"]


def test_where_only_the_second_answer_fails_the_right_parts_of_the_first_stay() -> None:
    first = replace(GOOD, experiments=(replace(EXPERIMENTS[0], title="Cut drop-off by 10%", rule_id="x"), *EXPERIMENTS))
    _, found = gated(first, NoAdvice("budget: spent"))
    assert (found.advisor, found.instead_because) == ("model", None)
    assert [item.rule_id for item in found.advice.experiments] == ["reminders", "templates", "drafts"]
