"""`[activation]` and `[alerts]` of pipeline.toml: which tools are told of segments and of trouble.

Add here: a setting of a destination, with unit, range and default.
Keep out: keys and passwords. They are read from the environment when something is sent, and are never part of settings.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from segmentation_pipeline.addresses import checked_url, is_this_machine, variable_name

EXPORTS = "exports"
"""Folder of a home for files people take away; the one delivered is replaced in every sync."""

EXTERNAL_ID_FORMS = '"user_id", "metadata:FIELD" or "file:ids.csv" (columns user_id, external_id)'


def _address(written: str) -> str:
    return checked_url(written, is_plain_allowed=False) if written else ""


def _external_id(written: str) -> str:
    kind, _, rest = written.partition(":")
    if written != "user_id" and not (kind in ("metadata", "file") and rest.strip()):
        raise ValueError(f"allowed: {EXTERNAL_ID_FORMS}")
    return written


def _slug(written: str) -> str:
    if written and not written.replace("_", "").replace("-", "").isalnum():
        raise ValueError("not a slug; allowed: letters, digits, _ and -")
    return written


def _an_export(written: str) -> str:
    path = PurePosixPath(written)
    is_export = len(path.parts) > 1 and path.parts[0] == EXPORTS and ".." not in path.parts
    if written and not (is_export and path.suffix.lower() == ".csv"):
        raise ValueError(
            f"not a CSV file under {EXPORTS}/, where nothing is read from; "
            f"allowed: a path such as {EXPORTS}/user_segments.csv"
        )
    return str(path) if written else ""


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Address = Annotated[str, AfterValidator(_address)]
Variable = Annotated[str, AfterValidator(variable_name)]
ExternalId = Annotated[str, AfterValidator(_external_id)]
Slug = Annotated[str, AfterValidator(_slug)]
Export = Annotated[str, AfterValidator(_an_export)]
Recipients = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, hide_input_in_errors=True)


class PosthogSettings(_Section):
    """Person properties of PostHog; no host means: not used."""

    host: Address = ""
    key_variable: Variable = "POSTHOG_PROJECT_API_KEY"
    project: str = "default"
    external_id: ExternalId = "user_id"
    batch_size: int = Field(default=1_000, ge=1, le=5_000)


class AttioSettings(_Section):
    """Attributes of records in Attio; no object means: not used."""

    object: Slug = ""
    matching_attribute: Slug = "email_addresses"
    key_variable: Variable = "ATTIO_API_KEY"
    workspace: str = "default"
    external_id: ExternalId = "metadata:email"
    writes_per_s: float = Field(default=25, gt=0, le=100)
    host: Address = "https://api.attio.com"


class DeliverySettings(_Section):
    """Segments for any other tool: a signed webhook, or a CSV file; neither means: not used."""

    webhook: Address = ""
    file: Export = ""
    secret_variable: Variable = "SEGPIPE_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable
    external_id: ExternalId = "user_id"
    batch_size: int = Field(default=500, ge=1, le=5_000)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.webhook and self.file:
            raise ValueError("webhook and file are both set; allowed: one of them")
        return self


class ActivationSettings(_Section):
    """Which segments go where; nothing is sent unless `enabled` and a key is in the environment."""

    enabled: bool = False
    source: Literal["clusters", "llm_segments"] = "clusters"
    confidence_floor: float = Field(default=0.5, ge=0, le=1)
    confidence_step: float = Field(default=0.1, ge=0.01, le=0.5)
    max_minutes: float = Field(default=10, gt=0, le=120)
    timeout_s: float = Field(default=20, gt=0, le=300)
    outage_s: float = Field(default=60, gt=0, le=3_600)
    posthog: PosthogSettings = PosthogSettings()
    attio: AttioSettings = AttioSettings()
    delivery: DeliverySettings = DeliverySettings()

    @model_validator(mode="after")
    def _reads_no_file_it_writes(self) -> Self:
        written = PurePosixPath(self.delivery.file)
        for name, section in (("posthog", self.posthog), ("attio", self.attio), ("delivery", self.delivery)):
            kind, _, read = section.external_id.partition(":")
            if self.delivery.file and kind == "file" and PurePosixPath(read.strip()) == written:
                raise ValueError(
                    f"delivery.file is also the file of ids of {name}, which it would replace; allowed: another name"
                )
        return self

    @property
    def used(self) -> tuple[str, ...]:
        """Names of the destinations that are set up."""
        is_used = {
            "posthog": self.posthog.host,
            "attio": self.attio.object,
            "delivery": self.delivery.webhook or self.delivery.file,
        }
        return tuple(name for name, written in is_used.items() if written)


class MailSettings(_Section):
    """A mail server and who is written to; no host means: no mail."""

    host: str = ""
    port: int = Field(default=587, ge=1, le=65_535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    sender: str = ""
    to: Recipients = ()
    user: str = ""
    password_variable: Variable = "SEGPIPE_SMTP_PASSWORD"  # noqa: S105 - the name of a variable

    @model_validator(mode="after")
    def _addressed(self) -> Self:
        if self.host and not (self.sender and self.to):
            raise ValueError("a mail needs sender and to beside host; allowed: addresses such as team@example.org")
        if self.host and self.user and self.security == "none" and not is_this_machine(self.host):
            raise ValueError("not encrypted: the password would be readable on the way; allowed: starttls, tls")
        return self


class AlertSettings(_Section):
    """Who hears of failed runs and checks, and how often of the same."""

    webhook: Address = ""
    secret_variable: Variable = "SEGPIPE_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable
    warnings: bool = False
    repeat_hours: float = Field(default=24, ge=0, le=24 * 30)
    mail: MailSettings = MailSettings()

    @property
    def is_used(self) -> bool:
        """Whether anybody is told."""
        return bool(self.webhook or self.mail.host)
