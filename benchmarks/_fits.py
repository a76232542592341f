"""One fit of a million customers in a process of its own: `python -m benchmarks._fits make|ours|lifetimes FILE`."""

from __future__ import annotations

import json
import re
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

CUSTOMERS = 1_000_000
BUYING, SPENDING = (0.243, 4.414, 0.793, 2.426), (6.25, 3.74, 15.44)  # as CDNOW's customers do
YOUNGEST, OLDEST = 26, 104  # weeks


def make(path: Path) -> None:
    """People who live as the BG/NBD model says, on whole days, and spend as the Gamma-Gamma model says."""
    chance = np.random.default_rng(1)
    (r, alpha, a, b), (p, q, v) = BUYING, SPENDING
    age = chance.integers(YOUNGEST * 7, OLDEST * 7, CUSTOMERS)
    rate = np.maximum(chance.gamma(r, 1 / alpha, CUSTOMERS) / 7, 1e-12)
    leaves_after = chance.geometric(np.maximum(chance.beta(a, b, CUSTOMERS), 1e-9))
    bought, day, last = np.zeros(CUSTOMERS, int), np.zeros(CUSTOMERS), np.zeros(CUSTOMERS)
    active = np.arange(CUSTOMERS)
    while len(active):
        day[active] += chance.exponential(1 / rate[active])
        active = active[day[active] < age[active]]
        bought[active] += 1
        last[active] = np.ceil(day[active])
        active = active[bought[active] < leaves_after[active]]
    spend = chance.gamma(np.maximum(p * bought, 1), 1 / chance.gamma(q, 1 / v, CUSTOMERS)) / np.maximum(bought, 1)
    np.savez(path, frequency=bought, recency=last / 7, age=age / 7, spend=np.where(bought > 0, spend, 0))


def ours(data: Mapping[str, Any]) -> tuple[Any, Any]:
    from intelligence.engine import gamma_gamma
    from intelligence.engine.beta_geometric import BG_NBD
    from intelligence.engine.histories import Histories

    bought = BG_NBD.fit(Histories.of(data["frequency"], data["recency"], data["age"]))
    return bought.params, gamma_gamma.fit(data["frequency"], data["spend"]).params


def lifetimes(data: Mapping[str, Any]) -> tuple[Any, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lifetimes import BetaGeoFitter, GammaGammaFitter

        bought = BetaGeoFitter().fit(data["frequency"], data["recency"], data["age"])
        again = data["frequency"] > 0
        spent = GammaGammaFitter().fit(data["frequency"][again], data["spend"][again])
    return tuple(bought.params_), tuple(spent.params_)


FITS: Mapping[str, Callable[[Mapping[str, Any]], tuple[Any, Any]]] = {"ours": ours, "lifetimes": lifetimes}


def main(name: str, path: Path) -> None:
    if name == "make":
        make(path)
        return
    with np.load(path) as file:
        data = dict(file)
    with threadpool_limits(1):
        FITS[name]({column: values[:1000] for column, values in data.items()})  # imports are not what is measured
        started = time.perf_counter()
        params = FITS[name](data)
        seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "peak_mb": peak_mb(), "params": [float(p) for p in sum(params, ())]}))


def peak_mb() -> float:
    """Of this process alone; ru_maxrss would count what its parent had when it was started."""
    found = re.search(r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) / 1024


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
