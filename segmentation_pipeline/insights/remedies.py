"""What the product should do for good about each pain point of the offline advisor; experiments try a step of it.

Add here: the remedy of a rule with a pain point. Texts hold no digit, number word or comparative, and no vocabulary of
their own: `<action>` and the role names are filled in.
Keep out: the rules (`outcome_rules.py`, `behaviour_rules.py`, `fallback_rules.py`).
"""

from __future__ import annotations

from segmentation_pipeline.insights.rule_templates import RemedyTemplate

REMEDIES: dict[str, RemedyTemplate] = {
    # Behaviour tied to an outcome.
    "revision_drop_off": RemedyTemplate(
        "Make agreed terms reusable",
        "Keep a library of terms that passed before, so that a new item begins from wording nobody has to reopen, and "
        "show beside each <revision> which clause it touches.",
    ),
    "alone_drop_off": RemedyTemplate(
        "Make sharing the normal way to work",
        "Let an item have an owner and a reviewer from the start, and a place where they see together what is open.",
    ),
    "newcomer_drop_off": RemedyTemplate(
        "Lead newcomers to a result before showing the rest",
        "Order the opening days around what a newcomer came for; capabilities that do not serve it wait until it is "
        "reached.",
    ),
    "lone_visit_drop_off": RemedyTemplate(
        "Keep every unfinished piece of work within reach",
        "Save what a visitor began without being asked, show it on return, and let it be resumed on any device.",
    ),
    "friction_at_action": RemedyTemplate(
        "Redesign <action> with what follows in view",
        "Look at <action> and the steps after it as the same task: what it needs, what it answers, and where it leads.",
    ),
    "deep_visits_drop_off": RemedyTemplate(
        "Let long work be finished in parts",
        "Split the task into parts that are complete in themselves, so that effort spent is never lost and the end is "
        "always in sight.",
    ),
    "fading_drop_off": RemedyTemplate(
        "Watch for fading use and answer it",
        "Treat a quiet week as a signal: say what is waiting for the user, and stop where nothing is.",
    ),
    "rare_visits_drop_off": RemedyTemplate(
        "Give a reason to return that is the user's own",
        "Tell users what changed in what they care about, at the moment it changes, and nothing else.",
    ),
    "drop_off_high": RemedyTemplate(
        "Make leaving a conversation",
        "Offer a pause, another plan or a hand where a user is about to leave, and record which of them was taken.",
    ),
    "conversion_low": RemedyTemplate(
        "Show the way to <conversion>",
        "Say at every step what <conversion> still needs, and take care of what the product can do by itself.",
    ),
    # Behaviour alone.
    "revision_high": RemedyTemplate(
        "Make versions readable",
        "Show who changed what and why, let sides accept a change by itself, and keep the current version in view.",
    ),
    "collaboration_low": RemedyTemplate(
        "Open the work to others",
        "Let users bring somebody in from where they are, with rights that fit, and without leaving the page.",
    ),
    "collaboration_high": RemedyTemplate(
        "Build for the group",
        "Give teams a shared view of what is open, who has to act and what was decided.",
    ),
    "shallow_visits": RemedyTemplate(
        "Shorten the way to the task",
        "Open where the user left off and put the likely next step in front, so that even a short visit moves "
        "something.",
    ),
    "rare_visits": RemedyTemplate(
        "Serve the occasional user",
        "Do not punish absence: keep sessions and drafts, explain what is new in place, and let the main task be done "
        "without relearning.",
    ),
    "frequent_visits": RemedyTemplate(
        "Make the way in as short as the habit",
        "Remember what a user opens each time and have it ready, before navigation and news.",
    ),
    "long_silence": RemedyTemplate(
        "Prepare the return",
        "Summarise what happened while the user was away, and let a click bring back the place they left.",
    ),
    "fading": RemedyTemplate(
        "Tie the product to a routine",
        "Find out which recurring duty the product serves and appear there, in the calendar or tool where that duty "
        "already lives.",
    ),
    "narrow_use": RemedyTemplate(
        "Connect the known corner with its neighbours",
        "Link what these users know with the step that usually comes before or after it, in their own words.",
    ),
    "broad_use": RemedyTemplate(
        "Let users arrange the product",
        "Let people keep what they use at hand and put the rest away, and remember the arrangement.",
    ),
    "long_pauses": RemedyTemplate(
        "Design for interruption",
        "Assume that work stops at any moment: keep every field, say where the user was, and never time out unsaved "
        "work.",
    ),
    "action_heavy": RemedyTemplate(
        "Treat <action> as the main page of this segment",
        "What these users need for <action> belongs on the same page, and its speed and errors deserve an owner.",
    ),
    "trouble": RemedyTemplate(
        "Remove the causes of <action>",
        "Sort occurrences of <action> by what came before, fix the leading cause, and say in plain words what to do "
        "where it still happens.",
    ),
    "action_unused": RemedyTemplate(
        "Offer <action> where the need for it arises",
        "Place <action> at the moment in which it saves work, and leave it out where it does not.",
    ),
    "core_feature_unused": RemedyTemplate(
        "Put <action> on the path everyone takes",
        "What the product is for should not have to be found: lead to <action> from the opening page and from every "
        "empty state.",
    ),
    "retention_driver_unused": RemedyTemplate(
        "Bring <action> into the opening days",
        "Build the opening days around <action>, with data that makes it worth doing right away.",
    ),
    "evening_users": RemedyTemplate(
        "Be complete without office hours",
        "Make sure that what these users need in the evening does not wait for a person: answers, approvals and "
        "exports.",
    ),
    "night_users": RemedyTemplate(
        "Keep the night free of maintenance",
        "Move maintenance and heavy jobs away from the hours in which these users work, and give them help that needs "
        "nobody awake.",
    ),
    "newcomers": RemedyTemplate(
        "Unfold with the newcomer",
        "Introduce capabilities as they become useful, and keep a place where the basics can be looked up.",
    ),
    # Nothing stands out.
    "level_top_action": RemedyTemplate(
        "Give <action> an owner",
        "Name somebody who answers for how well <action> works, with a measure of its speed, errors and outcome.",
    ),
    "level_drop_off": RemedyTemplate(
        "Ask why, all the time",
        "Make a short question at the point of leaving part of the product, and read the answers on a fixed day.",
    ),
}
"""By rule id; every rule with a pain point has one."""
