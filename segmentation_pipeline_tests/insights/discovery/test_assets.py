"""Both assets and their checks on a warehouse: offline as it runs by default, and with a model that may fail."""

import re
from datetime import date

import dagster as dg
import pytest

from segmentation_pipeline.config import Home, Settings
from segmentation_pipeline.insights.discovery import checks
from segmentation_pipeline.insights.discovery.assets import llm_assignments, llm_segments
from segmentation_pipeline.llm.audit import llm_calls_frame
from segmentation_pipeline.state.database import open_state
from segmentation_pipeline.warehouse.warehouse import Warehouse
from segmentation_pipeline_tests import llm_servers as does
from segmentation_pipeline_tests.homes import PLANTED_MONTH
from segmentation_pipeline_tests.insights.discovery.planted import ASSIGNS, USER, asked_for

FEBRUARY = date(2026, 2, 1)
TABLES = ("llm_segments", "llm_discoveries", "llm_assignments", "llm_agreement", "llm_segment_figures")
MONTHLY = ("refreshes", "user_features", "user_outcomes", "clusters", "user_clusters")
RISEN = """
INSERT INTO llm_segments
SELECT * REPLACE ('retired' AS status, DATE '2025-12-01' AS refresh_month) FROM llm_segments LIMIT 1
"""
"""A segment that was retired before the refresh it lives in."""

C8 = (
    checks.enough_segments,
    checks.retention_tells_segments_apart,
    checks.few_are_unclassified,
    checks.no_segment_dominates,
)


def settings_of(home, server=None, **more):
    settings = home.settings()
    if server is None:
        return settings
    llm = {"provider": server.openai_provider, "key_variable": "SERVER_KEY", "max_retries": 0, "timeout_s": 5} | more
    return Settings.model_validate(settings.model_dump(exclude={"llm"}) | {"llm": llm})


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv("SERVER_KEY", does.KEY)


def discover(warehouse, month=PLANTED_MONTH):
    return llm_segments.function(dg.build_asset_context(partition_key=month.isoformat()), warehouse)


def assign(warehouse):
    return llm_assignments.function(dg.build_asset_context(), warehouse)


def rows(warehouse, sql):
    with warehouse.read() as db:
        return db.rows(sql)


def copy_month(warehouse, month):
    """Let the same users be at risk in another refresh."""
    with warehouse.transaction() as db:
        for table in MONTHLY:
            db.execute(
                f"INSERT INTO {table} BY NAME SELECT * REPLACE ($month AS refresh_month) FROM {table}"
                " WHERE refresh_month = $planted",
                {"month": month, "planted": PLANTED_MONTH},
            )


def statuses(warehouse):
    return {check.name: check.function(warehouse, PLANTED_MONTH) for check in C8}


def test_a_refresh_has_discovered_segments_without_any_model(planted_home):
    warehouse = Warehouse(planted_home, planted_home.settings())
    found = rows(warehouse, "FROM llm_discoveries")[0]
    assert (found["status"], found["provider"], found["fallback"], found["input_tokens"]) == (
        "discovered",
        "rules",
        None,
        0,
    )
    assert found["segment_count"] >= 3
    assert not open_state(planted_home, warehouse.settings).is_made, "nothing is kept of a model nobody asked"
    for check in (checks.discovered_segments_are_whole, checks.everyone_at_risk_has_one_assignment):
        assert check.function(warehouse, PLANTED_MONTH).passed
    shown = statuses(warehouse)
    assert shown["retention_tells_segments_apart"].values["status"] == "not_applicable"
    assert {outcome.severity for outcome in shown.values()} == {"WARN"}


def test_a_rerun_writes_the_same_bytes(planted_home):
    warehouse = Warehouse(planted_home, planted_home.settings())
    before = [rows(warehouse, f"FROM {table} ORDER BY ALL") for table in TABLES]
    discover(warehouse)
    assign(warehouse)
    assert [rows(warehouse, f"FROM {table} ORDER BY ALL") for table in TABLES] == before
    assert all(before)


def test_nothing_is_written_where_nothing_changed(planted_home):
    warehouse = Warehouse(planted_home, planted_home.settings())
    assert assign(warehouse) == {"refreshes_written": 0}
    discover(warehouse)
    assert assign(warehouse)["llm_assignments"]["refreshes_written"] == 1


