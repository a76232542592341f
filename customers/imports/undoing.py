"""Taking an import back: what it made goes, what it changed is as before, where nobody has built on it since.

The rows of `ImportUndo` say what to do. Each step takes some of them away and does what they say in one transaction, so
a step is never done twice and a later call goes on after the last. Refunds go first, then orders, products and people:
what still names a row by then is what somebody did later, and such a row is kept and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, models, transaction
from django.db.models import BooleanField, Count, ExpressionWrapper, Q

from customers.actions.turns import may_take_away_now
from customers.events import derived_names
from customers.imports import stock
from customers.imports.refunds import refresh_orders
from customers.imports.writing import ORDER_STATE, PRODUCT_FIELDS, PROFILE_FIELDS
from customers.models import (
    BusinessCustomerFacts,
    Customer,
    CustomerArchetype,
    CustomerFacts,
    CustomerScores,
    CustomerTag,
    Event,
    Identifier,
    ImportRun,
    ImportUndo,
    Order,
    OrderLine,
    Product,
    ProductSales,
    Refund,
    RefundLine,
    StockLevel,
)

STEP_ROWS = 2_000
REHEARSED_ROWS = 2_000  # so many are undone and put back in some hundred milliseconds
# Why a row stays, most telling first: a later import wrote it; something else names it; it was changed since.
LATER, NAMED, EDITED = "later", "named", "edited"
NAMES: Mapping[ImportUndo.Kind, str] = {
    ImportUndo.Kind.REFUND: "refunds",
    ImportUndo.Kind.ORDER: "orders",
    ImportUndo.Kind.STOCK: "stock",
    ImportUndo.Kind.REORDER: "reorder_points",
    ImportUndo.Kind.TAG: "tags",
    ImportUndo.Kind.PRODUCT: "products",
    ImportUndo.Kind.CUSTOMER: "customers",
    ImportUndo.Kind.IDENTIFIER: "identifiers",
}
# Parts of a row, or computed from others: they do not hold it back.
PARTS: dict[type[models.Model], set[type[models.Model]]] = {
    Refund: {RefundLine},
    Order: {OrderLine},
    Product: {ProductSales},
    Customer: {Identifier, CustomerFacts, BusinessCustomerFacts, CustomerScores, CustomerArchetype},
}

NOTED = """
SELECT row_id, before, after FROM customers_importundo
WHERE import_id = %(run)s AND kind = %(kind)s AND row_id = ANY(%(ids)s::bigint[])
"""
# Only what is still as the import left it is set back, field by field.
RESTORE_FIELDS = """
UPDATE {table} AS own SET {setting}, updated_at = %(now)s
FROM (
    SELECT row_id, before, (
        SELECT coalesce(jsonb_object_agg(key, value), '{{}}') FROM jsonb_each(noted.before)
        WHERE to_jsonb(current) -> key IS NOT DISTINCT FROM noted.after -> key) AS back
    FROM ({noted}) AS noted
    JOIN {table} AS current ON current.id = noted.row_id
) AS old
WHERE own.id = old.row_id AND old.back <> '{{}}' {extra}
RETURNING own.id, old.back <> old.before
"""
UNCHANGED_ORDERS = f"""
SELECT own.id FROM ({NOTED}) AS noted JOIN customers_order AS own ON own.id = noted.row_id
WHERE {ORDER_STATE} = noted.after
FOR UPDATE OF own
"""
RESTORE_ORDERS = f"""
UPDATE customers_order AS own
SET customer_id = (before ->> 'customer_id')::bigint, placed_at = (before ->> 'placed_at')::timestamptz,
    total = (before ->> 'total')::numeric, discount = (before ->> 'discount')::numeric,
    tax = (before ->> 'tax')::numeric, shipping = (before ->> 'shipping')::numeric,
    status = CASE WHEN (before ->> 'is_cancelled')::boolean THEN 'cancelled'
                  WHEN status = 'cancelled' THEN 'paid' ELSE status END
