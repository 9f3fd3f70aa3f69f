"""A real dashboard of a home on loopback, as `segpipe dashboard` starts it, and a browser to look at it with."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from segmentation_pipeline.dashboard.launch import command, environment
from segmentation_pipeline.dashboard.pages import HOME_PAGES, PAGES
from segmentation_pipeline.dashboard.power_card import VERDICT
from segmentation_pipeline.dashboard.wording import load_texts
from segmentation_pipeline_tests.loopback import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page

    from segmentation_pipeline.config import Home

START_S = 180

PATIENCE_MS = 180_000
"""Most milliseconds until something shows: a hanging page ends, a busy machine does not end a test."""

FAULTS = f"[data-testid=stException], [data-testid=stAlertContentError]:not(.st-key-{VERDICT} *)"


@contextlib.contextmanager
def dashboard_server(home: Home) -> Iterator[str]:
    """Serve the dashboard of a home; yield its address."""
    port = free_port()
    with tempfile.NamedTemporaryFile("w", suffix=".log") as log:
        process = subprocess.Popen(command(port), env=environment(home), stdout=log, stderr=subprocess.STDOUT)
        address = f"http://127.0.0.1:{port}"
        try:
            _wait_until_healthy(address, process, Path(log.name))
            yield address
        finally:
            process.terminate()
            process.wait(20)


def _wait_until_healthy(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()[-2000:]
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/_stcore/health", timeout=5) as answer:
            if answer.status == 200:
                return
        time.sleep(0.2)
    raise AssertionError(f"the dashboard did not answer within {START_S} s")


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Yield the system's Chromium; skip the test where there is none."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("needs Chromium on the PATH (Debian: apt install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


def show(page: Page, address: str) -> None:
    """Open an address and wait until the page has been drawn whole."""
    page.goto(address)
    page.wait_for_selector("h1")
    settle(page)


def settle(page: Page) -> None:
    """Wait until the script has ended and every chart is drawn."""
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", state="attached")
    page.wait_for_function(
        "() => [...document.querySelectorAll('[data-testid=stPlotlyChart]')].every(c => c.querySelector('.main-svg'))"
    )


def unfold(page: Page, label: str) -> Locator:
    """Open the first fold of a label and return it; a page that is still being put together may shut it again."""
    fold = page.locator("details", has=page.get_by_text(label)).first
    inside = fold.locator("[data-testid=stExpanderDetails]")
    end = time.monotonic() + PATIENCE_MS / 1000
    while not inside.is_visible():
        assert time.monotonic() < end, f"{label} does not open"
        if fold.get_attribute("open") is None:
            fold.locator("summary").click()
        page.wait_for_timeout(300)
    return inside


def show_every_page(page: Page, address: str) -> None:
    """Open every page by its link, and fail where one is not shown or shows an error."""
    show(page, address)
    for name in (*PAGES, *HOME_PAGES):
        title = load_texts("en")(f"page.{name}")
        page.get_by_role("link", name=title, exact=True).first.click()
        page.wait_for_selector(f"h1:has-text('{title}')")
        settle(page)
        assert page.locator(FAULTS).count() == 0, name
