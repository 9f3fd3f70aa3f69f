"""From rows to assigned rows: the model reproduces plain groups, places noise, and drops what it cannot keep."""

from __future__ import annotations

import numpy as np
import pytest

from segmentation_pipeline.clustering.choice import ChoiceOptions
from segmentation_pipeline.clustering.segmentation import find_segments
from segmentation_pipeline_tests.clustering.blobs import agreement, benchmark, blobs


def segmentation_of(rows, floor=0.5, **options):
    return find_segments(rows, {"pca": rows}, ChoiceOptions(**options), floor=floor)


@pytest.mark.parametrize(("name", "k"), [("hepta", None), ("tetra", None), ("twodiamonds", 2)])
def test_membership_keeps_plain_shapes(shared_data, name, k):
    rows, truth = benchmark(shared_data, name)
    found = segmentation_of(rows, k=k)
    assert agreement(found.assignment.segment, truth) > 0.99
    assert found.agreement > 0.99
    assert found.weakness is None


def test_noise_of_a_density_method_is_placed_by_membership(shared_data):
    rows, truth = benchmark(shared_data, "tetra")
    found = segmentation_of(rows, method="hdbscan")
    raw = found.choice.chosen.labels
    assert (raw == -1).sum() > 5
    assert agreement(found.assignment.segment, truth) > agreement(raw, truth)


def test_a_high_floor_leaves_rows_between_groups_unclassified():
    rows, _ = blobs(centres=[[0.0, 0.0], [3.0, 0.0], [0.0, 3.0]], each=60, spread=0.8)
    strict, lenient = segmentation_of(rows, floor=0.95), segmentation_of(rows, floor=0.5)
    assert (strict.assignment.segment == -1).sum() > (lenient.assignment.segment == -1).sum()
    assert np.array_equal(strict.assignment.likeliest, lenient.assignment.likeliest)


def test_a_segment_nobody_is_sure_of_is_none():
    rows = np.random.default_rng(3).normal(size=(200, 2))
    found = segmentation_of(rows, floor=0.9999)
    kept = np.unique(found.assignment.segment[found.assignment.segment >= 0])
    assert kept.tolist() == list(range(len(found.membership.shares)))
    assert len(found.raw_numbers) == len(found.membership.shares)
