"""What concerns several rows of a file, judged in SQL over the staged rows: one statement for each rule, no domain
table is written. The same checks are a dry run's result."""

from __future__ import annotations

from django.db import connection, transaction

from customers.imports import stock, tags
from customers.models import ImportRun

# Lines of an order that are not neighbours in the file go to the chunk of the first one; an order with a bad line waits
# as a whole, so that a corrected error file can be imported as it is.
GATHER = """
WITH document AS (
    SELECT order_reference, min(chunk) AS chunk,
           CASE WHEN min(person_key) <> max(person_key) THEN 'two_customers'
                WHEN sum(CASE WHEN document = 's' THEN quantity * unit_price END) >= 1e12 THEN 'order_total'
                WHEN count(problem) > 0 THEN 'held_back' END AS problem,
           max(chunk) AS last_chunk
    FROM customers_importrow
    WHERE import_id = %(run)s AND order_reference IS NOT NULL
    GROUP BY order_reference
    HAVING min(chunk) <> max(chunk) OR count(problem) > 0 OR min(person_key) <> max(person_key)
        OR sum(CASE WHEN document = 's' THEN quantity * unit_price END) >= 1e12
)
UPDATE customers_importrow AS row
SET chunk = document.chunk, problem = coalesce(row.problem, document.problem)
FROM document
WHERE row.import_id = %(run)s AND row.order_reference = document.order_reference
  AND (document.problem IS NOT NULL OR row.chunk <> document.chunk)
"""

# One row is one order: of two rows with the same number the first is taken.
TWICE = """
UPDATE customers_importrow AS row SET problem = 'twice'
FROM (
    SELECT order_reference, document, min(line) AS first_line FROM customers_importrow
    WHERE import_id = %(run)s AND problem IS NULL AND document IS NOT NULL
    GROUP BY order_reference, document HAVING count(*) > 1
) AS repeated
WHERE row.import_id = %(run)s AND row.order_reference = repeated.order_reference AND row.document = repeated.document
  AND row.line > repeated.first_line AND row.problem IS NULL
"""

# An e-mail or phone belongs to one customer: in the file, the one that names it first keeps it.
SHARED = """
UPDATE customers_importrow AS row SET problem = 'shared'
FROM (
    SELECT {weaker} AS value, (array_agg({stronger} ORDER BY line))[1] AS keeper
    FROM customers_importrow
    WHERE import_id = %(run)s AND problem IS NULL AND {weaker} IS NOT NULL AND {stronger} IS NOT NULL {extra}
    GROUP BY {weaker} HAVING count(DISTINCT {stronger}) > 1
) AS shared
WHERE row.import_id = %(run)s AND row.problem IS NULL AND row.{weaker} = shared.value
  AND row.{stronger} <> shared.keeper {extra}
"""

# Known identifiers of one row lead to one customer, and a customer who has a number does not get a second one.
IDENTITY = """
WITH named AS (
    SELECT row.line, row.customer_external_id, number.customer_id AS by_number,
           least(phone.customer_id, email.customer_id) AS by_other,
           greatest(phone.customer_id, email.customer_id) AS by_another
    FROM customers_importrow AS row
    LEFT JOIN customers_identifier AS number ON number.kind = 'external' AND number.value = row.customer_external_id
    LEFT JOIN customers_identifier AS phone ON phone.kind = 'phone' AND phone.value = row.phone
    LEFT JOIN customers_identifier AS email ON email.kind = 'email' AND email.value = row.email
    WHERE row.import_id = %(run)s AND row.problem IS NULL
      AND (phone.customer_id IS NOT NULL OR email.customer_id IS NOT NULL)
), wrong AS (
    SELECT line FROM named
    WHERE least(by_number, by_other) <> greatest(by_number, by_another)
       OR (customer_external_id IS NOT NULL AND by_number IS NULL AND EXISTS (
            SELECT 1 FROM customers_identifier AS own WHERE own.kind = 'external' AND own.customer_id = named.by_other))
)
UPDATE customers_importrow AS row SET problem = 'identity' FROM wrong
WHERE row.import_id = %(run)s AND row.line = wrong.line
"""

