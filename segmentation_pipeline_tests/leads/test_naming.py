"""Names say who in what, are unique, and hold nothing a file could smuggle in."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation_pipeline.leads.naming import label_personas, persona_name, plain_text
from segmentation_pipeline.leads.profiles import profile_groups
from segmentation_pipeline_tests.leads.lead_samples import column


def labels_of(groups, **columns):
    """Labels of personas; each column lists its values lead by lead, `groups` the persona of each lead."""
    return label_personas(
        profile_groups([column(name, values) for name, values in columns.items()], np.array(groups), max(groups) + 1)
    )


def test_a_persona_is_named_for_seniority_and_the_industry_that_sets_it_apart():
    labels = labels_of(
        [0, 0, 0, 1, 1, 1],
        job_title=["Manager", "Team Lead", "Manager", "Nurse", "Nurse", "Analyst"],
        industry=["Banking", "Banking", "Health", "Health", "Health", "Banking"],
    )
    assert labels == ["Management in Banking", "Professional in Health"]
    assert persona_name(labels[0], "HIGH") == "Management in Banking [HIGH VALUE]"
    assert persona_name(labels[0], "UNKNOWN") == "Management in Banking [VALUE UNKNOWN]"


def test_two_personas_that_would_be_called_the_same_are_told_apart_by_what_differs_most():
    labels = labels_of(
        [0, 0, 1, 1],
        job_title=["Manager"] * 4,
        industry=["Banking"] * 4,
        source=["Referral", "Referral", "Ads", "Ads"],
    )
    assert labels == ["Management in Banking, via Referral", "Management in Banking, via Ads"]


def test_personas_that_nothing_tells_apart_are_numbered():
    assert labels_of([0, 1, 0, 1], job_title=["Manager"] * 4) == ["Management (1)", "Management (2)"]


def test_without_titles_and_industries_what_sets_a_persona_apart_is_its_name():
    assert labels_of([0, 0, 1, 1], source=["Web", "Web", "Ads", "Ads"]) == ["via Web", "via Ads"]


def test_everyone_together_is_called_so():
    assert labels_of([0, 0], job_title=["Manager", "Nurse"]) == ["All leads"]


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.sampled_from(["CEO", "Nurse", "ceo", ""]), st.sampled_from(["A", "B", "a "])),
        min_size=1,
        max_size=40,
    )
)
@settings(max_examples=60, deadline=None)
def test_no_two_personas_share_a_name(leads):
    present = sorted({group for group, _, _ in leads})
    groups = [present.index(group) for group, _, _ in leads]
    labels = labels_of(groups, job_title=[t for _, t, _ in leads], industry=[i for _, _, i in leads])
    assert len({label.casefold() for label in labels}) == len(labels)


def test_a_text_of_a_file_becomes_one_bounded_line_without_invisible_characters():
    assert plain_text("Ban\u202eking\n\tdept\x00") == "Banking dept"
    assert len(plain_text("x" * 500)) == 40
