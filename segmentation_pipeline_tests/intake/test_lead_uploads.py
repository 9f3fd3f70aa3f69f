"""A file of leads is shown as it will be read, and lands whole or not at all."""

import os

import pytest

from segmentation_pipeline.config import SAMPLE_HOME, Home
from segmentation_pipeline.errors import HomeError, InputError
from segmentation_pipeline.homes import create_home
from segmentation_pipeline.intake import lead_uploads
from segmentation_pipeline.landing.sources import find_files

LEADS = (
    "Lead ID;State;Industry;E-mail;Won\n"
    "1;Ohio;Banking;a@b.c;yes\n2;Texas;;d@e.f;no\n3;Ohio;Retail;;maybe\n4;Ohio;Retail;;no\n"
).encode("utf-16")


@pytest.fixture
def home(tmp_path):
    return create_home(tmp_path / "home")


def landed(home):
    folder = home.landing / "leads"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_a_preview_tells_roles_outcomes_and_first_leads_and_lands_nothing(home):
    found = lead_uploads.preview_upload(home, "2026-01.csv", LEADS)
    assert found.problem is None
    assert (found.format, found.encoding, found.read_count, found.rejected_count) == ("csv", "utf-16", 4, 0)
    assert found.roles == {"outcome": "Won", "lead_id": "Lead ID", "state": "State", "industry": "Industry"}
    assert found.ignored == ("E-mail",)
    assert (found.converted_count, found.not_converted_count, found.unknown_count) == (1, 2, 1)
    assert found.first_leads[1] == {"lead_id": "2", "state": "Texas", "industry": "Unknown", "outcome": False}
    assert landed(home) == []


def test_settings_of_the_home_decide_how_a_file_is_read(home):
    home.settings_file.write_text('[leads]\nconverted_words = ["maybe"]\n', encoding="utf-8")
    assert lead_uploads.preview_upload(home, "a.csv", LEADS).converted_count == 2


def test_a_file_lands_under_its_name_and_again_without_harm(home):
    for _ in range(2):
        assert lead_uploads.land_leads(home, "../x/2026-01.csv", LEADS).name == "2026-01.csv"
    assert landed(home) == ["2026-01.csv"]
    assert (home.landing / "leads" / "2026-01.csv").read_bytes() == LEADS


def test_another_file_does_not_take_the_place_of_an_import(home):
    lead_uploads.land_leads(home, "a.csv", LEADS)
    with pytest.raises(InputError, match=r"an import of this name is here already.*give the file another name"):
        lead_uploads.land_leads(home, "a.csv", b"State,Won\nOhio,yes\n")
    assert (home.landing / "leads" / "a.csv").read_bytes() == LEADS


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"State,City\nOhio,Akron\n", "no column is known to be the outcome"),
        (b"foo,Won\n1,yes\n", "no column is known to describe leads"),
        (b"", "holds nothing"),
        (b"PK\x03\x04rest", "Excel workbook"),
    ],
)
def test_what_cannot_be_read_says_why_and_does_not_land(home, content, problem):
    assert problem in lead_uploads.preview_upload(home, "a.csv", content).problem
    with pytest.raises(InputError, match=problem):
        lead_uploads.land_leads(home, "a.csv", content)
    assert landed(home) == []


@pytest.mark.parametrize(
    ("name", "kept"),
    [("", "upload"), (".hidden.csv", "hidden.csv"), ("a.csv.part", "a.csv_part"), ("x/y.txt", "y.txt")],
)
def test_a_file_lands_under_a_name_that_runs_read(home, name, kept):
    lead_uploads.land_leads(home, name, LEADS)
    assert [found for found, _ in find_files(home.landing, "leads")] == [f"leads/{kept}"]


def test_two_files_of_one_name_at_once_are_not_one(home, monkeypatch):
    """The second looks before the first has its name, and is refused when it comes to take it."""
    other = b"State,Won\nOhio,yes\n"
    lead_uploads.land_leads(home, "b.csv", LEADS)
    link = os.link

    def first_comes_the_other(partial, target):
        target.write_bytes(other)
        link(partial, target)

    monkeypatch.setattr(os, "link", first_comes_the_other)
    with pytest.raises(InputError, match="an import of this name is here already"):
        lead_uploads.land_leads(home, "a.csv", LEADS)
    assert (home.landing / "leads" / "a.csv").read_bytes() == other
    assert landed(home) == ["a.csv", "b.csv"]


def test_what_cannot_be_written_says_why_and_leaves_nothing(home, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as narrow:
        narrow.setattr(os, "fsync", full)
        with pytest.raises(HomeError, match=r"No space left on device.*Next"):
            lead_uploads.land_leads(home, "a.csv", LEADS)
    assert landed(home) == []
    (home.landing / "leads").rmdir()
    (home.landing / "leads").write_bytes(b"x")
    with pytest.raises(HomeError, match=r"File exists.*Next"):
        lead_uploads.land_leads(home, "a.csv", LEADS)


def test_nothing_is_put_into_the_sample():
    before = landed(Home(SAMPLE_HOME))
    with pytest.raises(HomeError, match="your own data does not go into it"):
        lead_uploads.land_leads(Home(SAMPLE_HOME), "own.csv", LEADS)
    assert landed(Home(SAMPLE_HOME)) == before
