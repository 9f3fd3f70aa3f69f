"""The stored model: readable JSON, refused when it is not one, runner-up by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from segmentation_pipeline.clustering.membership import Membership
from segmentation_pipeline.clustering.scaling import Scaling
from segmentation_pipeline.segments import scoring
from segmentation_pipeline.segments.scoring import ModelUnreadable, SegmentModel


def model(floor=0.5, segments=2):
    ids = ("2026-03-a", "2026-03-b")[:segments]
    return SegmentModel(
        ids,
        ("First users", "Second users")[:segments],
        ("first-users", "born-otherwise")[:segments],
        Scaling(("x",), (0.0,), (1.0,), {}, clip=50.0),
        Membership(np.full(segments, 1 / segments), np.array([[0.0], [4.0]])[:segments], np.ones((segments, 1, 1))),
        floor,
    )


def test_segments_runner_ups_and_memberships_by_hand():
    scores = model(floor=0.6).score(("x",), np.array([[0.0], [2.0], [3.0]]))
    assert scores.cluster_ids.tolist() == ["2026-03-a", "unclassified", "2026-03-b"]
    assert scores.segments.tolist() == [0, -1, 1]
    assert scores.runner_ups.tolist() == ["2026-03-b", "2026-03-a", "2026-03-a"]
    assert scores.memberships == pytest.approx([1 / (1 + np.exp(-8)), 0.5, 1 / (1 + np.exp(-4))])


def test_who_holds_a_segment_moves_only_to_one_that_is_likelier_by_a_fifth():
    # Posteriors of the second segment by hand: 1 / (1 + exp(8 - 4 x)).
    rows = np.array([[2.09], [2.11], [2.09], [2.09]])
    scores = model().score(("x",), rows, held=np.array([0, 0, 1, -1]))
    assert scores.segments.tolist() == [0, 1, 1, 1], "advantages of .178 and .217"
    assert scores.memberships == pytest.approx([0.411, 0.608, 0.589, 0.589], abs=0.001)
    assert scores.runner_ups.tolist() == ["2026-03-b", "2026-03-a", "2026-03-a", "2026-03-a"]


def test_who_holds_a_segment_is_unclassified_when_no_segment_reaches_the_floor():
    scores = model(floor=0.6).score(("x",), np.array([[2.09]]), held=np.array([0]))
    assert scores.cluster_ids.tolist() == ["unclassified"]
    assert scores.runner_ups.tolist() == ["2026-03-b"]


def test_a_lone_segment_has_no_runner_up():
    scores = model(segments=1).score(("x",), np.array([[1.0]]))
    assert (scores.cluster_ids.tolist(), scores.runner_ups.tolist()) == (["2026-03-a"], [""])


def test_labels_are_looked_up_and_unclassified_is_its_own():
    assert model().label_of(np.array(["2026-03-b", "unclassified"])).tolist() == ["Second users", "unclassified"]


def test_batches_change_nothing(monkeypatch):
    rows = np.linspace(-1, 5, 25)[:, None]
    whole = model().score(("x",), rows)
    monkeypatch.setattr(scoring, "SCORED_ROWS", 4)
    assert np.array_equal(model().score(("x",), rows).cluster_ids, whole.cluster_ids)


def test_nobody_to_score_is_no_error():
    assert model().score(("x",), np.empty((0, 1))).cluster_ids.tolist() == []


def test_the_stored_text_is_plain_json_with_ids_labels_and_features():
    stored = json.loads(model().to_json())
    assert stored["segments"][1] == {
        "cluster_id": "2026-03-b",
        "label": "Second users",
        "slug": "born-otherwise",
    }
    assert stored["scaling"]["columns"] == ["x"]
    assert SegmentModel.from_json(model().to_json()).to_json() == model().to_json()


def tampered(*path, value):
    """The stored text of a good model with one thing in it changed."""
    stored = json.loads(model().to_json())
    place = stored
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return json.dumps(stored)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not json",
        "[]",
        "3",
        "null",
        "{}",
        "[" * 100_000,
        '{"format_version": 1}',
        json.dumps({"format_version": 2, "scaling": {}}),
        "cos\nsystem\n(S'touch tampered'\ntR.",  # what a pickle that runs a command looks like
        tampered("format_version", value="1"),
        tampered("scaling", "scales", value=[0.0]),
        tampered("scaling", "scales", value=[-1.0]),
        tampered("scaling", "scales", value=[1.0, 1.0]),
        tampered("scaling", "columns", value=[]),
        tampered("scaling", "columns", value=["x", "y"]),
        tampered("scaling", "centres", value=[float("nan")]),
        tampered("scaling", "centres", value=["__import__('os')"]),
        tampered("scaling", "dropped", value=[]),
        tampered("scaling", "clip", value=0),
        tampered("membership", "shares", value=[0.5, float("inf")]),
        tampered("membership", "shares", value=[0.5, 0.6]),
        tampered("membership", "shares", value=[1.5, -0.5]),
        tampered("membership", "shares", value=[1.0]),
        tampered("membership", "shares", value=[]),
        tampered("membership", "means", value=[[0.0], [1e999]]),
        tampered("membership", "means", value=[[0.0, 1.0], [1.0, 0.0]]),
        tampered("membership", "means", value=[[0.0], [1.0, 2.0]]),
        tampered("membership", "means", value=[0.0, 1.0]),
        tampered("membership", "means", value=None),
        tampered("membership", "covariances", value=[[[1.0]], [[0.0]]]),
        tampered("membership", "covariances", value=[[[1.0]], [[-1.0]]]),
        tampered("membership", "covariances", value=[[1.0], [1.0]]),
        tampered("segments", value=[]),
        tampered("segments", value=[{"cluster_id": "2026-03-a", "label": "A"}] * 2),
        tampered("segments", 0, value={"label": "no id"}),
        tampered("floor", value=7),
        tampered("floor", value=None),
    ],
)
def test_what_is_no_model_is_refused_with_the_next_step_and_runs_nothing(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelUnreadable, match="refresh the month again"):
        SegmentModel.from_json(text)
    assert list(tmp_path.iterdir()) == []


def test_covariances_that_are_no_covariances_are_refused():
    two = SegmentModel(
        ("2026-03-a",),
        ("All users",),
        ("all-users",),
        Scaling(("x", "y"), (0.0, 0.0), (1.0, 1.0), {}),
        Membership(np.ones(1), np.zeros((1, 2)), np.array([[[1.0, 0.5], [0.5, 1.0]]])),
        0.5,
    )
    text = two.to_json()
    assert SegmentModel.from_json(text).to_json() == text
    for matrix in ([[1.0, 2.0], [2.0, 1.0]], [[1.0, 0.5], [-0.5, 1.0]]):  # indefinite; not symmetric
        stored = json.loads(text)
        stored["membership"]["covariances"] = [matrix]
        with pytest.raises(ModelUnreadable):
            SegmentModel.from_json(json.dumps(stored))
