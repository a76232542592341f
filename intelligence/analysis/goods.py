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
FEWEST_ORDERS = 50  # with a product in each period, for a rate of what comes back

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
# Together more often than by chance. Each pair once, from the rarer product: that is the stronger sign.
PAIRED = """
    SELECT one.code, coalesce(nullif(one.title, ''), one.sku), two.code, coalesce(nullif(two.title, ''), two.sku),
           pair.together, pair.orders, pair.other_orders, pair.baskets,
           (SELECT sum(month.revenue) / nullif(sum(month.units), 0) FROM customers_productmonth AS month
            WHERE month.product_id = pair.other_id)
    FROM customers_productpair AS pair
    JOIN customers_product AS one ON one.id = pair.product_id AND one.archived_at IS NULL
    JOIN customers_product AS two ON two.id = pair.other_id AND two.archived_at IS NULL
    WHERE pair.business_id IS NULL AND pair.together >= %(fewest)s
      AND pair.together::float8 * pair.baskets > pair.orders::float8 * pair.other_orders
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
    WITH sold AS (
        SELECT product_id, coalesce(sum(orders) FILTER (WHERE day >= %(first)s), 0) AS orders,
               coalesce(sum(revenue) FILTER (WHERE day >= %(first)s), 0) AS revenue,
               coalesce(sum(orders) FILTER (WHERE day < %(first)s), 0) AS orders_before
        FROM customers_productday WHERE day >= %(since)s AND day <= %(last)s GROUP BY 1
    ), back AS (
        SELECT line.product_id, count(DISTINCT refund.id) FILTER (WHERE refund.refunded_at >= %(start)s) AS refunds,
               count(DISTINCT refund.id) FILTER (WHERE refund.refunded_at < %(start)s) AS refunds_before
        FROM customers_refund AS refund JOIN customers_refundline AS line ON line.refund_id = refund.id
        LEFT JOIN customers_order AS sale ON sale.id = refund.order_id
        WHERE refund.refunded_at >= %(begin)s AND refund.refunded_at < %(end)s
          AND sale.status IS DISTINCT FROM 'cancelled'
        GROUP BY 1
    )
    SELECT coalesce(nullif(product.title, ''), product.sku), product.code, sold.orders, coalesce(back.refunds, 0),
           sold.revenue, sold.orders_before, coalesce(back.refunds_before, 0), count(*) OVER ()
    FROM sold JOIN customers_product AS product ON product.id = sold.product_id AND product.kind = 'goods'
    LEFT JOIN back ON back.product_id = sold.product_id
    WHERE sold.orders >= %(fewest)s AND sold.orders_before >= %(fewest)s
    ORDER BY 4 DESC, product.id LIMIT %(limit)s
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
    """Of goods on FEWEST_ORDERS in the newest days and in the ones before. One statement: a roll-up, and refunds."""
    if window.before is None:
        return Returns(0, [])
    found = rows(
        CAME_BACK, first=window.now.first_day, since=window.before.first_day, last=window.as_of,
        begin=window.before.start, start=window.now.start, end=window.now.end, fewest=FEWEST_ORDERS, limit=RETURNED,
    )  # fmt: skip
    products = [
        Returned(name, code, int(orders), refunds, money(revenue), int(orders_before), refunds_before)
        for name, code, orders, refunds, revenue, orders_before, refunds_before, _tested in found
    ]
    return Returns(found[0][-1] if found else 0, products)
