"""From staged rows to customers, products, orders and their lines: one step, one transaction, set by set.

Every statement is an upsert by the identity of its table (identifier, stock code, business and reference, order and
position), and rewrites nothing that stays the same: doing a step twice changes nothing the second time.

The steps: products of the whole file; people; then sales (or stock), chunk by chunk; then refunds, for a refund must
find its sale wherever in the file that stands. People stand before all sales so that chunks of sales share no row that
they write: two connections write them at once, and commit in the order of the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from datetime import datetime
from typing import Any

from django.db import connection, connections, transaction

from core.tenancy import active_programme, enter
from customers.imports import refunds, staging, stock, tags
from customers.imports.fields import IDENTIFIERS, PERSON_FIELDS
from customers.imports.options import ImportOptions
from customers.models import ImportRun
from workspace.currency import currency_kept

SOURCE = "import"
LOCK_TIMEOUT = "20s"
WIDE_STEP = 16  # chunks of a step that has little to do in each: people of sales, refunds

# Only the columns that the file has are gathered, so the usual file (a number and a country) costs next to nothing.
PEOPLE = """
INSERT INTO customers_importperson AS person (import_id, key, chunk, is_new, first_at {names})
SELECT import_id, person_key, %(chunk)s, false, min(placed_at) {latest}
FROM customers_importrow
WHERE import_id = %(run)s AND chunk >= %(chunk)s AND chunk < %(end)s AND problem IS NULL AND person_key IS NOT NULL
GROUP BY import_id, person_key
ON CONFLICT (import_id, key) DO UPDATE SET chunk = EXCLUDED.chunk, is_new = false,
    first_at = least(person.first_at, EXCLUDED.first_at) {keep}
"""

RESOLVE = """
UPDATE customers_importperson AS person SET customer_id = known.customer_id
FROM customers_identifier AS known
WHERE person.import_id = %(run)s AND person.chunk = %(chunk)s AND person.customer_id IS NULL
  AND known.kind = %(kind)s AND known.value = person.{column}
"""

# The identifier decides a race with a till that meets the same person now: who inserts it makes the customer. The
# foreign key is checked at the end of the transaction, when the customer is there.
CLAIM = """
WITH claimed AS (
    INSERT INTO customers_identifier (kind, value, customer_id, created_at)
    SELECT %(kind)s, person.{column}, nextval('customers_customer_id_seq'), %(now)s
    FROM customers_importperson AS person
    WHERE person.import_id = %(run)s AND person.chunk = %(chunk)s AND person.customer_id IS NULL
      AND person.key LIKE %(letter)s || ':%%'
    ORDER BY person.{column}
    ON CONFLICT (kind, value) DO NOTHING
    RETURNING value, customer_id
)
UPDATE customers_importperson AS person SET customer_id = claimed.customer_id, is_new = true
FROM claimed
WHERE person.import_id = %(run)s AND person.key = %(letter)s || ':' || claimed.value
"""

_COPIED = [name for name in PERSON_FIELDS if name not in ("customer_external_id", "birthday")]
CREATE_CUSTOMERS = f"""
WITH made AS (
INSERT INTO customers_customer (id, code, state, external_id, birthday, {", ".join(_COPIED)}, phone_typed, attributes,
                                source, created_at, updated_at)
SELECT customer_id, public_code(), 'active', coalesce(customer_external_id, ''), birthday,
       {", ".join(f"coalesce({name}, '')" for name in _COPIED)}, '', coalesce(attributes, '{{}}'), '{SOURCE}',
       least(coalesce(first_at, %(now)s), %(now)s), %(now)s
FROM customers_importperson
WHERE import_id = %(run)s AND chunk = %(chunk)s AND is_new
RETURNING id
)
INSERT INTO customers_importundo (import_id, kind, row_id) SELECT %(run)s, 'c', id FROM made
"""

# The outer SELECT of a statement that writes still sees the rows as they were before it.
NOTE = """
INSERT INTO customers_importundo AS noted (import_id, kind, row_id, before, after)
SELECT %(run)s, '{kind}', id, CASE WHEN told IS NOT NULL THEN coalesce(before, '{{}}') END,
       CASE WHEN told IS NOT NULL THEN coalesce(after, '{{}}') END
