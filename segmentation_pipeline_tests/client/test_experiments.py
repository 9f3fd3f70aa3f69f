"""Advice and power as typed objects, and a roadmap that no later refresh can orphan."""

from datetime import date, datetime

import pytest

from segmentation_pipeline import client
from segmentation_pipeline.client.advice import Citation, recommendation_from
from segmentation_pipeline.client.copies import copied
from segmentation_pipeline.client.experiments import WeekPower, power_from
from segmentation_pipeline.config import Settings
from segmentation_pipeline.definitions import VIEWS
from segmentation_pipeline.errors import EditRefused, HomeError, NotFound
from segmentation_pipeline.warehouse.publish import publish
from segmentation_pipeline.warehouse.warehouse import Warehouse
from segmentation_pipeline_tests.client.experiment_samples import CALL, GREET, NEW, make_advised_home

JANUARY, FEBRUARY = date(2026, 1, 1), date(2026, 2, 1)


@pytest.fixture
def home(tmp_path):
    return make_advised_home(tmp_path / "home")


@pytest.fixture
def opened(home):
    with client.open(home.root) as opened:
        yield opened


def test_advice_of_a_segment_comes_by_kind_and_rank(opened):
    found = opened.recommendations("2026-01-a")
    assert [(one.kind, one.rank, one.recommendation_id) for one in found] == [
        ("experiment", 1, CALL),
        ("experiment", 2, GREET),
        ("pain_point", 1, "2026-01-a:pain_point:dddddddddddd"),
    ]
    assert found[0].evidence == (
        Citation(
            metric_id="drop_off_rate",
            value=0.3,
            unit="pct",
            window="14 days after the landmark",
            comparator="overall",
            comparator_value=0.2,
            direction="higher",
            rendered="Drop-off is 30%, higher than the 20% overall.",
        ),
    )
    assert len(opened.recommendations(kind="experiment")) == 3
    assert [one.recommendation_id for one in opened.recommendations(month=JANUARY)] == [GREET]
    assert opened.recommendations("2026-09-z") == []


def test_power_comes_in_the_order_of_the_advice_with_its_weeks(opened):
    found = opened.experiment_power("2026-01-a")
    assert [(row.recommendation_id, row.verdict) for row in found] == [(CALL, "not_computed"), (GREET, "run_in_union")]
    assert (found[0].baseline, found[0].mde_by_week, found[0].union_cluster_ids) == (None, (), ())
    assert found[1].mde_by_week == (WeekPower(1, 0, None, None), WeekPower(12, 450, 0.05, 1 / 6))
    assert found[1].union_cluster_ids == ("2026-01-a", "2026-02-a")
    assert found[1].eligible_from == datetime(2026, 1, 5)


def test_a_copy_read_back_is_what_was_copied_and_an_older_one_lacks_what_it_lacks(opened):
    idea, power = opened.recommendations("2026-01-a")[1], opened.experiment_power("2026-01-a")[1]
    assert recommendation_from(copied(idea)) == idea
    assert power_from(copied(power)) == power
    older = power_from({"recommendation_id": GREET, "verdict": "run", "gone": 1})
    assert (older.recommendation_id, older.mde_by_week, older.mde) == (GREET, (), None)


def test_an_entry_is_a_copy_that_later_refreshes_leave_alone(opened, home):
    opened.rename_segment("2026-01-a", "Bats", by="ada")
    made = opened.add_to_roadmap(GREET, by="ada", month=JANUARY, owner="Ada")
    assert (made.refresh_month, made.power.verdict, made.segment_name) == (JANUARY, "run", "Bats")
    warehouse = Warehouse(home, Settings())
    with warehouse.transaction() as db:
        db.execute("DELETE FROM recommendations")
        db.execute("DELETE FROM experiment_power")
        db.execute("DELETE FROM clusters")
    publish(warehouse, "empty", {}, VIEWS)
    assert opened.recommendations() == []
    assert opened.roadmap() == [made]
    assert opened.roadmap_entry(made.entry_id).recommendation.text.startswith("Drop-off is 29%")
    with pytest.raises(NotFound):
        opened.add_to_roadmap(NEW, by="ada")


def test_the_newest_refresh_that_recommends_it_is_copied(opened):
    assert opened.add_to_roadmap(GREET, by="ada").power.verdict == "run_in_union"
    assert opened.add_to_roadmap(NEW, by="ada").power is None


def test_what_is_not_recommended_is_told_with_what_is(opened):
    with pytest.raises(NotFound, match=rf"2026-02 recommends no experiment x. Next: choose one of {CALL}, {GREET}"):
        opened.add_to_roadmap("x", by="ada")
    with pytest.raises(NotFound, match=rf"2026-01 recommends no experiment {CALL}"):
        opened.add_to_roadmap(CALL, by="ada", month=JANUARY)
    with pytest.raises(NotFound, match="recommends no experiment 2026-01-a:pain_point"):
        opened.add_to_roadmap("2026-01-a:pain_point:dddddddddddd", by="ada")
    assert opened.roadmap() == []


def test_plans_are_changed_and_their_history_kept(opened):
    number = opened.add_to_roadmap(CALL, by="ada").entry_id
    changed = opened.change_roadmap(number, by="bob", status="running", starts_on=FEBRUARY, note="Go.")
    assert (changed.plan.status, changed.notes[0].note, changed.edited_by) == ("running", "Go.", "bob")
    assert [edit.edited_by for edit in opened.roadmap_history(number)] == ["ada", "bob"]
    with pytest.raises(EditRefused, match="already, as entry"):
        opened.add_to_roadmap(CALL, by="eve")
    with pytest.raises(NotFound, match="no entry 9"):
        opened.roadmap_history(9)


def test_a_copy_published_before_power_was_computed_says_what_to_do(home):
    warehouse = Warehouse(home, Settings())
    with warehouse.transaction() as db:
        db.execute("DROP TABLE experiment_power")
    publish(warehouse, "older", {}, VIEWS)
    with pytest.raises(HomeError, match=r"another version of this program.*Next: `segpipe run`"):
        client.open(home.root).experiment_power()
