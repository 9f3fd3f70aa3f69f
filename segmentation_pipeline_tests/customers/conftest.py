"""An empty shop for tests of customers."""

from __future__ import annotations

import pytest

from segmentation_pipeline_tests.customers.shop import open_shop


@pytest.fixture
def shop(tmp_path):
    """Empty landing folders with a warehouse in memory."""
    with open_shop(tmp_path / "landing") as made:
        yield made
