"""Adding data as people do it: on the sample, by hand, and in Chromium until the new refresh is on the screen."""

import csv
import io

import pytest

from segmentation_pipeline import client
from segmentation_pipeline.config import Home
from segmentation_pipeline.dashboard.screens import add_data
from segmentation_pipeline.errors import HomeError
from segmentation_pipeline.homes import create_home
from segmentation_pipeline.intake.previews import preview
from segmentation_pipeline.intake.refresh_requests import RefreshUnderWay, refresh_progress
from segmentation_pipeline.intake.uploads import find_files
from segmentation_pipeline_tests.dashboard.dashboard_server import (
    PATIENCE_MS,
    chromium,
    dashboard_server,
    settle,
    show,
    unfold,
)
from segmentation_pipeline_tests.dashboard.published_homes import opened, told
from segmentation_pipeline_tests.surfaces import published_only

pytestmark = pytest.mark.xdist_group("dashboard")

LOG = b"user_id,timestamp,action\nada,2026-01-05T10:00:00Z,login\nbob,yesterday,login\n"
WITH_ID = b"user_id,timestamp,action,event_id\nada,2026-01-05T10:00:00Z,login,same\n"
UNCLEAR = b"uid,customer id,timestamp,action\na,b,2026-01-05T10:00:00Z,login\n"
REFRESH_MS = 600_000


def button(app, label):
    return next(one for one in app.button if one.label == label)


def uploaded(home, monkeypatch, content, name="log.csv"):
    monkeypatch.setattr(add_data, "request_refresh", lambda asked: monkeypatch.setenv("ASKED", str(asked.root)))
    app = opened(home, monkeypatch, "add_data")
    return app.file_uploader[0].upload(name, content, "text/csv").run()


@pytest.fixture
def home(tmp_path):
    return create_home(tmp_path / "home")


def test_a_file_is_previewed_and_lands(home, monkeypatch):
    app = uploaded(home, monkeypatch, LOG)
    assert "2 records, 1 of them can be read as events." in app.warning[0].value
    assert next(iter(app.dataframe[1].value["First example"])).startswith("log.csv, record 3")
    button(app, "Add only").click().run()
    assert not app.exception
    assert "Added as" in app.success[0].value
    assert [name for name, _ in find_files(home.landing)] == ["log.csv"]
    assert refresh_progress(home) is None


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "holds nothing"), (bytes(range(256)) * 9, "neither text nor Parquet"), (b"PK\x03\x04", "zip archive")],
)
def test_a_file_that_cannot_be_read_is_told_and_cannot_be_added(home, monkeypatch, content, says):
    app = uploaded(home, monkeypatch, content)
    assert says in app.error[0].value
    assert not app.exception
    assert [one.label for one in app.button] == ["Refresh now"]


def test_columns_that_are_unclear_are_chosen_and_kept(home, monkeypatch):
    app = uploaded(home, monkeypatch, UNCLEAR)
    assert "Choose the columns that are: User" in app.info[0].value
    next(box for box in app.main.selectbox if box.label == "User").select("customer id").run()
    assert "1 records, 1 of them" in app.success[0].value
    button(app, "Add only").click().run()
    assert home.settings().input.columns.user_id == "customer id"


def test_an_optional_column_can_be_taken_away_and_stays_away(home, monkeypatch):
    app = uploaded(home, monkeypatch, WITH_ID)
    event_id = next(box for box in app.main.selectbox if box.label == "Event id (optional)")
    assert event_id.value == "event_id"
    event_id.select("").run()
    button(app, "Add only").click().run()
    assert not app.exception
    assert home.settings().input.columns.event_id == ""
    found = next(
        one for one in preview("log.csv", io.BytesIO(WITH_ID), home.settings().input).roles if one.role == "event_id"
    )
    assert (found.columns, found.is_required) == ((), False)


def refuse(_home):
    raise RefreshUnderWay("A refresh is under way. Next: wait for its end.")


def test_a_file_that_landed_is_told_so_though_no_refresh_can_be_launched(home, monkeypatch):
    app = uploaded(home, monkeypatch, LOG)
    monkeypatch.setattr(add_data, "request_refresh", refuse)
    button(app, "Add and refresh").click().run()
    assert not app.exception
    assert "Added as" in app.success[0].value
    assert "A refresh is under way" in app.warning[0].value
    assert [name for name, _ in find_files(home.landing)] == ["log.csv"]


@pytest.fixture
def sample(_planted, tmp_path):
    home = published_only(_planted, tmp_path / "sample")
    home.settings_file.write_text("sample = true\n" + home.settings_file.read_text(), encoding="utf-8")
    return home