FROM ({NOTED}) AS noted
WHERE own.id = noted.row_id
"""
LINES_BEFORE = f"""
    SELECT noted.row_id AS order_id, (told ->> 0)::int AS position, (told ->> 1)::bigint AS product_id,
           told ->> 2 AS title, (told ->> 3)::numeric AS quantity, (told ->> 4)::numeric AS unit_price,
           (told ->> 5)::numeric AS discount, (told ->> 6)::numeric AS total
    FROM ({NOTED}) AS noted, jsonb_array_elements(noted.before -> 'lines') AS told
"""
RESTORE_LINES = f"""
INSERT INTO customers_orderline (order_id, position, product_id, title, quantity, unit_price, discount, total)
SELECT order_id, position, product_id, title, quantity, unit_price, discount, total FROM ({LINES_BEFORE}) AS old
ON CONFLICT (order_id, position) DO UPDATE SET
    product_id = EXCLUDED.product_id, title = EXCLUDED.title, quantity = EXCLUDED.quantity,
    unit_price = EXCLUDED.unit_price, discount = EXCLUDED.discount, total = EXCLUDED.total
"""
SURPLUS_LINES = f"""
WITH surplus AS (
    SELECT line.id FROM customers_orderline AS line
    WHERE line.order_id = ANY(%(ids)s::bigint[]) AND NOT EXISTS (
        SELECT FROM ({LINES_BEFORE}) AS old WHERE old.order_id = line.order_id AND old.position = line.position)
), unlinked AS (
    UPDATE customers_refundline SET order_line_id = NULL WHERE order_line_id IN (SELECT id FROM surplus)
)
DELETE FROM customers_orderline WHERE id IN (SELECT id FROM surplus)
"""
RESTORE_REFUNDS = f"""
INSERT INTO customers_refund (id, code, business_id, source, reference, order_id, order_reference, customer_id,
    refunded_at, total, reason, created_at)
SELECT old.id, old.code, old.business_id, old.source, old.reference, own.id, coalesce(old.order_reference, ''),
       old.customer_id, old.refunded_at, old.total, old.reason, old.created_at
FROM ({NOTED}) AS noted
CROSS JOIN jsonb_populate_record(NULL::customers_refund, noted.before) AS old
LEFT JOIN customers_order AS own ON own.id = old.order_id
"""
RESTORE_REFUND_LINES = f"""
INSERT INTO customers_refundline (refund_id, position, is_rest, order_line_id, product_id, title, quantity,
    unit_price, total)
SELECT own.id, old.position, coalesce(old.is_rest, false), line.id, old.product_id, old.title, old.quantity,
       old.unit_price, old.total
FROM ({NOTED}) AS noted
JOIN customers_refund AS own ON own.business_id = (noted.before ->> 'business_id')::bigint
                            AND own.reference = noted.before ->> 'reference'
CROSS JOIN jsonb_populate_recordset(NULL::customers_refundline, noted.before -> 'lines') AS old
LEFT JOIN customers_orderline AS line ON line.id = old.order_line_id
RETURNING refund_id
"""
# Whom, which days and which products the rows speak of, as they are and as they will be.
TOUCHED = """
WITH noted AS (SELECT kind, row_id, before FROM customers_importundo WHERE import_id = %(run)s),
back AS (
    SELECT own.id, own.customer_id, own.refunded_at FROM noted JOIN customers_refund AS own ON own.id = noted.row_id
    WHERE noted.kind = 'r'
    UNION
    SELECT own.id, own.customer_id, own.refunded_at FROM noted JOIN customers_refund AS own ON own.order_id = row_id
    WHERE noted.kind = 'o'
)
SELECT own.customer_id, (own.placed_at AT TIME ZONE %(zone)s)::date, line.product_id
FROM noted JOIN customers_order AS own ON own.id = noted.row_id
LEFT JOIN customers_orderline AS line ON line.order_id = own.id
WHERE noted.kind = 'o'
UNION
SELECT (before ->> 'customer_id')::bigint, ((before ->> 'placed_at')::timestamptz AT TIME ZONE %(zone)s)::date,
       (line ->> 1)::bigint
