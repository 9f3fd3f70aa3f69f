"""The offline advisor: what fires, what comes first, and that segments are told apart."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation_pipeline.config import ProductContext, Roles
from segmentation_pipeline.insights.rules import MIN_EFFECT_SD, RulesAdvisor
from segmentation_pipeline.llm.claims import Evidence, SegmentEvidence
from segmentation_pipeline.llm.grounding import check_claim
from segmentation_pipeline_tests.insights.evidence_samples import metric, segment

ROLES = Roles(
    churn=("drop_off",), conversion=("accept",), revision=("revise_offer",), collaboration=("comment", "invite")
)
NO_PRODUCT = ProductContext()
DIFFERENCES = st.dictionaries(
    st.sampled_from(
        [
            "drop_off_rate",
            "conversion_rate",
            "revision_share",
            "collaboration_score",
            "session_frequency",
            "session_depth",
            "feature_breadth",
            "account_age_days",
            "recent_visit_share",
            "silent_days",
            "time_of_day__evening",
            "action_share__export",
            "action_reach__import",
        ]
    ),
    st.floats(-2, 2),
)


def advise(
    evidence: SegmentEvidence, *siblings: SegmentEvidence, roles: Roles = ROLES, product: ProductContext = NO_PRODUCT
):
    return RulesAdvisor(roles, 3).advise(evidence, siblings, product)


@pytest.mark.parametrize(
    ("differences", "rule_id"),
    [
        ({"revision_share": 1.0, "drop_off_rate": 0.5}, "revision_drop_off"),
        ({"collaboration_score": -1.0, "drop_off_rate": 0.5}, "alone_drop_off"),
        ({"account_age_days": -1.0, "drop_off_rate": 0.5}, "newcomer_drop_off"),
        ({"recent_visit_share": -1.0, "drop_off_rate": 0.5}, "fading_drop_off"),
        ({"drop_off_rate": 0.5}, "drop_off_high"),
        ({"conversion_rate": -0.5}, "conversion_low"),
        ({"revision_share": 1.0}, "revision_high"),
        ({"session_depth": -1.0}, "shallow_visits"),
        ({"session_frequency": -1.0}, "rare_visits"),
        ({"feature_breadth": -1.0}, "narrow_use"),
        ({"time_of_day__evening": 1.0}, "evening_users"),
        ({"time_of_day__night": 1.0}, "night_users"),
        ({"action_share__export": 1.0}, "action_heavy:export"),
        ({"action_share__export": 1.0, "drop_off_rate": 0.5}, "friction_at_action:export"),
        ({"action_reach__import": -1.0}, "action_unused:import"),
    ],
)
def test_a_contrast_leads_to_its_own_advice(differences: dict[str, float], rule_id: str) -> None:
    assert advise(segment("a", **differences)).experiments[0].rule_id == rule_id


def test_a_rule_about_a_role_needs_the_role_configured() -> None:
    listened = segment("a", revision_share=1.0, drop_off_rate=0.5)
    roleless = advise(listened, roles=Roles(churn=("cancel",)))
    assert {"revision_drop_off", "revision_high"}.isdisjoint(e.rule_id for e in roleless.experiments)


def test_a_difference_within_chance_fires_no_rule() -> None:
    evidence = segment("a", drop_off_rate=0.5)
    uncertain = metric("session_depth", 6.0, -1.0)
    uncertain = type(uncertain)(**{**vars(uncertain), "contrast_direction": "none"})
    evidence = SegmentEvidence("a", "A", {**evidence.metrics, "session_depth": uncertain})
    assert "shallow_visits" not in {e.rule_id for e in advise(evidence).experiments}


def test_a_tiny_difference_of_behaviour_fires_no_rule_however_certain() -> None:
    tiny = RulesAdvisor(ROLES, 3).fired(segment("a", session_depth=-(MIN_EFFECT_SD - 0.01)), NO_PRODUCT)
    large = RulesAdvisor(ROLES, 3).fired(segment("a", session_depth=-(MIN_EFFECT_SD + 0.01)), NO_PRODUCT)
    assert (len(tiny), len(large)) == (0, 1)


@pytest.mark.parametrize(("visits_a_week", "is_often"), [(1.9, False), (2.0, True)])
def test_a_contrast_does_not_make_the_words_of_a_rule_true(visits_a_week: float, is_often: bool) -> None:
    evidence = SegmentEvidence("a", "A", {"session_frequency": metric("session_frequency", visits_a_week, 1.0)})
    fired = [found.rule_id for found in RulesAdvisor(ROLES, 3).fired(evidence, NO_PRODUCT)]
    assert fired == (["frequent_visits"] if is_often else [])


def test_nobody_is_led_into_leaving_trouble_or_a_login() -> None:
    names = ("cancel_plan", "Logout", "log_in", "error_page", "Submit Downgrade")
    used = {f"action_share__{name}": 2.0 for name in names}
    unused = {f"action_reach__{name}": -2.0 for name in names}
    assert RulesAdvisor(ROLES, 3).fired(segment("a", **used, **unused), NO_PRODUCT) == []


def test_trouble_is_met_as_trouble() -> None:
    assert advise(segment("a", action_reach__error_page=1.0)).experiments[0].rule_id == "trouble:error_page"


def test_an_action_hardly_anybody_uses_is_no_gap_of_a_segment() -> None:
    metrics = {
        name: replace(metric(name, value, -0.5), overall_value=value + 0.05)
        for name, value in {"action_reach:rare": 0.14, "action_reach:common": 0.16}.items()
    }
    fired = RulesAdvisor(ROLES, 3).fired(SegmentEvidence("a", "A", metrics), NO_PRODUCT)
    assert [found.rule_id for found in fired] == ["action_unused:common"]


def test_endings_and_roles_are_never_offered_as_actions() -> None:
    evidence = segment("a", action_share__accept=2.0, action_share__comment=2.0, action_share__revise_offer=2.0)
    assert RulesAdvisor(ROLES, 3).fired(evidence, NO_PRODUCT) == []


@pytest.mark.parametrize(
    ("feature", "is_recognised"),
    [
        ("Data Export", True),
        ("exports", True),
        ("data_export", True),
        ("Data import", False),
        ("port", False),
        ("-", False),
    ],
)
def test_a_core_feature_is_recognised_however_it_is_written(feature: str, is_recognised: bool) -> None:
    evidence = segment("a", action_reach__data_export=-1.0)
    first = advise(evidence, product=ProductContext(core_features=(feature,))).experiments[0].rule_id
    assert (first == "core_feature_unused:data_export") is is_recognised


def test_a_segment_without_any_contrast_still_gets_distinct_level_advice() -> None:
    advice = advise(segment("a"))
    assert len({e.title for e in advice.experiments}) == 3
    assert len(advice.pain_points) == 1
    assert {claim.direction for item in (*advice.experiments, *advice.pain_points) for claim in item.claims} == {"none"}


def test_what_a_stronger_sibling_shares_comes_after_what_is_the_segments_own() -> None:
    evidence = segment("a", session_depth=-1.0, feature_breadth=-0.9)
    assert advise(evidence).experiments[0].rule_id == "shallow_visits"
    crowded = advise(evidence, segment("b", session_depth=-2.0))
    assert crowded.experiments[0].rule_id == "narrow_use"


def test_experiments_spread_over_groups_before_a_group_repeats() -> None:
    # Among the three, revision_high scores above drop_off_high but is of the same group as revision_drop_off.
    evidence = segment("a", revision_share=2.0, drop_off_rate=1.0, collaboration_score=-0.5, time_of_day__evening=0.5)
    groups = [e.rule_id for e in advise(evidence).experiments]
    assert groups == ["revision_drop_off", "alone_drop_off", "drop_off_high"]


def test_an_experiment_is_decided_on_a_metric_that_is_measured() -> None:
    measured = segment("a", drop_off_rate=0.5)
    without = {k: m for k, m in measured.metrics.items() if k not in ("drop_off_rate", "conversion_rate")}
    advice = advise(SegmentEvidence("a", "A", without | {"session_depth": metric("session_depth", 6.0, -1.0)}))
    assert {e.primary_metric for e in advice.experiments} <= set(without)


@given(st.lists(DIFFERENCES, min_size=1, max_size=4))
def test_advice_is_complete_distinct_and_grounded_whatever_the_contrasts(contrasts: list[dict[str, float]]) -> None:
    segments = [segment(f"s{i}", **differences) for i, differences in enumerate(contrasts)]
    for evidence in segments:
        advice = advise(evidence, *[other for other in segments if other is not evidence])
        assert len({e.title for e in advice.experiments}) == 3
        assert len({e.rule_id for e in advice.experiments}) == 3
        assert 1 <= len(advice.pain_points) <= 3
        assert {e.primary_metric for e in advice.experiments} <= set(evidence.metrics)
        for item in (*advice.experiments, *advice.pain_points):
            for claim in item.claims:
                assert check_claim(claim, Evidence.of(segments)).is_grounded


def test_order_of_siblings_does_not_matter() -> None:
    evidence, b, c = segment("a", drop_off_rate=0.5), segment("b", drop_off_rate=0.9), segment("c", session_depth=1.0)
    assert advise(evidence, b, c) == advise(evidence, c, b)
