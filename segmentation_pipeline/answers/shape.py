"""What all answers share: how months and moments are written, which refresh an answer comes from, how one is made.

Add here: another kind of value. Keep out: answers about a subject (one module each).
"""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


def month_text(month: object) -> object:
    """Return a month as people write it, 2026-01."""
    return f"{month:%Y-%m}" if isinstance(month, date) else month


def _with_zone(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


MONTH_PATTERN = r"^[1-9][0-9]{3}-(0[1-9]|1[0-2])$"

Month = Annotated[str, BeforeValidator(month_text), Field(pattern=MONTH_PATTERN, examples=["2026-01"])]
"""A refresh, by the month it is of."""

Moment = Annotated[datetime, AfterValidator(_with_zone)]
"""A moment in UTC."""

Share = Annotated[float, Field(ge=0, le=1)]


class Answer(BaseModel):
    """An answer or a part of one; made from an object of the client whose fields have the same names."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    @classmethod
    def of(cls, found: object, /, **given: Any) -> Self:
        """Return the answer with the fields of `found`, and those given in their place or beside them."""
        known: dict[str, Any] = {
            name: getattr(found, name) for name in cls.model_fields if name not in given and hasattr(found, name)
        }
        return cls.model_validate({**known, **given})


class Stamp(Answer):
    """The refresh an answer comes from, and the published copy it was read from (the run that published it)."""

    month: Month | None = Field(description="Refresh; null where the home has none.")
    copy_id: str = Field(description="Run that published the copy; another one means newer data.")
    as_of: Moment | None = Field(description="Data up to here were known.")
    verdict: str | None = Field(description="Whether the segments mean anything.")
    is_provisional: bool = Field(description="Whether the month is still open.")
