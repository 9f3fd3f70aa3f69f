"""What the offline advisor says of a segment that does not stand apart: levels, and experiments that learn.

Add here: a rule that needs no contrast. Texts hold no digit, number word or comparative (facts come from claims).
Keep out: rules with contrasts (`outcome_rules.py`, `behaviour_rules.py`).
"""

from __future__ import annotations

from segmentation_pipeline.insights.rule_templates import (
    CLOSE,
    STAY,
    ExperimentTemplate,
    PainTemplate,
    Rule,
    Signal,
)

FALLBACKS: tuple[Rule, ...] = (
    # Nothing about the segment stands out beyond chance: levels alone, and experiments that learn.
    Rule(
        "level_top_action",
        "level_action",
        (Signal("action_share:<action>", "any"),),
        ExperimentTemplate(
            title="Take a step out of <action>",
            body="Map every field and click of <action>, remove what the product can fill in, and compare against the "
            "present form.",
            change="<action> asks only for what the product cannot know",
            reason="effort saved at a frequent step is felt on every visit",
            metrics=CLOSE,
            effort="M",
        ),
        PainTemplate(
            "No contrast to build on, so look at <action>",
            "No difference of this segment points at a problem, so look where its activity goes: a flaw in <action> "
            "would touch much of it.",
        ),
    ),
    Rule(
        "level_drop_off",
        "level_leaving",
        (Signal("drop_off_rate", "any"),),
        ExperimentTemplate(
            title="Leaver interviews, then a fix for the leading reason",
            body="Ask users who stop for the reason in a short form, interview a handful, and test a fix for the "
            "reason that leads the list.",
            change="the leading reason for leaving is fixed",
            reason="leavers know what the logs do not show",
            metrics=STAY,
            effort="S",
        ),
        PainTemplate(
            "Leaving is not explained by behaviour",
            "No difference of this segment points at a reason for leaving, so the reasons have to be asked for.",
        ),
    ),
    Rule(
        "level_rhythm",
        "level_rhythm",
        (Signal("session_frequency", "any"),),
        ExperimentTemplate(
            title="Reminders in the user's own rhythm",
            body="Time reminders to the interval at which each user usually returns, instead of a fixed schedule.",
            change="reminders follow each user's own rhythm",
            reason="a reminder that fits a habit supports it",
            metrics=("session_frequency", *STAY),
            effort="S",
        ),
    ),
    Rule(
        "level_timing",
        "level_timing",
        (Signal("time_of_day:<action>", "any"),),
        ExperimentTemplate(
            title="Messages at the usual hour",
            body="Send messages at the hour at which the user tends to be active, and compare with the present timing.",
            change="messages arrive at each user's usual hour",
            reason="a message is acted on when it arrives during use",
            metrics=("session_frequency", *STAY),
            effort="S",
        ),
    ),
    Rule(
        "level_depth",
        "level_depth",
        (Signal("session_depth", "any"),),
        ExperimentTemplate(
            title="Resume card on the start page",
            body="Show the unfinished item at the top of the start page, with a button that continues it.",
            change="the start page offers to continue the unfinished item",
            reason="a visible way back saves the search for it",
            metrics=("session_depth", *STAY),
            effort="S",
        ),
    ),
    Rule(
        "level_breadth",
        "level_breadth",
        (Signal("feature_breadth", "any"),),
        ExperimentTemplate(
            title="Tip after a completed step",
            body="After a completed step name a related action that users with a similar goal take.",
            change="completed steps end with a related tip",
            reason="a tip is welcome when the task at hand is done",
            metrics=("feature_breadth", *STAY),
            effort="S",
        ),
    ),
)
