"""A model that advises well unless it is told otherwise: it reads the prompt as a model would, by its codes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from segmentation_pipeline_tests.llm_servers import Received

ADVISES = "You advise a product team"
METRIC = re.compile(
    r"^(?P<code>m\d+)(?: ⟦(?P<name>[^⟧]*)⟧)?: .*?This segment [^;]*"
    r"(?:; all users [^;]*?(?P<direction> higher| lower)?)?(?:;|$)",
    re.MULTILINE,
)
SEGMENT = re.compile(r"^The segment: ⟦([^⟧]*)⟧", re.MULTILINE)
DECIDING = re.compile(r"direction wanted: (m\d+) (higher|lower)")


def claim(received: Received, place: int = 0) -> dict[str, Any]:
    """State one of the metrics shown, as far as the prompt allows."""
    found = list(METRIC.finditer(received.prompt))[place]
    named = f"Of `{found['name']}`" if found["name"] else "Of this measure"
    direction = (found["direction"] or "").strip()
    return {
        "metric": found["code"],
        "comparator": "overall" if direction else "none",
        "compared_segment": None,
        "direction": direction or "none",
        "unit": "own",
        "text": f"{named} {{value}} is seen" + (", {direction} {comparator}." if direction else "."),
    }


def advice(received: Received, **changes: Any) -> dict[str, Any]:
    """Advise on the segment shown; `changes` spoil fields of the form."""
    label = SEGMENT.findall(received.prompt)[0]
    code, wanted = DECIDING.findall(received.prompt)[0]

    def piece(title: str, place: int) -> dict[str, Any]:
        return {"title": title, "claims": [claim(received, place)], "body": "Look at what they do and ask them why."}

    experiments = [
        piece(f"Try {what}", place)
        | {
            "hypothesis": f"If {what} are tried, it will be {{direction}}, because they ask for it.",
            "primary_metric": code,
            "expected_direction": wanted,
            "effort": "S",
        }
        for place, what in enumerate(("reminders", "templates", "drafts", "shortcuts"))
    ]
    return {
        "persona_name": f"Friends of {label.split()[-1]} {'abcdefgh'[len(label) % 8].upper()}",
        "persona_description": "People who come to do their work.",
        "pain_points": [piece("They wait", 0)],
        "product_recommendations": [piece("Answer while they are there", 1)],
        "experiments": experiments,
    } | changes


def advising(**changes: Any) -> Callable[[Received], dict[str, Any]]:
    """Return a model that gives this advice on whatever segment it is asked about."""
    return lambda received: advice(received, **changes)


def is_about_advice(received: Received) -> bool:
    """Tell whether a question is one for advice."""
    return ADVISES in received.prompt
