"""Every page says something true and useful, whatever state the home is in."""

from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from segmentation_pipeline import client
from segmentation_pipeline.client import maps
from segmentation_pipeline.config import Home
from segmentation_pipeline.dashboard.launch import APP
from segmentation_pipeline.dashboard.pages import PAGES
from segmentation_pipeline.dashboard.wording import load_texts
from segmentation_pipeline.homes import create_home
from segmentation_pipeline.warehouse.unpublished import forget_unpublished, tell_unpublished
from segmentation_pipeline_tests.client.published_samples import make_published_home
from segmentation_pipeline_tests.dashboard.published_homes import (
    HOSTILE,
    add_second_month,
    alter,
    opened,
    told,
)
from segmentation_pipeline_tests.surfaces import published_only

pytestmark = pytest.mark.xdist_group("dashboard")

SEGMENT_PAGES = [name for name, page in PAGES.items() if page.needs_segments]


def address(page):
    return "home" if page == "overview" else page


@pytest.fixture(scope="module")
def one_month(_planted, tmp_path_factory):
    return published_only(_planted, tmp_path_factory.mktemp("one") / "home")


@pytest.fixture(scope="module")
def two_months(_planted, tmp_path_factory):
    return add_second_month(published_only(_planted, tmp_path_factory.mktemp("two") / "home"))


@pytest.fixture
def own_home(_planted, tmp_path):
    return published_only(_planted, tmp_path / "home")


@pytest.mark.parametrize("language", ["en", "tr"])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_shown_in_every_language(two_months, monkeypatch, page, language):
    app = opened(two_months, monkeypatch, address(page), language=language)
    assert not app.exception
    assert not app.error
    assert [title.value for title in app.title] == [load_texts(language)(f"page.{page}")]
    assert len(app.main) > 3


def test_the_first_page_is_found_by_its_name_too(one_month, monkeypatch):
    app = opened(one_month, monkeypatch, "overview")
    assert [title.value for title in app.title] == ["Overview"]


def test_the_first_refresh_says_that_there_is_nothing_to_compare_with(one_month, monkeypatch):
    assert "nobody could move yet" in told(opened(one_month, monkeypatch, "moves"))
    overview = told(opened(one_month, monkeypatch))
    assert "nothing to compare with yet" in overview
    assert "from the second on" in overview


def test_from_the_second_refresh_on_moves_and_trends_are_drawn(two_months, monkeypatch):
    moves = opened(two_months, monkeypatch, "moves")
    assert "From January 2026 to February 2026" in told(moves)
    assert len(moves.get("plotly_chart")) == 1
    overview = opened(two_months, monkeypatch)
    assert len(overview.get("plotly_chart")) == 3
    assert "Against January 2026: every segment lives on." in told(overview)


def test_another_refresh_can_be_chosen(two_months, monkeypatch):
    app = opened(two_months, monkeypatch)
    assert "What February 2026 says" in told(app)
    picker = next(box for box in app.sidebar.selectbox if box.label == "Refresh")
    assert all("still open" in option or "·" in option for option in picker.options)
    picker.select_index(1).run()
    assert "What January 2026 says" in told(app)


@pytest.mark.parametrize("page", PAGES)
def test_a_home_without_a_refresh_says_what_to_do(tmp_path, monkeypatch, page):
    home = create_home(tmp_path / "empty")
    app = opened(home, monkeypatch, address(page))
    assert not app.exception
    assert not app.error
    [message] = app.info
    assert "Nothing is published yet" in message.value
    assert f"segpipe run --home {home.root}" in message.value


def test_a_folder_that_is_no_home_and_wrong_settings_are_told(tmp_path, monkeypatch):
    app = opened(Home(tmp_path / "nowhere"), monkeypatch)
    [message] = app.error
    assert "could not be shown" in message.value
    assert "is not a home" in message.value
    home = create_home(tmp_path / "wrong")
    home.settings_file.write_text("colour = 'red'\n", encoding="utf-8")
    [message] = opened(home, monkeypatch).error
    assert "colour" in message.value


def test_settings_that_break_while_nothing_is_published_are_told_beside_it(tmp_path, monkeypatch):
    home = create_home(tmp_path / "home")
    app = opened(home, monkeypatch, "leads")
    home.settings_file.write_text("colour = 'red'\n", encoding="utf-8")
    app.run()
    assert not app.exception
    assert "Nothing is published yet" in app.info[0].value
    assert "colour" in app.error[0].value