FROM (
    SELECT changed.id, old.told,
           (SELECT jsonb_object_agg(field.key, field.value) FROM jsonb_each(old.told) AS field
            WHERE changed.written -> field.key IS DISTINCT FROM field.value) AS before,
           (SELECT jsonb_object_agg(field.key, field.value) FROM jsonb_each(changed.written) AS field
            WHERE old.told -> field.key IS DISTINCT FROM field.value) AS after
    FROM {changed} AS changed
    LEFT JOIN (SELECT id, jsonb_build_object({fields}) AS told FROM {table} AS {alias}) AS old ON old.id = changed.id
) AS judged
ON CONFLICT (import_id, kind, row_id) DO UPDATE
SET before = EXCLUDED.before || noted.before, after = noted.after || EXCLUDED.after
"""
# A value of the file replaces ours, an empty cell erases nothing.
_TAKEN = {name: name for name in PERSON_FIELDS} | {"customer_external_id": "external_id"}
PROFILE_FIELDS = (*_TAKEN.values(), "attributes")
_PROFILE = ", ".join(f"'{ours}', customer.{ours}" for ours in PROFILE_FIELDS)
UPDATE_CUSTOMERS = f"""
WITH person AS (
    SELECT DISTINCT ON (customer_id) * FROM customers_importperson
    WHERE import_id = %(run)s AND chunk = %(chunk)s AND NOT is_new AND customer_id IS NOT NULL
    ORDER BY customer_id, key DESC
), changed AS (
    UPDATE customers_customer AS customer
    SET {", ".join(f"{ours} = coalesce(person.{theirs}, customer.{ours})" for theirs, ours in _TAKEN.items())},
        attributes = customer.attributes || coalesce(person.attributes, '{{{{}}}}'), updated_at = %(now)s
    FROM person
    WHERE customer.id = person.customer_id AND customer.state NOT IN ('erased', 'merged')
      AND ({" OR ".join(f"person.{theirs} <> customer.{ours}" for theirs, ours in _TAKEN.items())}
           OR (person.birthday IS NOT NULL AND customer.birthday IS NULL)
           OR NOT customer.attributes @> coalesce(person.attributes, '{{{{}}}}'))
    RETURNING customer.id, jsonb_build_object({_PROFILE}) AS written
)
{{note}}
"""

ADD_IDENTIFIERS = """
WITH added AS (
    INSERT INTO customers_identifier (kind, value, customer_id, created_at)
    SELECT %(kind)s, person.{column}, min(person.customer_id), %(now)s
    FROM customers_importperson AS person
    WHERE person.import_id = %(run)s AND person.chunk = %(chunk)s AND person.customer_id IS NOT NULL
      AND person.{column} IS NOT NULL
    GROUP BY person.{column} ORDER BY person.{column}
    ON CONFLICT (kind, value) DO NOTHING
    RETURNING id, customer_id
)
INSERT INTO customers_importundo (import_id, kind, row_id)
SELECT DISTINCT %(run)s::bigint, 'i', added.id
FROM added JOIN customers_importperson AS person
  ON person.import_id = %(run)s AND person.chunk = %(chunk)s AND person.customer_id = added.customer_id
 AND NOT person.is_new
