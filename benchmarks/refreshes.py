"""How long whole refreshes take: the sample, and a real log of 262,200 events over seven months.

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
    ]


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
