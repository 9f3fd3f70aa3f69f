"""Fixtures every test may use: where shared data lies, and homes of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The public data sets beside the checkout; the test is skipped where they are absent."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs the public data sets in ../shared/data, which are not distributed with the source")
    return folder
