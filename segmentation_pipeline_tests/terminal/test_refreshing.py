"""What is measured is written once, beside its figures, and what is written stays."""

from __future__ import annotations

import datetime as dt
import io
import tomllib

import pytest
from rich.console import Console

from segmentation_pipeline.customers.ingest import ingest_purchases
from segmentation_pipeline.events.tables import RawEvents
from segmentation_pipeline.homes import create_home
from segmentation_pipeline.terminal.refreshing import configure_home, say_early_customers
from segmentation_pipeline.warehouse.warehouse import Warehouse

QUIET = Console(quiet=True)


@pytest.fixture
def home_without_churn(tmp_path):
    """A home whose fifty users come every other day; forty of them stay away after three weeks."""
    home = create_home(tmp_path / "mine")
    start = dt.datetime(2026, 1, 1)
    rows = [
        (f"u{user:02d}", start + dt.timedelta(days=day, minutes=user))
        for user in range(50)
        for day in range(0, 60 if user < 10 else 21, 2)
    ]
    with Warehouse(home, home.settings()).transaction() as db:
        db.ensure(RawEvents)
        db.connection.executemany(
            "INSERT INTO raw_events (user_id, event_at, action, event_key, file_name) VALUES (?, ?, 'login', 1, 'x')",
            rows,
        )
    return home


def test_the_silence_is_written_with_the_clock_and_its_figures(home_without_churn):
    configure_home(home_without_churn, QUIET, is_forced=False)
    text = home_without_churn.settings_file.read_text()
    assert tomllib.loads(text)["inactivity_days"] == 3
    assert "# No churn action is configured: 3 silent days count as drop-off." in text


def test_a_missing_silence_is_measured_and_the_clock_beside_it_left_alone(home_without_churn):
    text = home_without_churn.settings_file.read_text()
    home_without_churn.settings_file.write_text('first_month = "2025-12"\nclock = "calendar"\n' + text)
    configure_home(home_without_churn, QUIET, is_forced=False)
    settings = home_without_churn.settings()
    assert (settings.inactivity_days, settings.clock, settings.first_month) == (3, "calendar", dt.date(2025, 12, 1))


@pytest.mark.parametrize("written", ["inactivity_days = 9", '[roles]\nchurn = ["leave"]'])
def test_what_is_written_is_not_measured_again(home_without_churn, written):
    head, _, section = written.partition("[roles]")
    text = home_without_churn.settings_file.read_text()
    if section:
        text = text.replace("churn = []  ", 'churn = ["leave"]')
    home_without_churn.settings_file.write_text(f'first_month = "2026-01"\nclock = "calendar"\n{head}\n{text}')
    before = home_without_churn.settings_file.read_text()
    configure_home(home_without_churn, QUIET, is_forced=False)
    assert home_without_churn.settings_file.read_text() == before


@pytest.mark.parametrize(("first_month", "is_told"), [("2026-03", True), ("2025-05", False), ("2025-01", False)])
def test_customers_older_than_the_months_of_the_home_are_told_with_the_next_step(tmp_path, first_month, is_told):
    home = create_home(tmp_path / "mine")
    home.settings_file.write_text(f'first_month = "{first_month}"\n' + home.settings_file.read_text())
    (home.landing / "purchases").mkdir(parents=True, exist_ok=True)
    (home.landing / "purchases" / "a.csv").write_text("customer_id,total,date\nc1,5,2025-05-07\nc1,5,2026-04-07\n")
    settings = home.settings()
    with Warehouse(home, settings).transaction() as db:
        ingest_purchases(db, home.landing, settings.customers, settings.input, now=dt.datetime(2026, 6, 1))
    console = Console(record=True, width=300, quiet=False, file=io.StringIO())
    say_early_customers(home, console)
    assert ('write first_month = "2025-05" in pipeline.toml' in console.export_text()) is is_told
