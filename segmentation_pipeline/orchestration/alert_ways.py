"""The ways of telling of trouble: a signed webhook, and mail.

Add here: another way, under a name of its own. Keep out: what is told when (alerting.py).
"""

import smtplib
import ssl
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from segmentation_pipeline.activation_settings import AlertSettings, MailSettings
from segmentation_pipeline.errors import AlertNotSent
from segmentation_pipeline.llm.keys import Key
from segmentation_pipeline.signing import message_body, message_id_of, signed_headers
from segmentation_pipeline.state.alerts import Trouble

TIMEOUT_S = 20.0
"""Seconds a webhook or mail server has to answer."""

Way = Callable[[Trouble, int, AlertSettings, Mapping[str, str]], None]


def alert_ways(settings: AlertSettings) -> dict[str, Way]:
    """Return the ways of telling that are set up, by name."""
    ways: dict[str, tuple[str, Way]] = {"webhook": (settings.webhook, _post), "mail": (settings.mail.host, _mail)}
    return {name: way for name, (address, way) in ways.items() if address}


def _text(trouble: Trouble, untold: int) -> str:
    again = f"\nIt happened {untold} more time{'s' if untold > 1 else ''} since it was last told." if untold else ""
    run = f"\nRun: {trouble.run_id}" if trouble.run_id else ""
    return f"{trouble.title}\n\nWhy: {trouble.why}\nNext: {trouble.next_step}{run}{again}\n"


def _message_id(trouble: Trouble) -> str:
    """Return the id of a message, the same each time it is tried: who has it already can tell."""
    return message_id_of(f"{trouble.subject} {trouble.at.isoformat()}".encode())


def _post(trouble: Trouble, untold: int, settings: AlertSettings, environment: Mapping[str, str]) -> None:
    import httpx2

    data: dict[str, Any] = {
        "title": trouble.title,
        "why": trouble.why,
        "next": trouble.next_step,
        "run_id": trouble.run_id,
        "job": trouble.job_name,
        "untold_count": untold,
    }
    body = message_body("pipeline.alert", trouble.at, data, text=_text(trouble, untold))
    secret, message_id = environment.get(settings.secret_variable, "").strip(), _message_id(trouble)
    signed = signed_headers(secret, body, now=datetime.now(UTC), message_id=message_id) if secret else {}
    headers = {"content-type": "application/json", "webhook-id": message_id, **signed}
    try:
        answer = httpx2.post(settings.webhook, content=body, headers=headers, timeout=TIMEOUT_S)
    except (httpx2.HTTPError, OSError) as error:
        raise AlertNotSent(_not_sent(f"the webhook: {type(error).__name__}: {error}", secret)) from None
    if not 200 <= answer.status_code < 300:
        raise AlertNotSent(_not_sent(f"the webhook: status {answer.status_code}", secret))


def _mail(trouble: Trouble, untold: int, settings: AlertSettings, environment: Mapping[str, str]) -> None:
    mail = settings.mail
    message = EmailMessage()
    message["Subject"] = f"[segpipe] {trouble.title}"
    message["From"] = mail.sender
    message["To"] = ", ".join(mail.to)
    message["Date"] = format_datetime(trouble.at.replace(tzinfo=UTC))
    message["Message-ID"] = f"<{_message_id(trouble)}@segpipe>"
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
    return f"An alert could not be sent to {told}. Next: mend [alerts] in pipeline.toml; it is tried again, less often."
