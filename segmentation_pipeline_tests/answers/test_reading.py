"""Answers while copies change: each from one of them, and the stamp always that of the newest."""

from __future__ import annotations

import contextlib

import pytest

from segmentation_pipeline.answers.reading import Answers
from segmentation_pipeline.errors import NotFound
from segmentation_pipeline_tests.client.trade_samples import make_leads_home
from segmentation_pipeline_tests.surfaces import publish_again, published_only


@pytest.fixture
def home(_planted, tmp_path):
    return published_only(_planted, tmp_path / "home")


@contextlib.contextmanager
def published_meanwhile(answers, monkeypatch):
    """Publish a second copy as soon as a request has opened the first."""
    snapshot = answers._client.snapshot

    @contextlib.contextmanager
    def slow():
        with snapshot() as opened:
            monkeypatch.undo()
            publish_again(answers.home, "second")
            yield opened

    monkeypatch.setattr(answers._client, "snapshot", slow)
    yield
    assert answers._client.snapshot == snapshot


def test_leads_are_scored_and_stamped_by_one_copy(home, monkeypatch):
    answers = Answers(home)
    with published_meanwhile(answers, monkeypatch):
        assert answers.scored_leads([{"state": "Texas"}]).refresh.copy_id == "first"
    assert answers.scored_leads([{"state": "Texas"}]).refresh.copy_id == "second"


def test_a_request_that_is_still_on_the_old_copy_leaves_no_stale_stamp_behind(home):
    answers = Answers(home)
    with answers._client.snapshot() as old:
        publish_again(home, "second")
        assert answers.stamp().copy_id == "second"
        assert answers._stamp(old).copy_id == "first"
        assert answers.stamp().copy_id == "second"


def test_without_events_there_are_no_segments_and_users_to_tell_of(tmp_path):
    answers = Answers(make_leads_home(tmp_path / "leads"))
    questions = [
        answers.segments,
        lambda: answers.segment("a"),
        lambda: answers.retention("overall"),
        lambda: answers.compared("a", "b"),
        answers.recommendations,
        lambda: answers.user("a"),
        lambda: answers.users(["a"]),
    ]
    for ask in questions:
        with pytest.raises(NotFound, match="This home has no events"):
            ask()
    assert answers.stamp().month is None