def test_a_daily_update_before_any_refresh_writes_nothing_and_warns_of_nothing(tmp_path):
    warehouse = Warehouse(Home(tmp_path), Settings())
    assert assign(warehouse) == {"refreshes_written": 0}
    for check in (checks.everyone_at_risk_has_one_assignment, checks.everyone_is_answered, *C8):
        assert check.function(warehouse, None).passed, check.name


def test_a_refresh_with_too_few_users_is_one_row_and_the_next_ones_go_on(planted_home):
    warehouse = Warehouse(planted_home, planted_home.settings())
    copy_month(warehouse, FEBRUARY)
    with warehouse.transaction() as db:
        db.execute("DELETE FROM user_features WHERE refresh_month = $month", {"month": PLANTED_MONTH})
        db.execute("DELETE FROM user_clusters WHERE refresh_month = $month", {"month": PLANTED_MONTH})
    for month in (PLANTED_MONTH, FEBRUARY):
        discover(warehouse, month)
    assign(warehouse)
    found = rows(warehouse, "FROM llm_discoveries ORDER BY refresh_month")
    assert [row["status"] for row in found] == ["insufficient_data", "discovered"]
    assert {row["refresh_month"] for row in rows(warehouse, "FROM llm_assignments")} == {FEBRUARY}
    assert checks.everyone_at_risk_has_one_assignment.function(warehouse, None).passed


def test_ids_live_on_from_refresh_to_refresh(planted_home):
    warehouse = Warehouse(planted_home, planted_home.settings())
    copy_month(warehouse, FEBRUARY)
    discover(warehouse, FEBRUARY)
    found = rows(warehouse, "FROM llm_segments ORDER BY refresh_month, segment_id")
    january = {row["segment_id"]: row["label"] for row in found if row["refresh_month"] == PLANTED_MONTH}
    february = {row["segment_id"]: row["label"] for row in found if row["refresh_month"] == FEBRUARY}
    assert february == january
    assert {row["status"] for row in found if row["refresh_month"] == FEBRUARY} == {"kept"}


def test_a_model_discovers_and_assigns_and_all_it_cost_is_told(planted_home, server, key):
    warehouse = Warehouse(planted_home, settings_of(planted_home, server))
    told = discover(warehouse)["llm_discoveries"]
    assigned = assign(warehouse)
    found = rows(warehouse, "FROM llm_discoveries")[0]
    assert (found["model"], told["calls"], found["call_count"]) == ("test-model", 3, 3)
    assert found["input_tokens"] == told["input_tokens"] == 3 * does.INPUT_TOKENS
    assert assigned["llm_assignments"]["models"] == ["test-model"]
    users = [user for request in asked_for(server, ASSIGNS) for user in USER.findall(request.prompt)]
    assert len(users) == len(set(users)) == len(rows(warehouse, "FROM llm_assignments"))
    state = open_state(planted_home, warehouse.settings)
    calls = llm_calls_frame(state, PLANTED_MONTH)
    assert set(calls["purpose"]) == {"segment_discovery", "segment_assignment"}
    names = [row["user_id"] for row in rows(warehouse, "SELECT user_id FROM user_features")]
    prompts = "\n".join(calls["prompt_text"])
    assert not set(names) & set(re.findall(r"\w+", prompts))
    for check in (
        checks.discovered_segments_are_whole,
        checks.everyone_at_risk_has_one_assignment,
        checks.the_model_discovered,
        checks.everyone_is_answered,
    ):
        assert check.function(warehouse, PLANTED_MONTH).passed, check.name


def test_a_day_at_a_time_the_pending_are_told_and_left_out_of_shares(planted_home, server, key):
    warehouse = Warehouse(planted_home, settings_of(planted_home, server, assignments_per_day=60))
    discover(warehouse)
    told = assign(warehouse)["llm_assignments"]
    count = len(rows(warehouse, "FROM llm_assignments"))
    assert told["pending"] == count - 60
    assert sum(row["share"] for row in rows(warehouse, "FROM llm_segment_figures")) == pytest.approx(1)
    outcome = checks.everyone_is_answered.function(warehouse, None)
    assert (outcome.passed, outcome.severity, outcome.values["pending"]) == (False, "WARN", count - 60)
    assert assign(warehouse)["llm_assignments"]["pending"] == count - 60