"""

# The title of the latest sale stands; what only came back is better than nothing. One pass over all rows finds, for
# each stock code, the line that tells most: bit 61 a sale, bit 60 a title, below it the line's number.
PRODUCT_FIELDS = ("title", "vendor", "category", "price", "cost", "barcode")
_CATALOGUE = ", ".join(f"'{name}', product.{name}" for name in PRODUCT_FIELDS)
PRODUCTS = f"""
WITH telling AS (
    SELECT max(line | CASE WHEN document = 's' THEN 1::bigint << 61 ELSE 0 END
                    | CASE WHEN title IS NOT NULL THEN 1::bigint << 60 ELSE 0 END) & ((1::bigint << 60) - 1) AS line
    FROM customers_importrow
    WHERE import_id = %(run)s AND problem IS NULL AND document IS NOT NULL
    GROUP BY sku
), written AS (
INSERT INTO customers_product AS product (code, sku, title, vendor, category, kind, price, cost, barcode, created_at,
    updated_at)
SELECT public_code(), sku, coalesce(title, ''), coalesce(vendor, ''), coalesce(category, ''),
       CASE WHEN sku = ANY(%(service)s::text[]) THEN 'service' ELSE 'goods' END,
       CASE WHEN document = 's' THEN unit_price END, cost, coalesce(barcode, ''), %(now)s, %(now)s
FROM customers_importrow AS row JOIN telling USING (line)
WHERE row.import_id = %(run)s
ORDER BY sku
ON CONFLICT (sku) DO UPDATE SET
    title = coalesce(nullif(EXCLUDED.title, ''), product.title),
    vendor = coalesce(nullif(EXCLUDED.vendor, ''), product.vendor),
    category = coalesce(nullif(EXCLUDED.category, ''), product.category),
    price = coalesce(EXCLUDED.price, product.price), cost = coalesce(EXCLUDED.cost, product.cost),
    barcode = coalesce(nullif(EXCLUDED.barcode, ''), product.barcode), updated_at = EXCLUDED.updated_at
WHERE (EXCLUDED.price IS NOT NULL OR %(is_catalogue)s)
  AND (product.title, product.vendor, product.category, product.price, product.cost, product.barcode) IS DISTINCT FROM
      (coalesce(nullif(EXCLUDED.title, ''), product.title), coalesce(nullif(EXCLUDED.vendor, ''), product.vendor),
       coalesce(nullif(EXCLUDED.category, ''), product.category), coalesce(EXCLUDED.price, product.price),
       coalesce(EXCLUDED.cost, product.cost), coalesce(nullif(EXCLUDED.barcode, ''), product.barcode))
RETURNING product.id, jsonb_build_object({_CATALOGUE}) AS written
)
{{note}}
"""

# An order that the till or the API wrote keeps what was paid there and when; the file says only who and what.
ORDERS = f"""
WITH document AS MATERIALIZED (
    SELECT row.order_reference AS reference, coalesce(max(row.order_number), '') AS number,
           max(person.customer_id) AS customer_id, coalesce(max(row.channel), 'store') AS channel,
           min(row.placed_at) AS placed_at, {{total}} AS total,
           coalesce(max(row.discount), 0) AS discount, coalesce(max(row.tax), 0) AS tax,
           coalesce(max(row.shipping), 0) AS shipping,
           CASE WHEN max(row.status) = 'cancelled' THEN 'cancelled' ELSE 'paid' END AS status
    FROM customers_importrow AS row
    LEFT JOIN customers_importperson AS person ON person.import_id = row.import_id AND person.key = row.person_key
    WHERE row.import_id = %(run)s AND row.chunk = %(chunk)s AND row.problem IS NULL AND row.document = 's'
    GROUP BY row.order_reference
), written AS (
INSERT INTO customers_order AS own (code, business_id, source, reference, number, customer_id, channel, status,
    fulfilment_status, placed_at, total, refunded_total, discount, tax, shipping, created_at)
SELECT public_code(), %(business)s, '{SOURCE}', reference, number, customer_id, channel, status,
       '', placed_at, total, 0, discount, tax, shipping, %(now)s
FROM document ORDER BY reference
ON CONFLICT (business_id, reference) DO UPDATE SET
    customer_id = coalesce(own.customer_id, EXCLUDED.customer_id),
    placed_at = CASE WHEN own.source = '{SOURCE}' THEN EXCLUDED.placed_at ELSE own.placed_at END,
    total = CASE WHEN own.source = '{SOURCE}' THEN EXCLUDED.total ELSE own.total END,
    discount = CASE WHEN own.source = '{SOURCE}' THEN EXCLUDED.discount ELSE own.discount END,
    tax = CASE WHEN own.source = '{SOURCE}' THEN EXCLUDED.tax ELSE own.tax END,
    shipping = CASE WHEN own.source = '{SOURCE}' THEN EXCLUDED.shipping ELSE own.shipping END,
    status = CASE WHEN %(has_status)s AND own.source = '{SOURCE}'
                   AND 'cancelled' IN (own.status, EXCLUDED.status) THEN EXCLUDED.status ELSE own.status END
WHERE own.customer_id IS NULL AND EXCLUDED.customer_id IS NOT NULL
   OR own.source = '{SOURCE}' AND (own.placed_at, own.total, own.discount, own.tax, own.shipping) IS DISTINCT FROM
      (EXCLUDED.placed_at, EXCLUDED.total, EXCLUDED.discount, EXCLUDED.tax, EXCLUDED.shipping)
   OR own.source = '{SOURCE}' AND %(has_status)s AND (own.status = 'cancelled') <> (EXCLUDED.status = 'cancelled')
RETURNING own.id, (xmax = 0) AS is_new
), noted AS (
    INSERT INTO customers_importundo (import_id, kind, row_id) SELECT %(run)s, 'o', id FROM written WHERE is_new
)
SELECT (SELECT count(*) FROM document), count(*) FILTER (WHERE is_new), count(*) FROM written
"""
TOTAL_OF_LINES = "sum(row.quantity * row.unit_price - coalesce(row.line_discount, 0))"
TOTAL_OF_ROW = "max(row.order_total)"

# Position in the order, not the stock code, tells lines apart: the same product stands twice on many receipts.
_LINES_OF_CHUNK = """
    SELECT own.id AS order_id, product.id AS product_id, coalesce(row.title, product.title) AS title,
           row.quantity, row.unit_price, coalesce(row.line_discount, 0) AS discount,
           row.quantity * row.unit_price - coalesce(row.line_discount, 0) AS total,
           row_number() OVER (PARTITION BY own.id ORDER BY row.line) AS position
    FROM customers_importrow AS row
    JOIN customers_order AS own ON own.business_id = %(business)s AND own.reference = row.order_reference
    JOIN customers_product AS product ON product.sku = row.sku
    WHERE row.import_id = %(run)s AND row.chunk = %(chunk)s AND row.problem IS NULL AND row.document = 's'
