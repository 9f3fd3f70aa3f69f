"""What an experiment would take in its segment: verdict in its own look, the figures, the change it could show by week.

Add here: another figure about power. Keep out: plans (roadmap_table.py) and computing power (experiments/).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from segmentation_pipeline.dashboard.curve_figures import mde_figure
from segmentation_pipeline.dashboard.figures import OVERALL
from segmentation_pipeline.dashboard.markup import code, quiet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from segmentation_pipeline.client.experiments import ExperimentPower, WeekPower
    from segmentation_pipeline.dashboard.session import View
    from segmentation_pipeline.dashboard.wording import Texts

LOOKS: dict[str, tuple[str, Callable[..., object]]] = {
    "run": (":material/play_circle:", st.success),
    "run_in_union": (":material/join:", st.info),
    "do_not_run": (":material/do_not_disturb_on:", st.error),
    "not_computed": (":material/help:", st.warning),
}
"""Verdict -> its icon and box: icons and words differ, so that nobody needs the colour."""

VERDICT = "power_verdict"
"""Where the verdict stands: a box of errors there says that an experiment should not be run, not that a page failed."""

SHOWN_WEEKS = (1, 2, 3, 4, 6, 8, 12, 16, 26, 39, 52)


def power_card(view: View, power: ExperimentPower | None) -> None:
    """Show what an experiment would take."""
    texts = view.texts
    if power is None:
        st.warning(texts("experiments.no_power"), icon=LOOKS["not_computed"][0])
        return
    icon, box = LOOKS[power.verdict]
    verdict, says = texts(f"power.{power.verdict}"), texts(f"power.{_said(power)}_says", weeks=power.max_weeks)
    with st.container(key=VERDICT):
        box(f"**{verdict}**  \n{says}", icon=icon)
    st.caption(f"{texts('experiments.computed')}: {quiet(power.reason)}")
    if power.baseline is None:
        return
    _figures(power, texts)
    _design(view, power)
    if any(week.mde_relative is not None for week in power.mde_by_week):
        st.markdown(f"**{texts('experiments.by_week')}**")
        st.caption(texts("experiments.by_week_says"))
        curve, table = st.columns([5, 3])
        with curve:
            st.plotly_chart(
                mde_figure(power, view.colour(power.cluster_id), texts),
                key="mde",
                config={"displayModeBar": False},
                alt=texts("experiments.by_week_alt"),
            )
        with table:
            _weeks(power, texts)


def tally(verdicts: Sequence[str], texts: Texts) -> str:
    """Return how many experiments carry each verdict."""
    return ", ".join(
        f"{verdict_mark(verdict, texts)}: {verdicts.count(verdict)}" for verdict in LOOKS if verdict in verdicts
    )


def verdict_mark(verdict: str, texts: Texts) -> str:
    """Return a verdict in few words."""
    return texts.choice("power", verdict)


def _said(power: ExperimentPower) -> str:
    """Return which words a verdict is told in: an experiment that nobody joins is refused for another reason."""
    if power.verdict != "do_not_run":
        return power.verdict
    if not power.eligible_per_week:
        return "nobody_comes"
    return "do_not_run_with_all" if power.cluster_id == OVERALL else power.verdict


def _figures(power: ExperimentPower, texts: Texts) -> None:
    baseline = texts.measured(power.baseline, power.unit)
    interval = (
        texts("experiments.no_interval")
        if power.baseline_low is None or power.baseline_high is None
        else f"{texts.measured(power.baseline_low, power.unit)} – {texts.measured(power.baseline_high, power.unit)}"
    )
    days = (
        "–"
        if power.eligible_from is None or power.eligible_to is None
        else texts(
            "experiments.counted_between", first=texts.day(power.eligible_from), last=texts.day(power.eligible_to)
        )
    )
    figures = (
        ("baseline", baseline, texts("experiments.interval", metric=code(power.primary_metric), interval=interval)),
        ("newcomers", texts.number(power.eligible_per_week, digits=1), days),
        ("per_arm", _count(power.users_per_arm, texts), _enrolled(power, texts)),
        ("weeks", texts.number(power.weeks_to_decide, digits=1), _phases(power, texts)),
    )
    for column, (name, value, told) in zip(st.columns(4), figures, strict=True):
        with column.container(border=True, height="stretch"):
            st.metric(texts(f"experiments.{name}"), value)
            st.caption(told)


def _enrolled(power: ExperimentPower, texts: Texts) -> str:
    told = texts("experiments.enrolled", count=_count(power.enrolled_count, texts))
    if power.measured_share is None or power.measured_share >= 1:
        return told
    return f"{told}; {texts('experiments.measured', share=texts.share(power.measured_share))}"


def _phases(power: ExperimentPower, texts: Texts) -> str:
    return texts(
        "experiments.phases",
        weeks=texts.number(power.enrolment_weeks, digits=1),
        days=texts.number(power.follow_days, digits=1),
    )


def _design(view: View, power: ExperimentPower) -> None:
    texts = view.texts
    lines = [
        texts(
            "experiments.worth",
            share=texts.share(power.smallest_effect),
            baseline=texts.measured(power.baseline, power.unit),
            target=texts.measured(power.target, power.unit),
        ),
        texts(
            "experiments.arms",
            holdout=texts.share(power.holdout_share),
            treatment=texts.share(power.treatment_share),
            control=texts.share(power.control_share),
        ),
        texts(
            "experiments.surely",
            alpha=texts.number(power.alpha, digits=4),
            count=power.comparison_count,
            power=texts.share(power.power),
            test=texts.choice("endpoint", power.endpoint),
        ),
    ]
    if power.union_cluster_ids:
        names = ", ".join(quiet(view.name(cluster_id)) for cluster_id in power.union_cluster_ids)
        weeks = texts.number(power.union_weeks_to_decide, digits=1)
        lines.insert(0, texts("experiments.union", segments=names, weeks=weeks))
    st.markdown("\n".join(f"- {line}" for line in lines))


def _weeks(power: ExperimentPower, texts: Texts) -> None:
    shown: Sequence[WeekPower] = [week for week in power.mde_by_week if week.week in SHOWN_WEEKS]
    st.table(
        [
            {
                texts("experiments.week"): str(week.week),
                texts("experiments.per_arm"): texts.count(week.users_per_arm),
                texts("experiments.change"): quiet(texts.measured(week.mde, power.unit)),
                texts("experiments.part"): texts.share(week.mde_relative, digits=1),
            }
            for week in shown
        ],
        border="horizontal",
        hide_index=True,
    )


def _count(value: int | None, texts: Texts) -> str:
    return "–" if value is None else texts.count(value)
