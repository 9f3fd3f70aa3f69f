"""Alerts: what went wrong, why, and what to do next, to a webhook and by mail; the same trouble is told once a while.

Add here: another kind of trouble, or another way to tell of it. Keep out: noticing it inside a run (checks do).
"""

import json
import os
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import dagster as dg

from segmentation_pipeline.activation_settings import AlertSettings, MailSettings
from segmentation_pipeline.config import Settings, find_home
from segmentation_pipeline.errors import AlertNotSent, PipelineError
from segmentation_pipeline.llm.keys import Key
from segmentation_pipeline.signing import message_body, signed_headers
from segmentation_pipeline.state.alerts import Trouble, note_told, note_untold, to_tell
from segmentation_pipeline.state.database import State, open_state

ALERT_INTERVAL_S = 30
"""Seconds between two looks at runs that ended."""

TIMEOUT_S = 20.0
"""Seconds a webhook or mail server has to answer."""

ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]

LOOKED_RUNS = 100
"""Most runs looked at in one tick; the next tick goes on."""

WHY_CHARS = 1_000
"""Most of an explanation that is told; the run holds all of it."""


@dataclass(frozen=True)
class Cursor:
    """Up to where runs were looked at: the moment of the last one's end, and the runs of that moment."""

    ended_at: float
    run_ids: tuple[str, ...]


