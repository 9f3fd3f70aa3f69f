"""For every constraint of every contract, a row that violates it: what proves that checks can turn red.

Column constraints are mutated from the contract itself; a constraint over a whole row names its mutation here,
and a test fails for one that has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from segmentation_pipeline.warehouse import contracts
from segmentation_pipeline.warehouse.contracts import Table, table_name

ROW_MUTATIONS: dict[tuple[str, str], str] = {
    ("raw_events", "is_after_1900"): "event_at = TIMESTAMP '1899-12-31'",
    ("rejected_events", "record_is_bounded"): "record = repeat('x', 1_000_000)",
    ("landed_files", "every_record_is_accounted_for"): "read_count = read_count + 1",
    ("landed_files", "error_says_why"): "error = CASE status WHEN 'error' THEN NULL ELSE 'unreadable' END",
    (
        "landed_files",
        "accepted_events_have_a_span",
    ): "accepted_count = 0, read_count = rejected_count + duplicate_count",
    ("landed_files", "span_is_forward"): "last_event_at = first_event_at - INTERVAL 1 DAY",
    ("sessions", "ends_no_earlier_than_it_starts"): "ended_at = started_at - INTERVAL 1 DAY",
    ("sessions", "counts_within_events"): "revision_count = event_count + 1",
    ("sessions", "gap_only_between_events"): "mean_gap_s = CASE event_count WHEN 1 THEN 1.0 END",
    ("refreshes", "dates_in_order"): "window_start = landmark_at + INTERVAL 1 DAY",
    ("refreshes", "users_add_up"): "user_count = user_count + 1",
    ("refreshes", "insufficient_says_why"): "status_reason = CASE status WHEN 'ready' THEN 'none' END",
    ("refreshes", "entry_clock_has_a_lead_in"): "lead_in_s = CASE clock WHEN 'entry' THEN NULL ELSE 3600 END",
    ("refreshes", "unjudged_says_why"): "unjudged_reason = CASE churn_definition WHEN 'none' THEN NULL ELSE 'why' END",
    ("refreshes", "silence_is_told_as_a_whole"): "churn_definition = 'inactivity', inactivity_days = NULL",
    ("ended_early", "share_within_its_interval"): "share_low = 1.0, share_high = 1.0, share = 0.0",
    ("user_features", "features_end_before_the_landmark"): "last_feature_event_at = landmark_at",
    ("user_features", "counts_add_up"): "session_count = event_count + 1",
    ("user_features", "only_those_at_risk_have_model_features"): (
        "model_features = CASE status WHEN 'at_risk' THEN MAP {}::MAP(VARCHAR, DOUBLE) ELSE MAP {'x': 1.0} END"
    ),
    ("half_features", "has_features"): "model_features = MAP {}::MAP(VARCHAR, DOUBLE)",
    ("user_outcomes", "outcome_after_the_landmark"): "outcome_at = landmark_at - INTERVAL 1 SECOND",
    ("user_outcomes", "within_what_was_followed"): "duration_days = followed_days + 1",
    ("current_features", "only_live_users_have_model_features"): "status = 'ended', model_features = MAP {'x': 1.0}",
    ("current_features", "features_end_before_the_landmark"): "last_feature_event_at = landmark_at",
    ("current_features", "counts_add_up"): "session_count = event_count + 1",
    ("embeddings", "has_coordinates"): "coordinates = MAP {}::MAP(VARCHAR, DOUBLE)",
    ("cluster_candidates", "only_the_chosen_can_be_weak"): "is_chosen = false, is_weak = true",
    ("cluster_candidates", "density_validity_of_density_methods"): "method = 'kmeans', dbcv = 0.5",
    ("clusters", "rate_within_its_interval"): "drop_off_rate = 0.9, drop_off_low = 0.1, drop_off_high = 0.2",
    ("clusters", "drop_off_known_as_a_whole"): "drop_off_days = NULL, drop_off_rate = 0.5",
    ("clusters", "drop_offs_within_users"): "drop_off_count = user_count + 1",
    ("clusters", "has_a_real_id"): "cluster_id = 'unclassified'",
    ("user_clusters", "noise_is_the_raw_label"): "is_noise = NOT is_noise",
    ("user_clusters", "runner_up_is_another"): "runner_up = cluster_id",
    ("current_segments", "only_live_users_are_scored"): "status = 'ended', membership = 0.9",
    ("current_segments", "scored_by_a_model"): "status = 'live', membership = 0.9, model_month = NULL",
    ("survival_fits", "not_fitted_says_why"): "reason = CASE status WHEN 'fitted' THEN 'none' END",
    ("survival_fits", "outcomes_add_up"): "user_count = user_count + 1",
    ("survival_fits", "drop_off_within_its_interval"): "drop_off_low = 0.9, drop_off_high = 0.1",
    (
        "survival_fits",
        "logrank_only_overall_and_whole",
    ): "cluster_id = 'overall', logrank_p = 0.5, logrank_statistic = NULL",
    ("survival_fits", "restricted_mean_within_its_interval"): "rmst_days = 3, rmst_low = 4, rmst_high = 5",
    (
        "survival_fits",
        "difference_of_segments_within_its_interval",
    ): "rmst_difference_days = 1, rmst_difference_low = 2, rmst_difference_high = 3",
    ("retention_comparisons", "each_pair_once"): "other_cluster_id = cluster_id",
    (
        "retention_comparisons",
        "tests_only_where_fitted",
    ): "status = 'fitted', reason = NULL, logrank_statistic = 4, logrank_p = 0.05, holm_p = 0.01",
    ("retention_comparisons", "difference_within_its_interval"): "rmst_difference_days = 1, rmst_difference_low = NULL",
    (
        "survival_validations",
        "scores_only_where_fitted",
    ): "concordance = CASE status WHEN 'fitted' THEN NULL ELSE 1 END",
    ("survival_validations", "only_the_model_differs_from_the_baseline"): "model = 'km', brier_difference = 0.1",
    ("retention_curves", "figures_only_where_observed"): "status = 'not_observed'",
    ("cox_coefficients", "figures_only_where_fitted"): "status = 'not_fitted', reason = NULL",
    ("refresh_verdicts", "segments_unless_too_little_data"): "segment_count = 0",
    ("refresh_verdicts", "evidence_has_a_basis"): "evidence_basis = NULL",
    ("cluster_evidence", "stability_is_of_segments"): "test = 'jaccard', stability = NULL",
    ("cluster_lineage", "other_segment_where_two_take_part"): "kind = 'split', other_cluster_id = cluster_id",
    ("user_moves", "excess_is_the_difference"): "excess_share = 0.5",
    ("feature_drift", "drifts_above_the_threshold"): "is_drifting = true",
    ("segment_trends", "changes_since_an_earlier_refresh"): "previous_month = refresh_month, share_change = 0.1",
    ("cluster_metrics", "value_lies_in_its_interval"): "value = 5, low = 6, high = 7",
    ("cluster_metrics", "interval_has_both_ends"): "low = value, high = NULL",
    ("cluster_metrics", "direction_needs_a_contrast_that_excludes_no_difference"): (
        "contrast_direction = 'higher', contrast_low = -1, contrast_high = 1"
    ),
    ("cluster_metrics", "shares_lie_between_nothing_and_all"): "unit = 'pct', value = 1.5, low = NULL, high = NULL",
    ("recommendations", "experiments_are_complete"): (
        "kind = CASE kind WHEN 'experiment' THEN 'pain_point' ELSE 'experiment' END"
    ),
    ("recommendations", "texts_are_filled_in"): "text = text_template",
    ("segment_advice", "only_rules_stand_in"): "advisor = 'openai:gpt', instead_because = 'timeout'",
    ("segment_advice", "advice_cites_something"): "claim_count = 0",
    ("recommendations", "recommendation_belongs_to_its_segment"): "recommendation_id = 'somebody-else'",
    ("recommendations", "evidence_is_not_empty"): "evidence = '[]'",
    ("grounding_report", "a_violation_is_told_whole"): "verdict = 'dropped', violation = NULL",
    ("grounding_report", "only_claims_have_metrics"): "part = 'title', metric_id = 'drop_off_rate'",
    ("grounding_report", "what_is_refused_is_not_published"): "recommendation_id = 'x', violation = 'number_word'",
    ("experiment_power", "figures_unless_not_computed"): (
        "users_per_arm = CASE WHEN verdict = 'not_computed' THEN 5 END"
    ),
    ("experiment_power", "arms_and_holdout_are_everybody"): "holdout_share = holdout_share / 2",
    (
        "experiment_power",
        "time_is_enrolment_and_following",
    ): "enrolment_weeks = 3, follow_days = 7, weeks_to_decide = 5",
    ("experiment_power", "run_exactly_what_decides_in_time"): "verdict = 'run', weeks_to_decide = max_weeks + 1",
    ("experiment_power", "union_exactly_where_it_helps"): "verdict = 'run', union_cluster_ids = '[\"2026-01-a\"]'",
    ("experiment_power", "each_endpoint_has_its_own_figures"): "endpoint = 'mean', baseline_sd = NULL",
    ("experiment_power", "target_lies_where_it_is_wanted"): (
        "expected_direction = 'higher', baseline = 0.2, target = 0.1"
    ),
    ("llm_calls", "failure_says_why"): "error = 'yes', outcome = 'ok'",
    ("llm_calls", "answers_are_kept"): "raw_reply = NULL, outcome = 'ok', error = NULL",
    ("llm_calls", "the_cache_costs_nothing"): "input_tokens = 5, outcome = 'cached'",
    ("llm_discoveries", "a_reason_where_nothing_was_discovered"): "status = 'discovered', reason = 'none'",
    ("llm_discoveries", "segments_where_data_suffices"): "segment_count = 2",
    ("llm_segments", "retired_says_why"): "status = 'retired', retired_reason = NULL",
    ("llm_segments", "has_a_real_id"): "segment_id = 'unclassified'",
    ("llm_segments", "signals_are_told"): "defining_signals = '[]  '",
    ("llm_assignments", "pending_users_have_no_segment"): "status = 'pending', segment_id = NULL, confidence = 0.9",
    ("llm_assignments", "assigned_users_are_sure_enough"): "status = 'assigned', confidence = 0.49",
    ("llm_segment_figures", "retention_known_as_a_whole"): "retention_status = 'observed', retained_day_14 = NULL",
    ("rejected_purchases", "record_is_bounded"): "record = repeat('x', 1_000_000)",
    ("purchase_files", "every_record_is_accounted_for"): "read_count = read_count + 1",
    ("purchase_files", "error_says_why"): "error = CASE status WHEN 'error' THEN NULL ELSE 'unreadable' END",
    ("customers", "purchases_have_a_span"): (
        "first_purchase_at = TIMESTAMP '2026-01-02', last_purchase_at = TIMESTAMP '2026-01-01'"
    ),
    ("customer_segments", "new_customers_bought_nothing"): "mode = 'new_customer', order_count = 1",
    ("customer_segments", "regulars_have_ordered"): "mode = 'regular', order_count = 0",
    ("tier_backtests", "value_lies_in_its_interval"): "value = 1, low = 2, high = 3",
    ("tier_backtests", "lift_lies_in_its_interval"): "lift = 1, lift_low = 2, lift_high = 3",
    ("lead_files", "every_record_is_accounted_for"): "read_count = read_count + 1",
    ("lead_files", "error_says_why"): "error = CASE status WHEN 'error' THEN NULL ELSE 'unreadable' END",
    ("rejected_leads", "record_is_bounded"): "record = repeat('x', 1_000_000)",
    ("lead_imports", "one_group_says_why"): "status_reason = CASE status WHEN 'grouped' THEN 'none' END",
    ("lead_imports", "outcomes_add_up"): "lead_count = lead_count + 1",
    ("lead_imports", "rate_is_that_of_the_counts"): "overall_rate = CASE WHEN overall_rate IS NULL THEN 0.5 END",
    ("lead_personas", "rate_within_its_interval"): "shrunken_rate = 0.5, rate_low = 0.6, rate_high = 0.7",
    ("lead_personas", "conversions_within_leads"): "conversion_count = counted_count + 1",
    ("lead_personas", "rate_known_as_a_whole"): "best_probability = CASE WHEN best_probability IS NULL THEN 0.5 END",
    ("lead_columns", "unused_says_why"): "status = 'leaking', reason = NULL",
    ("posthog_person_properties", "only_withheld_is_not_sent"): "status = 'withheld'",
    ("posthog_person_properties", "sent_as_a_whole"): "content_hash = NULL",
    ("posthog_person_properties", "failed_says_why"): "status = 'failed', problem = 'status 400', attempt_count = 0",
    ("attio_attributes", "only_withheld_is_not_sent"): "status = 'withheld'",
    ("attio_attributes", "sent_as_a_whole"): "content_hash = NULL",
    ("attio_attributes", "failed_says_why"): "status = 'failed', problem = 'status 400', attempt_count = 0",
    ("segment_deliveries", "only_withheld_is_not_sent"): "status = 'withheld'",
    ("segment_deliveries", "sent_as_a_whole"): "content_hash = NULL",
    ("segment_deliveries", "failed_says_why"): "status = 'failed', problem = 'status 400', attempt_count = 0",
    ("refresh_inputs", "looks_forward"): "from_at = until_at + INTERVAL 1 DAY",
    ("stale_refreshes", "differences_add_up"): "late_event_count = late_event_count + 1",
}
"""(table, name of the constraint over a row) -> SET clause that breaks it."""


SENT_ROW = (
    "SELECT 'add' AS action, 'u1' AS user_id, 'u1' AS external_id, 'new' AS reason, '2026-01-a' AS segment_id,"
    " 'Owls' AS label, 0.9 AS confidence, 'abc' AS content_hash, 'x' AS previous_segment_id, 'x' AS previous_hash,"
    " 'x' AS remote_id, 'confirmed' AS status, 'x' AS problem, 1 AS attempt_count,"
    " TIMESTAMP '2026-01-05 12:00' AS planned_at"
)
"""A row of the tables of activation, which are empty before a destination is set up."""

VALID_ROWS = {
    "user_moves": (
        "SELECT DATE '2026-01-01' AS refresh_month, '2026-01-a' AS from_cluster_id, '2026-01-b' AS to_cluster_id,"
        " 3 AS user_count, 0.3 AS share, 0.1 AS expected_share, 0.3 - 0.1 AS excess_share,"
        " DATE '2025-12-01' AS matched_against"
    ),
    "feature_drift": (
        "SELECT DATE '2026-01-01' AS refresh_month, 'mix:login' AS feature, 0.1 AS psi, 0.05 AS psi_expected,"
        " 0.2 AS threshold, false AS is_drifting, 0.3 AS mean_before, 0.4 AS mean_now,"
        " DATE '2025-12-01' AS matched_against"
    ),
    "llm_calls": (
        "SELECT DATE '2026-01-01' AS refresh_month, 'c1' AS call_id, 'r1' AS run_id, 'cluster_insights' AS purpose,"
        " '2026-01-a' AS subject, 'openai' AS provider, 'a-model' AS model, 'cluster_insights.v1' AS prompt_name,"
        " 'abc' AS prompt_hash, 'Which?' AS prompt_text, '{}' AS raw_reply, 0 AS input_tokens, 0 AS output_tokens,"
        " 0.0 AS cost_usd, 0.0 AS latency_s, 0 AS retry_count, 'cached' AS outcome, NULL::VARCHAR AS error,"
        " TIMESTAMP '2026-01-05 12:00' AS created_at"
    ),
    "posthog_person_properties": SENT_ROW,
    "attio_attributes": SENT_ROW,
    "segment_deliveries": SENT_ROW,
}
"""A row of tables that a home's first refresh leaves empty and whose constraints tie columns together."""


