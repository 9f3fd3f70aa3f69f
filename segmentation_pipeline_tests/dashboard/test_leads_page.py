"""The page of leads: ranked personas with what speaks for and against them, files, names, an upload."""

import pytest

from segmentation_pipeline import client
from segmentation_pipeline.dashboard import lead_upload
from segmentation_pipeline.homes import create_home
from segmentation_pipeline_tests.client.trade_samples import make_leads_home, make_shop_home
from segmentation_pipeline_tests.dashboard.published_homes import HOSTILE, alter, opened, told

pytestmark = pytest.mark.xdist_group("dashboard")

LEADS = b"State,Industry,Won\nOhio,Banking,yes\nTexas,Retail,no\nOhio,Retail,maybe\n"


@pytest.fixture(scope="module")
def leads(tmp_path_factory):
    return make_leads_home(tmp_path_factory.mktemp("leads") / "home")


@pytest.fixture
def own(tmp_path):
    return make_leads_home(tmp_path / "home")


def button(block, label):
    return next(one for one in block.button if one.label == label)


def test_personas_are_ranked_with_tier_rate_interval_and_chance(leads, monkeypatch):
    app = opened(leads, monkeypatch, "leads")
    assert not app.exception
    assert [tab.label for tab in app.tabs] == ["1 · Nurses", "2 · Bankers"]
    assert [metric.value for metric in app.metric[:4]] == ["30", "20", "25.0%", "2"]
    assert "uncertain" not in "\n".join(str(one.value) for one in app.tabs[0].caption)
    app = opened(leads, monkeypatch, "leads", persona="2 · Bankers")
    assert [metric.value for metric in app.tabs[1].metric] == ["35.0%", "40.0%", "30%"]
    words = "\n".join(str(one.value) for one in (*app.tabs[1].caption, *app.tabs[1].markdown))
    assert "Value: high (uncertain)" in words
    assert "reaches into another one" in words
    assert "25.0% – 45.0%" in words
    assert "4 of 10 converted" in words


def test_what_speaks_against_the_rates_comes_before_them(leads, monkeypatch):
    app = opened(leads, monkeypatch, "leads")
    [cautions] = app.warning
    assert "`Stage` (AUC 0.99)" in cautions.value
    assert "4 leads have an outcome that cannot be read" in cautions.value
    assert "6 leads are too young" in told(app)
    assert "counts as 20 leads in each persona" in told(app)
    [broken] = app.error
    assert "`bad.csv` could not be read" in broken.value


def test_another_import_can_be_chosen_and_a_chance_is_never_called_sure(leads, monkeypatch):
    app = opened(leads, monkeypatch, "leads")
    next(box for box in app.main.selectbox if box.label == "Import").select("2026-01.csv").run()
    assert not app.exception
    assert [tab.label for tab in app.tabs] == ["1 · Bankers", "2 · Nurses"]
    assert app.tabs[0].metric[2].value == "> 99%"
    assert "Nothing speaks against these rates" in app.success[0].value
    assert "1 clear changes" in told(app)
    assert "Nurses, 25.0%" in told(app)
    app = opened(leads, monkeypatch, "leads", lead_import="2026-01.csv", persona="2 · Nurses")
    assert app.tabs[1].metric[2].value == "< 1%"


def test_pictures_are_shown_and_files_that_are_gone_are_told(leads, monkeypatch):
    app = opened(leads, monkeypatch, "leads")
    assert len(app.get("image")) == 1
    assert [button.proto.label for button in app.get("download_button")] == ["Personas (JSON)", "Map (PNG)"]
    assert told(app).replace("\\", "").count("There is no file") == 2


def test_a_name_and_notes_given_on_the_page_stay_over_imports(own, monkeypatch):
    app = opened(own, monkeypatch, "leads")
    name = next(field for field in app.tabs[0].text_input if field.label == "Name")
    name.set_value("<Carers> & *co*")
    button(app.tabs[0], "Save").click().run()
    assert not app.error[1:]
    next(field for field in app.tabs[0].text_area if field.label == "Note").set_value("Call them.")
    [_, noted] = [button for button in app.tabs[0].button if button.label == "Save"]
    noted.click().run()
    assert "&lt;Carers&gt; &amp; *co*" in told(app)
    older = {one.persona_id: one for one in client.open(own).personas("2026-01.csv")}
    assert older["p2"].display_name == "<Carers> & *co*"
    assert [(note.text, note.created_by) for note in older["p2"].notes] == [("Call them.", "dashboard")]
    button(app.tabs[0], "Delete").click().run()
    button(app.tabs[0], "Take the name back").click().run()
    found = client.open(own).personas()[0]
    assert (found.display_name, found.notes) == ("Nurses [HIGH VALUE]", ())


