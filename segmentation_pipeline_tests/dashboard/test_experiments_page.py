"""The page of experiments: power with an honest verdict, and a roadmap that people can fill, edit and hand on."""

from datetime import date

import pytest

from segmentation_pipeline import client
from segmentation_pipeline_tests.client.experiment_samples import CALL, GREET, NEW, make_advised_home
from segmentation_pipeline_tests.dashboard.published_homes import HOSTILE, alter, opened, told

pytestmark = pytest.mark.xdist_group("dashboard")


@pytest.fixture
def home(tmp_path):
    return make_advised_home(tmp_path / "home")


def field(block, kind, label):
    return next(one for one in getattr(block, kind) if one.label == label)


def shown(home, monkeypatch, recommendation_id, **state):
    """The page with one experiment chosen of its segment."""
    month = date(2026, 2, 1)
    segment = recommendation_id[:9]
    chosen = {f"experiment_segment_{month}": segment, f"experiment_{month}_{segment}": recommendation_id}
    return opened(home, monkeypatch, "experiments", **chosen, **state)


@pytest.mark.parametrize(
    ("verdict", "box", "title", "says"),
    [
        ("run", "success", "Run it", "alone brings users enough to decide it within 12 weeks"),
        ("run_in_union", "info", "Run it together with others", "together with others it can be decided"),
        ("do_not_run", "error", "Do not run it", "costs time and proves nothing"),
        ("not_computed", "warning", "Not known", "Too little is known"),
    ],
)
def test_every_verdict_of_power_has_its_own_words_and_look(home, monkeypatch, verdict, box, title, says):
    alter(home, f"UPDATE experiment_power SET verdict = '{verdict}' WHERE recommendation_id = '{GREET}'")
    app = shown(home, monkeypatch, GREET)
    assert not app.exception
    [message] = [one for one in getattr(app, box) if title in one.value]
    assert says in message.value


def test_power_is_told_with_baseline_newcomers_arms_weeks_and_union(home, monkeypatch):
    alter(home, "UPDATE experiment_power SET baseline_low = 0.25, baseline_high = 0.36, eligible_to = eligible_from")
    app = shown(home, monkeypatch, GREET)
    assert [metric.value for metric in app.metric] == ["30%", "100", "847", "20.8"]
    words = told(app)
    for fact in (
        "95% interval: 25% – 36%",
        "1,883 users enrolled in all, holdout included",
        "20%, from 30% to 24%",
        "10% are held out",
        "alpha 0.025 (shared by 2 experiments of the segment, Holm), power 80%, log-rank test",
        "Run in Night owls, Early birds together it decides in 9.5 weeks",
    ):
        assert fact in words, fact
    weeks = app.table[0].value
    assert list(weeks["Week"]) == ["1", "12"]
    assert list(weeks["As a part"]) == ["–", "16.7%"]
    assert len(app.get("plotly_chart")) == 1


def test_an_experiment_without_figures_says_so_and_draws_nothing(home, monkeypatch):
    for recommendation_id, says in ((NEW, "No figures were computed"), (CALL, "Too little is known")):
        app = shown(home, monkeypatch, recommendation_id)
        assert any(says in message.value for message in app.warning)
        assert not app.metric
        assert not app.get("plotly_chart")
        assert not app.exception


