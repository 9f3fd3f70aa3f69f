"""Dagster's UI as people meet it: the graph, a materialisation launched by hand, the picture it leaves."""

import pytest

from segmentation_pipeline.intake.refresh_requests import refresh_progress, request_refresh
from segmentation_pipeline_tests.dagster_server import dagster_server, wait_for
from segmentation_pipeline_tests.dashboard.dashboard_server import chromium
from segmentation_pipeline_tests.homes import PLANTED_MONTH

pytestmark = pytest.mark.timeout(400)

WAIT_MS = 60_000

RUNS = "{ runsOrError { ... on Runs { results { runId status assetSelection { path } } } } }"


def status_of_materialisation(server):
    runs = server.query(RUNS)["runsOrError"]["results"]
    return next((run["status"] for run in runs if run["assetSelection"] == [{"path": ["embeddings"]}]), None)


def test_a_materialisation_launched_in_the_ui_succeeds_and_leaves_the_map(planted_home):
    with chromium() as browser, dagster_server(planted_home) as server:
        page = browser.new_page(viewport={"width": 1600, "height": 1000})
        page.set_default_timeout(WAIT_MS)
        address = f"http://127.0.0.1:{server.port}"
        page.goto(f"{address}/asset-groups")
        for group in ("events", "segments", "retention", "insights", "warehouse"):
            page.locator(f"text={group} >> visible=true").nth(1).wait_for()  # in the list and in the graph
        page.goto(f"{address}/assets/embeddings")
        page.get_by_role("button", name="Materialize").first.click()
        dialog = page.locator("[role=dialog]")
        dialog.get_by_text("Show all partitions").click()
        months = dialog.get_by_placeholder("ex:")
        months.fill(PLANTED_MONTH.isoformat())
        months.press("Enter")
        dialog.get_by_role("button", name="Launch 1 run").click()
        wait_for(lambda: status_of_materialisation(server) in ("SUCCESS", "FAILURE"), "the run launched by hand")
        assert status_of_materialisation(server) == "SUCCESS"
        page.goto(f"{address}/assets/embeddings?view=events")
        page.get_by_text("Show Markdown").first.click()
        picture = page.locator("[role=dialog] img")
        picture.wait_for()
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 300
        asked = request_refresh(planted_home, PLANTED_MONTH)
        assert (asked.launcher, refresh_progress(planted_home).is_open) == ("dagster", True)
