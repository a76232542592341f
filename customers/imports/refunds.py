"""Cancellations become refunds, and each of their lines finds the sale that it gives back.

No column of a sales file links the two. A returned line is matched with sales of the same customer and the same
product before it, the latest first, and uses up what they sold: what was given back of a line never exceeds what the
line sold. Rules, in this order: a line of the same price with enough left; a line of any price with enough left;
several lines that have enough together, over which the returned line is split; otherwise none.
A row may name its order itself (`refund_of`), which then alone is searched. A file of orders has no lines: there a
cancellation belongs to the order that it names or whose number it has.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Prefetch

from core.codes import public_code
from customers.models import ImportRun, Order, Refund, RefundLine

FETCHED = 5_000  # sold lines at a time
AT_ONCE = 1_000  # earlier refunds in memory: those of some customers, then those of others

DOCUMENTS = """
SELECT row.order_reference, max(person.customer_id), min(row.placed_at), {total}, max(row.refund_of)
FROM customers_importrow AS row
LEFT JOIN customers_importperson AS person ON person.import_id = row.import_id AND person.key = row.person_key
WHERE row.import_id = %(run)s AND row.chunk >= %(first)s AND row.chunk < %(end)s AND row.problem IS NULL
  AND row.document = 'r'
GROUP BY row.order_reference ORDER BY min(row.placed_at), row.order_reference
"""
# What was given back of an order by its own row. When is not told: it counts on the day of the order.
TOLD_BY_ORDERS = """
SELECT own.reference || ':refund', own.customer_id, own.placed_at, told.total, own.reference
FROM (
    SELECT order_reference, max(refunded) AS refunded, bool_or(status = 'refunded') AS is_refunded
    FROM customers_importrow
    WHERE import_id = %(run)s AND chunk >= %(first)s AND chunk < %(end)s AND problem IS NULL AND document = 's'
    GROUP BY order_reference
) AS row
JOIN customers_order AS own ON own.business_id = %(business)s AND own.reference = row.order_reference
CROSS JOIN LATERAL (SELECT CASE WHEN row.refunded > 0 THEN row.refunded WHEN row.is_refunded THEN own.total END AS total
) AS told
WHERE told.total > 0 AND own.status <> 'cancelled' AND own.source = 'import'
ORDER BY own.reference
"""
RETURNED = """
SELECT row.order_reference, row.line, product.id, coalesce(row.title, product.title), -row.quantity, row.unit_price
FROM customers_importrow AS row
JOIN customers_product AS product ON product.sku = row.sku
WHERE row.import_id = %(run)s AND row.chunk >= %(first)s AND row.chunk < %(end)s AND row.problem IS NULL
  AND row.document = 'r'
ORDER BY row.sku, row.unit_price, row.quantity, row.line
"""
# In the order of what they say, never of where they stand: mixing the rows of a file changes nothing.
# The sales that returned lines of this chunk may belong to, with what is left of each; of a customer and product the
# latest first.
SOLD = """
WITH wanted AS (
    SELECT person.customer_id, product.id AS product_id
    FROM customers_importrow AS row
    JOIN customers_importperson AS person ON person.import_id = row.import_id AND person.key = row.person_key
    JOIN customers_product AS product ON product.sku = row.sku
    WHERE row.import_id = %(run)s AND row.chunk >= %(first)s AND row.chunk < %(end)s AND row.problem IS NULL
      AND row.document = 'r' AND person.customer_id %% %(shares)s = %(share)s
    UNION
    SELECT own.customer_id, line.product_id
    FROM customers_refund AS own JOIN customers_refundline AS line ON line.refund_id = own.id
    WHERE own.id = ANY(%(earlier)s::bigint[])
), sold AS (
    SELECT line.id, line.order_id, own.reference, own.customer_id, line.product_id, own.placed_at, line.unit_price,
           line.quantity, line.position
    FROM wanted
    JOIN customers_order AS own ON own.customer_id = wanted.customer_id AND own.business_id = %(business)s
    JOIN customers_orderline AS line ON line.order_id = own.id AND line.product_id = wanted.product_id
    WHERE own.status <> 'cancelled'
)
SELECT sold.id, sold.order_id, sold.reference, sold.customer_id, sold.product_id, sold.placed_at, sold.unit_price,
       sold.quantity - coalesce((SELECT sum(back.quantity) FROM customers_refundline AS back
                                 WHERE back.order_line_id = sold.id
                                   AND back.refund_id <> ALL(%(earlier)s::bigint[])), 0)
