"""Small homes for tests: simulated, quick to refresh (no UMAP), and run in this process."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from segmentation_pipeline.homes import create_home

if TYPE_CHECKING:
    from pathlib import Path

    from segmentation_pipeline.config import Home
    from segmentation_pipeline.orchestration.job_runs import RunOutcome

PLANTED_MONTH = date(2026, 1, 1)

PLANTED_SETTINGS = """
first_month = "2026-01"
clock = "calendar"
[roles]
churn = ["drop_off"]
conversion = ["accept"]
revision = ["revise_offer"]
collaboration = ["comment", "invite_teammate"]
[segments]
method = "kmeans"
reductions = ["pca"]
map_method = "pca"
[report]
formats = []
"""

LOAN_MONTH = date(2012, 1, 1)

LOAN_SETTINGS = """
first_month = "2011-10"
clock = "calendar"
[roles]
start = ["a_submitted"]
churn = ["a_declined", "a_cancelled"]
conversion = ["a_approved"]
[segments]
method = "kmeans"
reductions = ["pca"]
map_method = "pca"
"""

DIRTY_EVENTS = """user_id,timestamp,action,metadata
,2026-01-06T10:00:00Z,login,
u-dirty,yesterday,login,
u-dirty,2026-01-06T10:00:00Z,,
u-dirty,2026-01-06T10:00:00Z,login,
u-dirty,2026-01-06T10:00:00Z,login,
"""

DIRTY_LEADS = """Lead ID,State,Age,is_sale
1,Texas,130,TRUE
2,Texas,30,no
2,Texas,30,no
"""


def make_planted_home(root: Path, *, users: int = 300, days: int = 7, seed: int = 3) -> Home:
    """Make a home with a simulated log, a few bad rows beside it, and settings that keep a refresh quick."""
    from segmentation_pipeline.simulation.leads import simulate_leads, write_home_leads
    from segmentation_pipeline.simulation.shop import simulate_shop, write_home_shop
    from segmentation_pipeline.simulation.simulate import LOG_START, simulate
    from segmentation_pipeline.simulation.writing import write_home_log

    home = create_home(root)
    home.settings_file.write_text(PLANTED_SETTINGS, encoding="utf-8")
    write_home_log(simulate(users=users, days=days, seed=seed), root)
    write_home_shop(simulate_shop(customers=80, end=LOG_START + timedelta(days=days), seed=seed), root)
    write_home_leads(simulate_leads(leads=120, seed=seed), root)
    (home.landing / "leads" / "dirty.csv").write_text(DIRTY_LEADS, encoding="utf-8")
    (home.landing / "dirty.csv").write_text(DIRTY_EVENTS, encoding="utf-8")
    return home


def make_loan_home(root: Path, log: Path, cases: int = 600) -> Home:
    """Make a home with some cases of the loan_offers log, and settings that keep a refresh quick."""
    import duckdb

    home = create_home(root)
    home.settings_file.write_text(LOAN_SETTINGS, encoding="utf-8")
    source = f"read_csv('{log}', all_varchar=true)"
    found = duckdb.sql(f"DESCRIBE FROM {source}").fetchall()
    case = next(name for name, *_ in found if "case" in name.lower() or "user" in name.lower())
    first = f'SELECT "{case}" FROM {source} GROUP BY ALL ORDER BY count(*) DESC, "{case}" LIMIT {cases}'
    duckdb.sql(f"COPY (FROM {source} WHERE \"{case}\" IN ({first})) TO '{home.landing / 'loans.csv'}'")
    return home


def refresh_in_process(home: Home, month: date = PLANTED_MONTH, job_name: str = "monthly_refresh") -> RunOutcome:
    """Run a job of the home to its end, as the command line does."""
    from segmentation_pipeline.definitions import build_defs
    from segmentation_pipeline.orchestration.job_runs import home_instance, run_job

    with home_instance(home) as instance:
        return run_job(
            build_defs(home_root=home.root),
            instance,
            job_name,
            on_progress=lambda _: None,
            partition_key=month.isoformat() if job_name == "monthly_refresh" else None,
        )
