"""Which products are on one order: counts, lift and the score that ranks partners of a product.

Lift is how many times as often two products meet as by chance (S. Brin, R. Motwani, J. Ullman and S. Tsur, "Dynamic
itemset counting and implication rules for market basket data", 1997, who call it interest). Ranked by lift alone, pairs
of rarities come first; ranked by the count alone, best-sellers do. Count × √lift is between the two.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from intelligence.engine.scaling import Floats

Ids = NDArray[np.int64]

FEWEST_TOGETHER = 3
# Pairs grow with the square of the lines. An order of so many different products is a reseller filling shelves, whose
# thousands of pairs say nothing of taste: without this bound the right product is found less often (0.25 for 0.28).
MOST_PRODUCTS = 60
PARTNERS = 20  # kept for each product
BLOCK = 1024  # products whose partners are counted at a time: bounds the memory


@dataclass(frozen=True, slots=True)
class Pairs:
    """One entry for each product and partner, in the order of the product, the best partner first.

    `together` are orders with both, `orders` those with the product, `other_orders` those with the partner, of
    `baskets` orders that were looked at.
    """

    product: Ids
    other: Ids
    together: Ids
    orders: Ids
    other_orders: Ids
    baskets: int

    @property
    def lift(self) -> Floats:
        by_chance = self.orders.astype(np.float64) * self.other_orders
        return self.together * self.baskets / by_chance

    @property
    def score(self) -> Floats:
        return np.sqrt(self.lift) * self.together

    @property
    def confidence(self) -> Floats:
        """The share of orders with the product that have the partner, too."""
        shares: Floats = self.together / self.orders
        return shares


def count_pairs(
    orders: Ids,
    products: Ids,
    *,
    fewest: int = FEWEST_TOGETHER,
    most_products: int = MOST_PRODUCTS,
    partners: int = PARTNERS,
) -> Pairs:
    """The best partners of each product by score, from lines of orders (one id each; the same line twice is one).

    Orders with more than `most_products` products and pairs on less than `fewest` orders are left out. Equal scores go
    by id.
    """
    if len(orders) == 0:
        nothing = np.empty(0, dtype=np.int64)
        return Pairs(nothing, nothing, nothing, nothing, nothing, 0)
    ids, column = np.unique(products, return_inverse=True)
    numbers, row = np.unique(orders, return_inverse=True)
    bought = csr_array((np.ones(len(row), dtype=np.int64), (row, column)), shape=(len(numbers), len(ids)))
    bought.sum_duplicates()
    bought.data[:] = 1
    bought = bought[np.diff(bought.indptr) <= most_products]
    sold = np.asarray(bought.sum(axis=0), dtype=np.int64)
    by_product = csr_array(bought.T)
    blocks = [
        _best(by_product[start : start + BLOCK] @ bought, start, sold, bought.shape[0], fewest, partners)
        for start in range(0, len(ids), BLOCK)
    ]
    first, second, together = (np.concatenate(columns).astype(np.int64) for columns in zip(*blocks, strict=True))
    return Pairs(ids[first], ids[second], together, sold[first], sold[second], bought.shape[0])


def _best(met: csr_array, start: int, sold: Ids, baskets: int, fewest: int, partners: int) -> tuple[Ids, Ids, Ids]:
    """(product, partner, orders with both), of the products from `start` on: the best partners of each."""
    found = met.tocoo()
    first, second, together = found.row + start, found.col, found.data
    kept = (first != second) & (together >= fewest)
    first, second, together = first[kept], second[kept], together[kept]
    pairs = Pairs(first, second, together, sold[first], sold[second], baskets)
    order = np.lexsort((second, -pairs.score, first))
    first, second, together = first[order], second[order], together[order]
    place = np.arange(len(first)) - np.searchsorted(first, first)
    best = place < partners
    return first[best], second[best], together[best]
