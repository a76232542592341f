"""How fast the intelligence is: `make bench NAME=intelligence`; `INTELLIGENCE_PART=fit` runs one part.

*fit*: BG/NBD and Gamma-Gamma on a million made-up customers, beside the PyPI package `lifetimes`, each fit in a process
of its own: its time, its highest memory, and the same parameters.

*night*, *week* and *update*: all that is computed each night, what is learnt and tried each week, and what 10,000
orders change at once, of the million customers and five million orders of `make data SIZE=1m`, results written; without
that programme there is nothing to measure.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.harness import compare, limit
from benchmarks.million import has_a_million

DATABASE = "product"
RUNS = 3  # lifetimes takes seconds
RUNS_OF_A_WORKER = 5


def main() -> None:
    chosen = os.environ.get("INTELLIGENCE_PART")
    for name, part in PARTS.items():
        if chosen in (None, name):
            part()


def fit() -> None:
    path = Path(os.environ["REGULARS_BENCH_DIR"]) / "customers.npz"
    _fits("make", path)
    runs: dict[str, list[dict[str, Any]]] = {"ours": [], "lifetimes": []}

    def seconds(name: str) -> Callable[[], float]:
        def measure() -> float:
            runs[name].append(json.loads(_fits(name, path)))
            return 1 / float(runs[name][-1]["seconds"])

        return measure

    compare(
        "intelligence.fit",
        value=seconds("ours"),
        baseline=seconds("lifetimes"),
        unit="million customers/s",
        at_least=1.5,
        runs=RUNS,
        warm_up=False,
    )
    peaks = {name: iter([run["peak_mb"] for run in done]) for name, done in runs.items()}
    compare(
        "intelligence.fit_memory",
        value=lambda: next(peaks["ours"]),
        baseline=lambda: next(peaks["lifetimes"]),
        unit="MB",
        at_most=0.6,
        runs=RUNS,
        warm_up=False,
    )
    mine, theirs = runs["ours"][0]["params"], runs["lifetimes"][0]["params"]
    apart = max(abs(one / other - 1) for one, other in zip(mine, theirs, strict=True))
    limit("intelligence.fit_same_parameters", value=lambda: apart, unit="", at_most=0.005, runs=1, warm_up=False)


def night() -> None:
    _run("night", at_most_s=60, at_most_mb=2_000)


def week() -> None:
    _run("week", at_most_s=300)


def update() -> None:
    """By a worker that is there already, as the product's are: it has counted three times before."""
    if has_a_million():
        rounds = iter(list(_measured("update")["parts"].values())[3:])
        limit(
            "intelligence.update", value=lambda: float(next(rounds)), unit="s", at_most=1, runs=RUNS_OF_A_WORKER,
            warm_up=False,
        )  # fmt: skip


def features() -> None:
    """The statement of everybody's features beside bare queries of the same rows."""
    if not has_a_million():
        return
    runs = [_measured("features")["parts"] for _run in range(RUNS)]
    ours, bare = (iter([run[name] for run in runs]) for name in ("ours", "bare"))
    compare(
        "intelligence.features", value=lambda: next(ours), baseline=lambda: next(bare), unit="s", at_most=1.5,
        runs=RUNS, warm_up=False,
    )  # fmt: skip


def _run(name: str, *, at_most_s: float, at_most_mb: float | None = None) -> None:
    if not has_a_million():
        print(f"{name}: there is no million to measure: make data SIZE=1m")
        return
    done = _measured(name)
    limit(
        f"intelligence.{name}", value=lambda: done["seconds"], unit="s", at_most=at_most_s, runs=1, warm_up=False,
        details=done["parts"],
    )  # fmt: skip
    limit(
        f"intelligence.{name}_memory", value=lambda: done["peak_mb"], unit="MB", at_most=at_most_mb, runs=1,
        warm_up=False,
    )  # fmt: skip


def _measured(name: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks._runs", name]
    done: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return done


def _fits(name: str, path: Path) -> str:
    command = [sys.executable, "-m", "benchmarks._fits", name, str(path)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


PARTS: Mapping[str, Callable[[], None]] = {
    "fit": fit,
    "features": features,
    "update": update,
    "night": night,
    "week": week,
}


if __name__ == "__main__":
    main()
