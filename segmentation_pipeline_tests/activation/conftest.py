"""Destinations on loopback, and a home with twelve users in three segments that writes to PostHog."""

import pytest

from segmentation_pipeline_tests.activation.current import SURE, make_desk
from segmentation_pipeline_tests.activation_servers import AttioServer


@pytest.fixture
def attio():
    with AttioServer() as server:
        yield server


@pytest.fixture
def desk(tmp_path, posthog):
    made = make_desk(tmp_path, posthog={"host": posthog.url, "batch_size": 4})
    made.hold(SURE)
    return made