"""
# Where every order of the chunk is new, so are all its lines, and the index need not be asked first.
NEW_LINES = f"""
INSERT INTO customers_orderline AS line (order_id, position, product_id, title, quantity, unit_price, discount, total)
SELECT order_id, position, product_id, title, quantity, unit_price, discount, total FROM ({_LINES_OF_CHUNK}) AS fresh
"""
LINES = f"""{NEW_LINES}
WHERE NOT EXISTS (SELECT FROM customers_order AS own JOIN customers_orderline AS line ON line.order_id = own.id
                  WHERE own.id = fresh.order_id AND own.source <> '{SOURCE}')
ON CONFLICT (order_id, position) DO UPDATE SET
    product_id = EXCLUDED.product_id, title = EXCLUDED.title, quantity = EXCLUDED.quantity,
    unit_price = EXCLUDED.unit_price, discount = EXCLUDED.discount, total = EXCLUDED.total
WHERE (line.product_id, line.title, line.quantity, line.unit_price, line.discount) IS DISTINCT FROM
      (EXCLUDED.product_id, EXCLUDED.title, EXCLUDED.quantity, EXCLUDED.unit_price, EXCLUDED.discount)
"""
# Only orders that were there before can have lines too many.
SURPLUS = f"""
WITH counted AS (
    SELECT own.id, count(*) AS lines
    FROM customers_importrow AS row
    JOIN customers_order AS own ON own.business_id = %(business)s AND own.reference = row.order_reference
    WHERE row.import_id = %(run)s AND row.chunk = %(chunk)s AND row.problem IS NULL AND row.document = 's'
      AND own.source = '{SOURCE}'
    GROUP BY own.id
), surplus AS (
    SELECT line.id FROM customers_orderline AS line JOIN counted ON counted.id = line.order_id
    WHERE line.position > counted.lines
), unlinked AS (
    UPDATE customers_refundline SET order_line_id = NULL WHERE order_line_id IN (SELECT id FROM surplus)
)
DELETE FROM customers_orderline WHERE id IN (SELECT id FROM surplus)
"""

# An order and its lines, as undoing compares and restores them. Refunds have their own rows.
ORDER_STATE = """
jsonb_build_object(
    'customer_id', own.customer_id, 'placed_at', own.placed_at, 'total', own.total, 'discount', own.discount,
    'tax', own.tax, 'shipping', own.shipping, 'is_cancelled', own.status = 'cancelled', 'lines', coalesce(
        (SELECT jsonb_agg(jsonb_build_array(position, product_id, title, quantity, unit_price, discount, total)
                          ORDER BY position)
         FROM customers_orderline WHERE order_id = own.id), '[]'))
