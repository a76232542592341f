"""Groups of customers that behave alike: how many there are, and what is typical of each.

docs/algorithms/archetypes.md is the specification, with the figures behind each number here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

import numpy as np

from intelligence.engine import criterion, kmeans
from intelligence.engine.by_rules import LEAST_FOR_CLUSTERS, Rules
from intelligence.engine.crowd import Crowd
from intelligence.engine.scaling import FEATURES, Floats, Scaler, checked

SAMPLE = 20_000
JUDGED_ON = 2_000  # customers that the silhouette looks at
RESAMPLES = 10
RESAMPLE_MOST = 5_000
STARTS, TRIED = 10, 4  # seedings, and how many of them are followed to their end
RESAMPLE_STARTS, RESAMPLE_TRIED = 6, 2
CENTRES_TRIED = 12  # few centres are found by chance more often: 4 tries for 3, 3 for 4, 2 from 6 on
REFIT_ITERATIONS = 3  # archetypes follow people in small steps; to the end, some wander off to another division
SMALLEST_SHARE = 0.03
LEAST_AGREEMENT = 0.80
WORTH_A_CHANGE = 2  # ranks by which another k must be better than the usual one: less is chance
BUYERS_FOR_EACH = 30  # the range of k is cut so that an archetype has so many on average
FEW, FEW_RANGE = 100, (2, 3)  # below so many buyers two or three groups, whatever was asked for


@dataclass(frozen=True, slots=True)
class Candidate:
    """One k: mean silhouette, adjusted Rand index over the resamples, the smallest group's share, the mean of ranks."""

    k: int
    silhouette: float
    agreement: float
    smallest_share: float
    rank: float


