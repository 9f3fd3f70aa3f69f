"""Answers of models that were usable, by the hash of all that shaped them: asking the same again costs nothing.

Add here: another way to find or forget an answer. Keep out: what goes into the hash (the caller knows).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from segmentation_pipeline.state.schema import llm_cache

if TYPE_CHECKING:
    from datetime import datetime


def cached_reply(connection: sa.Connection, cache_key: str) -> str | None:
    """Return the answer kept under a key, or None."""
    return connection.execute(sa.select(llm_cache.c.reply).where(llm_cache.c.cache_key == cache_key)).scalar()


def keep_reply(
    connection: sa.Connection, cache_key: str, *, provider: str, model: str, reply: str, created_at: datetime
) -> None:
    """Keep an answer; one that is kept already under this key is replaced."""
    connection.execute(llm_cache.delete().where(llm_cache.c.cache_key == cache_key))
    connection.execute(
        llm_cache.insert().values(
            cache_key=cache_key, provider=provider, model=model, reply=reply, created_at=created_at
        )
    )
