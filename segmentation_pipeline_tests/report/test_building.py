"""What a report says of each kind of home: what changed first, verdicts as they are, nothing where there is nothing."""

from __future__ import annotations

from datetime import date

import pytest

from segmentation_pipeline import client
from segmentation_pipeline.errors import NotFound
from segmentation_pipeline.report.content import Bullets, Callout, Facts, Heading, Pictures
from segmentation_pipeline.wording import load_texts
from segmentation_pipeline_tests.client.trade_samples import make_leads_home, make_shop_home
from segmentation_pipeline_tests.dashboard.published_homes import add_second_month, alter
from segmentation_pipeline_tests.report.words import words_of

TEXTS = load_texts("segmentation_pipeline.report", "en")


def titles(report):
    return [page.title for page in report.pages]


def test_a_report_goes_from_what_stands_out_to_each_segment_and_ends_with_the_data(home, told):
    opened = client.open(home)
    names = [segment.display_name for segment in opened.segments()]
    report = told(home)
    assert titles(report) == [
        "What stands out", "What to do", *names, "Customers", "Leads", "How this was found", "Data behind this report",
    ]  # fmt: skip
    assert report.title == "User segments, January 2026"
    segment = opened.segments()[0]
    first = next(block for block in report.pages[2].blocks if isinstance(block, Facts))
    assert first.facts[0].value == f"{segment.user_count:,}"
    idea = next(one for one in opened.recommendations(segment.cluster_id) if one.kind == "pain_point")
    assert idea.evidence[0].rendered in words_of(report)
    assert len(report.pictures()) == sum(
        len(block.pictures) for page in report.pages for block in page.blocks if isinstance(block, Pictures)
    )


def test_the_second_refresh_begins_with_what_changed(home, told):
    add_second_month(home)
    segments = client.open(home).segments()
    grown, sunk = segments[0], segments[1]
    alter(
        home,
        "UPDATE clusters SET share = share + 0.3, user_count = user_count + 45"
        f" WHERE cluster_id = '{grown.cluster_id}' AND refresh_month = DATE '2026-02-01'",
        "UPDATE clusters SET drop_off_rate = 0.9, drop_off_low = 0.85, drop_off_high = 0.95"
        f" WHERE cluster_id = '{sunk.cluster_id}' AND refresh_month = DATE '2026-02-01'",
        f"UPDATE cluster_lineage SET kind = 'born' WHERE cluster_id = '{segments[2].cluster_id}'"
        " AND refresh_month = DATE '2026-02-01'",
    )
    page = told(home, date(2026, 2, 1)).pages[0]
    assert page.title == "What changed since January 2026"
    assert isinstance(page.blocks[0], Bullets)
    said = page.blocks[0].items
    assert said[0].startswith(f"New: {segments[2].display_name}")
    assert any(one.startswith(f"{grown.display_name} grew from ") for one in said)
    assert any(one.startswith(f"Drop-off of {sunk.display_name} rose from ") and "90%" in one for one in said)
    assert said[-1].startswith("20% of the users in both months changed segment, more than the 10%")
    assert not any(one.startswith(f"Drop-off of {grown.display_name}") for one in said)


def test_a_refresh_like_the_one_before_says_that_nothing_changed_clearly(home, told):
    add_second_month(home)
    assert told(home, date(2026, 2, 1)).pages[0].blocks[0].items[0] == TEXTS("changes.none")


@pytest.mark.parametrize("verdict", ["distinct", "continuum", "no_segments"])
def test_each_verdict_is_told_as_what_it_is(home, told, verdict):
    alter(
        home,
        f"UPDATE refresh_verdicts SET verdict = '{verdict}', weakness = 'few visits'",
        "UPDATE clusters SET drop_off_rate = 0.9, drop_off_low = 0.85, drop_off_high = 0.95"
        " WHERE cluster_id = (SELECT min(cluster_id) FROM clusters)",
    )
    report = told(home)
    callout = next(block for block in report.pages[0].blocks if isinstance(block, Callout))
    assert callout.title == TEXTS(f"verdict.{verdict}")
    assert callout.text.startswith(TEXTS(f"verdict.{verdict}_says"))
    assert "few visits" in callout.text
    assert Heading(TEXTS(f"groups.{verdict}")) in report.pages[0].blocks
    compared = any("drop off most" in one or "stay best" in one for one in words_of(report).splitlines())
    assert compared == (verdict != "no_segments")
    has_pages = all(segment.display_name in titles(report) for segment in client.open(home).segments())
    assert has_pages == (verdict != "no_segments")


def test_silence_as_drop_off_is_told_beside_the_verdict_and_the_methods(home, told):
    alter(home, "UPDATE survival_fits SET is_mechanical = TRUE", "UPDATE refreshes SET inactivity_days = 12")
    said = words_of(told(home))
    assert TEXTS("verdict.mechanical") in said
    assert TEXTS("methods.drop_off_silence", days="12") in said


def test_a_month_without_enough_users_says_so_and_shows_no_segment(home, told):
    alter(home, "UPDATE refreshes SET status = 'insufficient_data', status_reason = '3 users; 30 are needed'")
    report = told(home)
    assert titles(report)[0] == TEXTS("verdict.insufficient_data")
    assert "3 users; 30 are needed" in words_of(report)
    assert report.pictures().keys() <= {"customers", "leads"}


def test_a_name_a_person_gave_is_the_name_in_the_report(home, told):
    opened = client.open(home)
    opened.rename_segment(opened.segments()[0].cluster_id, "Night shift", by="ada")
    opened.add_note(opened.segments()[0].cluster_id, "Met three of them.", by="ada")
    page = told(home).pages[2]
    assert page.title == "Night shift"
    assert "Note by ada: Met three of them." in [getattr(block, "text", "") for block in page.blocks]


def test_homes_of_customers_or_leads_alone_get_a_report_of_these(tmp_path, told):
    shop = told(make_shop_home(tmp_path / "shop"), locale="tr")
    assert titles(shop) == ["Müşteriler", "Bu raporun arkasındaki veri"]
    assert shop.title == "Müşteriler ve adaylar, Şubat 2026"
    leads = told(make_leads_home(tmp_path / "leads"))
    assert titles(leads) == ["Leads", "Data behind this report"]


def test_a_month_that_is_not_there_is_named_with_those_that_are(home, told):
    with pytest.raises(NotFound, match="2026-01"):
        told(home, date(2020, 1, 1))


def test_what_stands_above_already_is_not_said_again(home, told):
    for page in told(home).pages:
        texts = [block.text for block in page.blocks if hasattr(block, "details")]
        sentences = [text.split(". ")[0] for text in texts if ". " in text]
        assert len(sentences) == len(set(sentences)), page.title