@dataclass(frozen=True)
class Mutation:
    """One constraint with the SET clause that breaks it; an empty clause means: write the row twice."""

    column: str | None
    check: str
    set_clause: str


def mutations(table: type[Table]) -> list[Mutation]:
    """Return one mutation per constraint of the contract."""
    schema = table.to_schema()
    found = []
    for name, column in schema.columns.items():
        if not column.nullable:
            found.append(Mutation(name, "not_nullable", f'"{name}" = NULL'))
        found += [Mutation(name, check.name, f'"{name}" = {_violating(check)}') for check in column.checks]
    if schema.unique:
        found.append(Mutation(None, "multiple_fields_uniqueness", ""))
    found += [
        Mutation(None, check.name, ROW_MUTATIONS[table_name(table), check.name])
        for check in schema.checks
        if (table_name(table), check.name) in ROW_MUTATIONS
    ]
    return found


def row_constraints(table: type[Table]) -> set[tuple[str, str]]:
    """Return (table, name) of each constraint over a whole row."""
    return {(table_name(table), check.name) for check in table.to_schema().checks}


def valid_row(table: type[Table]) -> str:
    """Return a SELECT of one row that keeps the column constraints, for tables that are empty in the planted home."""
    if table_name(table) in VALID_ROWS:
        return VALID_ROWS[table_name(table)]
    schema = table.to_schema()
    values = [
        f'{_valid(kind, schema.columns[name].checks)} AS "{name}"'
        for name, (kind, *_) in contracts.columns(table).items()
    ]
    return f"SELECT {', '.join(values)}"