@pytest.mark.parametrize("asked", ["2026-01", "2025-12", "x"])
def test_the_refresh_and_the_language_in_the_address_are_shown_where_there_are_such(two_months, monkeypatch, asked):
    monkeypatch.setenv("SEGPIPE_HOME", str(two_months.root))
    app = AppTest.from_file(str(APP), default_timeout=300)
    app.query_params["month"] = asked
    app.query_params["language"] = "tr"
    app.run()
    assert not app.exception
    assert [title.value for title in app.title] == [load_texts("tr")("page.overview")]
    assert app.session_state["month"] == (date(2026, 1, 1) if asked == "2026-01" else date(2026, 2, 1))
    app.sidebar.selectbox(key="language").select("en").run()
    assert "language" not in app.query_params


def test_a_copy_of_another_version_is_told_and_not_taken_for_an_empty_home(own_home, monkeypatch):
    alter(own_home, "ALTER TABLE user_moves DROP COLUMN share")
    app = opened(own_home, monkeypatch, "moves")
    [message] = app.error
    assert "another version" in message.value
    assert not app.exception


@pytest.fixture(scope="module")
def too_little(tmp_path_factory):
    return alter(
        make_published_home(tmp_path_factory.mktemp("little") / "home"),
        "DELETE FROM refreshes WHERE status = 'ready'",
        "DELETE FROM clusters",
    )


@pytest.mark.parametrize("page", SEGMENT_PAGES)
def test_a_refresh_with_too_little_data_says_so_and_why(too_little, monkeypatch, page):
    app = opened(too_little, monkeypatch, address(page))
    assert not app.exception
    [message] = app.warning
    assert "Too little data in March 2026" in message.value
    assert "3 users; 30 are needed" in message.value.replace("\\", "")


def test_data_quality_is_told_of_a_refresh_with_too_little_data(too_little, monkeypatch):
    app = opened(too_little, monkeypatch, "quality")
    assert "2 of 3 checks did not pass" in app.warning[0].value
    assert not app.exception


@pytest.mark.parametrize("language", ["en", "tr"])
@pytest.mark.parametrize("page", ["home", "quality"])
def test_a_run_that_published_nothing_is_told_until_one_publishes(own_home, monkeypatch, page, language):
    tell_unpublished(own_home, "r1", table="clusters", month=date(2026, 1, 1), message="Wrong: [a](http://b). Next: c.")
    tell_unpublished(own_home, "r1", table="moves", check="sums", message="3 rows.")
    app = opened(own_home, monkeypatch, page, language=language)
    [message] = app.error
    words = message.value.replace("\\", "")
    assert "`clusters`" in words
    assert "Wrong: [a](`http://b).` Next: c." in words
    assert "`moves.sums`: 3 rows." in words
    tell_unpublished(own_home, "r2", table="events", message="Another.")
    assert "clusters" not in opened(own_home, monkeypatch, page, language=language).error[0].value
    forget_unpublished(own_home)
    assert not opened(own_home, monkeypatch, page, language=language).error


def test_a_first_run_that_failed_is_told_where_nothing_is_published(tmp_path, monkeypatch):
    home = create_home(tmp_path / "home")
    tell_unpublished(home, "r1", table="events", message="No room.")
    assert "No room" in opened(home, monkeypatch).error[0].value


@pytest.mark.parametrize("written", ["", "[]", "{}", '{"run_id": 1, "ended_at": "x", "problems": []}', "\xff"])
def test_a_note_that_cannot_be_read_is_no_note(own_home, monkeypatch, written):
    own_home.unpublished_file.write_bytes(written.encode("latin-1"))
    assert not opened(own_home, monkeypatch, "quality").error
    tell_unpublished(own_home, "r1", table="events", message="No room.")
    assert "No room" in opened(own_home, monkeypatch, "quality").error[0].value


