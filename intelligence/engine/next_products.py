"""What somebody is likely to buy next: what they buy anyway, what goes with it, what people like them buy.

Own purchases that fade with time are the strongest sign (H. Hu, X. He, J. Gao, Z. Zhang, "Modeling personalized item
frequency information for next-basket recommendation", 2020); the other two bring what is new. Plain Python: pages use
it for one customer at a time. docs/algorithms/product-recommendations.md has a worked example.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import exp

FADES_IN = 180  # days after which a purchase counts 1/e of one today
OWN_DAYS = 365  # older purchases say nothing more
MOST_OWN = 50  # products of one customer that are looked at, the strongest
POPULAR_DAYS = 90  # what people like them bought in so many days …
MOST_POPULAR = 200  # … the most popular of it
# How much pairs and popularity count beside one purchase today. Half or twice as much changes no figure by 0.01.
GOES_WITH, LIKE_THEM = 0.2, 1.0


class Why(StrEnum):
    BOUGHT_OFTEN = "bought_often"
    BOUGHT_BEFORE = "bought_before"  # on one day
    GOES_WITH = "goes_with"
    PEOPLE_LIKE_THEM = "people_like_them"


@dataclass(frozen=True, slots=True)
class Own:
    """What somebody has of one product: `weight` is the sum of `fading` over `days` days of purchase."""

    weight: float
    days: int


@dataclass(frozen=True, slots=True)
class Next:
    """A product with what speaks for it; `partner` is the own product that it goes with."""

    product: int
    score: float
    why: Why
    partner: int | None = None


def fading(age_days: float) -> float:
    """What a purchase of so many days ago still counts: 1 today."""
    return exp(-age_days / FADES_IN)


def likely_next(
    own: Mapping[int, Own], pairs: Iterable[tuple[int, int, float]], popular: Mapping[int, float]
) -> list[Next]:
    """Everything that anything speaks for, the likeliest first; equal ones by id.

    `pairs` are (own product, partner, share of orders with the product that have the partner, too), `popular` is the
    share of people like them who bought a product lately.
    """
    goes: dict[int, float] = defaultdict(float)
    best: dict[int, tuple[float, int]] = {}
    for product, partner, confidence in pairs:
        told = own[product].weight * confidence * GOES_WITH
        goes[partner] += told
        best[partner] = max(best.get(partner, (0.0, 0)), (told, product))
    found = []
    for product in own.keys() | goes.keys() | popular.keys():
        known, liked = own.get(product), popular.get(product, 0.0) * LIKE_THEM
        weight = known.weight if known else 0.0
        why = _why(known, goes[product], liked)
        found.append(
            Next(
                product,
                score=weight + goes[product] + liked,
                why=why,
                partner=best[product][1] if why is Why.GOES_WITH else None,
            )
        )
    return sorted(found, key=lambda one: (-one.score, one.product))


def _why(own: Own | None, goes: float, liked: float) -> Why:
    if own is not None and own.weight >= max(goes, liked):
        return Why.BOUGHT_OFTEN if own.days > 1 else Why.BOUGHT_BEFORE
    return Why.GOES_WITH if goes >= liked else Why.PEOPLE_LIKE_THEM
