"""`pipeline.toml` -> frozen settings: the only reader of settings in the house.

Add here: a setting, with its unit, its allowed range and its default.
Keep out: reading the environment (only the home's path comes from it) and anything computed from data.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from segmentation_pipeline.activation_settings import ActivationSettings, AlertSettings
from segmentation_pipeline.customer_settings import CustomerSettings
from segmentation_pipeline.errors import HomeError, SettingsError
from segmentation_pipeline.lead_settings import LeadSettings
from segmentation_pipeline.llm_settings import LlmSettings
from segmentation_pipeline.surface_settings import ApiSettings, McpSettings, ReportSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

HOME_VARIABLE = "SEGPIPE_HOME"
SETTINGS_FILE = "pipeline.toml"
MAY_HOLD_A_KEY = (
    "llm.provider",
    "llm.key_variable",
    "activation.posthog.host",
    "activation.posthog.key_variable",
    "activation.attio.host",
    "activation.attio.key_variable",
    "activation.delivery.webhook",
    "activation.delivery.secret_variable",
    "alerts.webhook",
    "alerts.secret_variable",
    "alerts.mail.password_variable",
)
"""Entries people put a secret into by mistake: what was found there is not shown."""

SAMPLE_HOME = Path(__file__).resolve().parent.parent / "data" / "sample"


def _known_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError("not a known time zone; allowed: IANA names such as UTC or Europe/Istanbul") from None
    return name


def _first_of_month(value: object) -> object:
    """Read `2026-01` as the first of January 2026."""
    if isinstance(value, str):
        try:
            year, month = value.split("-")
            return date(int(year), int(month), 1)
        except ValueError:
            raise ValueError("not a month; allowed: YYYY-MM such as 2026-01") from None
    return value


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Timezone = Annotated[str, AfterValidator(_known_timezone)]
Month = Annotated[date, BeforeValidator(_first_of_month)]
ActionNames = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class ColumnMapping(_Section):
    """Which column of the files plays which role; None means: find it by its well-known aliases.

    An empty `event_id` means: no column is an event id, whatever its name.
    """

    user_id: str | None = None
    timestamp: str | None = None
    action: ActionNames | None = None
    event_id: str | None = None


class InputSettings(_Section):
    """How event files are read."""

    default_timezone: Timezone = "UTC"
    columns: ColumnMapping = ColumnMapping()
    action_separator: str = "+"
    max_field_chars: int = Field(default=65_536, ge=256, le=1_000_000)


class SessionSettings(_Section):
    """What a visit is."""

    gap_minutes: float = Field(default=30, gt=0, le=24 * 60)
    runaway_hours: float = Field(default=24, gt=0)
    runaway_actions_per_minute: float = Field(default=120, gt=0)

    @property
    def gap_s(self) -> float:
        """Longest silence inside a visit, in seconds."""
        return self.gap_minutes * 60


class Roles(_Section):
    """Which actions open, close or characterise a user's case."""

    start: ActionNames = ()
    churn: ActionNames = ()
    conversion: ActionNames = ()
    end: ActionNames = ()
    revision: ActionNames = ()
    collaboration: ActionNames = ()

    @property
    def closing(self) -> tuple[str, ...]:
        """Every action that ends a case."""
        return self.churn + self.conversion + self.end

    @model_validator(mode="after")
    def _one_ending_each(self) -> Roles:
        repeated = sorted({name for name in self.closing if self.closing.count(name) > 1})
        if repeated:
            raise ValueError(f"{', '.join(repeated)} is given more than one of churn, conversion, end")
        return self


class TimeSettings(_Section):
    """The three dates of a refresh."""

    window_days: float = Field(default=30, ge=1, le=730)
    horizon_days: float = Field(default=14, ge=1, le=730)
    entry_cohort_days: float | Literal["all"] = 30
    timezone: Timezone = "UTC"

    @field_validator("entry_cohort_days")
    @classmethod
    def _positive(cls, value: float | str) -> float | str:
        if not isinstance(value, str) and value <= 0:
            raise ValueError('allowed: a number of days above 0, or "all"')
        return value


Method = Literal["auto", "kmeans", "hdbscan", "gaussian_mixture"]


class MethodParameters(_Section):
    """Parameters of the methods that are forced instead of tried; "auto" tries several."""

    covariance: Literal["auto", "tied", "diag"] = "auto"
    min_cluster_share: float | Literal["auto"] = "auto"
    min_samples: int | Literal["auto"] = "auto"

    @field_validator("min_cluster_share")
    @classmethod
    def _a_share(cls, value: float | str) -> float | str:
        if not isinstance(value, str) and not 0 < value <= 0.5:
            raise ValueError('allowed: a share of the users above 0 and up to 0.5, or "auto"')
        return value

    @field_validator("min_samples")
    @classmethod
    def _some_neighbours(cls, value: int | str) -> int | str:
        if not isinstance(value, str) and not 1 <= value <= 1_000:
            raise ValueError('allowed: a whole number from 1 to 1000, or "auto"')
        return value