FROM sold
ORDER BY sold.customer_id, sold.product_id, sold.placed_at DESC, sold.reference DESC, sold.unit_price DESC,
         sold.quantity DESC, sold.position DESC
"""
# Refunds of earlier files, or of chunks before, that might belong to other sales had everything come at once: those of
# the same customers and products, and those that name an order which is there only now.
# MATERIALIZED: refunds of this transaction are not in the planner's statistics, and it would look for the pairs again
# for each of them.
EARLIER = """
WITH pair AS MATERIALIZED (
    SELECT DISTINCT person.customer_id, product.id AS product_id
    FROM customers_importrow AS row
    JOIN customers_importperson AS person ON person.import_id = row.import_id AND person.key = row.person_key
    JOIN customers_product AS product ON product.sku = row.sku
    WHERE row.import_id = %(run)s AND row.chunk >= %(first)s AND row.chunk < %(end)s AND row.problem IS NULL
      AND (row.document = 'r' OR %(are_others)s)
)
SELECT own.id, coalesce(own.customer_id, 0)
FROM customers_refund AS own
JOIN customers_refundline AS line ON line.refund_id = own.id
JOIN pair ON pair.customer_id = own.customer_id AND pair.product_id = line.product_id
WHERE own.business_id = %(business)s AND own.source = 'import' AND own.reference <> ALL(%(wanted)s::text[])
UNION
SELECT own.id, coalesce(own.customer_id, 0)
FROM customers_refund AS own
JOIN customers_importrow AS row ON row.order_reference = coalesce(nullif(own.order_reference, ''), own.reference)
WHERE own.business_id = %(business)s AND own.source = 'import' AND own.reference <> ALL(%(wanted)s::text[])
  AND own.order_id IS NULL AND row.import_id = %(run)s AND row.chunk >= %(first)s AND row.chunk < %(end)s
  AND row.problem IS NULL AND row.document = 's' AND %(are_others)s
  AND NOT EXISTS (SELECT FROM customers_refundline AS line WHERE line.refund_id = own.id)
"""
# A subquery with one value is asked of the key; as an anti join, without statistics of rows that this transaction
# wrote, it compared each refund with each note.
ARE_OTHERS = """
SELECT EXISTS (
    SELECT FROM customers_refund AS own WHERE own.business_id = %(business)s AND own.source = 'import'
      AND (SELECT noted.row_id FROM customers_importundo AS noted
           WHERE noted.import_id = %(run)s AND noted.kind = 'r' AND noted.row_id = own.id) IS NULL)
"""
# An order's refunds are those of its lines, and those that name the order and have no matched lines.
REFRESH_ORDERS = """
UPDATE customers_order AS own
SET refunded_total = given.total,
    status = CASE WHEN given.total = 0 THEN 'paid' WHEN given.total >= own.total THEN 'refunded'
                  ELSE 'part_refunded' END
FROM (
    SELECT touched.id, coalesce(sum(part.total), 0) AS total
    FROM unnest(%(orders)s::bigint[]) AS touched (id)
    LEFT JOIN (
        SELECT line.order_id, back.total
        FROM customers_refundline AS back JOIN customers_orderline AS line ON line.id = back.order_line_id
        WHERE line.order_id = ANY(%(orders)s::bigint[])
        UNION ALL
        SELECT refund.order_id, refund.total FROM customers_refund AS refund
        WHERE refund.order_id = ANY(%(orders)s::bigint[])
          AND NOT EXISTS (SELECT 1 FROM customers_refundline AS back
                          WHERE back.refund_id = refund.id AND back.order_line_id IS NOT NULL)
    ) AS part ON part.order_id = touched.id
    GROUP BY touched.id
) AS given
WHERE own.id = given.id AND own.status <> 'cancelled' AND own.refunded_total <> given.total
"""
STATES = """
SELECT own.reference, (to_jsonb(own) || jsonb_build_object('lines', coalesce(
    (SELECT jsonb_agg(to_jsonb(line) - 'id' - 'refund_id' ORDER BY position)
     FROM customers_refundline AS line WHERE line.refund_id = own.id), '[]')))::text