def test_an_experiment_is_planned_changed_and_its_history_told(home, monkeypatch):
    app = shown(home, monkeypatch, CALL)
    field(app.main, "text_input", "Owner").set_value("Ada")
    field(app.main, "text_area", "Note").set_value("Begin *soon*.")
    field(app.main, "button", "Add to roadmap").click().run()
    [made] = client.open(home).roadmap()
    assert (made.recommendation_id, made.plan.owner, made.plan.priority) == (CALL, "Ada", 3)
    assert [note.note for note in made.notes] == ["Begin *soon*."]
    assert "On the roadmap as number 1 (planned)." in told(app)
    assert "Begin \\*soon\\*\\." in told(app)
    field(app.main, "selectbox", "Status").select("running")
    field(app.main, "date_input", "Starts on").set_value(date(2026, 3, 2))
    field(app.main, "button", "Save").click().run()
    assert not app.error
    [entry] = client.open(home).roadmap()
    assert (entry.plan.status, entry.plan.starts_on) == ("running", date(2026, 3, 2))
    roadmap, history = app.dataframe[-2].value, app.dataframe[-1].value
    assert list(roadmap.iloc[0])[:7] == [1, "running", 3, "Call them", "Night owls", "Ada", "2026-03-02"]
    assert list(history["Status"]) == ["running", "planned"]
    assert [button.label for button in app.download_button] == [
        "Roadmap as CSV",
        "Brief of this experiment (Markdown)",
    ]


def test_an_edit_is_kept_beside_one_that_somebody_else_made_meanwhile(home, monkeypatch):
    other = client.open(home)
    other.add_to_roadmap(CALL, by="ada")
    app = shown(home, monkeypatch, CALL)
    field(app.main, "text_input", "Owner").set_value("Grace")
    other.change_roadmap(1, by="ada", priority=1)
    field(app.main, "button", "Save").click().run()
    [entry] = other.roadmap()
    assert (entry.plan.owner, entry.plan.priority) == ("Grace", 1)
    assert field(app.main, "selectbox", "Priority").value == 1
    other.change_roadmap(1, by="ada", owner="Ada")
    field(app.main, "button", "Save").click().run()
    assert "Nothing was changed." in told(app)
    assert other.roadmap()[0].plan.owner == "Ada"


def test_a_plan_that_cannot_be_is_refused_and_nothing_is_kept(home, monkeypatch):
    client.open(home).add_to_roadmap(CALL, by="ada")
    app = shown(home, monkeypatch, CALL)
    field(app.main, "selectbox", "Status").select("running")
    field(app.main, "button", "Save").click().run()
    [message] = app.error
    assert "give its start date too" in message.value
    assert client.open(home).roadmap()[0].plan.status == "planned"


def test_what_was_planned_is_shown_where_a_month_recommends_nothing(home, monkeypatch):
    client.open(home).add_to_roadmap(CALL, by="ada")
    alter(home, "DELETE FROM recommendations")
    app = opened(home, monkeypatch, "experiments")
    assert "February 2026 recommends no experiment" in app.info[0].value
    assert "#### Call them" in told(app)
    assert not app.exception


def test_an_experiment_goes_on_the_roadmap_from_its_segments_card(home, monkeypatch):
    app = opened(home, monkeypatch, "segments")
    [add] = [button for button in app.main.button if button.key == f"plan_{GREET}"]
    add.click().run()
    assert not app.exception
    assert [entry.recommendation_id for entry in client.open(home).roadmap()] == [GREET]
    assert "On the roadmap as number 1 (planned)." in told(app)
    assert f"plan_{GREET}" not in [button.key for button in app.main.button]
    assert [button.key for button in app.main.button if button.label == "Add to roadmap"] == [
        f"plan_{NEW}",
        f"plan_{CALL}",
    ]


@pytest.mark.parametrize("language", ["en", "tr"])
def test_hostile_ideas_and_plans_are_shown_as_letters(home, monkeypatch, language):
    quoted = HOSTILE.replace("'", "''")
    alter(
        home,
        f"UPDATE recommendations SET title = '{quoted}', text = '{quoted}', hypothesis = '{quoted}'",
        f"UPDATE experiment_power SET reason = '{quoted}'",
    )
    client.open(home).add_to_roadmap(GREET, by=HOSTILE, note=HOSTILE, owner="<b>")
    app = shown(home, monkeypatch, GREET, language=language)
    assert not app.exception
    words = told(app)
    assert "<script" not in words.replace("\\<script", "")
    assert "![](" not in words
