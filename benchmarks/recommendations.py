"""How good suggested products are, on two years of a real shop, and how long they take.

At four days five weeks apart, the newest 2011-08-11, with data of before only: what customers buy in the thirty days
after, and which product of a basket is hidden. Writes the tables of docs/algorithms/product-recommendations.md; the
limits are what the figures must not fall below.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import numpy as np
from django.utils import timezone

from benchmarks._sales import make_programme
from benchmarks.harness import limit, seconds_of
from config.demo import retail_source
from config.demo.retail import SERVICE_SKUS
from customers.models import Customer
from intelligence.actions.products import count_products
from intelligence.engine.co_purchase import Pairs, count_pairs
from intelligence.engine.next_products import MOST_OWN, MOST_POPULAR, OWN_DAYS, POPULAR_DAYS, Own, fading, likely_next
from intelligence.reports_products import likely_products

DAYS = [date(2011, 8, 11) - timedelta(days=35 * back) for back in range(3, -1, -1)]
AHEAD = timedelta(days=30)
PAIR_DAYS = timedelta(days=365)
TOP = 10
DOC = Path(__file__).parent.parent / "docs" / "algorithms" / "product-recommendations.md"
TIMES = 2  # the retail demo: 12,000 customers, 80,000 orders, 320,000 lines
ASKED = 200  # customers
SERVICES = {sku.upper() for sku in SERVICE_SKUS}


class Line(NamedTuple):
    order: int
    customer: int  # 0: nobody knows
    product: int
    day: date


class Score(NamedTuple):
    recall: float  # of the products bought, of as many as were suggested at most
    hit: float  # any was bought
    new: float | None  # recall of what they had never bought, where they bought any


Ranker = Callable[["Shop", int], list[int]]


def main() -> None:
    lines = _lines()
    people: dict[str, list[Score]] = defaultdict(list)
    baskets: dict[str, list[bool]] = defaultdict(list)
    for day in DAYS:
        shop = Shop([line for line in lines if line.day <= day], day)
        ahead = [line for line in lines if day < line.day <= day + AHEAD]
        for name, scores in _ask_people(shop, ahead).items():
            people[name] += scores
        for name, hits in _ask_baskets(shop, ahead).items():
            baskets[name] += hits
    _write_tables(people, baskets)
    ours = people["all three"]
    _hold("recommendations.hit", fmean(one.hit for one in ours), at_least=0.82)
    _hold("recommendations.recall", fmean(one.recall for one in ours), at_least=0.32)
    _hold("recommendations.basket_hit", fmean(baskets["count × √lift"]), at_least=0.27)

    _times()


def _times() -> None:
    programme, _owner = make_programme("bench", times=TIMES)
    limit("recommendations.count", value=seconds_of(lambda: count_products(now=timezone.now())), unit="s", runs=3)
    people = Customer.objects.order_by("pk").values_list("pk", flat=True)[:ASKED]  # who buy most

    def ask() -> None:
        for customer in people:
            likely_products(customer, business_id=None, zone=programme.zone, now=timezone.now())

    seconds = seconds_of(ask)
    limit("recommendations.one_customer", value=lambda: seconds() / ASKED * 1000, unit="ms", at_most=20, runs=3)


def _hold(name: str, found: float, *, at_least: float) -> None:
    limit(name, value=lambda: found, unit="", at_least=at_least, runs=1, warm_up=False)


def _lines() -> list[Line]:
    """Lines of goods that were sold."""
    orders: dict[str, int] = {}
    products: dict[str, int] = {}
    return [
        Line(
            orders.setdefault(row.invoice, len(orders)),
            int(row.customer_id or 0),
            products.setdefault(row.stock_code.upper(), len(products)),
            row.invoiced_at.date(),
        )
        for row in retail_source.rows()
        if row.invoice.isdecimal() and row.quantity > 0 and row.unit_price > 0
        if row.stock_code.upper() not in SERVICES
    ]


class Shop:
    """What is known at the end of a day."""

    def __init__(self, lines: Sequence[Line], day: date) -> None:
        recent = [line for line in lines if line.day > day - PAIR_DAYS]
        self.pairs = count_pairs(*(np.array([line[column] for line in recent]) for column in (0, 2)))
        self.partners = _by_product(self.pairs)
        self.popular = _popular([line for line in lines if line.day > day - timedelta(days=POPULAR_DAYS)])
        self.own: dict[int, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
        self.ever: dict[int, set[int]] = defaultdict(set)
        for line in lines:
            self.ever[line.customer].add(line.product)
            age = (day - line.day).days
            if age < OWN_DAYS:
                self.own[line.customer][line.product].add(age)

    def own_of(self, customer: int) -> dict[int, Own]:
        ages = self.own.get(customer, {})
        found = {product: Own(sum(map(fading, days)), len(days)) for product, days in ages.items()}
        strongest = sorted(found.items(), key=lambda item: (-item[1].weight, item[0]))
        return dict(strongest[:MOST_OWN])


def _by_product(pairs: Pairs) -> dict[int, list[tuple[int, float, float, float, float]]]:
    """(partner, count, lift, confidence, score) of each product."""
    columns = (pairs.product, pairs.other, pairs.together, pairs.lift, pairs.confidence, pairs.score)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return {product: [row[1:] for row in found] for product, found in groupby(rows, key=lambda row: row[0])}


def _popular(lines: Sequence[Line]) -> dict[int, float]:
    """The share of buyers who bought a product, of the most popular, which come first."""
    bought = {(line.customer, line.product) for line in lines if line.customer}
    buyers = len({customer for customer, _product in bought})
    counted = Counter(product for _customer, product in bought).most_common(MOST_POPULAR)
    return {product: count / buyers for product, count in counted}


# -- what customers buy next ------------------------------------------------------------------------------------------


def _most_popular(shop: Shop, customer: int) -> list[int]:
    return list(shop.popular)


def _most_often(shop: Shop, customer: int) -> list[int]:
    return [product for product, _own in sorted(shop.own_of(customer).items(), key=lambda one: (-one[1].days, one[0]))]


def _own_faded(shop: Shop, customer: int) -> list[int]:
    return list(shop.own_of(customer))


def _own_and_popular(shop: Shop, customer: int) -> list[int]:
    return [one.product for one in likely_next(shop.own_of(customer), (), shop.popular)]


def _all_three(shop: Shop, customer: int) -> list[int]:
    own = shop.own_of(customer)
    pairs = [(product, row[0], row[3]) for product in own for row in shop.partners.get(product, ())]
    return [one.product for one in likely_next(own, pairs, shop.popular)]


RANKERS: Mapping[str, Ranker] = {
    "most popular, 90 days": _most_popular,
    "own, most often": _most_often,
    "own, faded": _own_faded,
    "own and popular": _own_and_popular,
    "all three": _all_three,
}


def _ask_people(shop: Shop, ahead: Sequence[Line]) -> dict[str, list[Score]]:
    """Of customers who had bought before and bought again."""
    bought: dict[int, set[int]] = defaultdict(set)
    for line in ahead:
        if line.customer and line.customer in shop.ever:
            bought[line.customer].add(line.product)
    return {
        name: [_score(rank(shop, customer), products, shop.ever[customer]) for customer, products in bought.items()]
        for name, rank in RANKERS.items()
    }


def _score(ranked: Sequence[int], bought: set[int], ever: set[int]) -> Score:
    new = bought - ever
    never_bought = [product for product in ranked if product not in ever]
    return Score(
        recall=_recall(ranked, bought),
        hit=float(not bought.isdisjoint(ranked[:TOP])),
        new=_recall(never_bought, new) if new else None,
    )


def _recall(ranked: Sequence[int], bought: set[int]) -> float:
    return len(bought.intersection(ranked[:TOP])) / min(TOP, len(bought))


# -- the hidden product of a basket -----------------------------------------------------------------------------------


def _ask_baskets(shop: Shop, ahead: Sequence[Line]) -> dict[str, list[bool]]:
    baskets: dict[int, set[int]] = defaultdict(set)
    for line in ahead:
        baskets[line.order].add(line.product)
    choice = random.Random(0)
    sold = Counter(dict(zip(shop.pairs.product.tolist(), shop.pairs.orders.tolist(), strict=True)))
    best_sellers = [product for product, _orders in sold.most_common(TOP + max(map(len, baskets.values())))]
    hits: dict[str, list[bool]] = defaultdict(list)
    for products in baskets.values():
        if len(products) < 2:
            continue
        hidden = choice.choice(sorted(products))
        rest = products - {hidden}
        hits["most popular"].append(hidden in [one for one in best_sellers if one not in rest][:TOP])
        for place, name in enumerate(("count", "lift", "confidence", "count × √lift"), start=1):
            hits[name].append(hidden in _completed(shop, rest, place))
    return hits


def _completed(shop: Shop, rest: set[int], place: int) -> list[int]:
    """The best partners of the products in a basket; `place` is the column of `_by_product` that is added up."""
    told: dict[int, float] = defaultdict(float)
    for product in rest:
        for row in shop.partners.get(product, ()):
            told[int(row[0])] += row[place]
    ranked = sorted(told.items(), key=lambda one: (-one[1], one[0]))
    return [product for product, _score in ranked if product not in rest][:TOP]


# -- tables -----------------------------------------------------------------------------------------------------------


def _write_tables(people: Mapping[str, Sequence[Score]], baskets: Mapping[str, Sequence[bool]]) -> None:
    text = DOC.read_text(encoding="utf-8")
    for name, lines in {"people": _of_people(people), "baskets": _of_baskets(baskets)}.items():
        print("\n".join(lines))
        before, _start, rest = text.partition(f"<!-- {name} -->\n")
        _old, _end, after = rest.partition(f"<!-- end of {name} -->")
        text = "\n".join([f"{before}<!-- {name} -->", *lines, f"<!-- end of {name} -->{after}"])
    DOC.write_text(text, encoding="utf-8")


def _of_people(people: Mapping[str, Sequence[Score]]) -> list[str]:
    lines = ["| Ten products by | recall | any bought | recall of new ones | customers asked |", "|---" * 5 + "|"]
    for name, scores in people.items():
        new = fmean(one.new for one in scores if one.new is not None)
        cells = [f"{fmean(one.recall for one in scores):.3f}", f"{fmean(one.hit for one in scores):.3f}", f"{new:.3f}"]
        lines.append(f"| {' | '.join([name, *cells, f'{len(scores):,}'])} |")
    return lines


def _of_baskets(baskets: Mapping[str, Sequence[bool]]) -> list[str]:
    lines = ["| Ten partners by | hidden product found | baskets |", "|---" * 3 + "|"]
    return [*lines, *(f"| {name} | {fmean(hits):.3f} | {len(hits):,} |" for name, hits in baskets.items())]


if __name__ == "__main__":
    main()