FROM customers_refund AS own WHERE own.id = ANY(%s::bigint[])
"""
NOTE = """
INSERT INTO customers_importundo (import_id, kind, row_id, before)
SELECT %s, 'r', id, before::jsonb FROM unnest(%s::bigint[], %s::text[]) AS made (id, before)
ON CONFLICT DO NOTHING
"""


@dataclass(slots=True)
class SoldLine:
    id: int
    order_id: int
    reference: str
    placed_at: datetime
    unit_price: Decimal
    left: Decimal


class Returned(NamedTuple):
    """A line of the file that gives something back."""

    reference: str
    line: int
    product_id: int
    title: str
    quantity: Decimal
    unit_price: Decimal


Part = tuple[Returned, SoldLine | None, Decimal]


@dataclass(frozen=True, slots=True)
class Document:
    reference: str
    customer_id: int | None
    at: datetime
    total: Decimal
    order_reference: str | None


def allot(
    sold: list[SoldLine], *, quantity: Decimal, unit_price: Decimal, at: datetime, reference: str | None
) -> list[tuple[SoldLine | None, Decimal]]:
    """Which sold lines (latest first) a returned quantity comes from, taking it from what they have left.

    Pure but for `left`. Returns (line, quantity) pairs that sum to `quantity`; the line is None when there is no sale.
    """
    earlier = [
        line
        for line in sold
        if line.left > 0 and line.placed_at <= at and (reference is None or line.reference == reference)
    ]
    enough = [line for line in earlier if line.left >= quantity]
    same_price = [line for line in enough if line.unit_price == unit_price]
    for chosen in [*same_price[:1], *enough[:1]]:
        chosen.left -= quantity
        return [(chosen, quantity)]
    if sum(line.left for line in earlier) < quantity:
        return [(None, quantity)]
    parts: list[tuple[SoldLine | None, Decimal]] = []
    for line in earlier:
        part = min(line.left, quantity)
        line.left -= part
        quantity -= part
        parts.append((line, part))
        if not quantity:
            break
    return parts


def write(run: ImportRun, *, chunks: range, now: datetime, counts: Counter[str]) -> None:
    """Write the chunks' refunds that are not there yet or have changed. In the caller's transaction."""
    parameters = {"run": run.pk, "first": chunks.start, "end": chunks.stop, "business": run.business_id}
    has_lines = run.kind == ImportRun.Kind.LINES
    total = "-sum(row.quantity * row.unit_price)" if has_lines else "-min(row.order_total)"
    returned: list[Returned] = []
    with connection.cursor() as cursor:
        cursor.execute(DOCUMENTS.format(total=total), parameters)
        documents = [Document(*row) for row in cursor.fetchall()]
        if {"refunded", "status"} & set(run.mapping):
            cursor.execute(TOLD_BY_ORDERS, parameters)
            documents += [Document(*row) for row in cursor.fetchall()]
        documents, replaced = _not_there_yet(run, documents, counts)
        earlier = _earlier(documents, parameters)
        before = _states_of(replaced)
        _take_away(replaced)
        if has_lines and documents:
            cursor.execute(RETURNED, parameters)
            returned = [Returned(*row) for row in cursor.fetchall()]
    # What a customer gave back concerns the sales of that customer alone.
    shares = 1 + len(earlier) // AT_ONCE
    for share in range(shares):
        own = [document for document in documents if (document.customer_id or 0) % shares == share]
        again = _with_lines([refund for refund, customer in earlier if customer % shares == share])
        if own or again:
            of_share = {**parameters, "shares": shares, "share": share}
            _write_share(run, own, returned, again, before, of_share, now=now, counts=counts)


def _write_share(
    run: ImportRun,
    documents: list[Document],
    returned: list[Returned],
    earlier: list[Refund],
    before: Mapping[str, str],
    parameters: dict[str, Any],
    *,
    now: datetime,
    counts: Counter[str],
) -> None:
    by_reference = {document.reference: document for document in documents}
    rows = [row for row in returned if row.reference in by_reference]
    rows += [row for refund in earlier for row in _returned_by(refund)]
    by_reference |= {refund.reference: _document_of(refund) for refund in earlier}
    named = _orders_by_reference(run, [one.order_reference or one.reference for one in by_reference.values()])
    parts = _parts(rows, by_reference, {**parameters, "earlier": [refund.pk for refund in earlier]})
    _settle(run, earlier, parts, named)
    made = Refund.objects.bulk_create(
        [
            Refund(
                code=public_code(),
                business_id=run.business_id,
                source="import",
                reference=document.reference,
                order_id=_order_of(document, parts[document.reference], named),
                order_reference=document.order_reference or "",
                customer_id=document.customer_id,
                refunded_at=document.at,
                total=document.total,
                created_at=now,
            )
            for document in documents
        ]
    )
    with connection.cursor() as cursor:
        cursor.execute(NOTE, [run.pk, [one.pk for one in made], [before.get(one.reference) for one in made]])
    _write_lines(made, parts)
    counts["refund_lines_written"] += sum(len(parts[refund.reference]) for refund in made)
    touched = {line.order_id for own in parts.values() for _row, line, _quantity in own if line}
    touched |= {refund.order_id for refund in made if refund.order_id}
    refresh_orders(touched)


def _write_lines(refunds: list[Refund], parts: Mapping[str, list[Part]]) -> None:
    RefundLine.objects.bulk_create(
        line for refund in refunds for line in _lines_of(refund, parts.get(refund.reference, []))
    )


def _lines_of(refund: Refund, parts: list[Part]) -> list[RefundLine]:
    before: Returned | None = None
    lines = []
    for position, (row, line, quantity) in enumerate(parts, start=1):
        lines.append(
            RefundLine(
                refund_id=refund.pk,
                position=position,
                is_rest=row is before,
                order_line_id=line.id if line else None,
                product_id=row.product_id,
                title=row.title,
                quantity=quantity,
                unit_price=row.unit_price,
                total=quantity * row.unit_price,
            )
        )
        before = row
    return lines


def _earlier(documents: list[Document], parameters: dict[str, Any]) -> list[tuple[int, int]]:
    """Other refunds whose sales are looked for again: the id of each, and of its customer or 0."""
    with connection.cursor() as cursor:
        cursor.execute(ARE_OTHERS, parameters)
        wanted = [document.reference for document in documents]
        cursor.execute(EARLIER, {**parameters, "are_others": cursor.fetchone()[0], "wanted": wanted})
        return sorted(cursor.fetchall())


def _with_lines(refunds: list[int]) -> list[Refund]:
    lines = Prefetch("lines", RefundLine.objects.order_by("position").select_related("order_line"))
    return list(Refund.objects.filter(pk__in=refunds).prefetch_related(lines).order_by("pk")) if refunds else []


def _document_of(refund: Refund) -> Document:
    named = refund.order_reference or None
    return Document(refund.reference, refund.customer_id, refund.refunded_at, refund.total, named)


def _returned_by(refund: Refund) -> list[Returned]:
    """What a refund gave back, as its file told it: a line that was spread over several sales is one again."""
    rows: list[Returned] = []
    for line in refund.lines.all():
        if line.is_rest:
            rows[-1] = rows[-1]._replace(quantity=rows[-1].quantity + line.quantity)
        else:
            told = (line.position, line.product_id or 0, line.title, line.quantity, line.unit_price)
            rows.append(Returned(refund.reference, *told))
    return rows


def _settle(run: ImportRun, earlier: list[Refund], parts: Mapping[str, list[Part]], named: dict[str, int]) -> None:
    """Give earlier refunds the sales that they found now, where these are others than before."""
    moved = []
    for refund in earlier:
        order_id = _order_of(_document_of(refund), parts.get(refund.reference, []), named)
        found = [(line.order_line_id, line.quantity) for line in _lines_of(refund, parts.get(refund.reference, []))]
        if (order_id, found) != (refund.order_id, [(line.order_line_id, line.quantity) for line in refund.lines.all()]):
            moved.append((refund, order_id))
    if not moved:
        return
    refunds = [refund for refund, _order_id in moved]
    before = _states_of(refunds)
    orders = {line.order_line.order_id for refund in refunds for line in refund.lines.all() if line.order_line}
    with connection.cursor() as cursor:
        cursor.execute(NOTE, [run.pk, [one.pk for one in refunds], [before[one.reference] for one in refunds]])
    RefundLine.objects.filter(refund__in=refunds).delete()
    for refund, order_id in moved:
        orders |= {order for order in (refund.order_id, order_id) if order}
        refund.order_id = order_id
    Refund.objects.bulk_update(refunds, ["order"], batch_size=1_000)
    _write_lines(refunds, parts)
    refresh_orders(orders)


def _parts(
    returned: list[Returned], documents: Mapping[str, Document], parameters: dict[str, Any]
) -> defaultdict[str, list[Part]]:
    """Reference → its lines, each with the sold line that it gives back, in the order of `returned`.

    Holds the sales of one customer and product at a time: who has bought for years has many more than were returned.
    """
    waiting: dict[tuple[int, int], list[int]] = defaultdict(list)
    for place, row in enumerate(returned):
        waiting[documents[row.reference].customer_id or 0, row.product_id].append(place)
    allotted: dict[int, list[tuple[SoldLine | None, Decimal]]] = {}
    for pair, candidates in _sold(parameters) if returned else ():
        for place in sorted(waiting.get(pair, ()), key=lambda place: _turn(returned[place], documents)):
            row, document = returned[place], documents[returned[place].reference]
            allotted[place] = allot(
                candidates,
                quantity=row.quantity,
                unit_price=row.unit_price,
                at=document.at,
                reference=document.order_reference,
            )
    parts: defaultdict[str, list[Part]] = defaultdict(list)
    for place, row in enumerate(returned):
        parts[row.reference] += [(row, *given) for given in allotted.get(place, [(None, row.quantity)])]
    return parts


def _turn(row: Returned, documents: Mapping[str, Document]) -> tuple[datetime, str, Decimal, Decimal, int]:
    """Who came back first chooses first, whatever the order of rows and files."""
    return documents[row.reference].at, row.reference, row.unit_price, row.quantity, row.line


def _sold(parameters: dict[str, Any]) -> Iterator[tuple[tuple[int, int], list[SoldLine]]]:
    """(customer, product) and its sold lines, latest first; read from the server piece by piece."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(SOLD, parameters)
        rows = chain.from_iterable(iter(lambda: cursor.fetchmany(FETCHED), []))
        for pair, lines in groupby(rows, itemgetter(3, 4)):
            yield pair, [SoldLine(id_, order, ref, at, price, left) for id_, order, ref, _, _, at, price, left in lines]


