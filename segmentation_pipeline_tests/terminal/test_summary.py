"""The printed summary: a refresh that was kept back from publishing is said, not stumbled over."""

from datetime import date

from rich.console import Console

from segmentation_pipeline.terminal.summary import print_refresh
from segmentation_pipeline_tests.homes import PLANTED_MONTH


def printed(home, month):
    console = Console(width=120, record=True, quiet=False)
    print_refresh(console, home, month)
    return console.export_text()


def test_a_refresh_that_is_not_published_is_said(planted_home):
    assert "2026-02 is not in the published copy" in printed(planted_home, date(2026, 2, 1))


def test_a_published_refresh_is_shown_with_its_segments(planted_home):
    told = printed(planted_home, PLANTED_MONTH)
    assert "2026-01-a" in told
    assert "ended_early" in told
