"""How good archetypes are, on a real shop's customers, and how long they take: `python -m benchmarks.run archetypes`.

The figures are those of docs/algorithms/archetypes.md; the limits are what they must not fall below.
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from statistics import fmean

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks._retail import Buyers, buyers_by_day
from benchmarks.harness import limit, seconds_of
from intelligence.engine import kmeans
from intelligence.engine.archetypes import Archetypes, find
from intelligence.engine.assignment import assign
from intelligence.engine.crowd import Crowd
from intelligence.engine.hierarchy import tiers
from intelligence.engine.matching import match_people
from intelligence.engine.naming import name_archetypes
from intelligence.engine.profiles import profiles
from intelligence.engine.scaling import FEATURES, Floats

# Six moments, thirty days apart.
DAYS = [date(2011, 8, 11) - timedelta(days=30 * back) for back in range(5, -1, -1)]
FIXED = (4, 5, 6, 8)  # numbers of archetypes that refits are also tried with, whatever the criterion says
BOOTSTRAPS = 30
BINS = 10
SEEDS = 3
SPEND = FEATURES.index("net_spend")


def main() -> None:
    shop = buyers_by_day(DAYS)
    with threadpool_limits(1):
        _criterion(shop[DAYS[-1]][1])
        _refits(shop)
        _searches(shop)
        for k in (0, *FIXED):
            _calibration(shop[DAYS[-1]][1], k)
        _tiers(shop[DAYS[-1]][1])
        _times(shop[DAYS[-1]][1])


def _found(matrix: Floats, k: int = 0, *, seed: int = 0) -> Archetypes:
    return find(matrix, min_k=k, max_k=k, dynamic=False, seed=seed) if k else find(matrix, seed=seed)


def _hold(name: str, found: float, *, at_most: float) -> None:
    limit(name, value=lambda: found, unit="", at_most=at_most, runs=1, warm_up=False)


def _criterion(matrix: Floats) -> None:
    archetypes = find(matrix, max_k=12)
    print(f"{'k':>2} {'silhouette':>10} {'agreement':>10} {'smallest':>9} {'rank':>6}   (chosen: {archetypes.k})")
    for row in archetypes.table:
        print(f"{row.k:2} {row.silhouette:10.3f} {row.agreement:10.3f} {row.smallest_share:9.3f} {row.rank:6.2f}")
    found = profiles(archetypes, matrix, assign(archetypes, matrix).labels)
    for named, profile in zip(name_archetypes(found), found, strict=True):
        print(f"{profile.people:6} {named.name}: {named.description}")


def _refits(shop: dict[date, Buyers]) -> None:
    """Customers whose archetype's id changes over thirty days, less those whom the old archetypes would have moved."""
    for k in (0, *FIXED):
        true, warm, anew = zip(*(_moved(shop[old], shop[new], k) for old, new in pairwise(DAYS)), strict=True)
        more = [ours - moved for ours, moved in zip(warm, true, strict=True)]
        told = (
            f"true {fmean(true):.3f}  refit {fmean(warm):.3f}  searched anew {fmean(anew):.3f}  worst {max(more):+.3f}"
        )
        print(f"ids that change, k {k or 'chosen'}: {told}")
        if not k:
            _hold("archetypes.refit_moves_more", max(more), at_most=0.02)


def _searches(shop: dict[date, Buyers]) -> None:
    """How often another k is chosen than thirty days before."""
    changes = {"alone": 0, "usual": 0}
    for seed in range(SEEDS):
        before, usual = 0, 0
        for number, day in enumerate(DAYS):
            alone = find(shop[day][1], seed=seed + SEEDS * number).k
            kept = find(shop[day][1], seed=seed + SEEDS * number, usual_k=usual or None).k
            if number:
                changes["alone"] += alone != before
                changes["usual"] += kept != usual
            before, usual = alone, kept
    print(f"searches that change k, of {SEEDS * (len(DAYS) - 1)}: {changes}")


def _moved(old: Buyers, new: Buyers, k: int) -> tuple[float, float, float]:
    before = _found(old[1], k)
    _both, at, then = np.intersect1d(old[0], new[0], return_indices=True)
    was = assign(before, old[1]).labels[at]
    frozen = assign(before, new[1]).labels[then]
    changed = [float((was != frozen).mean())]
    for after in (find(new[1], previous=before), _found(new[1], k, seed=1)):
        now = assign(after, new[1]).labels[then]
        ids = match_people(was, now, ids=range(before.k), k=after.k, next_id=before.k).ids
        changed.append(float((was != np.array(ids)[now]).mean()))
    return changed[0], changed[1], changed[2]


def _calibration(matrix: Floats, k: int) -> None:
    """The confidence beside how often somebody is in the same archetype when customers are drawn anew."""
    archetypes = _found(matrix, k)
    result = assign(archetypes, matrix)
    scaled = archetypes.scaler.transform(matrix)
    crowd, rng = Crowd.of(scaled), np.random.default_rng(7)
    same = np.zeros(len(matrix))
    for _bootstrap in range(BOOTSTRAPS):
        drawn = crowd.draw(len(matrix), rng)
        seeds = kmeans.seedings(drawn, most=archetypes.k, count=10, rng=rng)
        centres = kmeans.fit(drawn, archetypes.k, seeds, tried=10).centres
        labels = kmeans.squared_distances(scaled, centres).argmin(axis=1)
        ids = match_people(result.labels, labels, ids=range(archetypes.k), k=archetypes.k, next_id=99).ids
        same += np.array(ids)[labels] == result.labels
    same /= BOOTSTRAPS
    bins = np.minimum((result.confidence * BINS).astype(int), BINS - 1)
    error = sum(
        (bins == place).mean() * abs(result.confidence[bins == place].mean() - same[bins == place].mean())
        for place in np.unique(bins)
    )
    told = f"error {error:.3f}  mean confidence {result.confidence.mean():.3f}  agreement {same.mean():.3f}"
    print(f"confidence, k {k or f'chosen ({archetypes.k})'}: {told}")
    if not k:
        _hold("archetypes.confidence_error", float(error), at_most=0.08)


def _tiers(matrix: Floats) -> None:
    spend = matrix[:, SPEND]
    logs = np.log1p(np.maximum(spend, 0))
    for k in FIXED:
        archetypes = _found(matrix, k)
        tier = np.array(tiers(archetypes))[assign(archetypes, matrix).labels]
        groups = [tier == number for number in range(tier.max() + 1)]
        within = sum(logs[group].var() * group.sum() for group in groups)
        shares = "  ".join(f"{group.mean():.0%} of people, {spend[group].sum() / spend.sum():.0%}" for group in groups)
        print(f"tiers of {k}: {shares} of spend; explain {1 - within / (logs.var() * len(logs)):.2f} of it")


def _times(matrix: Floats) -> None:
    rng = np.random.default_rng(1)
    many = matrix[rng.integers(0, len(matrix), 100_000)] * np.exp(rng.normal(0, 0.05, (100_000, len(FEATURES))))
    for people, bar in ((1_000, 0.3), (5_000, 1.0), (100_000, 3.0)):
        rows = many[:people]
        measure = seconds_of(lambda rows=rows: find(rows, min_k=3, max_k=12))
        limit(f"archetypes.search_{people}", value=measure, unit="s", at_most=bar)
    archetypes, million = find(many), np.tile(many, (10, 1))
    limit("archetypes.assign_1000000", value=seconds_of(lambda: assign(archetypes, million)), unit="s", at_most=1.0)


if __name__ == "__main__":
    main()