@pytest.mark.parametrize(
    ("step", "more", "kind"),
    [
        (does.failing(500), {}, "server_error"),
        (does.text("{"), {}, "broken_json"),
        (None, {"budget_tokens": 100}, "budget"),
        (does.failing(401), {}, "unauthorized"),
    ],
    ids=["server down", "broken answers", "no budget", "wrong key"],
)
def test_whatever_a_model_does_the_refresh_is_written_and_a_warning_tells(planted_home, server, key, step, more, kind):
    server.otherwise = step or server.otherwise
    warehouse = Warehouse(planted_home, settings_of(planted_home, server, **more))
    assert discover(warehouse)["llm_discoveries"]["why_not_the_model"].startswith(kind)
    assign(warehouse)
    outcome = checks.the_model_discovered.function(warehouse, PLANTED_MONTH)
    assert (outcome.passed, outcome.severity) == (False, "WARN")
    assert {row["provider"] for row in rows(warehouse, "FROM llm_assignments")} == {"rules"}


def test_a_model_without_its_key_is_a_warning(planted_home, server, monkeypatch):
    monkeypatch.delenv("SERVER_KEY", raising=False)
    warehouse = Warehouse(planted_home, settings_of(planted_home, server))
    discover(warehouse)
    assert not checks.the_model_discovered.function(warehouse, PLANTED_MONTH).passed
    assert server.requests == []


def test_the_second_refresh_within_a_week_is_carried_over(planted_home, server, key):
    warehouse = Warehouse(planted_home, settings_of(planted_home, server))
    discover(warehouse)
    copy_month(warehouse, FEBRUARY)
    with warehouse.transaction() as db:  # another behaviour, so that the question is not in the cache
        db.execute(
            "UPDATE user_features SET session_frequency = session_frequency * 2 WHERE refresh_month = $month",
            {"month": FEBRUARY},
        )
    assert discover(warehouse, FEBRUARY)["llm_segments"]["status"] == "carried_over"
    statuses = {row["status"] for row in rows(warehouse, "FROM llm_segments WHERE refresh_month = '2026-02-01'")}
    assert statuses == {"carried_over"}
    assert checks.the_model_discovered.function(warehouse, FEBRUARY).passed


@pytest.mark.parametrize(
    ("check", "tampering"),
    [
        (checks.discovered_segments_are_whole, "UPDATE llm_segments SET label = 'the same'"),
        (checks.discovered_segments_are_whole, "DELETE FROM llm_segments WHERE segment_id LIKE '%-a'"),
        (
            checks.discovered_segments_are_whole,
            RISEN,
        ),
        (checks.everyone_at_risk_has_one_assignment, "DELETE FROM llm_assignments WHERE rowid = 0"),
        (checks.everyone_at_risk_has_one_assignment, "UPDATE llm_assignments SET segment_id = 'gone'"),
        (
            checks.enough_segments,
            "DELETE FROM llm_segment_figures WHERE segment_id <> 'unclassified' AND right(segment_id, 1) > 'b'",
        ),
        (checks.few_are_unclassified, "UPDATE llm_segment_figures SET share = 0.15"),
        (checks.no_segment_dominates, "UPDATE llm_segment_figures SET share = 0.41"),
        (
            checks.retention_tells_segments_apart,
            "UPDATE llm_segment_figures SET retention_status = 'observed', retained_day_14 = 0.5, user_count = 50",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_a_check_turns_red_when_its_promise_is_broken(planted_home, check, tampering):
    warehouse = Warehouse(planted_home, planted_home.settings())
    with warehouse.transaction() as db:
        db.execute(tampering)
    assert not check.function(warehouse, PLANTED_MONTH).passed


def test_fifteen_points_between_best_and_worst_are_enough(planted_home):
    warehouse = Warehouse(planted_home, planted_home.settings())
    with warehouse.transaction() as db:
        db.execute(
            "UPDATE llm_segment_figures SET retention_status = 'observed', user_count = 50,"
            " retained_day_14 = CASE WHEN segment_id LIKE '%-a' THEN 0.65 ELSE 0.5 END"
        )
    assert checks.retention_tells_segments_apart.function(warehouse, None).passed
