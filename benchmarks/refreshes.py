"""How long whole refreshes take: the sample, with the daily update after it, and a real log of 262,200 events.

Add here: another whole run. Keep out: single steps (ingest.py, features.py).
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from benchmarks.figures import measure, python
from segmentation_pipeline.config import SAMPLE_HOME

SAMPLE_BOUND_S = 90
LOAN_OFFERS_BOUND_S = 240
LOAN_OFFERS = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "events" / "loan_offers.csv.gz"

DAILY_SHARE_BOUND = 0.5
"""Of the whole run: it loads the same libraries and fits nothing."""

DAILY_UPDATE = """
import sys
from pathlib import Path
from segmentation_pipeline.config import Home
from segmentation_pipeline_tests.homes import refresh_in_process
outcome = refresh_in_process(Home(Path(sys.argv[1])), job_name="daily_update")
sys.exit(outcome.problem)
"""

NEXT_DAY = """user_id,timestamp,action,metadata
u0743,2026-01-12T10:00:00Z,login,
u0743,2026-01-12T10:01:00Z,search,
"""

LOAN_ROLES = """
[roles]
start = ["a_submitted"]
churn = ["a_declined", "a_cancelled"]
conversion = ["a_approved"]
"""


def run() -> list[dict[str, object]]:
    """Return seconds and peak memory of `segpipe run` on the sample and, where it lies beside, on loan_offers."""
    with tempfile.TemporaryDirectory() as folder:
        figures = _sample(Path(folder) / "sample")
        if LOAN_OFFERS.exists():
            figures += _loan_offers(Path(folder) / "loans")
    return figures


def _sample(home: Path) -> list[dict[str, object]]:
    shutil.copytree(SAMPLE_HOME / "landing", home / "landing")
    shutil.copyfile(SAMPLE_HOME / "pipeline.toml", home / "pipeline.toml")
    measured = measure(python("-m", "segmentation_pipeline.cli", "run", "--home", str(home)))
    return [
        _seconds("whole run of the sample (1,000 users)", measured.seconds, SAMPLE_BOUND_S),
        {"name": "its peak memory", "value": measured.peak_mb, "unit": "MB"},
        daily_update(home, measured.seconds),
    ]


def daily_update(home: Path, whole_s: float) -> dict[str, object]:
    """Return how much of a whole run the daily update after a file of new events takes."""
    (home / "landing" / "next-day.csv").write_text(NEXT_DAY, encoding="utf-8")
    measured = measure(python("-c", DAILY_UPDATE, str(home)))
    share = measured.seconds / whole_s
    return {
        "name": "daily update of the sample after new events: time over its whole run",
        "value": share,
        "unit": "x",
        "bound": f"<= {DAILY_SHARE_BOUND}",
        "peer": f"{measured.seconds:.1f} s, process start included",
        "passed": share <= DAILY_SHARE_BOUND,
    }


def _loan_offers(home: Path) -> list[dict[str, object]]:
    home.mkdir()
    (home / "pipeline.toml").write_text(LOAN_ROLES, encoding="utf-8")
    measured = measure(
        python(
            "-m", "segmentation_pipeline.cli", "run", "--home", str(home), "--events", str(LOAN_OFFERS), "--all-months"
        )
    )
    return [
        _seconds("loan_offers, ingest and all 7 months (262,200 events)", measured.seconds, LOAN_OFFERS_BOUND_S),
        {"name": "its peak memory", "value": measured.peak_mb, "unit": "MB"},
    ]


def _seconds(name: str, seconds: float, bound_s: float) -> dict[str, object]:
    return {"name": name, "value": seconds, "unit": "s", "bound": f"<= {bound_s:.0f}", "passed": seconds <= bound_s}