METHOD_OF_PARAMETER = {
    "covariance": "gaussian_mixture",
    "min_cluster_share": "hdbscan",
    "min_samples": "hdbscan",
}


class SegmentSettings(_Section):
    """How users are grouped."""

    method: Method = "auto"
    k: int | Literal["auto"] = "auto"
    k_max: int = Field(default=8, ge=3, le=26)
    min_users: int = Field(default=30, ge=10)
    seed: int = Field(default=7, ge=0)
    membership_floor: float = Field(default=0.5, ge=0, le=1)
    fit_sample: int = Field(default=50_000, ge=1_000)
    reductions: tuple[Literal["pca", "umap"], ...] = ("pca", "umap")
    map_method: Literal["umap", "pca"] = "umap"
    parameters: MethodParameters = MethodParameters()

    @model_validator(mode="after")
    def _parameters_of_the_method(self) -> SegmentSettings:
        for name, method in METHOD_OF_PARAMETER.items():
            if getattr(self.parameters, name) != "auto" and self.method not in {"auto", method}:
                raise ValueError(
                    f"parameters.{name} belongs to {method}, but method is {self.method}; allowed: leave it out, or"
                    f' method = "{method}" or "auto"'
                )
        return self

    @field_validator("k")
    @classmethod
    def _at_least_two(cls, value: int | str) -> int | str:
        if not isinstance(value, str) and not 2 <= value <= 26:
            raise ValueError('allowed: a whole number from 2 to 26, or "auto"')
        return value

    @field_validator("reductions")
    @classmethod
    def _some_reduction(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError('allowed: at least one of "pca", "umap"')
        return value


class RetentionSettings(_Section):
    """Which days curves are read at, and how few users are too few."""

    curve_days: tuple[float, ...] = (1, 3, 7, 14, 30)
    min_at_risk: int = Field(default=20, ge=5)
    alpha: float = Field(default=0.05, gt=0, lt=0.5)


class AdviceSettings(_Section):
    """When a segment gets advice, and how much."""

    min_users: int = Field(default=30, ge=1)
    experiments_per_segment: int = Field(default=3, ge=3, le=10)


class ExperimentSettings(_Section):
    """What an experiment must be able to find, how soon, and how surely."""

    smallest_effect: float = Field(default=0.2, gt=0, lt=1)
    max_weeks: int = Field(default=12, ge=1, le=104)
    mde_weeks: int = Field(default=26, ge=1, le=104)
    holdout_share: float = Field(default=0.1, ge=0.01, le=0.5)
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    power: float = Field(default=0.8, ge=0.5, lt=1)


class ProductContext(_Section):
    """What the product is, in the words of its team."""

    type: str = ""
    core_features: tuple[str, ...] = ()
    retention_drivers: tuple[str, ...] = ()
    lifecycle: str = ""


class RefreshSettings(_Section):
    """When refreshes are asked for beside the monthly schedule."""

    landing_poll_s: int = Field(default=30, ge=5, le=3_600)
    max_unclassified_share: float = Field(default=0.15, gt=0, le=1)
    drift_every_days: float = Field(default=7, ge=1, le=90)
    catch_up_after_hours: float = Field(default=6, ge=0, le=168)


class WarehouseSettings(_Section):
    """What DuckDB may use."""

    memory_limit: str = Field(default="4GB", pattern=r"^\d+(\.\d+)?\s*(MB|GB|TB|MiB|GiB|TiB)$")
    threads: int = Field(default=2, ge=1, le=256)


class StateSettings(_Section):
    """Where names, notes and all else that cannot be computed again is kept."""

    url: str = ""


class Settings(_Section):
    """Everything `pipeline.toml` says, checked."""

    sample: bool = False
    first_month: Month | None = None
    clock: Literal["calendar", "entry"] | None = None
    lead_in_hours: float | None = Field(default=None, gt=0)
    inactivity_days: int | None = Field(default=None, ge=1, le=365)
    input: InputSettings = InputSettings()
    sessions: SessionSettings = SessionSettings()
    roles: Roles = Roles()
    time: TimeSettings = TimeSettings()
    segments: SegmentSettings = SegmentSettings()
    retention: RetentionSettings = RetentionSettings()
    advice: AdviceSettings = AdviceSettings()
    experiments: ExperimentSettings = ExperimentSettings()
    product: ProductContext = ProductContext()
    customers: CustomerSettings = CustomerSettings()
    leads: LeadSettings = LeadSettings()
    llm: LlmSettings = LlmSettings()
    refresh: RefreshSettings = RefreshSettings()
    activation: ActivationSettings = ActivationSettings()
    alerts: AlertSettings = AlertSettings()
    warehouse: WarehouseSettings = WarehouseSettings()
    state: StateSettings = StateSettings()
    report: ReportSettings = ReportSettings()
    api: ApiSettings = ApiSettings()
    mcp: McpSettings = McpSettings()

    @property
    def lead_in_s(self) -> float | None:
        """Length of the entry clock's lead-in, in seconds."""
        return None if self.lead_in_hours is None else self.lead_in_hours * 3600

    @property
    def churn_definition(self) -> Literal["action", "inactivity", "none"]:
        """What tells that a user dropped off; a configured action goes before a measured silence."""
        if self.roles.churn:
            return "action"
        return "none" if self.inactivity_days is None else "inactivity"

    @property
    def silence_days(self) -> int | None:
        """Silent days that count as drop-off; None unless nothing else tells of it."""
        return self.inactivity_days if self.churn_definition == "inactivity" else None

    @model_validator(mode="after")
    def _entry_clock_has_a_lead_in(self) -> Settings:
        if self.clock == "entry" and self.lead_in_hours is None:
            raise ValueError('clock = "entry" needs lead_in_hours beside it; `segpipe configure` measures both')
        return self


@dataclass(frozen=True)
class Home:
    """One folder with everything of one installation."""

    root: Path

    @property
    def settings_file(self) -> Path:
        """Settings of this home."""
        return self.root / SETTINGS_FILE

    @property
    def landing(self) -> Path:
        """Where input files arrive."""
        return self.root / "landing"

    @property
    def warehouse_file(self) -> Path:
        """The live DuckDB file; only runs open it."""
        return self.root / "warehouse" / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        """Published copies and the symlink to the newest."""
        return self.root / "published"

    @property
    def published_file(self) -> Path:
        """Symlink to the newest published copy; what readers open."""
        return self.published / "segments.duckdb"

    @property
    def state_file(self) -> Path:
        """What cannot be computed again, unless `[state] url` names another place."""
        return self.root / "state.db"

    @property
    def unpublished_file(self) -> Path:
        """Why the last run published nothing; not there where it did."""
        return self.published / "unpublished.json"

    @property
    def exports(self) -> Path:
        """Files for people: personas, clustered leads, pictures."""
        return self.root / "exports"

    @property
    def dagster(self) -> Path:
        """DAGSTER_HOME of this home."""
        return self.root / "dagster"

    @property
    def run_lock(self) -> Path:
        """OS lock every run holds from start to end."""
        return self.root / "run.lock"

    def settings(self) -> Settings:
        """Read `pipeline.toml`.

        Raises:
            HomeError: the folder or the file does not exist.
            SettingsError: the file has a wrong key or value.
        """
        if not self.settings_file.is_file():
            raise HomeError(
                f"{self.root} is not a home: it has no {SETTINGS_FILE}. "
                f"Next: `segpipe init {self.root}` makes one, or name another with --home or {HOME_VARIABLE}."
            )
        return read_settings(self.settings_file)


def find_home(given: Path | None = None, environment: Mapping[str, str] = os.environ) -> Home:
    """Return the home named by `--home`, else by SEGPIPE_HOME, else the sample that ships with the source."""
    if given is not None:
        return Home(given.expanduser().resolve())
    named = environment.get(HOME_VARIABLE)
    if named:
        return Home(Path(named).expanduser().resolve())
    return Home(SAMPLE_HOME)


def read_settings(path: Path) -> Settings:
    """Read and check one settings file.

    Raises:
        SettingsError: not TOML, an unknown key, or a value outside what is allowed.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path} cannot be read as TOML: {error}. Next: mend that line; strings need quotes, lists brackets."
        ) from error
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        raise SettingsError(_explain(path, error, raw)) from None


def _explain(path: Path, error: ValidationError, raw: dict[str, Any]) -> str:
    lines = [f"{path} has {error.error_count()} wrong entr{'y' if error.error_count() == 1 else 'ies'}:"]
    for problem in error.errors():
        location = [str(part) for part in problem["loc"]]
        key = ".".join(location) or "top level"
        if problem["type"] == "extra_forbidden":
            allowed = ", ".join(sorted(_section_at(location[:-1]).model_fields))
            lines.append(f"  {key}: no such key; allowed here: {allowed}")
        else:
            is_shown = problem["type"] != "missing" and key not in MAY_HOLD_A_KEY
            found = f"found {_shown(problem['input'], raw)}; " if is_shown else ""
            lines.append(f"  {key}: {found}{_allowed(problem)}")
    lines.append("Next: mend these lines; `segpipe init DIR` writes a file with every key explained.")
    return "\n".join(lines)


def _section_at(location: list[str]) -> type[BaseModel]:
    section: type[BaseModel] = Settings
    for name in location:
        annotation = section.model_fields[name].annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            section = annotation
    return section


def _shown(value: object, raw: dict[str, Any]) -> str:
    """Show a value as it was written; a whole section is named instead of printed."""
    if isinstance(value, dict):
        return "this section" if value is not raw else "this file"
    return repr(value)


def _allowed(problem: Any) -> str:
    message = str(problem["msg"]).removeprefix("Value error, ")
    return message if message.startswith(("allowed", "not ")) or "allowed" in message else f"allowed: {message}"