"""
REMEMBER_ORDERS = f"""
INSERT INTO customers_importundo (import_id, kind, row_id, before)
SELECT %(run)s, 'o', own.id, {ORDER_STATE}
FROM (
    SELECT DISTINCT order_reference FROM customers_importrow
    WHERE import_id = %(run)s AND chunk = %(chunk)s AND problem IS NULL AND document = 's'
) AS row
JOIN customers_order AS own ON own.business_id = %(business)s AND own.reference = row.order_reference
ON CONFLICT DO NOTHING
RETURNING row_id
"""
REMEMBER_CHANGES = f"""
UPDATE customers_importundo AS noted SET after = {ORDER_STATE}
FROM customers_order AS own
WHERE noted.import_id = %(run)s AND noted.kind = 'o' AND noted.row_id = own.id AND own.id = ANY(%(known)s::bigint[])
"""
FORGET_UNCHANGED = """
DELETE FROM customers_importundo
WHERE import_id = %(run)s AND kind = 'o' AND row_id = ANY(%(known)s::bigint[]) AND before = after
"""


def _noting(statement: str, *, kind: str, changed: str, fields: str, alias: str) -> str:
    table = f"customers_{alias}"
    return statement.format(note=NOTE.format(kind=kind, changed=changed, fields=fields, table=table, alias=alias))


UPDATE_CUSTOMERS = _noting(UPDATE_CUSTOMERS, kind="c", changed="changed", fields=_PROFILE, alias="customer")
PRODUCTS = _noting(PRODUCTS, kind="p", changed="written", fields=_CATALOGUE, alias="product")


def steps_of(run: ImportRun) -> int:
    return 1 + sum(_parts(run))


def statistics_after(run: ImportRun) -> set[int]:
    """The counts of steps done after which the tables have grown so much that the planner must hear of it."""
    people, sales, _refunds = _parts(run)
    return {1 + people, 1 + people + min(sales, 2), 1 + people + sales}


def write_steps(run: ImportRun, *, options: ImportOptions, now: datetime) -> Iterator[int]:
    """Write what is not written yet; gives the number of steps done, after each commit or two."""
    people, sales, _refunds = _parts(run)
    of_sales = range(1 + people, 1 + people + sales)
    with _second_connection(wanted=len(of_sales) > 1) as second:
        while (step := run.steps_done) < steps_of(run):
            if second is not None and step in of_sales and step + 1 in of_sales:
                _write_side_by_side(run, second, options=options, now=now)
            else:
                write_step(run, step=step, options=options, now=now)
            yield run.steps_done


def write_step(
    run: ImportRun,
    *,
    step: int,
    options: ImportOptions,
    now: datetime,
    beside: bool = False,
    after: Future[None] | None = None,
) -> None:
    """Write one step and count it, in one transaction, which commits when `after` is done and not if that failed.

    `beside`: another connection writes the step before or after at the same time.
    """
    counts: Counter[str] = Counter()
    parameters = {"run": run.pk, "now": now, "business": run.business_id}
    people, sales, _refunds = _parts(run)
    has_amounts = run.kind != ImportRun.Kind.CUSTOMERS and not 1 <= step <= people
    with currency_kept(active_programme()) if has_amounts else nullcontext(), transaction.atomic():
        if beside:
            _give_up_on_locks()
        if step == 0:
            if run.kind in (ImportRun.Kind.LINES, ImportRun.Kind.PRODUCTS):
                is_catalogue = run.kind == ImportRun.Kind.PRODUCTS
                _write_products({**parameters, "is_catalogue": is_catalogue}, options, counts)
        elif step <= people:
            width = _people_width(run)
            first = (step - 1) * width
            chunks = {**parameters, "chunk": first, "end": first + width}
            _write_people(run.mapping, chunks, counts)
            if "tags" in run.mapping:
                tags.write(chunks, now=now, counts=counts)
        elif run.kind == ImportRun.Kind.STOCK:
            stock.write(run, parameters={**parameters, "chunk": step - people - 1}, now=now, counts=counts)
        elif step <= people + sales:
            _write_orders(run, {**parameters, "chunk": step - people - 1}, counts)
        else:
            first = (step - people - sales - 1) * WIDE_STEP
            refunds.write(run, chunks=range(first, first + WIDE_STEP), now=now, counts=counts)
        if after is not None:
            connection.check_constraints()  # the foreign keys of 25,000 lines take as long as writing them
            after.result()
        counts.update(run.counts)
        run.counts = dict(counts)
        run.steps_done = step + 1
        run.save(update_fields=["counts", "steps_done"])


def _give_up_on_locks() -> None:
    """One of two connections waits for the other in Python, where PostgreSQL sees no deadlock with a third (a batch of
    the same orders by API). Who waits too long fails, both are undone, and the next attempt of the job goes on."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])


