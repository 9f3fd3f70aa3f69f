"""Rules in which an outcome after the landmark takes part: drop-off or conversion.

Add here: a rule with such a signal. Texts hold no digit, number word or comparative
(facts come from claims) and no vocabulary of their own: `<action>` and the role names are filled in.
Keep out: how rules are matched and ranked (`rules.py`), rules of behaviour alone.
"""

from __future__ import annotations

from segmentation_pipeline.insights.rule_templates import (
    CLOSE,
    STAY,
    ExperimentTemplate,
    PainTemplate,
    Rule,
    higher,
    lower,
)

OUTCOME_RULES: tuple[Rule, ...] = (
    # Behaviour tied to an outcome: what a product team should read before anything else.
    Rule(
        "revision_drop_off",
        "revision",
        (higher("revision_share", floor=0.05), higher("drop_off_rate")),
        ExperimentTemplate(
            title="Offer templates with pre-agreed terms",
            body="Let users begin from a template whose terms are already accepted by all sides, and mark the fields "
            "that usually come back as <revision>.",
            change="users in this segment begin from a template with pre-agreed terms",
            reason="little is left to reopen when <revision> is the habit",
            metrics=STAY,
            effort="M",
        ),
        PainTemplate(
            "Back and forth ends without an outcome",
            "These users keep returning to <revision> and then leave: the terms, not the tool, seem to be where they "
            "get stuck. Read a sample of their revisions for the clause or field that keeps being reopened.",
        ),
        roles=("revision",),
        weight=1.5,
    ),
    Rule(
        "alone_drop_off",
        "collaboration",
        (lower("collaboration_score", ceiling=25), higher("drop_off_rate")),
        ExperimentTemplate(
            title="Bring in the counterpart at the point of doubt",
            body="When a user pauses on an open item, offer to share it with a colleague or the other side through "
            "<collaboration>, with the message already written.",
            change="users in this segment are offered <collaboration> while an item is still open",
            reason="an item that somebody else has seen is hard to abandon in silence",
            metrics=STAY,
            effort="M",
        ),
        PainTemplate(
            "They work alone and leave alone",
            "Others are seldom involved when these users decide, so nothing holds them when doubt sets in. "
            "Ask leavers who should have been part of the decision.",
        ),
        roles=("collaboration",),
        weight=1.4,
    ),
    Rule(
        "newcomer_drop_off",
        "opening",
        (lower("account_age_days", ceiling=30), higher("drop_off_rate")),
        ExperimentTemplate(
            title="Guided opening task with a visible result",
            body="Replace the empty start by a short guided task that ends in something a newcomer can keep or send, "
            "and hide the rest until it is done.",
            change="newcomers finish a guided opening task before they see the full product",
            reason="a visible result in the opening days gives them a reason to return",
            metrics=STAY,
            effort="M",
        ),
        PainTemplate(
            "Newcomers leave before the product pays off",
            "The accounts are young and already leaving, which points at the opening days and not at missing "
            "capabilities. Watch recordings of newcomers for the step where they stop.",
        ),
        weight=1.35,
    ),
    Rule(
        "lone_visit_drop_off",
        "opening",
        (higher("single_visit_share", floor=0.4), higher("drop_off_rate")),
        ExperimentTemplate(
            title="Save the state and send a way back",
            body="Keep what a visitor did in a draft and send a link that reopens exactly that draft.",
            change="visitors can reopen their unfinished work from a message",
            reason="coming back does not mean starting over",
            metrics=("single_visit_share", *STAY),
            effort="S",
        ),
        PainTemplate(
            "The visit ends and nothing calls them back",
            "Many users of this segment come and go without a return, and they drop off. Whatever they began is "
            "out of sight as soon as the visit ends.",
        ),
        weight=1.3,
    ),
    Rule(
        "friction_at_action",
        "friction",
        (higher("action_share:<action>", floor=0.1), higher("drop_off_rate")),
        ExperimentTemplate(
            title="Put the next step inside <action>",
            body="Show what usually follows directly inside <action>, prefilled from what the user has just entered, "
            "so that the step leads onwards instead of back to itself.",
            change="the next step is offered inside <action>",
            reason="users who linger on <action> get a way forward at the place where they are",
            metrics=CLOSE,
            effort="M",
        ),
        PainTemplate(
            "Stuck around <action>",
            "Activity piles up at <action> and these users drop off. Check whether <action> is repeated because it "
            "fails, because its result is unclear, or because what should follow is hard to find.",
        ),
        weight=1.25,
    ),
    Rule(
        "deep_visits_drop_off",
        "depth",
        (higher("session_depth"), higher("drop_off_rate")),
        ExperimentTemplate(
            title="Progress view that names what is left",
            body="Show during long working visits what is done, what is missing and how far the outcome is.",
            change="a progress view names what is left to do",
            reason="effort without a visible end is what these users seem to give up on",
            metrics=CLOSE,
            effort="M",
        ),
        PainTemplate(
            "Hard work without an ending",
            "Visits are full of activity, yet users leave without an outcome. The effort is there; the finish line is "
            "not in sight.",
        ),
        weight=1.25,
    ),
    Rule(
        "fading_drop_off",
        "trend",
        (lower("recent_visit_share", ceiling=0.45), higher("drop_off_rate")),
        ExperimentTemplate(
            title="Reach out while activity fades, not after",
            body="When a user's weekly rhythm breaks, send a personal note about the open item and offer help, before "
            "the account falls silent.",
            change="users get a personal note as soon as their rhythm breaks",
            reason="fading shows before leaving does",
            metrics=STAY,
            effort="S",
        ),
        PainTemplate(
            "Interest fades before they leave",
            "Visits bunch in the opening part of the window and dry up towards the landmark, and drop-off follows. "
            "There is time to act, and today nothing happens in it.",
        ),
        weight=1.3,
    ),
    Rule(
        "rare_visits_drop_off",
        "rhythm",
        (lower("session_frequency"), higher("drop_off_rate")),
        ExperimentTemplate(
            title="Message on real change only",
            body="Notify users when something happened on an item of theirs, with the change itself in the message; "
            "send nothing on quiet days.",
            change="users are called back by real changes on their own items",
            reason="people return for news about their own items, not for reminders",
            metrics=("drop_off_rate", "retention", "session_frequency"),
            effort="S",
        ),
        PainTemplate(
            "Falling out of the routine, then gone",
            "These users differ from the rest in coming back, and then they drop off. Look for what would have brought "
            "them back: a reply, a change of status, a date.",
        ),
        weight=1.25,
    ),
    Rule(
        "collaboration_converts",
        "collaboration",
        (higher("collaboration_score", floor=25), higher("conversion_rate")),
        ExperimentTemplate(
            title="Decision view for all sides",
            body="Give everybody on an item a shared page with open points, owners and the button for <conversion>.",
            change="everybody on an item sees open points and <conversion> in a shared view",
            reason="these users already decide together and convert",
            metrics=("conversion_rate",),
            effort="L",
        ),
        roles=("collaboration", "conversion"),
        weight=1.35,
    ),
    # A plain difference in an outcome.
    Rule(
        "drop_off_high",
        "leaving",
        (higher("drop_off_rate"),),
        ExperimentTemplate(
            title="Exit question with a pause option",
            body="Ask for the reason at the moment of leaving, offer to pause instead, and route each reason to the "
            "team that owns it.",
            change="leaving users are asked why and may pause instead",
            reason="some of them lack time, not interest",
            metrics=STAY,
            effort="S",
        ),
        PainTemplate(
            "This segment leaves",
            "Whatever these users came for, too many do not get it. Talk to recent leavers of this segment before "
            "building anything.",
        ),
    ),
    Rule(
        "conversion_low",
        "closing",
        (lower("conversion_rate", ceiling=0.3),),
        ExperimentTemplate(
            title="Checklist of what <conversion> still needs",
            body="List on every open item what is missing for <conversion>, who has to provide it, and let the user "
            "request it from there.",
            change="open items list what <conversion> still needs",
            reason="users cannot finish what they cannot see",
            metrics=("conversion_rate",),
            effort="M",
        ),
        PainTemplate(
            "They seldom reach <conversion>",
            "Users stay active without getting to <conversion>. Follow their path from the landmark on and find the "
            "step at which it ends.",
        ),
        roles=("conversion",),
        weight=1.1,
    ),
    Rule(
        "conversion_high",
        "closing",
        (higher("conversion_rate"),),
        ExperimentTemplate(
            title="Bring <conversion> forward",
            body="Offer <conversion> as soon as the usual preparation is complete, with the remaining fields "
            "prefilled, instead of waiting for users to look for it.",
            change="<conversion> is offered as soon as the preparation is complete",
            reason="these users are set on it and waiting helps nobody",
            metrics=("conversion_rate",),
            effort="S",
        ),
        roles=("conversion",),
        weight=1.1,
    ),
    Rule(
        "drop_off_low",
        "leaving",
        (lower("drop_off_rate", ceiling=0.5),),
        ExperimentTemplate(
            title="Ask the loyal to bring somebody along",
            body="After a success, invite these users to hand a ready-made workspace or starter kit to a colleague.",
            change="loyal users can hand a starter kit to a colleague",
            reason="people who stay recommend with credibility, and joint use ties accounts together",
            metrics=("collaboration_score", "retention", "session_frequency"),
            effort="S",
        ),
        weight=1.0,
    ),
)
