"""Canonical order, samples and numbering never depend on the order rows were given in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from segmentation_pipeline.clustering.rows import (
    canonical_order,
    cluster_count,
    ordered_by_size,
    sample_indexes,
    spread_sample,
)

TABLES = arrays(
    np.float64, st.tuples(st.integers(1, 12), st.integers(1, 3)), elements=st.sampled_from([-1.0, 0.0, 2.5])
)


@given(TABLES, st.randoms(use_true_random=False))
def test_canonical_order_shows_shuffled_rows_as_the_same_table(rows, random):
    shuffled = rows[random.sample(range(len(rows)), len(rows))]
    assert np.array_equal(rows[canonical_order(rows)], shuffled[canonical_order(shuffled)])


def test_canonical_order_sorts_by_the_first_column_first():
    assert canonical_order(np.array([[1.0, 0.0], [0.0, 9.0], [0.0, 3.0]])).tolist() == [2, 1, 0]


def test_rows_without_columns_keep_their_order():
    assert canonical_order(np.zeros((3, 0))).tolist() == [0, 1, 2]


@pytest.mark.parametrize(("rows", "limit", "expected"), [(3, 5, 3), (5, 5, 5), (50, 5, 5)])
def test_a_sample_is_everything_or_distinct_ascending_rows(rows, limit, expected):
    drawn = sample_indexes(rows, limit, seed=1)
    assert len(drawn) == expected
    assert np.all(np.diff(drawn) > 0)
    assert drawn.max() < rows
    assert np.array_equal(drawn, sample_indexes(rows, limit, seed=1))


@given(st.integers(1, 200), st.integers(1, 200), st.integers(0, 50))
def test_a_spread_sample_takes_every_stretch_in_proportion(rows, limit, seed):
    drawn = spread_sample(np.arange(rows), limit, seed)
    assert len(drawn) == min(rows, limit)
    assert np.all(np.diff(drawn) > 0)
    for end in range(rows):
        assert abs((drawn < end).sum() - end * len(drawn) / rows) < 1


def test_clusters_are_numbered_by_size_then_centre_and_noise_stays_noise():
    labels = np.array([7, 7, 7, 2, 2, 5, 5, -1])
    rows = np.array([[0.0], [0.0], [0.0], [9.0], [9.0], [4.0], [4.0], [1.0]])
    assert ordered_by_size(labels, rows).tolist() == [0, 0, 0, 2, 2, 1, 1, -1]


def test_noise_is_no_cluster():
    assert cluster_count(np.array([-1, 0, 0, 3])) == 2
    assert cluster_count(np.array([-1, -1])) == 0