def _not_there_yet(
    run: ImportRun, documents: list[Document], counts: Counter[str]
) -> tuple[list[Document], list[Refund]]:
    """The documents to write, and the refunds that these replace."""
    known = {
        refund.reference: refund
        for refund in Refund.objects.filter(
            business_id=run.business_id, reference__in=[document.reference for document in documents]
        )
    }
    fresh, replaced = [], []
    for document in documents:
        refund = known.get(document.reference)
        if refund is None:
            counts["refunds_created"] += 1
        elif refund.source != "import" or (refund.total, refund.refunded_at) == (document.total, document.at):
            continue
        else:
            replaced.append(refund)
            counts["refunds_updated"] += 1
        fresh.append(document)
    return fresh, replaced


def _states_of(refunds: list[Refund]) -> dict[str, str]:
    """Reference → a refund and its lines as JSON, as undoing an import restores them."""
    with connection.cursor() as cursor:
        cursor.execute(STATES, [[refund.pk for refund in refunds]])
        return dict(cursor.fetchall())


def _take_away(refunds: list[Refund]) -> None:
    """Refunds that the file tells differently go, lines first, and their orders are counted again."""
    if not refunds:
        return
    lines = RefundLine.objects.filter(refund__in=refunds)
    orders = set(lines.filter(order_line__isnull=False).values_list("order_line__order_id", flat=True))
    orders |= {refund.order_id for refund in refunds if refund.order_id}
    lines.delete()
    Refund.objects.filter(pk__in=[refund.pk for refund in refunds]).delete()
    refresh_orders(orders)


def refresh_orders(orders: set[int]) -> None:
    if orders:
        with connection.cursor() as cursor:
            cursor.execute(REFRESH_ORDERS, {"orders": sorted(orders)})


def _orders_by_reference(run: ImportRun, references: list[str]) -> dict[str, int]:
    found = Order.objects.filter(business_id=run.business_id, reference__in=references)
    return dict(found.values_list("reference", "pk"))


def _order_of(document: Document, parts: list[Part], named: dict[str, int]) -> int | None:
    """The one order that a refund belongs to: the one it names, that of all its lines, or of its number without any."""
    if document.order_reference or not parts:
        return named.get(document.order_reference or document.reference)
    orders = {line.order_id if line else None for _row, line, _quantity in parts}
    return orders.pop() if len(orders) == 1 else None