FROM noted LEFT JOIN LATERAL jsonb_array_elements(before -> 'lines') AS line ON true
WHERE kind = 'o' AND before IS NOT NULL
UNION
SELECT back.customer_id, (back.refunded_at AT TIME ZONE %(zone)s)::date, line.product_id
FROM back LEFT JOIN customers_refundline AS line ON line.refund_id = back.id
UNION
SELECT (before ->> 'customer_id')::bigint, ((before ->> 'refunded_at')::timestamptz AT TIME ZONE %(zone)s)::date,
       (line ->> 'product_id')::bigint
FROM noted LEFT JOIN LATERAL jsonb_array_elements(before -> 'lines') AS line ON true
WHERE kind = 'r' AND before IS NOT NULL
UNION
SELECT row_id, NULL, NULL FROM noted WHERE kind = 'c'
"""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one kind: those that the import made, and those that it changed. `counts` says what became of them."""

    run: ImportRun
    kind: ImportUndo.Kind
    made: set[int]
    changed: set[int]
    counts: Counter[str]
    now: datetime

    def values(self, ids: Iterable[int]) -> dict[str, Any]:
        """The parameters of NOTED."""
        return {"run": self.run.pk, "kind": self.kind.value, "ids": sorted(ids), "now": self.now}

    def count(self, *, gone: Collection[int], restored: Collection[int], why: Mapping[int, str]) -> None:
        """`why` some rows stay; those that it does not name were changed since."""
        name = NAMES[self.kind]
        kept = (self.made | self.changed) - set(gone) - set(restored)
        self.counts[f"{name}_removed"] += len(gone)
        self.counts[f"{name}_restored"] += len(restored)
        self.counts[f"{name}_kept"] += len(kept)
        self.counts.update(f"{name}_kept_{why.get(row_id, EDITED)}" for row_id in kept)


def counts_of(run: ImportRun) -> dict[str, int]:
    """What there is to undo: orders_made, orders_changed … One query."""
    found: dict[str, int] = {}
    made = Count("row_id", filter=Q(before__isnull=True))
    changed = Count("row_id", filter=Q(before__isnull=False))
    rows = ImportUndo.objects.filter(import_id=run.pk).values("kind").annotate(made=made, changed=changed)
    for row in rows.order_by("kind"):
        name = NAMES[ImportUndo.Kind(row["kind"])]
        found |= {f"{name}_made": row["made"], f"{name}_changed": row["changed"]}
    return found


def rehearse(run: ImportRun, *, now: datetime) -> dict[str, int] | None:
    """What undoing would count, what stays and why included; None for too many rows to try, and while a run writes.

    It is undone in a transaction that is rolled back, so what is told is what happens. Two dozen queries.
    """
    if ImportUndo.objects.filter(import_id=run.pk)[: REHEARSED_ROWS + 1].count() > REHEARSED_ROWS:
        return None
    tried = copy(run)
    with transaction.atomic():
        if not may_take_away_now():
            return None
        while undo_step(tried, now=now):
            pass
        transaction.set_rollback(True)
    return dict(tried.undo_counts)


def undo_step(run: ImportRun, *, now: datetime) -> int:
    """Undo the next rows in one transaction and count them on the run; returns how many, 0 when nothing is left."""
    for kind in NAMES:
        with transaction.atomic():
            noted = ImportUndo.objects.filter(import_id=run.pk, kind=kind)
            told = noted.annotate(is_made=ExpressionWrapper(Q(before__isnull=True), BooleanField()))
            rows = list(told.order_by("row_id").values_list("row_id", "is_made")[:STEP_ROWS])
            if not rows:
                continue
            made = {row_id for row_id, is_made in rows if is_made}
            changed = {row_id for row_id, is_made in rows if not is_made}
            batch = Batch(run, kind, made, changed, Counter(run.undo_counts), now)
            DO[kind](batch)
            noted.filter(row_id__in=made | changed)._raw_delete("default")
            run.undo_counts = dict(batch.counts)
            run.save(update_fields=["undo_counts"])
            return len(rows)
    return 0


