"""`make bench`: run the benchmarks, print each figure, write RESULTS.md.

Add here: a benchmark module's name. Keep out: measuring.
"""

from __future__ import annotations

import importlib
import sys

from benchmarks.figures import write_results

# The trials over many seeds (verdicts, identity) take long: they run by name, and docs/decisions holds their figures.
MODULES = (
    "loading", "ingest", "features", "refreshes", "scale", "cox", "leakage", "grounding", "leads", "customers",
    "dashboard", "api", "activation",
)  # fmt: skip


def main(chosen: list[str]) -> None:
    """Run the chosen modules, or MODULES; RESULTS.md is written only then."""
    figures: list[dict[str, object]] = []
    for name in chosen or MODULES:
        print(f"== {name}", flush=True)
        for figure in importlib.import_module(f"benchmarks.{name}").run():
            print(
                f"{figure['name']}: {figure['value']} {figure['unit']} ({figure.get('bound') or 'no bound'})"
                f"{'; ' + str(figure['peer']) if figure.get('peer') else ''}",
                flush=True,
            )
            figures.append(figure)
    if not chosen:
        write_results(figures)


main(sys.argv[1:])
