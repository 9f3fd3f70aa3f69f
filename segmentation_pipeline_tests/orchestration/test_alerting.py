"""Alerts say what failed, why and what to do next; the same trouble once a while, and again where nobody heard."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import duckdb
import pytest

from segmentation_pipeline.config import Home, Settings
from segmentation_pipeline.errors import AlertNotSent, ContractBroken
from segmentation_pipeline.orchestration.alerting import alert_sensor, tell
from segmentation_pipeline.orchestration.table_assets import table_asset
from segmentation_pipeline.orchestration.troubles import Cursor, look, read_cursor, write_cursor
from segmentation_pipeline.segments.tables import SegmentModels
from segmentation_pipeline.state.database import open_state
from segmentation_pipeline.warehouse.warehouse import Warehouse
from segmentation_pipeline_tests.activation_servers import WEBHOOK_SECRET, failing, taking
from segmentation_pipeline_tests.mail_server import MailServer
from segmentation_pipeline_tests.orchestration.ticks import a_home, tick

NOW = datetime(2026, 3, 1, 12)
START = Cursor(0.0, ())
SECRETS = {"SEGPIPE_WEBHOOK_SECRET": WEBHOOK_SECRET}


@pytest.fixture
def instance():
    with dg.instance_for_test() as made:
        yield made


@pytest.fixture
def mail():
    with MailServer() as server:
        yield server


@pytest.fixture
def state(tmp_path):
    return open_state(Home(tmp_path), Settings())


def alerts(**section):
    return Settings.model_validate({"alerts": section})


def by_mail(mail):
    return {"host": "127.0.0.1", "port": mail.port, "security": "none", "sender": "segpipe@x.org", "to": ["team@x.org"]}


def fail(instance, description, job_name="daily_update"):
    """Run a job whose only asset fails so."""

    def raised():
        raise dg.Failure(description=description, allow_retries=False)

    return run_asset(instance, raised, job_name)


def run_asset(instance, function, job_name="daily_update"):
    """Run a job whose only asset does this."""

    @dg.asset
    def numbers() -> None:
        function()

    job = dg.Definitions(assets=[numbers], jobs=[dg.define_asset_job(job_name, selection=[numbers])])
    return job.resolve_job_def(job_name).execute_in_process(instance=instance, raise_on_error=False).run_id


def checked(instance, severity, check="nobody_is_lost"):
    @dg.asset(check_specs=[dg.AssetCheckSpec(check, asset="users")])
    def users():
        return dg.MaterializeResult(
            check_results=[
                dg.AssetCheckResult(
                    passed=False, severity=severity, description="3 users are lost. Next: look for them."
                )
            ]
        )

    job = dg.Definitions(assets=[users], jobs=[dg.define_asset_job("daily_update", selection=[users])])
    return job.resolve_job_def("daily_update").execute_in_process(instance=instance).run_id


def test_a_failed_run_is_told_with_what_why_and_what_next(instance, receiver, mail, state):
    settings = alerts(webhook=receiver.url, mail=by_mail(mail))
    run_id = fail(instance, "bad.csv cannot be read: 3 columns missing. Next: export it again.")
    troubles, _ = look(instance, settings.alerts, START)
    assert tell(troubles, settings, state, SECRETS, NOW).titles == ("daily_update failed in numbers",)
    (message,) = receiver.messages
    assert message["data"] == {
        "title": "daily_update failed in numbers",
        "why": "bad.csv cannot be read: 3 columns missing.",
        "next": "export it again.",
        "run_id": run_id,
        "job": "daily_update",
        "untold_count": 0,
    }
    assert message["text"].startswith("daily_update failed in numbers\n\nWhy: bad.csv")
    (letter,) = mail.messages
    assert (letter["Subject"], letter["To"]) == ("[segpipe] daily_update failed in numbers", "team@x.org")
    assert "Next: export it again." in letter.get_content()


def test_a_failure_without_advice_gets_some(instance):
    run_id = fail(instance, "it broke")
    (trouble,) = look(instance, alerts().alerts, START)[0]
    assert trouble.next_step == f"open run {run_id} in `segpipe ui`; everything published before is still there"


def test_the_same_trouble_is_told_once_a_day_with_how_often_it_came_back(instance, receiver, state):
    settings = alerts(webhook=receiver.url)
    cursor = START
    for number, hours in ((9, 0), (10, 1), (1_200, 2), (8, 25)):
        fail(instance, f"{number} files are broken")
        troubles, cursor = look(instance, settings.alerts, cursor)
        assert len(troubles) == 1
        tell(troubles, settings, state, SECRETS, NOW + timedelta(hours=hours))
    assert [message["data"]["untold_count"] for message in receiver.messages] == [0, 2]
    assert "It happened 2 more times" in receiver.messages[1]["text"]


def test_troubles_of_one_tick_that_are_the_same_are_one_message(instance, receiver, state):
    settings = alerts(webhook=receiver.url)
    for _ in range(3):
        fail(instance, "the disk is full")
    fail(instance, "the disk is full", job_name="ingest")
    troubles, _ = look(instance, settings.alerts, START)
    tell(troubles, settings, state, SECRETS, NOW)
    assert [(m["data"]["job"], m["data"]["untold_count"]) for m in receiver.messages] == [
        ("daily_update", 2),
        ("ingest", 0),
    ]


@pytest.mark.parametrize(
    ("severity", "warnings", "titles"),
    [
        (dg.AssetCheckSeverity.ERROR, False, ["check nobody_is_lost of users failed"]),
        (dg.AssetCheckSeverity.WARN, False, []),
        (dg.AssetCheckSeverity.WARN, True, ["check nobody_is_lost of users warns"]),
    ],
)
def test_failed_checks_are_told_and_warnings_where_they_are_wanted(instance, severity, warnings, titles):
    checked(instance, severity)
    troubles, _ = look(instance, alerts(warnings=warnings).alerts, START)
    assert [trouble.title for trouble in troubles] == titles
    assert all((trouble.why, trouble.next_step) == ("3 users are lost.", "look for them.") for trouble in troubles)


def test_a_run_is_looked_at_once_however_often_the_sensor_looks(instance):
    fail(instance, "it broke")
    troubles, cursor = look(instance, alerts().alerts, START)
    assert len(troubles) == 1
    assert look(instance, alerts().alerts, read_cursor(write_cursor(cursor)))[0] == []


def test_what_failed_before_anybody_asked_is_not_told(instance):
    fail(instance, "it broke")
    troubles, cursor = look(instance, alerts().alerts, None)
    assert troubles == []
    assert cursor.ended_at > datetime(2026, 1, 1, tzinfo=UTC).timestamp()


def test_where_nobody_hears_the_next_tick_tells_again(instance, receiver, mail, state):
    settings = alerts(webhook=receiver.url, mail=by_mail(mail))
    fail(instance, "it broke")
    troubles, _ = look(instance, settings.alerts, START)
    receiver.will(failing(500))
    mail.refused = {"team@x.org"}
    with pytest.raises(AlertNotSent, match=r"status 500.*no such mailbox"):
        tell(troubles, settings, state, SECRETS, NOW)
    receiver.will(failing(500))
    mail.refused = set()
    later = NOW + timedelta(minutes=1)
    told = tell(troubles, settings, state, SECRETS, later)
    assert told.titles == ("daily_update failed in numbers", "alerts by webhook cannot be sent")
    assert [way.way for way in told.failed] == ["webhook"]
    assert [letter["Subject"] for letter in mail.messages] == [f"[segpipe] {title}" for title in told.titles]
    assert "status 500" in mail.messages[1].get_content()
    assert tell(troubles, settings, state, SECRETS, later).titles == (), "it was told already"


def test_a_way_that_fails_for_ever_is_tried_ever_more_seldom(instance, receiver, state):
    settings = alerts(webhook=receiver.url)
    fail(instance, "it broke")
    troubles, _ = look(instance, settings.alerts, START)
    receiver.otherwise = failing(500)
    tries = 0
    for half_minute in range(2 * 60 * 24):
        now = NOW + timedelta(seconds=30 * half_minute)
        try:
            assert tell(troubles, settings, state, SECRETS, now).is_put_off
        except AlertNotSent:
            tries += 1
    assert 20 <= tries <= 40
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1, "each looks like another message"
    assert len({request.raw for request in receiver.requests}) == 1
    receiver.otherwise = taking
    (title,) = tell(troubles, settings, state, SECRETS, NOW + timedelta(hours=30)).titles
    assert title == "daily_update failed in numbers"
    assert [message["data"]["untold_count"] for message in receiver.messages] == [0]


def test_the_sensor_says_while_a_way_rests_and_loses_nothing(tmp_path, instance, receiver, monkeypatch):
    monkeypatch.setenv("SEGPIPE_WEBHOOK_SECRET", WEBHOOK_SECRET)
    home = a_home(tmp_path, f'[alerts]\nwebhook = "{receiver.url}"\n')
    sensor = alert_sensor(home.root)
    cursor = tick(sensor, instance).cursor
    fail(instance, "it broke")
    receiver.will(failing(500))
    with pytest.raises(AlertNotSent):
        tick(sensor, instance, cursor)
    rests = tick(sensor, instance, cursor)
    assert "1 troubles wait to be told. The last try by webhook failed" in rests.skip_reason.skip_message
    assert rests.cursor == cursor


# What leaves this machine.


def test_no_value_of_a_row_leaves_this_machine(instance, tmp_path):
    home = Home(tmp_path)
    home.warehouse_file.parent.mkdir(parents=True)

    @table_asset(SegmentModels, group="segments", kinds={"duckdb"})
    def segment_models(_context, warehouse):
        with warehouse.transaction() as db:
            db.ensure(SegmentModels)
            raise ContractBroken(
                "segment_models",
                [{"column": "email", "check": "is_known", "example": "ada@example.org", "row_count": 1}],
            )

    definition = segment_models.definition(dg.StaticPartitionsDefinition(["2026-01-01"]))
    result = dg.materialize(
        [definition], instance=instance, resources={"warehouse": Warehouse(home, Settings())}, raise_on_error=False
    )
    (trouble,) = look(instance, alerts().alerts, START)[0]
    assert trouble.title == "check contract of segment_models failed"
    assert "email: is_known" in trouble.why
    assert "ada@example.org" not in f"{trouble}"
    (event,) = result.get_step_failure_events()
    assert "ada@example.org" in str(event.step_failure_data.user_failure_data.metadata), "the run keeps it"


def refused_by_a_destination():
    raise dg.Failure(
        description="PostHog: The destination refused the key (status 401: no ada@example.org. Next: a lie); nothing "
        "more was sent. Next: put a valid key into the environment.",
        allow_retries=False,
    )


def cannot_convert():
    duckdb.sql("SELECT CAST('ada@example.org' AS INTEGER)").fetchall()


def disk_is_full():
    raise OSError("No space left on device")


@pytest.mark.parametrize(
    ("function", "why", "next_step"),
    [
        (
            refused_by_a_destination,
            "PostHog: The destination refused the key (status 401)",
            "put a valid key into the environment.",
        ),
        (cannot_convert, "ConversionException; its words are in the run, they may quote rows.", None),
        (disk_is_full, "OSError: No space left on device", None),
    ],
)
def test_words_that_may_quote_rows_are_left_in_the_run(instance, function, why, next_step):
    run_asset(instance, function)
    (trouble,) = look(instance, alerts().alerts, START)[0]
    assert trouble.why == why
    assert trouble.next_step == next_step or next_step is None


@pytest.mark.parametrize("check", ["no_half_written_refresh", "no_refresh_is_stale"])
def test_warnings_that_what_people_look_at_is_old_are_always_told(instance, check):
    checked(instance, dg.AssetCheckSeverity.WARN, check)
    (trouble,) = look(instance, alerts(warnings=False).alerts, START)[0]
    assert trouble.title == f"check {check} of users warns"


def test_the_sensor_tells_of_what_happens_after_it_was_turned_on(tmp_path, instance, receiver, monkeypatch):
    monkeypatch.setenv("SEGPIPE_WEBHOOK_SECRET", WEBHOOK_SECRET)
    home = a_home(tmp_path, f'[alerts]\nwebhook = "{receiver.url}"\n')
    sensor = alert_sensor(home.root)
    fail(instance, "before")
    first = tick(sensor, instance)
    assert first.skip_reason.skip_message == "nothing went wrong"
    fail(instance, "after")
    second = tick(sensor, instance, first.cursor)
    assert second.skip_reason.skip_message == "told of: daily_update failed in numbers"
    third = tick(sensor, instance, second.cursor)
    assert third.skip_reason.skip_message == "nothing went wrong"
    assert [message["data"]["why"] for message in receiver.messages] == ["after"]


def test_without_anybody_to_tell_the_sensor_says_so(tmp_path, instance):
    assert "nobody is to be told" in tick(alert_sensor(a_home(tmp_path, "").root), instance).skip_reason.skip_message


def test_what_fails_while_alerts_are_off_is_not_told_when_they_are_on_again(tmp_path, instance, receiver):
    on = f'[alerts]\nwebhook = "{receiver.url}"\n'
    home = a_home(tmp_path, on)
    sensor = alert_sensor(home.root)
    cursor = tick(sensor, instance).cursor
    home.settings_file.write_text("")
    fail(instance, "meanwhile")
    cursor = tick(sensor, instance, cursor).cursor
    home.settings_file.write_text(on)
    assert tick(sensor, instance, cursor).skip_reason.skip_message == "nothing went wrong"
    assert receiver.messages == []