def _parts(run: ImportRun) -> tuple[int, int, int]:
    """How many steps the people, the sales and the refunds take."""
    if run.kind == ImportRun.Kind.PRODUCTS:
        return 0, 0, 0
    if run.kind == ImportRun.Kind.STOCK:
        return 0, run.chunk_count, 0
    people = -(-run.chunk_count // _people_width(run))
    if run.kind == ImportRun.Kind.CUSTOMERS:
        return people, 0, 0
    return people, run.chunk_count, -(-run.chunk_count // WIDE_STEP)


def _people_width(run: ImportRun) -> int:
    """Chunks of one step of people: a file of customers has a new one in every row, sales name few."""
    return 1 if run.kind == ImportRun.Kind.CUSTOMERS else WIDE_STEP


@contextmanager
def _second_connection(*, wanted: bool) -> Iterator[ThreadPoolExecutor | None]:
    """A thread with a connection of its own, in our programme; None in a transaction, whose rows it would not see."""
    if not wanted or connection.in_atomic_block:
        yield None
        return
    with ThreadPoolExecutor(1, initializer=enter, initargs=(active_programme(),)) as thread:
        try:
            yield thread
        finally:
            thread.submit(connections.close_all)


def _write_side_by_side(run: ImportRun, second: ThreadPoolExecutor, *, options: ImportOptions, now: datetime) -> None:
    """Two steps at once; the second of them commits after the first, so that what is done stays a beginning."""
    step = run.steps_done
    first: Future[None] = Future()
    following = second.submit(write_step, run, step=step + 1, options=options, now=now, beside=True, after=first)
    try:
        write_step(run, step=step, options=options, now=now, beside=True)
    except BaseException as error:
        first.set_exception(error)
        raise
    first.set_result(None)
    following.result()


def _write_products(parameters: dict[str, Any], options: ImportOptions, counts: Counter[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(PRODUCTS, {**parameters, "service": list(options.service_skus)})
        counts["products_written"] += cursor.rowcount


def _people(mapped: Collection[str]) -> str:
    names = [name for name in PERSON_FIELDS if name in mapped]
    if any(name.startswith(staging.ATTRIBUTE) for name in mapped):
        names.append("attributes")
    return PEOPLE.format(
        names="".join(f", {name}" for name in names),
        latest="".join(
            f", (array_agg({name} ORDER BY line DESC) FILTER (WHERE {name} IS NOT NULL))[1]" for name in names
        ),
        keep="".join(f", {name} = coalesce(EXCLUDED.{name}, person.{name})" for name in names),
    )


def _write_people(mapped: Collection[str], parameters: dict[str, Any], counts: Counter[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_people(mapped), parameters)
        if not cursor.rowcount:
            return
        if parameters["chunk"] == 0:  # the planner took the table for empty
            cursor.execute("ANALYZE customers_importperson")
        identifiers = [(name, letter) for name, letter in IDENTIFIERS if name in mapped]
        for column, letter in identifiers:
            # A person with a customer number may be known by phone or e-mail only; then the number is added.
            for known_by, _letter in identifiers:
                cursor.execute(RESOLVE.format(column=known_by), {**parameters, "kind": KINDS[known_by]})
            claim = {**parameters, "kind": KINDS[column], "letter": letter}
            cursor.execute(CLAIM.format(column=column), claim)
            cursor.execute(RESOLVE.format(column=column), {**parameters, "kind": KINDS[column]})
            for other, _letter in identifiers:  # so that weaker rows of this chunk find the person by them
                if other != column:
                    cursor.execute(ADD_IDENTIFIERS.format(column=other), {**parameters, "kind": KINDS[other]})
        cursor.execute(CREATE_CUSTOMERS, parameters)
        counts["customers_created"] += cursor.rowcount
        for column, _letter in identifiers:
            cursor.execute(ADD_IDENTIFIERS.format(column=column), {**parameters, "kind": KINDS[column]})
        cursor.execute(UPDATE_CUSTOMERS, parameters)
        counts["customers_updated"] += cursor.rowcount


KINDS = {"customer_external_id": "external", "phone": "phone", "email": "email"}


def _write_orders(run: ImportRun, parameters: dict[str, Any], counts: Counter[str]) -> None:
    has_lines = run.kind == ImportRun.Kind.LINES
    with connection.cursor() as cursor:
        total = TOTAL_OF_LINES if has_lines else TOTAL_OF_ROW
        if has_lines and "order_total" in run.mapping:  # lines of a database, joined with their orders
            total = f"coalesce({TOTAL_OF_ROW}, {TOTAL_OF_LINES})"
        cursor.execute(REMEMBER_ORDERS, parameters)
        known = [row[0] for row in cursor.fetchall()]
        cursor.execute(ORDERS.format(total=total), {**parameters, "has_status": "status" in run.mapping})
        documents, created, written = cursor.fetchone()
        counts["orders_created"] += created
        counts["orders_updated"] += written - created
        if has_lines and created == documents:
            cursor.execute(NEW_LINES, parameters)
            counts["lines_written"] += cursor.rowcount
        elif has_lines:
            cursor.execute(LINES, parameters)
            counts["lines_written"] += cursor.rowcount
            cursor.execute(SURPLUS, parameters)
        if known:
            cursor.execute(REMEMBER_CHANGES, {**parameters, "known": known})
            cursor.execute(FORGET_UNCHANGED, {**parameters, "known": known})
