"""Alerts say what failed, why and what to do next; the same trouble once a while, and again where nobody heard."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from segmentation_pipeline.config import Home, Settings
from segmentation_pipeline.errors import AlertNotSent
from segmentation_pipeline.orchestration.alerting import (
    Cursor,
    alert_sensor,
    look,
    read_cursor,
    tell,
    write_cursor,
)
from segmentation_pipeline.state.database import open_state
from segmentation_pipeline_tests.activation_servers import WEBHOOK_SECRET, WebhookReceiver, failing
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
def receiver():
    with WebhookReceiver() as server:
        yield server


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

    @dg.asset
    def numbers() -> None:
        raise dg.Failure(description=description, allow_retries=False)

    job = dg.Definitions(assets=[numbers], jobs=[dg.define_asset_job(job_name, selection=[numbers])])
    return job.resolve_job_def(job_name).execute_in_process(instance=instance, raise_on_error=False).run_id


def checked(instance, severity):
    @dg.asset(check_specs=[dg.AssetCheckSpec("nobody_is_lost", asset="users")])
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
    assert tell(troubles, settings, state, SECRETS, NOW) == ["daily_update failed in numbers"]
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
    for number, hours in enumerate((0, 1, 2, 25)):
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
    assert tell(troubles, settings, state, SECRETS, NOW) == ["daily_update failed in numbers"]
    assert len(mail.messages) == 1


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
