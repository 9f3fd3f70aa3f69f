"""Values as codes: spellings merged, numbers and ranges read, order found only where there is one."""

import numpy as np
import pytest

from segmentation_pipeline.leads.columns import level_numbers, number_of
from segmentation_pipeline_tests.leads.lead_samples import column


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7", 7),
        ("7.5", 7.5),
        ("7,5", 7.5),
        (" 12 years ", 12),
        ("25-34", 29.5),
        ("25 – 34", 29.5),
        ("3 to 5 years", 4),
        ("55+", 56),
        ("10+ years", 11),
        (">60", 61),
        ("under 18", 17),
        ("<18", 17),
        ("5 yıl", 5),
        ("senior", None),
        ("2026-01-31", None),
        ("", None),
    ],
)
def test_numbers_and_ranges_are_read_as_one_number(text, number):
    assert number_of(text) == number


def test_age_ranges_have_an_order_and_genders_have_none():
    ages = column("age", ["18-24", "55+", "25-34", "", "18-24"])
    assert dict(zip(ages.levels, level_numbers(ages), strict=True))["25-34"] == 29.5
    assert np.isnan(level_numbers(ages)[ages.unknown_code])
    assert level_numbers(column("gender", ["Male", "Female"])) is None


def test_a_few_numeric_codes_of_an_unknown_column_are_categories():
    assert level_numbers(column("Region code", ["1", "2", "3"])) is None
    assert level_numbers(column("TotalVisits", [str(number) for number in range(9)])) is not None


def test_spellings_that_differ_in_case_or_blanks_are_the_most_frequent_one():
    merged = column("state", ["texas", "Texas", " Texas", "TEXAS  ", "Texas", "Ohio"]).merged()
    assert merged.levels == ("Ohio", "Texas")
    assert merged.counts().tolist() == [1, 5]
