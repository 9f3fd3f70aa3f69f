"""The audit as rows of the table `llm_calls`: read from state.db, where calls are noted as they are made.

Add here: another view of past calls. Keep out: making calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segmentation_pipeline.llm.tables import LlmCalls
from segmentation_pipeline.state.llm_calls import calls_of_month
from segmentation_pipeline.warehouse.frames import typed_frame

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from segmentation_pipeline.state.database import State


def llm_calls_frame(state: State, refresh_month: date) -> pd.DataFrame:
    """Return the calls of a refresh as `Database.replace(LlmCalls, ..., month=refresh_month)` takes them.

    Raises:
        StateError: state.db cannot be used.
    """
    with state.read() as connection:
        return typed_frame(LlmCalls, calls_of_month(connection, refresh_month))
