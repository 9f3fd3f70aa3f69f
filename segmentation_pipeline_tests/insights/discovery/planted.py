"""Users of planted kinds, and a model that answers well unless it is told otherwise."""

from __future__ import annotations

import re
from datetime import date

import numpy as np

from segmentation_pipeline.config import ProductContext
from segmentation_pipeline.insights.discovery.asking import ModelProvider
from segmentation_pipeline.insights.discovery.protocol import Population
from segmentation_pipeline.insights.discovery.sampling import spread_order
from segmentation_pipeline.insights.discovery.vectors import BehaviourVectors
from segmentation_pipeline.llm.limits import Limits
from segmentation_pipeline_tests.llm.asking import FakeClock, model_for

MONTH = date(2026, 1, 1)
ACTIONS = ("login", "search", "comment", "create", "export")
KINDS = 5
DISCOVERS, ASSIGNS = "You find behavioural segments", "You assign users"
USER = re.compile(r"^(u[0-9a-f]{12}): ", re.MULTILINE)
SEGMENT = re.compile(r"^(\d{4}-\d\d-d-[a-z]): ", re.MULTILINE)


def planted(count=150, *, kinds=KINDS, actions=ACTIONS, seed=0, prefix="user"):
    """Kind i does action i mostly, comes i times as often, at a time of day of its own."""
    random = np.random.default_rng(seed)
    kind = np.arange(count) % max(kinds, 1)
    counts = random.poisson(2, (count, len(actions))).astype(float) + 1
    if kinds > 1:
        counts[np.arange(count), kind % len(actions)] += 30
    spread = random.uniform(0.9, 1.1, count) if kinds else np.ones(count)
    if not kinds:
        counts[:] = 1
    parts = np.array(["morning", "afternoon", "evening", "night", "mixed"])
    return BehaviourVectors(
        user_ids=tuple(f"{prefix}-{number:04d}" for number in range(count)),
        measures={
            "session_frequency": (1 + kind * 3) * spread,
            "session_depth": (2 + (kind * 2) % 5) * spread,
            "feature_breadth": np.full(count, float(len(actions))),
            "collaboration_score": np.where(kind % 2, 80.0, 5.0),
            "account_age_days": 10 * spread,
        },
        parts_of_day=parts[kind % 5],
        workflows=np.array([f"{actions[k % len(actions)]} > {actions[0]}" for k in kind]),
        event_counts=counts.sum(axis=1),
        actions=tuple(actions),
        action_counts=counts,
    )


def population(vectors=None, month=MONTH):
    vectors = planted() if vectors is None else vectors
    spread = spread_order(vectors)
    return Population(month, vectors, spread, spread)


def provider_for(server, tmp_path, protocol="openai", *, clock=None, run_id="run-1", **more):
    """A provider that asks a loopback server, with the state of a home in `tmp_path`."""
    tmp_path.mkdir(exist_ok=True)
    clock = clock or FakeClock()
    model = model_for(server, tmp_path, protocol, clock=clock, run_id=run_id, **more)
    return ModelProvider(model, model._state, Limits(model.settings, model._state, clock), ProductContext())


def cluster(number, **changes):
    return {
        "id": f"new-{number}",
        "label": f"Kind {'abcdefghijklmnopqrstuvwxyz'[number]} users",
        "description": "They do one thing mostly.",
        "defining_signals": [{"feature": "freq", "level": "high"}],
        "churn_risk": "low",
        "personalization_strategy": "Show what they like first.",
        "estimated_pct": 10,
        "centroid": {
            "session_frequency": 1 + 3 * number,
            "session_depth": 2 + (number * 2) % 5,
            "feature_breadth": 5,
            "collaboration": 80 if number % 2 else 5,
        },
    } | changes


def discovery(count=KINDS, **changes):
    return {"clusters": [cluster(number, **changes) for number in range(count)], "cluster_quality_notes": "Clear."}


def assignments(received, *, confidence=0.9, change=lambda found: found):
    """Put the users shown into the segments shown, in turn; `change` may spoil it."""
    ids = SEGMENT.findall(received.prompt)
    found = [
        {
            "user_id": user,
            "cluster_id": ids[number % len(ids)],
            "cluster_label": "any",
            "confidence": confidence,
            "reasoning": "Does the same things.",
        }
        for number, user in enumerate(USER.findall(received.prompt))
    ]
    return {"assignments": change(found)}


def good_model(received):
    return assignments(received) if ASSIGNS in received.prompt else discovery()


def asked_for(server, what):
    return [request for request in server.requests if what in request.prompt]