COUNTS = """
SELECT count(*) FILTER (WHERE problem IS NOT NULL),
       count(*) FILTER (WHERE problem IS NULL AND document IS NULL AND %(sales)s)
FROM customers_importrow WHERE import_id = %(run)s
"""
PROBLEM_COUNTS = """
SELECT problem, count(*) FROM customers_importrow WHERE import_id = %(run)s AND problem IS NOT NULL
GROUP BY problem ORDER BY count(*) DESC, problem
"""

FORECAST_PEOPLE = """
WITH person AS (
    SELECT person_key, max(customer_external_id) AS number, max(phone) AS phone, max(email) AS email
    FROM customers_importrow
    WHERE import_id = %(run)s AND problem IS NULL AND person_key IS NOT NULL GROUP BY person_key
)
SELECT count(*) FILTER (WHERE known), count(*) FILTER (WHERE NOT known) FROM (
    SELECT EXISTS (
        SELECT 1 FROM customers_identifier AS own
        WHERE (own.kind = 'external' AND own.value = person.number)
           OR (own.kind = 'phone' AND own.value = person.phone)
           OR (own.kind = 'email' AND own.value = person.email)
    ) AS known FROM person
) AS judged
"""
FORECAST_PRODUCTS = """
SELECT count(own.id), count(*) - count(own.id)
FROM (SELECT DISTINCT sku FROM customers_importrow WHERE import_id = %(run)s AND problem IS NULL) AS row
LEFT JOIN customers_product AS own ON own.sku = row.sku
"""
FORECAST_DOCUMENTS = """
WITH document AS (
    SELECT DISTINCT order_reference AS reference FROM customers_importrow
    WHERE import_id = %(run)s AND problem IS NULL AND document = %(document)s
)
SELECT count(own.id), count(*) - count(own.id)
FROM document LEFT JOIN {table} AS own ON own.business_id = %(business)s AND own.reference = document.reference
"""


def check(run: ImportRun) -> None:
    """Mark the rows that cannot be imported, and write down how many on the run."""
    mapped = set(run.mapping)
    parameters = {"run": run.pk}
    with transaction.atomic(), connection.cursor() as cursor:
        if run.kind == ImportRun.Kind.ORDERS:
            cursor.execute(TWICE, parameters)
        for stronger, weaker, extra in (
            ("customer_external_id", "phone", ""),
            ("customer_external_id", "email", ""),
            ("phone", "email", "AND customer_external_id IS NULL"),
        ):
            if {stronger, weaker} <= mapped:
                cursor.execute(SHARED.format(stronger=stronger, weaker=weaker, extra=extra), parameters)
        if len(mapped & {"customer_external_id", "phone", "email"}) > 1:
            cursor.execute(IDENTITY, parameters)
        if run.kind == ImportRun.Kind.LINES:
            cursor.execute(GATHER, parameters)
        if "tags" in mapped:
            tags.check(run)
        if run.kind == ImportRun.Kind.STOCK:
            stock.check(run)
        cursor.execute(COUNTS, {**parameters, "sales": run.kind != ImportRun.Kind.CUSTOMERS})
        run.rows_failed, run.rows_skipped = cursor.fetchone()
        cursor.execute(PROBLEM_COUNTS, parameters)
        run.problems = dict(cursor.fetchall())
        run.save(update_fields=["rows_failed", "rows_skipped", "problems"])


def forecast(run: ImportRun) -> dict[str, int]:
    """What writing would do: the counts of a dry run, by the same names as those of an import."""
    if run.kind == ImportRun.Kind.STOCK:
        return stock.forecast(run)
    if run.kind == ImportRun.Kind.PRODUCTS:
        with connection.cursor() as cursor:
            cursor.execute(FORECAST_PRODUCTS, {"run": run.pk})
            known, fresh = cursor.fetchone()
        return {"products_known": known, "products_created": fresh}
    with connection.cursor() as cursor:
        cursor.execute(FORECAST_PEOPLE, {"run": run.pk})
        known, fresh = cursor.fetchone()
        counts = {"customers_known": known, "customers_created": fresh}
        for name, table, document in (
            ("orders", "customers_order", "s"),
            ("refunds", "customers_refund", "r"),
        ):
            query = FORECAST_DOCUMENTS.format(table=table)
            cursor.execute(query, {"run": run.pk, "business": run.business_id, "document": document})
            counts[f"{name}_known"], counts[f"{name}_created"] = cursor.fetchone()
    return counts