def _undo_refunds(batch: Batch) -> None:
    ids = batch.made | batch.changed
    why = _why_kept(Refund, batch, ids)
    ids -= why.keys()
    ids = set(Refund.objects.filter(pk__in=ids).values_list("pk", flat=True))
    lines = RefundLine.objects.filter(refund__in=ids)
    orders = set(lines.values_list("order_line__order_id", flat=True))
    orders |= set(Refund.objects.filter(pk__in=ids).values_list("order_id", flat=True))
    lines._raw_delete("default")
    Refund.objects.filter(pk__in=ids)._raw_delete("default")
    if replaced := ids & batch.changed:
        with connection.cursor() as cursor:
            cursor.execute(RESTORE_REFUNDS, batch.values(replaced))
            cursor.execute(RESTORE_REFUND_LINES, batch.values(replaced))
            restored = RefundLine.objects.filter(refund__in=[row[0] for row in cursor.fetchall()])
        orders |= set(restored.values_list("order_line__order_id", flat=True))
        orders |= set(restored.values_list("refund__order_id", flat=True))
    refresh_orders({order for order in orders if order})
    batch.count(gone=ids & batch.made, restored=replaced, why=why)


def _undo_orders(batch: Batch) -> None:
    given_back = RefundLine.objects.filter(order_line__order__in=batch.made)
    why = dict.fromkeys(given_back.values_list("order_line__order_id", flat=True), NAMED)
    why |= _why_kept(Order, batch, batch.made)
    gone = batch.made - why.keys()
    OrderLine.objects.filter(order__in=gone)._raw_delete("default")
    Order.objects.filter(pk__in=gone)._raw_delete("default")
    why |= dict.fromkeys(_written_later(batch, batch.changed), LATER)
    restored = batch.changed - why.keys()
    if restored:
        with connection.cursor() as cursor:
            cursor.execute(UNCHANGED_ORDERS, batch.values(restored))
            restored = {row[0] for row in cursor.fetchall()}
            for statement in (RESTORE_ORDERS, RESTORE_LINES, SURPLUS_LINES):
                cursor.execute(statement, batch.values(restored))
        refresh_orders(restored)
    batch.count(gone=gone, restored=restored, why=why)


def _undo_stock(batch: Batch) -> None:
    """Movements are for ever: the opposite is moved."""
    batch.count(gone=stock.take_back(batch.run, batch.made, now=batch.now), restored=(), why={})


def _undo_reorder_points(batch: Batch) -> None:
    restored = _restore_fields(StockLevel, ("low_at",), batch)
    batch.count(gone=(), restored=restored, why=dict.fromkeys(_written_later(batch, batch.changed), LATER))


def _undo_tags(batch: Batch) -> None:
    """The words stay: segments may speak of them."""
    CustomerTag.objects.filter(pk__in=batch.made)._raw_delete("default")
    batch.count(gone=batch.made, restored=(), why={})


def _undo_products(batch: Batch) -> None:
    gone, why = _remove(Product, batch)
    batch.count(gone=gone, restored=_restore_fields(Product, PRODUCT_FIELDS, batch), why=why)


def _undo_customers(batch: Batch) -> None:
    gone, why = _remove(Customer, batch)
    extra = "AND own.state <> 'erased'"
    batch.count(gone=gone, restored=_restore_fields(Customer, PROFILE_FIELDS, batch, extra=extra), why=why)


def _undo_identifiers(batch: Batch) -> None:
    """Those that the profile still shows are somebody's choice since."""
    found = Identifier.objects.filter(pk__in=batch.made).select_related("customer")
    shown: Mapping[str, Callable[[Customer], str]] = {
        Identifier.Kind.PHONE: lambda customer: customer.phone,
        Identifier.Kind.EMAIL: lambda customer: customer.email,
        Identifier.Kind.EXTERNAL: lambda customer: customer.external_id,
    }
    gone = {one.pk for one in found if shown[one.kind](one.customer) != one.value}
    Identifier.objects.filter(pk__in=gone)._raw_delete("default")


