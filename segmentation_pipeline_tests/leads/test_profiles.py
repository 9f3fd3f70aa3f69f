"""Profiles by hand: shares, concentration, seniority of the majority, what sets a persona apart."""

import numpy as np
import pytest

from segmentation_pipeline.leads.profiles import concentration_of, profile_groups
from segmentation_pipeline_tests.leads.lead_samples import column


@pytest.mark.parametrize(
    ("share", "word"),
    [(0.71, "High"), (0.7, "Medium"), (0.4, "Medium"), (0.39, "Low"), (None, "Unknown")],
)
def test_concentration_is_read_off_the_most_frequent_place(share, word):
    assert concentration_of(share) == word


def test_shares_are_of_the_group_and_concentration_of_the_known_places():
    states = column("state", ["TX", "TX", "TX", "", "NY", "OH"])
    profile, other = profile_groups([states], np.array([0, 0, 0, 0, 1, 1]), 2)
    assert [(found.value, found.count, found.share) for found in profile.values["state"]] == [
        ("TX", 3, 0.75),
        ("Unknown", 1, 0.25),
    ]
    assert profile.top_place_share == 1.0
    assert profile.unknown_shares["state"] == 0.25
    assert (profile.concentration, other.concentration) == ("High", "Medium")


def test_contrasts_are_differences_of_shares_in_standard_deviations():
    """Web: 3 of 4 here, 4 of 8 overall: (.75 - .5) / .5."""
    sources = column("source", ["Web", "Web", "Web", "Ads", "Web", "Ads", "Ads", "Ads"])
    contrast = profile_groups([sources], np.array([0] * 4 + [1] * 4), 2)[0].contrasts[0]
    assert (contrast.value, contrast.share, contrast.overall_share) == ("Web", 0.75, 0.5)
    assert contrast.effect == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("titles", "seniority"),
    [
        (["CEO", "CFO", "Nurse"], "C-Suite"),
        (["CEO", "Nurse"], "Mixed Professional"),
        (["CEO", "CFO", "", ""], "C-Suite"),
        (["CEO", "", "", "", ""], "Mixed Professional"),
        (["Wizard", "Bard"], "Mixed Professional"),
        (["", ""], "Mixed Professional"),
    ],
)
def test_seniority_needs_the_majority_of_known_titles_and_enough_of_them(titles, seniority):
    labels = np.zeros(len(titles), dtype=np.int64)
    assert profile_groups([column("job_title", titles)], labels, 1)[0].seniority == seniority
