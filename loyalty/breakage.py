"""Breakage: how many of the points that are out will never be redeemed. Arithmetic only.

Points are followed by age, in whole periods of PERIOD_DAYS since they came in. In each period of life some of those
that are there are redeemed and some expire; the chances of both, one period after the other, give the chance that a
point of any age is redeemed within HORIZON periods of its life: the Aalen-Johansen estimate of a cumulative incidence
with two competing ends, in discrete time. What is neither (taken back, passed on) leaves the count.
Source: docs/algorithms/breakage.md; O. Aalen and S. Johansen 1978, "An Empirical Transition Matrix for
Non-homogeneous Markov Chains Based on Censored Observations".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

PERIOD_DAYS = 30
HORIZON = 24  # periods, about two years: what is not redeemed by then is counted as never


@dataclass(frozen=True, slots=True)
class Age:
    """Points of one age: `outstanding` now; of `at_risk`, `redeemed` and `expired` went in this period of life."""

    age: int
    outstanding: int = 0
    at_risk: int = 0
    redeemed: int = 0
    expired: int = 0


@dataclass(frozen=True, slots=True)
class Cohort:
    """Lots that were watched through `seen` whole periods; `gone` is what left in each: redeemed, expired, other."""

    seen: int
    amount: int
    gone: Mapping[int, tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class Breakage:
    """`points` of the outstanding ones are expected to go unredeemed; `rate` is that of points issued today (0 to 1).

    `redeemed` has the chance of each age, 0 to HORIZON, to be redeemed still; `observed` is how many periods of life
    were seen: later ones are taken to redeem as the last one seen, and not to expire.
    """

    points: int
    rate: float
    redeemed: Sequence[float]
    observed: int


def ages_of(cohorts: Iterable[Cohort], outstanding: Mapping[int, int]) -> list[Age]:
    """Points at risk and what became of them, for each age 0 to HORIZON. Only whole periods count: who is still in
    one says nothing about it yet.
    """
    known = list(cohorts)
    ages = []
    for age in range(HORIZON + 1):
        watched = [cohort for cohort in known if cohort.seen > age] if age < HORIZON else []
        none = (0, 0, 0)
        before = sum(sum(cohort.gone.get(past, none)) for cohort in watched for past in range(age))
        redeemed, expired, other = (sum(cohort.gone.get(age, none)[end] for cohort in watched) for end in range(3))
        ages.append(
            Age(
                age=age,
                outstanding=outstanding.get(age, 0),
                at_risk=sum(cohort.amount for cohort in watched) - before - other,
                redeemed=redeemed,
                expired=expired,
            )
        )
    return ages


def total_of(parts: Iterable[Age]) -> list[Age]:
    """Several issuers' ages as one list, from 0 to HORIZON."""
    known = list(parts)
    return [
        Age(
            age,
            *(
                sum(getattr(part, name) for part in known if part.age == age)
                for name in ("outstanding", "at_risk", "redeemed", "expired")
            ),
        )
        for age in range(HORIZON + 1)
    ]


def estimate(ages: Sequence[Age]) -> Breakage | None:
    """What to expect of the points that are out; None before anything was watched for one whole period."""
    observed = [age for age in ages if age.at_risk > 0 and age.age < HORIZON]
    if not observed:
        return None
    last = max(age.age for age in observed)
    known = {age.age: (age.redeemed / age.at_risk, age.expired / age.at_risk) for age in observed}
    chances = [0.0] * (HORIZON + 1)
    for age in reversed(range(HORIZON)):
        redeemed, expired = known.get(age, (0.0, 0.0) if age < last else (known[last][0], 0.0))
        chances[age] = redeemed + (1 - redeemed - expired) * chances[age + 1]
    lost = sum(age.outstanding * (1 - chances[min(age.age, HORIZON)]) for age in ages)
    return Breakage(points=int(lost + 0.5), rate=1 - chances[0], redeemed=chances, observed=last + 1)
