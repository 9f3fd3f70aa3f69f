"""A million rows, ten covariates, durations in whole days: our Cox against lifelines, each in a process of its own.

Add here: another shape of the same question. Keep out: whether the figures are right (tests do that).
"""

from __future__ import annotations

import subprocess
import sys
import time
import warnings

import numpy as np

from benchmarks.figures import python

ROWS = 1_000_000
COVARIATES = 10
FEWER_COVARIATES = 5
"""With so many lifelines' default goes row by row at this size; with ten it takes the same path as batch_mode=True."""
DAYS = 30
MOST_TIMES_BATCH = 2.0
LEAST_TIMES_DEFAULT = 5.0
SEED = 0


def run() -> list[dict[str, object]]:
    """Return times of a whole fit: ours (concordance, residuals and test included) and lifelines' three modes."""
    ours, batch, single, default = (_seconds(mode, COVARIATES) for mode in ("ours", "batch", "single", "default"))
    ours_few, default_few = (_seconds(mode, FEWER_COVARIATES) for mode in ("ours", "default"))
    size = f"{ROWS:,} rows"
    return [
        {
            "name": f"Cox, {size} x {COVARIATES} with daily ties / lifelines batch_mode=True",
            "value": ours / batch,
            "unit": "x",
            "bound": f"<= {MOST_TIMES_BATCH:g}",
            "peer": f"ours {ours:.1f} s with concordance, residuals and their test; lifelines {batch:.1f} s without",
            "passed": ours / batch <= MOST_TIMES_BATCH,
        },
        {
            "name": f"lifelines row by row (batch_mode=False) / ours, {size} x {COVARIATES}",
            "value": single / ours,
            "unit": "x",
            "bound": f">= {LEAST_TIMES_DEFAULT:g}",
            "peer": f"lifelines {single:.1f} s",
            "passed": single / ours >= LEAST_TIMES_DEFAULT,
        },
        {
            "name": f"lifelines' default / ours, {size} x {FEWER_COVARIATES}",
            "value": default_few / ours_few,
            "unit": "x",
            "bound": f">= {LEAST_TIMES_DEFAULT:g}",
            "peer": f"ours {ours_few:.1f} s, lifelines {default_few:.1f} s: its default goes row by row here",
            "passed": default_few / ours_few >= LEAST_TIMES_DEFAULT,
        },
        {
            "name": f"lifelines' default / ours, {size} x {COVARIATES}",
            "value": default / ours,
            "unit": "x",
            "peer": f"lifelines {default:.1f} s: from eight covariates on its default is batch_mode=True at this size",
        },
    ]


def _seconds(mode: str, covariates: int) -> float:
    command = python("-m", "benchmarks.cox", mode, str(covariates))
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def rows(covariates: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return covariates, days in whole numbers and who had the event; half continuous, half yes or no."""
    rng = np.random.default_rng(SEED)
    values = rng.normal(size=(ROWS, covariates))
    half = covariates // 2
    values[:, half:] = values[:, half:] > 0.3
    effects = np.linspace(-0.5, 0.5, covariates)
    ends, seen = np.ceil(rng.exponential(DAYS * np.exp(-values @ effects))), rng.integers(1, DAYS + 1, ROWS)
    return values, np.minimum(ends, seen).astype(float), ends <= seen


def fit(mode: str, covariates: int) -> float:
    """Return the seconds of one fit, its table already there and the library loaded."""
    import pandas as pd
    from lifelines import CoxPHFitter

    from segmentation_pipeline.survival.cox import fit_cox

    values, days, happened = rows(covariates)
    names = [f"x{number}" for number in range(covariates)]
    if mode == "ours":
        columns = {name: values[:, place].copy() for place, name in enumerate(names)}
        outcomes = np.where(happened, "churn", "censored")
        started = time.perf_counter()
        found = fit_cox(columns, days, outcomes)
        seconds = time.perf_counter() - started
        assert found.is_fitted
        return seconds
    table = pd.DataFrame(values, columns=names).assign(day=days, happened=happened)
    is_batch = {"batch": True, "single": False, "default": None}[mode]
    warnings.simplefilter("ignore")
    started = time.perf_counter()
    CoxPHFitter().fit(table, "day", "happened", batch_mode=is_batch)
    return time.perf_counter() - started


if __name__ == "__main__":
    print(fit(sys.argv[1], int(sys.argv[2])))
