"""The errors a user can cause, each saying what happened, where, and what to do next.

Add here: a new class when a caller must tell one failure from another.
Keep out: errors that only a defect of ours can raise; those stay plain Python exceptions.
"""

from __future__ import annotations


class PipelineError(Exception):
    """Base of everything a user can cause; its text is shown as it is, without a traceback."""


class SettingsError(PipelineError):
    """`pipeline.toml` has a wrong key or value."""


class HomeError(PipelineError):
    """The home folder is missing, incomplete or used by somebody else."""


class NothingPublished(HomeError):
    """The home is in order but no refresh has been published yet."""


class InputError(PipelineError):
    """An input file cannot be read as a whole; single bad rows go to `rejected_events` instead."""


class ContractBroken(PipelineError):
    """Rows about to be written violate the contract of their table; the transaction is rolled back.

    `failures` holds one dict per violated constraint: column, check, example value, row count. The text goes to chats
    and mails, so it names no value.
    """

    def __init__(self, table_name: str, failures: list[dict[str, object]]) -> None:
        self.table_name = table_name
        self.failures = failures
        shown = "; ".join(f"{f['column'] or 'row'}: {f['check']}" for f in failures[:5])
        super().__init__(
            f"The new rows of table {table_name} break its contract, so nothing was written: {shown}. "
            f"Next: look at these columns in what feeds {table_name}; the run's metadata holds examples, the table "
            "and the published copy are as before."
        )


class PublishRefused(PipelineError):
    """A refresh is failed or half-written, so the published copy stays the previous one."""


class StateError(PipelineError):
    """The database of names, notes and other state cannot be used: locked, damaged, newer, read-only."""


class EditRefused(PipelineError):
    """A name or note a person gave cannot be taken as it is; nothing was changed."""


class AlreadyPlanned(EditRefused):
    """The experiment is on the roadmap and undecided already."""


class NotFound(PipelineError):
    """No segment, user, month, table or note is called what was asked for; the text names those there are."""


class InvalidPayload(PipelineError):
    """A payload to analyse is not what it should be; `path` names the field, as in customer.productHistory[0].category.

    What was found is told by its kind or number, never as text: it may be somebody's name.
    """

    def __init__(self, path: str, found: str, allowed: str) -> None:
        self.path = path
        super().__init__(f"{path}: {found}; allowed: {allowed}. Next: correct this field of the payload.")


class ActivationRefused(PipelineError):
    """A destination cannot be written to: no key, a refused key, a wrong address. Nothing more was sent."""


class AlertNotSent(PipelineError):
    """Nobody could be told of a trouble; it is tried again."""