def _violating(check: Any) -> str:
    statistics = check.statistics
    match check.name:
        case "greater_than_or_equal_to":
            return f"{statistics['min_value']} - 1"
        case "greater_than":
            return str(statistics["min_value"])
        case "less_than_or_equal_to":
            return f"{statistics['max_value']} + 1"
        case "less_than":
            return str(statistics["max_value"])
        case "isin":
            return "'nothing allowed'"
        case "str_length":
            return "''"
    raise AssertionError(f"no mutation is known for the constraint {check.name}")


def _valid(kind: str, checks: list[Any]) -> str:
    allowed = {check.name: check.statistics for check in checks}
    if "isin" in allowed:
        return contracts.quoted(min(allowed["isin"]["allowed_values"]))
    lowest = allowed.get("greater_than_or_equal_to", {}).get("min_value", 0)
    number = max(lowest, allowed.get("greater_than", {}).get("min_value", -1) + 1)
    return {
        "VARCHAR": "'x'",
        "BIGINT": f"{number}::BIGINT",
        "DOUBLE": f"{number}::DOUBLE",
        "DECIMAL(18,4)": f"{number}::DECIMAL(18, 4)",
        "BOOLEAN": "false",
        "DATE": "DATE '2026-01-01'",
        "TIMESTAMP": "TIMESTAMP '2026-01-01'",
        "MAP(VARCHAR, BIGINT)": "MAP {'x': 1::BIGINT}",
        "MAP(VARCHAR, DOUBLE)": "MAP {'x': 1::DOUBLE}",
    }[kind]