@dataclass(frozen=True, slots=True, eq=False)
class Archetypes:
    """What a run found. Arrays have k rows, richest first; centroids are scaled, features as in FEATURES.

    `variance` is the mean variance of a feature within an archetype; `middle` and `spread` are of all customers. With
    `rules` there are no centroids. `because` is a key of words.BECAUSE.
    """

    centroids: Floats
    shares: Floats
    variance: float
    middle: Floats
    spread: Floats
    scaler: Scaler
    customers: int
    because: str
    table: tuple[Candidate, ...] = ()
    rules: Rules | None = None

    @property
    def k(self) -> int:
        return len(self.shares)

    @property
    def is_rules(self) -> bool:
        return self.rules is not None

    def to_json(self) -> dict[str, Any]:
        """For storing; `from_json` gives one that assigns everybody the same."""
        return {
            **{name: getattr(self, name).tolist() for name in ("centroids", "shares", "middle", "spread")},
            **{name: getattr(self, name) for name in ("variance", "customers", "because")},
            "scaler": self.scaler.to_json(),
            "table": [[row.k, row.silhouette, row.agreement, row.smallest_share, row.rank] for row in self.table],
            "rules": self.rules and [self.rules.lapsed_after_days, self.rules.big_from],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Archetypes:
        """What `to_json` gave."""
        values: dict[str, Any] = {name: stored[name] for name in ("variance", "customers", "because")}
        values |= {name: np.array(stored[name], dtype=np.float64) for name in ("shares", "middle", "spread")}
        return cls(
            **values,
            centroids=np.array(stored["centroids"], dtype=np.float64).reshape(-1, len(FEATURES)),
            scaler=Scaler.from_json(stored["scaler"]),
            table=tuple(Candidate(*row) for row in stored["table"]),
            rules=stored["rules"] and Rules(*stored["rules"]),
        )


def find(
    matrix: Floats,
    *,
    min_k: int = 3,
    max_k: int = 10,
    seed: int = 0,
    previous: Archetypes | None = None,
    usual_k: int | None = None,
    robust: bool = True,
    dynamic: bool = True,
    sample: int = SAMPLE,
    memory: int = 0,
) -> Archetypes:
    """Archetypes of customers × features (own units, not scaled).

    With `previous`, its scaler and k are kept and its centroids follow the people, unless an archetype falls below
    SMALLEST_SHARE: then, and without it, k is searched from `min_k` to `max_k`; `usual_k` stays if it is almost as good
    as the best. `dynamic` cuts the range to what the number of customers bears. Below LEAST_FOR_CLUSTERS customers, or
    where they differ too little, rules divide them. At most `sample` customers are looked at; where that is a draw,
    what was found before weighs as `memory` customers in a refit. The same arguments give the same result, in any order
    of the rows. Raises UnusableMatrix, and ValueError for a range of k that is empty or begins below 2.
    """
    if not 2 <= min_k <= max_k:
        raise ValueError(f"no k from {min_k} to {max_k}")
    matrix = checked(matrix)
    if len(matrix) < LEAST_FOR_CLUSTERS:
        return divided_by_rules(matrix, "few_buyers")
    rng = np.random.default_rng(seed)
    if previous is not None and not previous.is_rules:
        everybody = Crowd.of(previous.scaler.transform(matrix))
        drawn = everybody.at_most(sample, rng)
        kept = _refit(drawn, previous, len(matrix), memory=memory if drawn is not everybody else 0)
        if kept is not None:
            return kept
    scaler = Scaler.fit(matrix, robust=robust)
    crowd = Crowd.of(scaler.transform(matrix)).at_most(sample, rng)
    lowest, highest = _range_of_k(len(matrix), min_k, max_k, dynamic=dynamic)
    highest = min(highest, len(crowd) - 1)
    if highest < lowest:
        return divided_by_rules(matrix, "too_alike")
    return _search(crowd, range(lowest, highest + 1), scaler, len(matrix), rng, usual_k)


def divided_by_rules(matrix: Floats, because: str) -> Archetypes:
    """Four groups by rules of thumb, in the form that archetypes have."""
    rules = Rules.fit(matrix)
    labels = rules.assign(matrix)
    shares = np.bincount(labels, minlength=len(rules.groups)) / max(len(matrix), 1)
    # Somebody without orders stands for a shop without buyers.
    known = matrix if len(matrix) else np.zeros((1, len(FEATURES)))
    scaler = Scaler.fit(known)
    middle, spread = Crowd.of(scaler.transform(known)).middle_and_spread()
    none = np.empty((0, len(FEATURES)))
    return Archetypes(none, shares, 0.0, middle, spread, scaler, len(matrix), because, rules=rules)


def _range_of_k(customers: int, min_k: int, max_k: int, *, dynamic: bool) -> tuple[int, int]:
    if not dynamic:
        return min_k, max_k
    if customers < FEW:
        return FEW_RANGE
    highest = max(min(max_k, customers // BUYERS_FOR_EACH), FEW_RANGE[0])
    return min(min_k, highest), highest


def _search(
    crowd: Crowd, ks: range, scaler: Scaler, customers: int, rng: np.random.Generator, usual_k: int | None
) -> Archetypes:
    seeds = kmeans.seedings(crowd, most=ks[-1], count=STARTS, rng=rng)
    fits = {k: kmeans.fit(crowd, k, seeds, tried=TRIED) for k in ks}
    table = _judged(crowd, fits, rng)
    chosen, because = _chosen(table, usual_k)
    return _described(crowd, fits[chosen.k], scaler, customers, because, table)


def _judged(crowd: Crowd, fits: Mapping[int, kmeans.Fit], rng: np.random.Generator) -> tuple[Candidate, ...]:
    judged = crowd.at_most(JUDGED_ON, rng)
    between = criterion.distances(judged)
    silhouettes = [round(criterion.silhouette(judged, between, _nearest(judged, found)), 3) for found in fits.values()]
    agreements = _agreements(crowd, fits, rng)
    smallest = [_shares(crowd, found).min() for found in fits.values()]
    ranks = (_ranks(silhouettes) + _ranks(agreements)) / 2
    rows = zip(fits, silhouettes, agreements, smallest, ranks, strict=True)
    return tuple(Candidate(k, s, a, round(float(share), 4), float(rank)) for k, s, a, share, rank in rows)


def _agreements(crowd: Crowd, fits: Mapping[int, kmeans.Fit], rng: np.random.Generator) -> list[float]:
    """How far what is found among customers drawn anew divides all of them as before."""
    found: dict[int, list[float]] = {k: [] for k in fits}
    for _resample in range(RESAMPLES):
        drawn = crowd.draw(min(len(crowd), RESAMPLE_MOST), rng)
        most = min(max(fits), len(drawn))
        seeds = kmeans.seedings(drawn, most=most, count=RESAMPLE_STARTS, rng=rng)
        for k, fit in fits.items():
            again = kmeans.fit(drawn, min(k, most), seeds, tried=max(RESAMPLE_TRIED, CENTRES_TRIED // k))
            found[k].append(criterion.adjusted_rand(fit.labels, _nearest(crowd, again), crowd.weights))
    return [round(fmean(values), 3) for values in found.values()]


def _ranks(values: list[float]) -> Floats:
    """From 1 for the worst; equal values share the mean of their ranks."""
    given = np.array(values)
    below = (given[:, None] > given).sum(axis=1)
    equal = (given[:, None] == given).sum(axis=1)
    return np.asarray(below + (equal + 1) / 2, dtype=np.float64)


def _chosen(table: tuple[Candidate, ...], usual_k: int | None = None) -> tuple[Candidate, str]:
    """The best rank that meets both conditions; then without agreement, then with the largest smallest group."""
    large = [row for row in table if row.smallest_share >= SMALLEST_SHARE]
    sure = [row for row in large if row.agreement >= LEAST_AGREEMENT]
    if sure:
        best = max(sure, key=lambda row: (row.rank, -row.k))
        usual = next((row for row in sure if row.k == usual_k and row.rank > best.rank - WORTH_A_CHANGE), best)
        return usual, "best_rank" if usual is best else "usual_k"
    if large:
        return max(large, key=lambda row: (row.agreement, -row.k)), "none_agrees"
    return max(table, key=lambda row: (row.smallest_share, -row.k)), "none_large_enough"


def _refit(crowd: Crowd, previous: Archetypes, customers: int, *, memory: int) -> Archetypes | None:
    """None where an archetype would have too few people, unless one had before.

    The centroids before stand for `memory` people beside those of the crowd, so that who is drawn moves little. Without
    it everybody was looked at.
    """
    if len(crowd) <= previous.k:
        return None
    fit = kmeans.fit_from(crowd, previous.centroids, iterations=REFIT_ITERATIONS)
    chance = 2 * np.sqrt(SMALLEST_SHARE * (1 - SMALLEST_SHARE) / crowd.customers) if memory else 0.0
    if _shares(crowd, fit).min() < SMALLEST_SHARE - chance and previous.shares.min() >= SMALLEST_SHARE:
        return None
    found = _described(crowd, fit, previous.scaler, customers, "kept", previous.table, order=np.arange(previous.k))
    weight = crowd.customers / (crowd.customers + memory)
    return replace(found, centroids=previous.centroids + weight * (found.centroids - previous.centroids))


def _described(
    crowd: Crowd,
    fit: kmeans.Fit,
    scaler: Scaler,
    customers: int,
    because: str,
    table: tuple[Candidate, ...],
    order: criterion.Labels | None = None,
) -> Archetypes:
    if order is None:
        order = np.lexsort((*fit.centres.T, -fit.centres[:, FEATURES.index("net_spend")]))
    middle, spread = crowd.middle_and_spread()
    variance = fit.left / crowd.customers / len(FEATURES)
    shares = _shares(crowd, fit)[order]
    return Archetypes(fit.centres[order], shares, variance, middle, spread, scaler, customers, because, table)


def _nearest(crowd: Crowd, fit: kmeans.Fit) -> criterion.Labels:
    return np.asarray(kmeans.squared_distances(crowd.points, fit.centres).argmin(axis=1), dtype=np.intp)


def _shares(crowd: Crowd, fit: kmeans.Fit) -> Floats:
    people = np.bincount(fit.labels, weights=crowd.weights, minlength=len(fit.centres))
    return np.asarray(people / crowd.customers, dtype=np.float64)