@pytest.mark.parametrize(
    ("verdict", "box", "says", "brief"),
    [
        ("distinct", "success", "facts about your users", "with gaps between them"),
        ("continuum", "info", "where one ends and the next begins is our choice", "where one band ends is our choice"),
        ("no_segments", "warning", "cuts of ours by activity", "not groups found in the data"),
    ],
)
def test_every_verdict_has_its_own_words_and_look(own_home, monkeypatch, verdict, box, says, brief):
    alter(own_home, f"UPDATE refresh_verdicts SET verdict = '{verdict}', weakness = 'too *few* users'")
    for page in ("home", "segments", "retention"):
        app = opened(own_home, monkeypatch, page)
        assert any(says in message.value for message in getattr(app, box)), page
        assert "too \\*few\\* users" in told(app)
        assert not app.exception
    for page in ("map", "moves", "discovered"):
        app = opened(own_home, monkeypatch, page)
        assert brief in told(app), page
        assert not app.exception


def test_presets_are_called_our_own_cut_and_advice_is_for_everyone(own_home, monkeypatch):
    alter(
        own_home,
        "UPDATE refresh_verdicts SET verdict = 'no_segments'",
        "UPDATE clusters SET origin = 'preset', stability = NULL, jaccard = NULL",
        "UPDATE recommendations SET cluster_id = 'overall'",
        "UPDATE segment_advice SET cluster_id = 'overall'"
        " WHERE cluster_id = (SELECT min(cluster_id) FROM segment_advice)",
    )
    app = opened(own_home, monkeypatch, "segments")
    assert "For everyone together" in told(app)
    assert "A cut of ours, not a group found in the data." in told(app)
    assert not app.exception


def test_silence_as_drop_off_is_said_to_be_mechanical(own_home, monkeypatch):
    alter(own_home, "UPDATE refreshes SET churn_definition = 'inactivity'")
    assert "mechanical and prove nothing" in told(opened(own_home, monkeypatch, "retention"))


def test_curves_that_were_not_observed_are_explained(own_home, monkeypatch):
    alter(
        own_home,
        "UPDATE retention_curves SET estimate = NULL, low = NULL, high = NULL, status = 'not_observed'",
        "UPDATE survival_fits SET reason = 'nobody dropped off'",
        "UPDATE clusters SET drop_off_rate = NULL, drop_off_low = NULL, drop_off_high = NULL, drop_off_days = NULL",
    )
    app = opened(own_home, monkeypatch, "retention")
    assert "No curve could be fitted in this refresh. nobody dropped off" in told(app)
    assert "Drop-off is not observed" in told(opened(own_home, monkeypatch, "segments"))
    assert not opened(own_home, monkeypatch).exception


def test_what_a_model_failed_at_is_told_beside_what_stands_in(own_home, monkeypatch):
    alter(
        own_home,
        "UPDATE llm_discoveries SET provider = 'openai', model = 'gpt', fallback = 'timed <out>', cost_usd = 0.1234,"
        " input_tokens = 1500, status = 'carried_over'",
        "UPDATE llm_segments SET status = 'retired' WHERE segment_id = (SELECT max(segment_id) FROM llm_segments)",
        "UPDATE segment_advice SET instead_because = 'too long'",
    )
    app = opened(own_home, monkeypatch, "discovered")
    words = told(app)
    assert "timed \\<out\\>" in words
    assert "1,500 tokens sent" in words
    assert "0.123" in words
    assert "Ended in this refresh" in words
    assert not app.exception
    assert "the model gave nothing usable: too long" in told(opened(own_home, monkeypatch, "segments"))


def test_a_refresh_without_discovered_segments_says_so(own_home, monkeypatch):
    alter(own_home, "DELETE FROM llm_discoveries")
    assert "No segments were discovered" in opened(own_home, monkeypatch, "discovered").info[0].value


def segment_form(app, label):
    return next(field for field in (*app.text_input, *app.text_area) if field.label == label)


def test_a_name_and_a_note_given_on_the_page_are_kept_and_shown(own_home, monkeypatch):
    app = opened(own_home, monkeypatch, "segments")
    before = client.open(own_home).segments()[0]
    segment_form(app, "Name").set_value("<Bats> & *co*")
    next(button for button in app.button if button.label == "Save").click().run()
    assert not app.exception
    assert not app.error
    segment_form(app, "Note").set_value("Call them.\n# today")
    [button for button in app.button if button.label == "Save"][1].click().run()
    after = client.open(own_home).segments()[0]
    assert (after.cluster_id, after.display_name) == (before.cluster_id, "<Bats> & *co*")
    assert [(note.text, note.created_by) for note in after.notes] == [("Call them.\n# today", "dashboard")]
    words = told(app)
    assert "&lt;Bats&gt; &amp; *co*" in words
    assert "Call them\\.  \n\\# today" in words
    next(button for button in app.button if button.label == "Take the name back").click().run()
    assert client.open(own_home).segments()[0].display_name == before.display_name