def test_on_the_sample_a_new_home_is_made_and_shown(sample, tmp_path, monkeypatch):
    app = uploaded(sample, monkeypatch, LOG)
    folder = next(field for field in app.text_input if field.label == "Folder of the new home")
    assert folder.value.endswith("segmentation-home")
    folder.set_value(str(tmp_path / "sample")).run()
    button(app, "Add only").click().run()
    assert "is a home already" in app.error[0].value
    next(field for field in app.text_input if field.label == "Folder of the new home").set_value(
        str(tmp_path / "mine")
    ).run()
    button(app, "Make the home, add the file and refresh").click().run()
    assert not app.exception
    assert str(tmp_path / "mine" / "landing" / "log.csv") in told(app)
    assert [caption.value for caption in app.sidebar.caption] == ["Home: `mine`"]
    other_window = opened(sample, monkeypatch, "add_data")
    assert [caption.value for caption in other_window.sidebar.caption] == ["Home: `sample`"]


def test_a_home_that_was_made_is_used_again_where_the_file_could_not_land(sample, tmp_path, monkeypatch):
    def full(_home, _name, _content, **_how):
        raise HomeError("No space left on device.")

    app = uploaded(sample, monkeypatch, LOG)
    next(field for field in app.text_input if field.label == "Folder of the new home").set_value(
        str(tmp_path / "mine")
    ).run()
    with monkeypatch.context() as narrow:
        narrow.setattr(add_data, "land", full)
        button(app, "Add only").click().run()
    assert "No space left" in app.error[0].value
    button(app, "Add only").click().run()
    assert not app.error
    assert (tmp_path / "mine" / "landing" / "log.csv").read_bytes() == LOG


@pytest.fixture(scope="module")
def page():
    with chromium() as browser:
        context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
        context.set_default_timeout(PATIENCE_MS)
        yield context.new_page()


def more_users(home):
    """A file of the home's own events by users of other names."""
    rows = list(csv.DictReader(io.StringIO((home.landing / "events.csv").read_text(encoding="utf-8"))))
    some = sorted({row["user_id"] for row in rows})[:120]
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows({**row, "user_id": f"new-{row['user_id']}"} for row in rows if row["user_id"] in some)
    return out.getvalue().encode()


def test_an_upload_leads_to_a_new_refresh_in_which_a_name_given_lives_on(planted_home, page):
    home = planted_home
    before = client.open(home).refreshes()[-1].at_risk_count
    with dashboard_server(home) as address:
        show(page, f"{address}/segments")
        edit = unfold(page, "Name and notes")
        edit.get_by_label("Name", exact=True).fill("Night owls")
        edit.get_by_role("button", name="Save").first.click()
        page.wait_for_selector("h3:has-text('Night owls')")
        show(page, f"{address}/add_data")
        file = {"name": "more.csv", "mimeType": "text/csv", "buffer": more_users(home)}
        page.locator("input[type=file]").set_input_files(file)
        page.get_by_role("button", name="Add and refresh").click()
        page.wait_for_selector("text=It goes on when you leave this page.")
        page.reload()
        page.wait_for_selector("text=It goes on when you leave this page.")
        assert page.get_by_role("button", name="Refresh now").count() == 0
        page.get_by_role("button", name="Show January 2026").click(timeout=REFRESH_MS)
        page.wait_for_selector("h1:has-text('Overview')")
        settle(page)
        after = client.open(home).refreshes()[-1].at_risk_count
        assert after > before
        assert str(after) in page.inner_text("[data-testid=stMetric]:first-of-type >> nth=0")
        show(page, f"{address}/segments")
        assert "Night owls" in page.inner_text("[data-testid=stMain]")


def test_leads_brought_on_the_sample_become_personas_of_a_new_home(sample, planted_home, page, tmp_path):
    [file] = [one for one in (planted_home.landing / "leads").iterdir() if one.name != "dirty.csv"]
    with dashboard_server(sample) as address:
        show(page, f"{address}/leads")
        page.locator("input[type=file]").set_input_files(file)
        page.get_by_label("Folder of the new home", exact=True).fill(str(tmp_path / "crm"))
        page.get_by_label("Folder of the new home", exact=True).press("Enter")
        settle(page)
        page.get_by_role("button", name="Make the home, add the file and refresh").click()
        page.wait_for_selector("text=The files are read", timeout=REFRESH_MS)
        settle(page)
        assert page.locator("[data-testid=stTab]").first.inner_text().startswith("1 · ")
        assert "Home: crm" in page.inner_text("[data-testid=stSidebar]")
    assert client.open(Home(tmp_path / "crm")).personas()
