"""A red contract in a run: rolled back, recorded, what follows stopped, the published copy as it was."""

from datetime import date

import dagster as dg

from segmentation_pipeline.client.unpublished import unpublished_run
from segmentation_pipeline.config import Settings
from segmentation_pipeline.events import outcomes
from segmentation_pipeline.orchestration.job_runs import home_instance
from segmentation_pipeline.warehouse.warehouse import Warehouse
from segmentation_pipeline_tests.homes import refresh_in_process

FOLLOWING = ["clusters", "survival_fits", "recommendations", "published_warehouse"]


def materialised(instance, run_id):
    events = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    return {entry.dagster_event.asset_key.to_user_string() for entry in events}


def test_a_red_contract_stops_the_run_and_changes_nothing(planted_home, monkeypatch):
    warehouse = Warehouse(planted_home, Settings())
    everything = "SELECT count(*), bit_xor(hash(rows)) FROM {} AS rows"
    with warehouse.read() as db:
        before = {name: db.one(everything.format(name)) for name in ("user_outcomes", "clusters", "recommendations")}
    published = planted_home.published_file.resolve()
    content = published.read_bytes()
    intact = outcomes.load_sql

    def broken(package, name):
        sql = intact(package, name)
        return f"SELECT * REPLACE (followed_days + 1 AS duration_days) FROM ({sql})" if name == "user_outcomes" else sql

    monkeypatch.setattr(outcomes, "load_sql", broken)
    outcome = refresh_in_process(planted_home)
    assert not outcome.is_success
    assert "user_outcomes" in outcome.problem
    assert "within_what_was_followed" in outcome.problem
    assert "nothing was written" in outcome.problem
    with home_instance(planted_home) as instance:
        written = materialised(instance, outcome.run_id)
        checks = [
            entry.dagster_event.event_specific_data
            for entry in instance.all_logs(outcome.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
        ]
    assert "user_features" in written
    assert not written & {"user_outcomes", *FOLLOWING}
    red = [check for check in checks if not check.passed]
    assert [(check.asset_key.to_user_string(), check.check_name) for check in red] == [("user_outcomes", "contract")]
    with warehouse.read() as db:
        assert {name: db.one(everything.format(name)) for name in before} == before
        recorded = db.one(
            "SELECT is_passed, description FROM check_results"
            " WHERE table_name = 'user_outcomes' AND check_name = 'contract'"
        )
    assert recorded[0] is False
    assert "within_what_was_followed" in recorded[1]
    assert planted_home.published_file.resolve() == published
    assert published.read_bytes() == content
    noted = unpublished_run(planted_home)
    assert noted.run_id == outcome.run_id
    [problem] = noted.problems
    assert (problem.table, problem.check, problem.refresh_month) == ("user_outcomes", None, date(2026, 1, 1))
    assert problem.message == outcome.problem


def test_after_a_red_run_a_daily_update_does_not_publish_a_half_written_refresh(planted_home, monkeypatch):
    published = planted_home.published_file.resolve()
    intact = outcomes.load_sql

    def broken(package, name):
        sql = intact(package, name)
        return f"SELECT * REPLACE (followed_days + 1 AS duration_days) FROM ({sql})" if name == "user_outcomes" else sql

    with monkeypatch.context() as patched:
        patched.setattr(outcomes, "load_sql", broken)
        assert not refresh_in_process(planted_home).is_success
    outcome = refresh_in_process(planted_home, job_name="daily_update")
    assert outcome.is_success, outcome.problem
    assert any("Nothing was published" in warning for warning in outcome.warnings)
    with home_instance(planted_home) as instance:
        written = materialised(instance, outcome.run_id)
    assert "current_segments" in written
    assert "published_warehouse" not in written, "a copy that was not made does not age"
    assert planted_home.published_file.resolve() == published
    [problem] = unpublished_run(planted_home).problems
    assert "Nothing was published" in problem.message
    assert refresh_in_process(planted_home).is_success
    assert planted_home.published_file.resolve() != published
    assert unpublished_run(planted_home) is None
