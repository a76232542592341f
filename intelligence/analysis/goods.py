"""What is bought: baskets, products bought together, what depends on one product, what comes back."""

from __future__ import annotations

from customers.models import Product as Goods
from customers.reports.product_figures import SOLD, top_products, whole_months
from intelligence.analysis.concentration import concentration
from intelligence.analysis.findings import Basket, Concentration, Pair, Product, Returned, Returns, Share
from intelligence.analysis.sales import money, rows
from intelligence.analysis.window import Window

CATEGORIES, PAIRS, RETURNED = 5, 10, 20
MOST_BASKETS = 50_000  # a mean of so many moves by less than a hundredth with the next
FEWEST_TOGETHER = 20  # orders with both
FEWEST_UNITS = 50  # sold in each period, for a rate of what comes back

# Of the newest orders, those with a line of goods, and how many units and different goods they name.
BASKET = """
    SELECT count(*), coalesce(avg(units), 0)::float8, coalesce(avg(products), 0)::float8 FROM (
        SELECT line.order_id, sum(line.quantity) AS units, count(DISTINCT line.product_id) AS products
        FROM (
            SELECT id FROM customers_order
            WHERE status <> 'cancelled' AND placed_at >= %(start)s AND placed_at < %(end)s
            ORDER BY placed_at DESC, id DESC LIMIT %(most)s
        ) AS sale JOIN customers_orderline AS line ON line.order_id = sale.id
        JOIN customers_product AS product ON product.id = line.product_id AND product.kind = 'goods'
        GROUP BY 1
    ) AS basket
"""
# Each pair once, from the rarer product: that is the stronger sign.
PAIRED = """
    SELECT one.code, coalesce(nullif(one.title, ''), one.sku), two.code, coalesce(nullif(two.title, ''), two.sku),
           pair.together, pair.orders, pair.other_orders, pair.baskets,
           (SELECT sum(month.revenue) / nullif(sum(month.units), 0) FROM customers_productmonth AS month
            WHERE month.product_id = pair.other_id)
    FROM customers_productpair AS pair
    JOIN customers_product AS one ON one.id = pair.product_id AND one.archived_at IS NULL
    JOIN customers_product AS two ON two.id = pair.other_id AND two.archived_at IS NULL
    WHERE pair.business_id IS NULL AND pair.together >= %(fewest)s
      AND (pair.orders, pair.product_id) < (pair.other_orders, pair.other_id)
    ORDER BY pair.score DESC, pair.product_id, pair.other_id LIMIT %(limit)s
"""
HELD = f"""
    SELECT greatest(sum(revenue - refunds), 0)::float8 AS value
    FROM ({SOLD}) AS own
    JOIN customers_product AS product ON product.id = own.product_id AND product.kind = 'goods'
    GROUP BY own.product_id HAVING sum(orders) > 0
"""
CAME_BACK = """
    SELECT product.code, coalesce(nullif(product.title, ''), product.sku), own.*, count(*) OVER () FROM (
        SELECT product_id,
               coalesce(sum(units) FILTER (WHERE day >= %(first)s), 0)::float8 AS units,
               coalesce(sum(refunded_units) FILTER (WHERE day >= %(first)s), 0)::float8 AS returned,
               coalesce(sum(revenue) FILTER (WHERE day >= %(first)s), 0)::float8 AS revenue,
               coalesce(sum(units) FILTER (WHERE day < %(first)s), 0)::float8 AS units_before,
               coalesce(sum(refunded_units) FILTER (WHERE day < %(first)s), 0)::float8 AS returned_before
        FROM customers_productday WHERE day >= %(since)s AND day <= %(last)s GROUP BY 1
    ) AS own JOIN customers_product AS product ON product.id = own.product_id AND product.kind = 'goods'
    WHERE own.units >= %(fewest)s AND own.units_before >= %(fewest)s
    ORDER BY own.returned DESC, product.id LIMIT %(limit)s
"""


def basket_of(window: Window) -> Basket:
    """Means of the window's orders, its largest categories, pairs of the year. Five statements."""
    orders, units, products = rows(BASKET, start=window.now.start, end=window.now.end, most=MOST_BASKETS)[0]
    top = top_products(window.now, None, business_id=None, by="category", limit=CATEGORIES)
    net = float(top.net)
    return Basket(
        units=round(units, 2) if orders else None,
        products=round(products, 2) if orders else None,
        categories=[Share(row.key, round(float(row.figures.net) / net, 4)) for row in top.rows if row.key and net > 0],
        pairs=[
            Pair(product, code, other, other_code, together, own, others, baskets, money(price))
            for code, product, other_code, other, together, own, others, baskets, price in rows(
                PAIRED, fewest=FEWEST_TOGETHER, limit=PAIRS
            )
        ],
    )


def held_by_products(window: Window) -> tuple[Concentration | None, Product | None]:
    """Of the revenue of goods in 365 days, and the product with the most of it. Five statements on roll-ups."""
    year = window.last_year
    start, until = whole_months(year)
    held = concentration(HELD, first=year.first_day, last=year.last_day, months_from=start, months_until=until)
    top = top_products(year, None, business_id=None, limit=1).rows
    if held is None or not top or top[0].product is None:
        return held, None
    product: Goods = top[0].product
    net = money(top[0].figures.net)
    return held, Product(str(product), product.code, round(net / held.total, 4), net)


def returns_of(window: Window) -> Returns:
    """Of goods that sold FEWEST_UNITS in the newest days and in the ones before. One statement on a roll-up."""
    if window.before is None:
        return Returns(0, [])
    found = rows(
        CAME_BACK, first=window.now.first_day, since=window.before.first_day, last=window.as_of, fewest=FEWEST_UNITS,
        limit=RETURNED,
    )  # fmt: skip
    products = [
        Returned(name, code, units, returned, money(revenue), units_before, returned_before)
        for code, name, _id, units, returned, revenue, units_before, returned_before, _tested in found
    ]
    return Returns(found[0][-1] if found else 0, products)
