"""A new lead among the personas of an import: the nearest by the encoding they were found with, and how near.

Add here: another thing told of one lead. Keep out: rates and tiers (they are the persona's), and where models are kept.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from segmentation_pipeline.errors import InvalidPayload
from segmentation_pipeline.landing.mapping import plain_name
from segmentation_pipeline.landing.missing import MISSING
from segmentation_pipeline.leads.columns import UNKNOWN, LeadColumn
from segmentation_pipeline.leads.continuity import PersonaModel
from segmentation_pipeline.leads.known_columns import (
    FEATURE_ALIASES,
    FEATURES,
    LONGEST_EXPERIENCE,
    OLDEST_AGE,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_CHARS = 500
"""Characters of a value; a longer one is no job title."""

BOUNDS = {"age": OLDEST_AGE, "experience": LONGEST_EXPERIENCE}


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a lead lies: its nearest persona, the runner-up, and how surely it is the first of the two.

    `margin`: how much farther the runner-up is, 0 (as near) to 1 (the lead lies on its persona's centre); None where
    there is one persona. `unknown`: columns that tell personas apart and that the lead says nothing of;
    `unseen`: those whose value no lead of the import had; `ignored`: fields that play no part.
    """

    persona_id: str
    runner_up: str | None
    margin: float | None
    unknown: tuple[str, ...]
    unseen: tuple[str, ...]
    ignored: tuple[str, ...]


class LeadScorer:
    """Places leads among the personas of one import; made once for each stored model.

    `mapping`: role -> header of the import's file; a lead may use these, the names of the roles, or well-known ones.
    """

    def __init__(self, model: str, mapping: Mapping[str, str], hidden_nulls: Sequence[str] = ()) -> None:
        self._model = PersonaModel.from_json(json.loads(model))
        self._missing = {*MISSING, ""}
        self._hidden = {word.lower() for word in hidden_nulls}
        self._roles = self._named(mapping)
        self._seen = {
            block.name: {level.casefold() for level in block.levels if level != UNKNOWN}
            for block in self._model.encoding.blocks
        }

    def place(self, lead: Mapping[str, Any], path: str) -> Placed:
        """Return where a lead lies; `path` names it in errors.

        Raises:
            InvalidPayload: a value is no text or number, too long, or an age or experience nobody has.
        """
        values, ignored = self._values(lead, path)
        blocks = self._model.encoding.blocks
        columns = [LeadColumn(name, name, (value,), np.zeros(1, dtype=np.int32)) for name, value in values.items()]
        row = self._model.encoding.matrix(columns, 1)
        distances = np.sqrt(((self._model.centres - row) ** 2).sum(axis=1)) if blocks else np.zeros(1)
        order = np.argsort(distances, kind="stable")
        nearest = float(distances[order[0]])
        second = float(distances[order[1]]) if len(order) > 1 else None
        ids = self._model.persona_ids
        return Placed(
            persona_id=ids[order[0]],
            runner_up=ids[order[1]] if second is not None else None,
            margin=None if second is None else 1 - nearest / second if second > 0 else 0.0,
            unknown=tuple(block.name for block in blocks if values.get(block.name, UNKNOWN) == UNKNOWN),
            unseen=tuple(block.name for block in blocks if self._is_unseen(block.name, values)),
            ignored=tuple(ignored),
        )

    def _is_unseen(self, name: str, values: Mapping[str, str]) -> bool:
        """Tell whether no level is called so; numbers and ranges lie between those that were seen."""
        value = values.get(name, UNKNOWN)
        block = next(block for block in self._model.encoding.blocks if block.name == name)
        return value != UNKNOWN and not block.numbers and value.casefold() not in self._seen[name]

    def _named(self, mapping: Mapping[str, str]) -> dict[str, str]:
        """Return plain name -> column of the encoding, the import's own headers before well-known names."""
        named: dict[str, str] = {}
        for tier in range(max(len(aliases) for _, aliases in FEATURE_ALIASES.values())):
            for role, (_, aliases) in FEATURE_ALIASES.items():
                for alias in aliases[tier] if tier < len(aliases) else ():
                    named.setdefault(alias, role)
        own = {plain_name(role): role for role in FEATURES}
        own |= {plain_name(block.name): block.name for block in self._model.encoding.blocks}
        own |= {plain_name(header): role for role, header in mapping.items() if role in FEATURES}
        return named | own

    def _values(self, lead: Mapping[str, Any], path: str) -> tuple[dict[str, str], list[str]]:
        found: dict[str, str] = {}
        ignored = []
        for name, value in lead.items():
            role = self._roles.get(plain_name(name))
            if role is None:
                ignored.append(name)
            elif role in found:
                _refuse(f"{path}.{name}", "a second value of the same column", f"one field for {role}")
            else:
                found[role] = self._text(value, f"{path}.{name}", role)
        return found, ignored

    def _text(self, value: object, path: str, role: str) -> str:
        if value is None:
            return UNKNOWN
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            _refuse(path, f"a {type(value).__name__}", "a text or a number")
        if isinstance(value, float) and not math.isfinite(value):
            _refuse(path, "a number that is not finite", "a text or a number")
        text = f"{value:g}" if isinstance(value, float) and value.is_integer() else str(value)
        text = " ".join(text.split())
        if len(text) > MOST_CHARS:
            _refuse(path, f"{len(text)} characters", f"at most {MOST_CHARS}")
        if text in self._missing or text.lower() in self._hidden:
            return UNKNOWN
        number = _number(text)
        if role in BOUNDS and number is not None and not 0 <= number <= BOUNDS[role]:
            _refuse(path, f"found {text}", f"0 to {BOUNDS[role]}")
        return text


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _refuse(path: str, found: str, allowed: str) -> NoReturn:
    raise InvalidPayload(path, found, allowed)
