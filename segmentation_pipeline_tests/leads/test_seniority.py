"""Seniority by the words of a title: whole words, the right class first, English and Turkish."""

import pytest

from segmentation_pipeline.leads.seniority import seniority_of


@pytest.mark.parametrize(
    ("title", "seniority"),
    [
        ("CEO", "C-Suite"),
        ("Chief Technology Officer", "C-Suite"),
        ("Co-Founder & President", "C-Suite"),
        ("Vice President, Sales", "Senior Management"),
        ("SVP Finance", "Senior Management"),
        ("Director of Nursing", "Senior Management"),
        ("Head of Growth", "Senior Management"),
        ("Product Manager", "Management"),
        ("Team Lead", "Management"),
        ("Software Engineer", "Professional"),
        ("Loan Officer", "Professional"),
        ("Marketing Intern", "Entry-Level"),
        ("Junior Analyst", "Entry-Level"),
        ("Assistant Manager", "Entry-Level"),
        ("Leadership Coach", None),
        ("Internal Affairs", None),
        ("", None),
        ("Genel Müdür", "C-Suite"),
        ("GENEL MÜDÜR", "C-Suite"),
        ("Satış Müdürü", None),
        ("Bölge Müdür", "Management"),
        ("STAJYER ÖĞRENCİ", "Entry-Level"),
        ("Uzman Doktor", "Professional"),
    ],
)
def test_titles_are_of_the_class_their_words_say(title, seniority):
    assert seniority_of(title) == seniority