def test_a_name_given_while_somebody_else_renames_is_the_last_word(own_home, monkeypatch):
    app = opened(own_home, monkeypatch, "segments")
    segment_form(app, "Name").set_value("Bats")
    cluster_id = client.open(own_home).segments()[0].cluster_id
    client.open(own_home).rename_segment(cluster_id, "Moths", by="ada")
    next(button for button in app.button if button.label == "Save").click().run()
    assert client.open(own_home).segments()[0].display_name == "Bats"
    assert segment_form(app, "Name").value == "Bats"


def test_a_name_that_cannot_be_taken_is_refused_on_the_page(own_home, monkeypatch):
    app = opened(own_home, monkeypatch, "segments")
    other = client.open(own_home).segments()[1]
    segment_form(app, "Name").set_value(other.display_name)
    next(button for button in app.button if button.label == "Save").click().run()
    [message] = app.error
    assert "is called already" in message.value.replace("\\", "")
    assert client.open(own_home).segments()[0].display_name != other.display_name


@pytest.mark.parametrize("page", PAGES)
def test_hostile_names_are_shown_as_letters(own_home, monkeypatch, page):
    quoted = HOSTILE.replace("'", "''")
    alter(
        own_home,
        f"UPDATE clusters SET label = '{quoted}' || cluster_id, description = '{quoted}'",
        f"UPDATE segment_advice SET persona_name = '{quoted}' || cluster_id, persona_description = '{quoted}'",
        f"UPDATE recommendations SET title = '{quoted}', text = '{quoted}', hypothesis = '{quoted}'",
        f"UPDATE llm_segments SET label = '{quoted}', description = '{quoted}'",
        f"UPDATE refresh_verdicts SET weakness = '{quoted}'",
    )
    app = opened(own_home, monkeypatch, address(page))
    assert not app.exception
    assert not app.error
    words = told(app)
    assert "<script" not in words.replace("\\<script", "")
    for mark in ("[here](", "![]("):
        assert mark not in "\n".join(line for line in words.splitlines() if "<h3" not in line)


def test_a_segment_or_a_user_picked_without_a_mouse_opens_its_card(one_month, monkeypatch):
    app = opened(one_month, monkeypatch, "map")
    assert "Click a point" in app.info[0].value
    segments = next(box for box in app.main.selectbox if box.label == "Segment")
    users = next(box for box in app.main.selectbox if box.label == "User")
    with client.open(one_month).snapshot() as snapshot:
        largest = snapshot.segments()[0]
        [user_id, *_] = maps.users_like(snapshot.connection, snapshot.month(), "", largest.cluster_id)
    segments.select(largest.cluster_id).run()
    assert f">{largest.display_name}</h3>" in told(app)
    users = next(box for box in app.main.selectbox if box.label == "User")
    users.select(user_id).run()
    assert f"User `{user_id}`" in told(app)
    assert "After the landmark" in told(app)
    assert not app.exception


def test_more_users_than_a_browser_draws_are_said_to_be_a_sample(one_month, monkeypatch):
    monkeypatch.setattr(maps.map_points, "__defaults__", (None, 50))
    app = opened(one_month, monkeypatch, "map")
    assert "50 of" in told(app)
    assert "users are drawn, the same ones each time" in told(app)


@pytest.mark.parametrize(
    "colouring", ["drop_off", "session_count", "night_share", "time_of_day_pattern", "action:login"]
)
def test_the_map_can_be_coloured_by_what_became_of_users_or_by_what_they_did(one_month, monkeypatch, colouring):
    app = opened(one_month, monkeypatch, "map")
    next(box for box in app.main.selectbox if box.label == "Colour by").select(colouring).run()
    assert not app.exception
    assert len(app.get("plotly_chart")) == 1
