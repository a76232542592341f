"""How much of a product is asked for, how long a stock lasts, when to order how many.

docs/algorithms/stock.md is the specification. Sources: A. A. Syntetos, J. E. Boylan, "The accuracy of intermittent
demand estimates" (2005); R. Teunter, A. Syntetos, M. Babai, "Intermittent demand: linking forecasting to inventory
obsolescence" (2011); E. B. Wilson, M. M. Hilferty, "The distribution of chi-square" (1931).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, exp, log, sqrt
from statistics import NormalDist

ALPHA = 0.2  # weight of the newest week; the best of .05 to .4 on the retail data
INTERMITTENT, LUMPY = 0.3, 0.7  # share of weeks with a sale below which a product sells now and then, or unevenly
LEAST_WEEKS = 4  # with fewer, nothing is said
HORIZON_DAYS = 365
LOW, HIGH = 0.1, 0.9  # the range holds 8 times in 10
SERVICE = 0.97  # of deliveries should last until the next one comes; on real sales 93 of 100 did
PRIOR_WEEKS = 8  # an own history of so many weeks weighs as much as that of the other products
EXACT = 200  # up to so many pieces the chance is summed, above it an approximation is as good
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Demand:
    """Of a week: `mean` and `variance` in pieces, and `doubt`, the variance of the mean itself."""

    kind: str
    mean: float
    variance: float
    doubt: float


@dataclass(frozen=True, slots=True)
class Outlook:
    """Days that a stock lasts: the middle, and the range that holds 8 times in 10; None: not within a year."""

    days: int | None
    low: int | None
    high: int | None
    order_point: float
    order_quantity: float


def smoothed(weeks: Sequence[float]) -> float:
    """Simple exponential smoothing, begun with the mean of the first weeks."""
    level = sum(weeks[:LEAST_WEEKS]) / len(weeks[:LEAST_WEEKS])
    for sold in weeks:
        level += ALPHA * (sold - level)
    return level


def intermittent(weeks: Sequence[float]) -> float:
    """Teunter, Syntetos and Babai: chance of a sale times its size, and the chance fades while nothing is sold."""
    sales = [sold for sold in weeks if sold > 0]
    if not sales:
        return 0.0
    chance, size = len(sales) / len(weeks), sum(sales) / len(sales)
    for sold in weeks:
        chance += ALPHA * ((sold > 0) - chance)
        if sold > 0:
            size += ALPHA * (sold - size)
    return chance * size


MODELS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "smooth": smoothed,
    "lumpy": smoothed,
    "intermittent": intermittent,
}


def kind_of(weeks: Sequence[float]) -> str:
    """By how many weeks saw a sale."""
    share = sum(sold > 0 for sold in weeks) / len(weeks)
    return "intermittent" if share < INTERMITTENT else "lumpy" if share < LUMPY else "smooth"


def spread(weeks: Sequence[float]) -> float:
    """Variance over mean of what a forecast one week ahead missed by; 1 where sales come like chance arrivals."""
    mean = sum(weeks) / len(weeks)
    if mean <= 0:
        return 1.0
    level, missed = sum(weeks[:LEAST_WEEKS]) / len(weeks[:LEAST_WEEKS]), 0.0
    for sold in weeks:
        missed += (sold - level) ** 2
        level += ALPHA * (sold - level)
    return max(missed / len(weeks) / mean, 1.0)


def demand_of(weeks: Sequence[float | None], *, usual_spread: float = 1.0) -> Demand | None:
    """What is asked for in a week, from weekly sales, oldest first; None where too little is known.

    A week without stock is None and says nothing. `usual_spread` is that of the shop's other products: a short history
    leans on it.
    """
    known = [sold for sold in weeks if sold is not None]
    if len(known) < LEAST_WEEKS:
        return None
    kind = kind_of(known)
    mean = max(MODELS[kind](known), 0.0)
    own = spread(known)
    weight = len(known) / (len(known) + PRIOR_WEEKS)
    missed = mean * (weight * own + (1 - weight) * usual_spread)
    variance = missed * (2 - ALPHA) / 2
    return Demand(kind, mean, variance, doubt=missed * ALPHA / 2)


def chance_enough(demand: Demand, quantity: float, days: float) -> float:
    """The chance that no more than `quantity` is asked for in `days`: negative binomial with the demand's moments."""
    if quantity < 0:
        return 0.0
    weeks = days / 7
    mean = demand.mean * weeks
    if mean <= 0:
        return 1.0
    variance = max(demand.variance * weeks + demand.doubt * weeks * weeks, mean * 1.0001)
    return _summed(mean, variance, int(quantity)) if quantity <= EXACT else _approximated(mean, variance, quantity)


def _summed(mean: float, variance: float, quantity: int) -> float:
    size = mean * mean / (variance - mean)
    chance = size / (size + mean)
    term = exp(size * log(chance))
    if term <= 0.0:  # too many pieces to begin at none
        return _approximated(mean, variance, quantity)
    total = term
    for pieces in range(quantity):
        term *= (size + pieces) / (pieces + 1) * (1 - chance)
        total += term
    return min(total, 1.0)


def _approximated(mean: float, variance: float, quantity: float) -> float:
    """A gamma of the same moments, its chance by the cube root (Wilson and Hilferty)."""
    ninth = variance / (9 * mean * mean)
    cube = ((quantity + 0.5) / mean) ** (1 / 3)
    return _NORMAL.cdf((cube - (1 - ninth)) / sqrt(ninth))


def days_lasting(demand: Demand, quantity: float, chance: float) -> int | None:
    """The most days that `quantity` lasts with at least this chance; None: a year or more."""
    if quantity <= 0:
        return 0
    if chance_enough(demand, quantity - 1, HORIZON_DAYS) >= chance:
        return None
    first, last = 0, HORIZON_DAYS
    while last - first > 1:
        middle = (first + last) // 2
        # It lasts through a day if less than all of it is asked for until then.
        if chance_enough(demand, quantity - 1, middle) >= chance:
            first = middle
        else:
            last = middle
    return first


def outlook(demand: Demand, quantity: float, *, lead_days: int, target_days: int) -> Outlook:
    """How long the stock lasts, and how many to order now (0: not yet).

    Order at the level that lasts the lead time with the chance SERVICE; then up to what lasts lead and target days.
    """
    point = enough_for(demand, lead_days)
    order = max(enough_for(demand, lead_days + target_days) - quantity, 0.0) if quantity <= point else 0.0
    return Outlook(
        days=days_lasting(demand, quantity, 0.5),
        low=days_lasting(demand, quantity, HIGH),
        high=days_lasting(demand, quantity, LOW),
        order_point=point,
        order_quantity=order,
    )


def enough_for(demand: Demand, days: int) -> float:
    """The smallest whole quantity that is enough for `days` with the chance SERVICE."""
    if demand.mean <= 0 or days <= 0:
        return 0.0
    low, high = -1, max(ceil(demand.mean * days / 7), 1)
    while chance_enough(demand, high, days) < SERVICE:
        high *= 2
    while high - low > 1:
        middle = (low + high) // 2
        if chance_enough(demand, middle, days) >= SERVICE:
            high = middle
        else:
            low = middle
    return float(high)
