"""What docs/algorithms/product-recommendations.md says is what the code does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from intelligence.engine.co_purchase import Pairs, count_pairs
from intelligence.engine.next_products import Own, Why, fading, likely_next

PAGE = Path(__file__).parents[2] / "docs/algorithms/product-recommendations.md"
TEA, CUP, BISCUITS, HONEY = range(4)


def test_the_customer_of_the_example() -> None:
    own = {TEA: Own(fading(0) + fading(180), 2), CUP: Own(fading(90), 1)}
    pairs = [(TEA, BISCUITS, 0.4), (CUP, BISCUITS, 0.1), (CUP, TEA, 0.3)]
    found = likely_next(own, pairs, {HONEY: 0.25, TEA: 0.1})
    lines = PAGE.read_text().split("<!-- example -->")[1].split("\n\n")[0].strip().splitlines()[2:]
    told = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    names = {TEA: "tea", CUP: "cup", BISCUITS: "biscuits", HONEY: "honey"}
    assert [(names[one.product], f"{one.score:.3f}", one.why) for one in found] == [
        (name, score, Why(reason)) for name, *_parts, score, reason in told
    ]
    assert [one.partner for one in found] == [None, None, None, TEA]
    assert all(sum(map(float, row[1:4])) == pytest.approx(float(row[4]), abs=0.0011) for row in told)


def test_equal_products_go_by_id_and_nobody_gets_what_is_popular() -> None:
    assert [one.product for one in likely_next({}, (), {3: 0.5, 1: 0.5, 2: 0.6})] == [2, 1, 3]


def test_scores_of_pairs() -> None:
    others = [(25, 15, "3.00", "25.98"), (75, 18, "1.20", "19.72"), (3, 3, "5.00", "6.71")]
    sold, together = (np.array([row[column] for row in others]) for column in (0, 1))
    tea = np.full(3, TEA)
    pairs = Pairs(tea, np.arange(1, 4), together, np.full(3, 20), sold, baskets=100)
    told = [(f"{lift:.2f}", f"{score:.2f}") for lift, score in zip(pairs.lift, pairs.score, strict=True)]
    assert told == [row[2:] for row in others]
    assert all(f"{lift} | {score} |" in PAGE.read_text() for lift, score in told)


def test_pairs_are_those_of_a_count_by_hand() -> None:
    numbers = np.random.default_rng(1)
    orders, products = numbers.integers(0, 300, 2_000), numbers.integers(0, 40, 2_000)
    baskets = [set(products[orders == order].tolist()) for order in np.unique(orders)]
    baskets = [basket for basket in baskets if len(basket) <= 8]
    found = count_pairs(orders, products, fewest=2, most_products=8, partners=1_000)
    rows = zip(found.product.tolist(), found.other.tolist(), found.together.tolist(), strict=True)
    by_hand = {
        (one, two, sum(one in basket and two in basket for basket in baskets)) for one in range(40) for two in range(40)
    }
    assert set(rows) == {(one, two, count) for one, two, count in by_hand if one != two and count >= 2}
    assert found.baskets == len(baskets)
    assert found.orders.tolist() == [sum(one in basket for basket in baskets) for one in found.product.tolist()]
    best = count_pairs(orders, products, fewest=2, most_products=8, partners=3)
    for product in range(40):
        own = found.product == product
        ranked = sorted(zip(-found.score[own], found.other[own], strict=True))[:3]
        assert best.other[best.product == product].tolist() == [other for _score, other in ranked]


def test_the_order_of_lines_changes_nothing_and_a_line_twice_is_one() -> None:
    orders, products = np.array([1, 1, 2, 2, 3, 3, 3]), np.array([7, 9, 9, 7, 7, 9, 9])
    for turn in (slice(None), slice(None, None, -1)):
        found = count_pairs(orders[turn], products[turn])
        assert (found.product.tolist(), found.other.tolist(), found.together.tolist()) == ([7, 9], [9, 7], [3, 3])
    assert len(count_pairs(orders[:0], products[:0]).product) == 0