DO: Mapping[ImportUndo.Kind, Callable[[Batch], None]] = {
    ImportUndo.Kind.REFUND: _undo_refunds,
    ImportUndo.Kind.ORDER: _undo_orders,
    ImportUndo.Kind.STOCK: _undo_stock,
    ImportUndo.Kind.REORDER: _undo_reorder_points,
    ImportUndo.Kind.TAG: _undo_tags,
    ImportUndo.Kind.PRODUCT: _undo_products,
    ImportUndo.Kind.CUSTOMER: _undo_customers,
    ImportUndo.Kind.IDENTIFIER: _undo_identifiers,
}


def _remove(model: type[models.Model], batch: Batch) -> tuple[set[int], dict[int, str]]:
    """Delete what the import made and nobody named or changed since, with its parts; returns that, and why the rest
    of all its rows may have to stay."""
    why = _why_kept(model, batch, batch.made) | dict.fromkeys(_written_later(batch, batch.changed), LATER)
    gone = batch.made - why.keys()
    rows = model._default_manager.filter(pk__in=gone)
    # Undoing a later import has set them back, which is no change of anybody's.
    undone = ImportRun.objects.filter(pk__gt=batch.run.pk, undone_at__isnull=False).values_list("undone_at", flat=True)
    edited = rows.filter(updated_at__gt=_end_of(batch.run)).exclude(updated_at__in=list(undone))
    gone -= set(edited.values_list("pk", flat=True))
    for part in PARTS[model]:
        field = next(field for field in part._meta.fields if field.related_model is model)
        part._default_manager.filter(**{f"{field.name}__in": gone})._raw_delete("default")
    if model is Customer:
        Event.objects.filter(customer__in=gone, name__in=derived_names()).delete()
    model._default_manager.filter(pk__in=gone)._raw_delete("default")
    return gone, why


def _why_kept(model: type[models.Model], batch: Batch, ids: Collection[int]) -> dict[int, str]:
    return dict.fromkeys(_held(model, ids), NAMED) | dict.fromkeys(_written_later(batch, ids), LATER)


def _held(model: type[models.Model], ids: Collection[int]) -> set[int]:
    """Those of the rows that rows of any other table name: what somebody did with them since."""
    held: set[int] = set()
    for relation in model._meta.related_objects:
        other = relation.related_model
        if isinstance(other, str) or other in PARTS[model] or relation.many_to_many:
            continue
        column = relation.field.attname
        rows = other._default_manager.filter(**{f"{column}__in": ids})
        if other is Event:
            rows = rows.exclude(name__in=derived_names())
        held |= set(rows.values_list(column, flat=True))
    return held


def _written_later(batch: Batch, ids: Collection[int]) -> set[int]:
    """Those of the rows that a later import changed: that one has to be undone first."""
    later = ImportRun.objects.filter(pk__gt=batch.run.pk, undone_at=None, is_dry_run=False).values_list("pk", flat=True)
    noted = ImportUndo.objects.filter(import_id__in=list(later), kind=batch.kind, row_id__in=ids)
    return set(noted.values_list("row_id", flat=True))


def _restore_fields(model: type[models.Model], fields: Sequence[str], batch: Batch, *, extra: str = "") -> set[int]:
    """Set back what is as the import left it; returns the rows of which nothing had to stay."""
    if not batch.changed:
        return set()
    types = {field.column: field.db_type(connection) for field in model._meta.fields}
    setting = ", ".join(
        f"{name} = CASE WHEN old.back ? '{name}' THEN (old.back ->> '{name}')::{types[name]} ELSE own.{name} END"
        for name in fields
    )
    statement = RESTORE_FIELDS.format(table=model._meta.db_table, noted=NOTED, setting=setting, extra=extra)
    with connection.cursor() as cursor:
        cursor.execute(statement, batch.values(batch.changed))
        return {row_id for row_id, is_partly in cursor.fetchall() if not is_partly}


def _end_of(run: ImportRun) -> datetime:
    """Until when the import itself may have written."""
    last = run.finished_at or (run.job.finished_at if run.job else None)
    return last or run.created_at