def alert_sensor(home_root: Path | None) -> dg.SensorDefinition:
    """Return the sensor that tells of failed runs and failed checks."""

    @dg.sensor(
        name="alert_sensor",
        minimum_interval_seconds=ALERT_INTERVAL_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells a webhook or mail recipients of failed runs and checks; the same again only now and then.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        try:
            home = find_home(home_root)
            settings = home.settings()
            if not settings.alerts.is_used:
                return dg.SkipReason("nobody is to be told: [alerts] names no webhook and no mail server")
            troubles, cursor = look(context.instance, settings.alerts, read_cursor(context.cursor))
            told = tell(troubles, settings, open_state(home, settings), os.environ, utc_now())
        except AlertNotSent:
            raise  # the tick is shown as failed, and the next one tells again
        except PipelineError as error:
            return dg.SkipReason(str(error))
        reason = f"told of: {', '.join(told)}" if told else f"{len(troubles)} troubles, all told before"
        return dg.SensorResult(
            skip_reason=dg.SkipReason(reason if troubles else "nothing went wrong"), cursor=write_cursor(cursor)
        )

    return sensor


def utc_now() -> datetime:
    """Return the present moment, naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


def look(instance: dg.DagsterInstance, settings: AlertSettings, since: Cursor | None) -> tuple[list[Trouble], Cursor]:
    """Return the troubles of runs that ended since, and up to where they were looked at.

    Without a cursor nothing is told: what failed before anybody asked to be told is in the UI.
    """
    if since is None:
        return [], Cursor(datetime.now(UTC).timestamp(), ())
    records = instance.get_run_records(
        dg.RunsFilter(statuses=ENDED, updated_after=datetime.fromtimestamp(since.ended_at - 1, UTC)),
        limit=LOOKED_RUNS,
        order_by="update_timestamp",
        ascending=True,
    )
    troubles: list[Trouble] = []
    cursor = since
    for record in records:
        run, ended_at = record.dagster_run, record.update_timestamp.timestamp()
        if ended_at < since.ended_at or run.run_id in cursor.run_ids:
            continue
        troubles += _of_run(instance, run) + _of_checks(instance, run, settings)
        same = cursor.run_ids if ended_at == cursor.ended_at else ()
        cursor = Cursor(ended_at, (*same, run.run_id))
    return troubles, cursor


def tell(
    troubles: Sequence[Trouble],
    settings: Settings,
    state: State,
    environment: Mapping[str, str],
    now: datetime,
) -> list[str]:
    """Tell of what is new, or was not told for a while; return the titles told.

    Raises:
        AlertNotSent: neither webhook nor mail could be reached; nothing counts as told.
    """
    if not troubles:
        return []
    again = timedelta(hours=settings.alerts.repeat_hours)
    with state.write() as connection:
        new = to_tell(connection, troubles, now - again)
    told = []
    for trouble, untold in new:
        send(trouble, untold, settings.alerts, environment, now)
        with state.write() as connection:
            note_told(connection, trouble, now)
        told.append(trouble.title)
    subjects = {trouble.subject for trouble, _ in new}
    repeated = [trouble for trouble in troubles if trouble.subject not in subjects]
    with state.write() as connection:
        note_untold(connection, repeated, now)
    return told


def send(trouble: Trouble, untold: int, settings: AlertSettings, environment: Mapping[str, str], now: datetime) -> None:
    """Send one trouble everywhere it is to be told.

    Raises:
        AlertNotSent: it reached nobody.
    """
    failures, sent = [], 0
    for is_used, way in ((settings.webhook, _post), (settings.mail.host, _mail)):
        if not is_used:
            continue
        try:
            way(trouble, untold, settings, environment, now)
            sent += 1
        except AlertNotSent as error:
            failures.append(str(error))
    if not sent:
        raise AlertNotSent(" ".join(failures))


def _of_run(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[Trouble]:
    if run.status != dg.DagsterRunStatus.FAILURE:
        return []
    step, why = "run", "It ended without saying why."
    failures = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    for entry in failures:
        event = entry.dagster_event
        if event is None or not event.is_step_failure:
            continue
        data = event.step_failure_data
        cause = data.error.cause if data.error and data.error.cause else data.error
        step = event.step_key or step
        why = (data.user_failure_data.description if data.user_failure_data else None) or (
            cause.message.strip() if cause else why
        )
        break
    else:
        for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE):
            why = (entry.dagster_event.message if entry.dagster_event else None) or entry.user_message or why
    month = run.tags.get("dagster/partition", "")[:7]
    what = f"{run.job_name} {month}".strip()
    return [
        _trouble(
            f"{what} failed in {step}",
            why,
            f"open run {run.run_id} in `segpipe ui`; everything published before is still there",
            key=(run.job_name, month, step, _without_numbers(why)),
            run=run,
        )
    ]


def _of_checks(instance: dg.DagsterInstance, run: dg.DagsterRun, settings: AlertSettings) -> list[Trouble]:
    found = []
    for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION):
        evaluation = entry.dagster_event.asset_check_evaluation_data if entry.dagster_event else None
        if evaluation is None or evaluation.passed:
            continue
        is_warning = evaluation.severity == dg.AssetCheckSeverity.WARN
        if is_warning and not settings.warnings:
            continue
        table = evaluation.asset_key.to_user_string()
        found.append(
            _trouble(
                f"check {evaluation.check_name} of {table} {'warns' if is_warning else 'failed'}",
                evaluation.description or "It did not say why.",
                f"look at {table} in `segpipe ui`, run {run.run_id}",
                key=("check", table, evaluation.check_name),
                run=run,
            )
        )
    return found


def _trouble(title: str, why: str, advice: str, *, key: Sequence[str], run: dg.DagsterRun) -> Trouble:
    """Return a trouble; the explanation's own last words are the advice, where it has such."""
    told, found, own = why.partition("Next: ")
    text = " ".join(told.split())[:WHY_CHARS]
    return Trouble.of(
        key,
        title=title,
        why=text,
        next_step=" ".join(own.split())[:WHY_CHARS] if found else advice,
        run_id=run.run_id,
        job_name=run.job_name,
    )


def _without_numbers(text: str) -> str:
    """Return a text in which every number is the same: how many rows failed does not make it another trouble."""
    return "".join("0" if character.isdigit() else character for character in text)


def _text(trouble: Trouble, untold: int) -> str:
    again = f"\nIt happened {untold} more time{'s' if untold > 1 else ''} since it was last told." if untold else ""
    return f"{trouble.title}\n\nWhy: {trouble.why}\nNext: {trouble.next_step}\nRun: {trouble.run_id}{again}\n"


def _post(
    trouble: Trouble, untold: int, settings: AlertSettings, environment: Mapping[str, str], now: datetime
) -> None:
    import httpx2

    data: dict[str, Any] = {
        "title": trouble.title,
        "why": trouble.why,
        "next": trouble.next_step,
        "run_id": trouble.run_id,
        "job": trouble.job_name,
        "untold_count": untold,
    }
    body = message_body("pipeline.alert", now, data, text=_text(trouble, untold))
    secret = environment.get(settings.secret_variable, "").strip()
    signed = signed_headers(secret, body, now=datetime.now(UTC)) if secret else {}
    try:
        answer = httpx2.post(
            settings.webhook, content=body, headers={"content-type": "application/json", **signed}, timeout=TIMEOUT_S
        )
    except (httpx2.HTTPError, OSError) as error:
        raise AlertNotSent(_not_sent(f"the webhook: {type(error).__name__}: {error}", secret)) from None
    if not 200 <= answer.status_code < 300:
        raise AlertNotSent(_not_sent(f"the webhook: status {answer.status_code}", secret))


def _mail(
    trouble: Trouble, untold: int, settings: AlertSettings, environment: Mapping[str, str], _now: datetime
) -> None:
    mail = settings.mail
    message = EmailMessage()
    message["Subject"] = f"[segpipe] {trouble.title}"
    message["From"] = mail.sender
    message["To"] = ", ".join(mail.to)
    message.set_content(_text(trouble, untold))
    password = environment.get(mail.password_variable, "")
    try:
        with _connected(mail) as server:
            if mail.user:
                server.login(mail.user, password)
            server.send_message(message)
    except (smtplib.SMTPException, OSError, ssl.SSLError) as error:
        raise AlertNotSent(_not_sent(f"{mail.host}:{mail.port}: {error}", password)) from None


def _connected(mail: MailSettings) -> smtplib.SMTP:
    if mail.security == "tls":
        return smtplib.SMTP_SSL(mail.host, mail.port, timeout=TIMEOUT_S, context=ssl.create_default_context())
    server = smtplib.SMTP(mail.host, mail.port, timeout=TIMEOUT_S)
    if mail.security == "starttls":
        server.starttls(context=ssl.create_default_context())
    return server


def _not_sent(what: str, secret: str) -> str:
    told = Key(secret).hidden_in(what)
    return f"An alert could not be sent to {told}. Next: mend [alerts] in pipeline.toml; it is tried again."


def read_cursor(text: str | None) -> Cursor | None:
    """Return the cursor a tick left, None where there is none or it cannot be read."""
    try:
        ended_at, run_ids = json.loads(text or "")
        return Cursor(float(ended_at), tuple(str(run_id) for run_id in run_ids))
    except (ValueError, TypeError):
        return None


def write_cursor(cursor: Cursor) -> str:
    """Return a cursor as text."""
    return json.dumps([cursor.ended_at, list(cursor.run_ids)])
