"""An answer's text -> the typed output that was asked for, or why it is none.

Add here: another wrapping models put around their JSON. Keep out: repairing answers; a wrong one is asked for again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from segmentation_pipeline.llm.failures import Failure, FailureKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

Output = TypeVar("Output", bound=BaseModel)

PROBLEMS_TOLD = 8
"""Mistakes of one answer that are named, to the model and in the audit."""

_THOUGHT = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
_FENCE = re.compile(r"\A\s*```[a-zA-Z]*\s*\n(?P<inside>.*)\n\s*```\s*\Z", re.DOTALL)


def read_output(text: str, output: type[Output]) -> Output | Failure:
    """Return the output an answer holds; text around the JSON is allowed as a fence and as a leading thought only."""
    bare = _THOUGHT.sub("", text, count=1)
    fenced = _FENCE.match(bare)
    try:
        return output.model_validate_json((fenced["inside"] if fenced else bare).strip())
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)
    except RecursionError:
        return Failure(FailureKind.BROKEN_JSON, "the answer is nested too deeply")
    if problems[0]["type"] == "json_invalid":
        return Failure(FailureKind.BROKEN_JSON, f"the answer is not JSON: {problems[0]['msg']}")
    return Failure(FailureKind.WRONG_SCHEMA, "; ".join(_told(problems)))


def _told(problems: Sequence[Any]) -> list[str]:
    """Name the first mistakes by place and rule, never by the text that was found there."""
    lines = [
        f"{'.'.join(str(part) for part in problem['loc']) or 'the whole'}: {problem['msg']}"
        for problem in problems[:PROBLEMS_TOLD]
    ]
    return [*lines, f"and {len(problems) - PROBLEMS_TOLD} more"] if len(problems) > PROBLEMS_TOLD else lines
