"""Experiments: what is recommended, what it would take in its segment, and the roadmap of what people decided.

Add here: another way to choose an experiment. Keep out: parts of the page (power_card.py, roadmap_table.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from segmentation_pipeline.client import Plan
from segmentation_pipeline.client.advice import EXPERIMENT
from segmentation_pipeline.dashboard.figures import OVERALL
from segmentation_pipeline.dashboard.markup import code, quiet, unticked
from segmentation_pipeline.dashboard.power_card import power_card, tally, verdict_mark
from segmentation_pipeline.dashboard.roadmap_table import plan_form, roadmap_part
from segmentation_pipeline.dashboard.session import EDITOR, done, say_verdict
from segmentation_pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segmentation_pipeline.client import Recommendation
    from segmentation_pipeline.client.experiments import ExperimentPower
    from segmentation_pipeline.dashboard.session import View


def show(view: View) -> None:
    """Show the page."""
    texts = view.texts
    st.caption(texts("experiments.lead"))
    ideas = view.snapshot.recommendations(month=view.month, kind=EXPERIMENT)
    if not ideas:
        st.info(texts("experiments.none", month=view.month_name), icon=":material/experiment:")
    else:
        say_verdict(view, is_short=True)
        power = {row.recommendation_id: row for row in view.snapshot.experiment_power(month=view.month)}
        _tally(view, ideas, power)
        _idea(view, ideas, power)
    st.subheader(texts("experiments.roadmap"))
    st.caption(texts("experiments.roadmap_says"))
    roadmap_part(view)


def _tally(view: View, ideas: Sequence[Recommendation], power: dict[str, ExperimentPower]) -> None:
    texts = view.texts
    verdicts = [power[idea.recommendation_id].verdict for idea in ideas if idea.recommendation_id in power]
    st.caption(texts("experiments.tally", count=len(ideas), verdicts=tally(verdicts, texts) or "–"))


def _idea(view: View, ideas: Sequence[Recommendation], power: dict[str, ExperimentPower]) -> None:
    texts = view.texts
    segments = sorted({idea.cluster_id for idea in ideas}, key=lambda one: (one != OVERALL, view.name(one)))
    narrow, wide = st.columns([2, 5])
    chosen = narrow.selectbox(
        texts("overview.segment"), segments, key=f"experiment_segment_{view.month}", format_func=view.name
    )
    own = {idea.recommendation_id: idea for idea in ideas if idea.cluster_id == chosen}

    def told(recommendation_id: str) -> str:
        idea, row = own[recommendation_id], power.get(recommendation_id)
        mark = "" if row is None else f" · {verdict_mark(row.verdict, texts)}"
        return f"{idea.rank}. {unticked(idea.title)}{mark}"

    picked = wide.selectbox(
        texts("experiments.experiment"), list(own), key=f"experiment_{view.month}_{chosen}", format_func=told
    )
    idea = own[picked]
    with st.container(border=True):
        st.markdown(f"#### {quiet(idea.title)}")
        st.markdown(quiet(idea.text))
        if idea.hypothesis:
            st.markdown(f"*{texts('segments.hypothesis')}:* {quiet(idea.hypothesis)}")
        direction = texts.choice("direction", idea.expected_direction)
        metric = code(idea.primary_metric or "")
        st.caption(texts("segments.decides", metric=metric, direction=direction, effort=idea.effort))
        power_card(view, power.get(picked))
        _add(view, idea)


def _add(view: View, idea: Recommendation) -> None:
    texts = view.texts
    entry = view.home.open_plans().get(idea.recommendation_id)
    if entry is not None:
        status = texts.choice("status", entry.plan.status)
        told = texts("experiments.is_planned", number=entry.entry_id, status=status)
        st.success(told, icon=":material/map:")
        return
    with st.expander(texts("experiments.add"), icon=":material/add_task:"):
        changes = plan_form(texts, Plan(), f"add_{idea.recommendation_id}", texts("experiments.add"))
    if changes is None:
        return
    try:
        made = view.home.add_to_roadmap(idea.recommendation_id, by=EDITOR, month=view.month, **changes)
    except PipelineError as refused:
        st.error(quiet(str(refused)), icon=":material/block:")
    else:
        st.session_state["entry"] = made.entry_id
        done(texts("experiments.added", number=made.entry_id))