def test_a_card_is_shown_when_the_tab_that_was_open_has_another_name(leads, monkeypatch):
    app = opened(leads, monkeypatch, "leads", persona="2 · Gone")
    assert sum(len(tab.metric) for tab in app.tabs) == 3


def test_a_name_another_persona_has_is_refused_on_the_page(own, monkeypatch):
    app = opened(own, monkeypatch, "leads")
    next(field for field in app.tabs[0].text_input if field.label == "Name").set_value("Bankers")
    button(app.tabs[0], "Save").click().run()
    assert "is called already" in app.tabs[0].error[0].value.replace("\\", "")


@pytest.mark.parametrize("language", ["en", "tr"])
def test_hostile_words_of_leads_are_shown_as_letters(own, monkeypatch, language):
    quoted = HOSTILE.replace("'", "''")
    alter(
        own,
        f"UPDATE lead_personas SET label = '{quoted}' || persona_id, name = '{quoted}' || persona_id",
        f"UPDATE lead_columns SET header = '{quoted}'",
        f"UPDATE lead_imports SET weakness = '{quoted}', verdict = 'bands', verdict_reason = '{quoted}'",
    )
    app = opened(own, monkeypatch, "leads", language=language)
    assert not app.exception
    words = told(app)
    assert "<script" not in words.replace("\\<script", "").replace("`</script><script>", "")
    assert all("![](" not in tab.label and "<script" not in tab.label.replace("\\<", "") for tab in app.tabs)


@pytest.mark.parametrize("make", [make_shop_home, create_home])
def test_a_home_without_leads_says_how_to_bring_them_and_offers_it(tmp_path, monkeypatch, make):
    home = make(tmp_path / "home")
    app = opened(home, monkeypatch, "leads")
    assert not app.exception
    assert "No leads yet" in app.info[0].value or "Nothing is published yet" in app.info[0].value
    assert [uploader.proto.label for uploader in app.get("file_uploader")] == ["File of leads"]


def test_leads_brought_on_the_sample_go_into_a_new_home_which_is_shown(own, monkeypatch, tmp_path):
    own.settings_file.write_text("sample = true\n", encoding="utf-8")
    app = opened(own, monkeypatch, "leads")
    assert "Your file goes into a new home of your own" in app.info[-1].value
    app = app.get("file_uploader")[0].upload("2026-03.csv", LEADS, "text/csv").run()
    next(field for field in app.text_input if field.label == "Folder of the new home").set_value(
        str(tmp_path / "mine")
    ).run()
    asked = []
    monkeypatch.setattr(lead_upload, "request_refresh", asked.append)
    button(app.main, "Make the home, add the file and refresh").click().run()
    assert not app.exception
    assert [home.root for home in asked] == [tmp_path / "mine"]
    assert (tmp_path / "mine" / "landing" / "leads" / "2026-03.csv").read_bytes() == LEADS
    assert not (own.landing / "leads").exists()
    assert [caption.value for caption in app.sidebar.caption] == ["Home: `mine`"]


def test_a_file_is_previewed_and_lands_at_the_press_of_a_button(own, monkeypatch):
    app = opened(own, monkeypatch, "leads")
    app.get("file_uploader")[0].upload("2026-03.csv", LEADS, "text/csv").run()
    words = told(app)
    assert not app.exception
    assert "The outcome is in `Won`: 1 converted, 1 did not, 1 unknown." in words
    assert not (own.landing / "leads").exists()
    asked = []
    monkeypatch.setattr(lead_upload, "request_refresh", asked.append)
    button(app.main, "Add and refresh").click().run()
    assert (own.landing / "leads" / "2026-03.csv").read_bytes() == LEADS
    assert asked == [own]
    assert "`2026-03.csv` has landed" in app.success[-1].value
    assert not app.exception
