"""Rules in which a segment differs in behaviour alone.

Add here: a rule without an outcome among its signals. Texts hold no digit, number word or comparative
(facts come from claims) and no vocabulary of their own: `<action>` and the role names are filled in.
Keep out: how rules are matched and ranked (`rules.py`), rules with outcomes or without contrasts.
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

BEHAVIOUR_RULES: tuple[Rule, ...] = (
    Rule(
        "revision_high",
        "revision",
        (higher("revision_share", floor=0.1),),
        ExperimentTemplate(
            title="Show what changed between versions",
            body="Highlight the fields that changed since the version before and let the other side accept each "
            "change on the spot.",
            change="every <revision> shows its changes and can be accepted in place",
            reason="reviewing a change takes a glance instead of a reread",
            metrics=("revision_share", *CLOSE),
            effort="M",
        ),
        PainTemplate(
            "Versions pile up",
            "These users put a good part of their activity into <revision>. Find out whether it is negotiation, "
            "which is healthy, or the repair of mistakes, which a form can prevent.",
        ),
        roles=("revision",),
    ),
    Rule(
        "collaboration_low",
        "collaboration",
        (lower("collaboration_score", ceiling=25),),
        ExperimentTemplate(
            title="Suggest a collaborator by name",
            body="When an item is created, suggest the people who worked on similar items and add them with a click.",
            change="a new item comes with suggested collaborators",
            reason="choosing from names asks for no search and no explanation",
            metrics=("collaboration_score", *STAY),
            effort="M",
        ),
        PainTemplate(
            "Work stays with a lone user",
            "Colleagues hardly appear on the items of these users, so knowledge and urgency rest with whoever opened "
            "them. Ask whether nobody else is needed or nobody else was asked.",
        ),
        roles=("collaboration",),
    ),
    Rule(
        "collaboration_high",
        "collaboration",
        (higher("collaboration_score", floor=25),),
        ExperimentTemplate(
            title="Inbox for mentions and open replies",
            body="Collect comments, mentions and requests across items in a list that can be cleared.",
            change="mentions and open replies are collected in an inbox",
            reason="joint work stalls when an answer is overlooked",
            metrics=("session_frequency", *CLOSE),
            effort="M",
        ),
        PainTemplate(
            "Coordination is the job",
            "These users spend their time with others. Check whether open questions are found again: conversations "
            "that are shown item by item get lost between items.",
        ),
        roles=("collaboration",),
        weight=0.9,
    ),
    Rule(
        "shallow_visits",
        "depth",
        (lower("session_depth"),),
        ExperimentTemplate(
            title="Open on the unfinished step",
            body="Skip the overview: open the product on the unfinished item, at the field where the user stopped.",
            change="a visit opens on the unfinished step",
            reason="short visits are spent on the step itself instead of on finding it",
            metrics=("session_depth", *STAY),
            effort="S",
        ),
        PainTemplate(
            "Visits end before much is done",
            "What they do during a visit sets these users apart. Either they came to check something that "
            "a message could have told them, or they did not find where to continue.",
        ),
    ),
    Rule(
        "rare_visits",
        "rhythm",
        (lower("session_frequency"),),
        ExperimentTemplate(
            title="Digest with a decision to take",
            body="Send a regular digest that ends in a decision the user can take from the message: confirm, decline, "
            "assign.",
            change="users get a digest with a decision to take",
            reason="answering from the message is a light way back into the habit",
            metrics=("session_frequency", *STAY),
            effort="S",
        ),
        PainTemplate(
            "Coming back is where they differ",
            "These users differ from the rest in coming back. Ask what brings them back when they do come, and where "
            "they do the same work the remainder of the time.",
        ),
    ),
    Rule(
        "frequent_visits",
        "rhythm",
        (higher("session_frequency", floor=2),),
        ExperimentTemplate(
            title="Pinned working set",
            body="Let users pin the items and filters they return to, and restore them on every visit.",
            change="the items users return to are pinned",
            reason="frequent visitors repeat the same path on every visit",
            metrics=("session_depth", *STAY),
            effort="S",
        ),
        PainTemplate(
            "Frequent visits repeat the same way in",
            "Users return often. Check how many clicks pass before they reach the item they came for: whatever the way "
            "in costs, these users pay it on every visit.",
        ),
        weight=0.9,
    ),
    Rule(
        "long_silence",
        "trend",
        (higher("silent_days", floor=2),),
        ExperimentTemplate(
            title="Show what happened during the absence",
            body="Greet a returning user with the changes since the visit before, and send that summary when silence "
            "sets in.",
            change="users in silence get a summary of what happened without them",
            reason="news about their own items is a reason to look in",
            metrics=("session_frequency", *STAY),
            effort="S",
        ),
        PainTemplate(
            "Silence has set in",
            "The landmark finds these users quiet. Some may have left without saying so; a message tells who.",
        ),
        weight=0.95,
    ),
    Rule(
        "fading",
        "trend",
        (lower("recent_visit_share", ceiling=0.45),),
        ExperimentTemplate(
            title="Goal for next week, set by the user",
            body="At the end of the opening days ask what the user wants to have finished next week, and bring that "
            "goal back at the agreed time.",
            change="users set a goal for the following week",
            reason="a goal of their own outlives the curiosity of the opening days",
            metrics=("recent_visit_share", *STAY),
            effort="S",
        ),
        PainTemplate(
            "Curiosity without a habit",
            "Visits bunch in the opening part of the window. The product was tried, and no routine came of it.",
        ),
    ),
    Rule(
        "growing",
        "trend",
        (higher("recent_visit_share", floor=0.55),),
        ExperimentTemplate(
            title="Ask for commitment while interest is warm",
            body="Offer the next level of use (a team space, an import, a plan) during the weeks in which visits "
            "gather pace.",
            change="users whose visits gather pace are offered the next level of use",
            reason="commitment is asked for while the need is felt",
            metrics=CLOSE,
            effort="S",
        ),
        weight=0.8,
    ),
    Rule(
        "narrow_use",
        "breadth",
        (lower("feature_breadth"),),
        ExperimentTemplate(
            title="Hint at the neighbouring step",
            body="After a completed step show what users with the same goal do next, with a preview on the user's own "
            "data.",
            change="a completed step hints at its neighbour",
            reason="a preview on own data shows the use before it asks for effort",
            metrics=("feature_breadth", *STAY),
            effort="S",
        ),
        PainTemplate(
            "Only a corner of the product is known",
            "These users keep to a part of the actions that others use. Whether the remainder is unknown or "
            "unneeded is worth a handful of interviews before any tour is built.",
        ),
    ),
    Rule(
        "broad_use",
        "breadth",
        (higher("feature_breadth"),),
        ExperimentTemplate(
            title="Workspace that adapts to the role",
            body="Let users choose a role that arranges menus and defaults, and fold away what the role never touches.",
            change="menus and defaults follow the role a user picks",
            reason="people who use everything lose time to switching",
            metrics=("session_depth", *CLOSE),
            effort="L",
        ),
        PainTemplate(
            "Everything is used, so everything is in the way",
            "Users move across a wide range of actions. Watch a few visits for the time that goes into switching "
            "between screens.",
        ),
        weight=0.85,
    ),
    Rule(
        "long_pauses",
        "pace",
        (higher("pause_minutes", floor=3),),
        ExperimentTemplate(
            title="Autosave with a resume card",
            body="Save every step as it happens and offer a resume card when the user returns from a pause.",
            change="interrupted steps are saved and offered for resuming",
            reason="pauses inside a visit mean that attention was elsewhere",
            metrics=("session_depth", *STAY),
            effort="M",
        ),
        PainTemplate(
            "Work stops and starts",
            "Long pauses interrupt the visits of these users: they wait for somebody, look something up elsewhere, or "
            "hesitate. Ask which before fixing any of it.",
        ),
        weight=0.85,
    ),
    Rule(
        "action_heavy",
        "routine",
        (higher("action_share:<action>", floor=0.15),),
        ExperimentTemplate(
            title="Shortcuts around <action>",
            body="Look up what users do right before and right after <action>, prefill the former and offer the latter "
            "on its result.",
            change="<action> comes prefilled and leads straight into what usually follows",
            reason="the routine of this segment revolves around <action>, so effort saved there is felt daily",
            metrics=STAY,
            effort="M",
        ),
        PainTemplate(
            "Much depends on how <action> works",
            "These users come back to <action> time and again, so any clumsiness there is paid for time and again. "
            "Watch a few of them do it.",
        ),
    ),
    Rule(
        "trouble",
        "friction",
        (higher("action_reach:<action>", floor=0.1),),
        ExperimentTemplate(
            title="Meet <action> where it begins",
            body="Trace <action> to the screens it begins on, fix the leading cause, and until then say there what the "
            "user can do instead.",
            change="the leading cause of <action> is fixed and its screen says what to do instead",
            reason="users stop looking for a way around what does not stop them",
            metrics=STAY,
            effort="M",
        ),
        PainTemplate(
            "Running into <action>",
            "Users of this segment meet <action> where the rest gets through. List the screens it happens on and what "
            "was tried right before.",
        ),
        actions="trouble",
        weight=1.2,
    ),
    Rule(
        "action_unused",
        "discovery",
        (lower("action_reach:<action>", ceiling=0.5, overall_floor=0.2),),
        ExperimentTemplate(
            title="Introduce <action> where it helps",
            body="Offer <action> in context, at the step where users of the remaining segments turn to it, with an "
            "example on the user's own data.",
            change="<action> is offered in context with an example",
            reason="it is missing from the routine of many in this segment while others rely on it",
            metrics=("action_reach:<action>", *STAY),
            effort="S",
        ),
        PainTemplate(
            "<action> is passed by",
            "Many users of this segment get along without <action>. Find out whether they do not need it, do not know "
            "it, or tried it and gave up.",
        ),
    ),
    Rule(
        "core_feature_unused",
        "discovery",
        (lower("action_reach:<action>", ceiling=0.5),),
        ExperimentTemplate(
            title="Make <action> part of the opening path",
            body="Move <action>, a core feature, into the path every user of this segment already takes, and measure "
            "who completes it.",
            change="the usual path leads through <action>",
            reason="a core feature that is passed by cannot show its value",
            metrics=("action_reach:<action>", *STAY),
            effort="M",
        ),
        PainTemplate(
            "The core feature <action> is passed by",
            "The product is built around <action>, and much of this segment lives beside it.",
        ),
        actions="core_features",
        weight=1.25,
    ),
    Rule(
        "retention_driver_unused",
        "discovery",
        (lower("action_reach:<action>", ceiling=0.5),),
        ExperimentTemplate(
            title="Reward the opening use of <action>",
            body="Tie a small benefit to the opening use of <action> and show what it saved the user afterwards.",
            change="the opening use of <action> brings a visible benefit",
            reason="the team counts <action> among the drivers of retention, and this segment passes it by",
            metrics=STAY,
            effort="S",
        ),
        PainTemplate(
            "Missing a driver of retention: <action>",
            "The team holds that <action> keeps users, and this segment does without it: a chance to test that belief.",
        ),
        actions="retention_drivers",
        weight=1.3,
    ),
    Rule(
        "evening_users",
        "timing",
        (higher("time_of_day:evening", floor=0.4),),
        ExperimentTemplate(
            title="Evening delivery and quiet days",
            body="Deliver messages and reminders in the evening, and keep answers that need a person flowing after "
            "office hours.",
            change="messages and help reach this segment in the evening",
            reason="a message is acted on when it arrives during use",
            metrics=("session_frequency", *STAY),
            effort="S",
        ),
        PainTemplate(
            "Active when nobody answers",
            "Use falls into the evening, when colleagues, counterparts and support may be away, so an open "
            "question can wait overnight.",
        ),
        weight=0.7,
    ),
    Rule(
        "night_users",
        "timing",
        (higher("time_of_day:night", floor=0.4),),
        ExperimentTemplate(
            title="Night mode of service",
            body="Answer the usual night-time questions from inside the product, queue what needs a person with a "
            "promised time, and hold reminders until the user is awake.",
            change="questions at night are answered or given a promised time",
            reason="an open question at night otherwise ends the visit",
            metrics=STAY,
            effort="M",
        ),
        PainTemplate(
            "At work while the product sleeps",
            "Use falls into the night, when support and counterparts may be away and maintenance is planned.",
        ),
        weight=0.7,
    ),
    Rule(
        "morning_users",
        "timing",
        (higher("time_of_day:morning", floor=0.4),),
        ExperimentTemplate(
            title="Morning agenda",
            body="Send an agenda before the working day: what is due, what waits for others, what changed overnight.",
            change="users start the day with an agenda of their items",
            reason="they plan in the morning, and a plan made in the product is followed in it",
            metrics=("session_frequency", *STAY),
            effort="S",
        ),
        weight=0.6,
    ),
    Rule(
        "afternoon_users",
        "timing",
        (higher("time_of_day:afternoon", floor=0.4),),
        ExperimentTemplate(
            title="Close-of-day wrap-up",
            body="Offer in the afternoon a wrap-up of open items that can be finished before the day ends.",
            change="an afternoon wrap-up lists what can be finished today",
            reason="the end of the working day is a natural deadline",
            metrics=CLOSE,
            effort="S",
        ),
        weight=0.6,
    ),
    Rule(
        "veterans",
        "tenure",
        (higher("account_age_days", floor=60),),
        ExperimentTemplate(
            title="Expert mode with keyboard and presets",
            body="Let long-standing users switch to a dense view with keyboard commands and their own defaults.",
            change="long-standing users can switch to a dense expert view",
            reason="guidance made for newcomers slows down people who know the way",
            metrics=("session_depth", *STAY),
            effort="M",
        ),
        weight=0.7,
    ),
    Rule(
        "newcomers",
        "tenure",
        (lower("account_age_days", ceiling=30),),
        ExperimentTemplate(
            title="Starter checklist tied to a goal",
            body="Ask for the goal at the start and show a checklist that leads to it, finished steps crossed out.",
            change="newcomers follow a checklist tied to their goal",
            reason="progress towards an own goal is visible from the start",
            metrics=STAY,
            effort="S",
        ),
        PainTemplate(
            "Still finding their way",
            "These accounts are young; habits are not formed yet, and what happens now decides whether they will be.",
        ),
        weight=0.8,
    ),
)
