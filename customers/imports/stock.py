"""Stock levels that a file tells: a count of each product at its place, and the point at which it is ordered again."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from core.actor import SYSTEM
from customers.actions.stock import REASON_LENGTH, LowMark, StockRow, set_levels, set_low_marks, write_movements
from customers.models import ImportRun

# Which open place of the business a row means: the one of its name, whatever the capitals; without a name, where sales
# leave.
PLACE = """
LATERAL (
    SELECT own.id FROM customers_stocklocation AS own
    WHERE own.business_id = %(business)s AND own.archived_at IS NULL
      AND CASE WHEN row.location IS NULL THEN own.is_default ELSE lower(own.name) = lower(row.location) END
    ORDER BY own.name = row.location DESC, own.id LIMIT 1
) AS place
"""
UNKNOWN_PRODUCTS = """
UPDATE customers_importrow AS row SET problem = 'product'
WHERE row.import_id = %(run)s AND row.problem IS NULL
  AND NOT EXISTS (SELECT FROM customers_product AS product WHERE product.sku = row.sku)
"""
UNKNOWN_PLACES = f"""
UPDATE customers_importrow AS row SET problem = 'location'
WHERE row.import_id = %(run)s AND row.problem IS NULL AND NOT EXISTS (SELECT FROM {PLACE})
"""
# Which of two counts is right, nobody can say: neither is taken.
TWICE_AT_PLACE = f"""
WITH placed AS (
    SELECT row.line, row.chunk, count(*) OVER (PARTITION BY row.sku, place.id) AS rows
    FROM customers_importrow AS row CROSS JOIN {PLACE}
    WHERE row.import_id = %(run)s AND row.problem IS NULL
)
UPDATE customers_importrow AS row SET problem = 'twice_at_place' FROM placed
WHERE row.import_id = %(run)s AND row.chunk = placed.chunk AND row.line = placed.line AND placed.rows > 1
"""
COUNTED = f"""
    FROM customers_importrow AS row
    CROSS JOIN {PLACE}
    JOIN customers_product AS product ON product.sku = row.sku
    LEFT JOIN customers_stocklevel AS level ON level.product_id = product.id AND level.location_id = place.id
    WHERE row.import_id = %(run)s AND row.problem IS NULL
"""
FORECAST = f"SELECT count(*), count(*) FILTER (WHERE level.id IS NULL) {COUNTED}"
ROWS = f"""
SELECT row.line, product.id, place.id, row.quantity, row.low_at, level.id IS NULL {COUNTED}
  AND row.chunk = %(chunk)s ORDER BY product.id, place.id
"""
NOTE = """
INSERT INTO customers_importundo (import_id, kind, row_id)
SELECT %(run)s, 's', id FROM customers_stockmovement
WHERE origin = ANY(%(origins)s::text[]) AND NOT origin = '' AND quantity <> 0
ON CONFLICT DO NOTHING
"""
NOTE_MARKS = """
INSERT INTO customers_importundo AS noted (import_id, kind, row_id, before, after)
SELECT %(run)s, 'l', id, jsonb_build_object('low_at', before), jsonb_build_object('low_at', after)
FROM unnest(%(levels)s::bigint[], %(before)s::numeric[], %(after)s::numeric[]) AS marked (id, before, after)
ON CONFLICT (import_id, kind, row_id) DO UPDATE SET after = EXCLUDED.after
"""
# A count since then knows better, unless that one was taken back too.
TO_TAKE_BACK = """
SELECT own.id, own.code, own.product_id, own.location_id, own.quantity
FROM customers_stockmovement AS own
WHERE own.id = ANY(%(ids)s::bigint[]) AND NOT EXISTS (
    SELECT FROM customers_stockmovement AS later
    WHERE later.product_id = own.product_id AND later.location_id = own.location_id AND later.id > own.id
      AND later.kind = 'counted' AND NOT EXISTS (
        SELECT FROM customers_stockmovement AS back WHERE back.origin = 'undo:' || later.code AND NOT back.origin = ''))
"""


def check(run: ImportRun) -> None:
    """Mark the rows whose product or place is not there, and those that contradict each other."""
    parameters = {"run": run.pk, "business": run.business_id}
    with connection.cursor() as cursor:
        for statement in (UNKNOWN_PRODUCTS, UNKNOWN_PLACES, TWICE_AT_PLACE):
            cursor.execute(statement, parameters)


def forecast(run: ImportRun) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(FORECAST, {"run": run.pk, "business": run.business_id})
        counted, created = cursor.fetchone()
    return {"levels_counted": counted, "levels_created": created}


def write(run: ImportRun, *, parameters: dict[str, Any], now: datetime, counts: Counter[str]) -> None:
    """Count the products of a chunk, once however often it is written. In the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(ROWS, parameters)
        found = cursor.fetchall()
    counted = [
        StockRow(product, place, quantity, now, origin=f"import:{run.code}:{line}")
        for line, product, place, quantity, _low_at, _is_new in found
    ]
    reason = (_("Import of %(file)s") % {"file": run.file_name})[:REASON_LENGTH]
    written = set_levels(rows=counted, actor=replace(SYSTEM, label=run.created_by or SYSTEM.label), reason=reason)
    told = ((product, place, low_at) for _line, product, place, _quantity, low_at, _is_new in found)
    marks = set_low_marks(LowMark(*mark) for mark in told if mark[2] is not None)
    counts["levels_counted"] += written.movements
    counts["levels_created"] += sum(row[-1] for row in found)
    counts["reorder_points_set"] += len(marks)
    values: dict[str, Any] = {
        "levels": [mark.level_id for mark in marks],
        "before": [mark.before for mark in marks],
        "after": [mark.after for mark in marks],
    }
    with connection.cursor() as cursor:
        cursor.execute(NOTE, {**parameters, "origins": [row.origin for row in counted]})
        cursor.execute(NOTE_MARKS, {**parameters, **values})


def take_back(run: ImportRun, movements: set[int], *, now: datetime) -> set[int]:
    """Move the opposite of what these counts found; returns those of which nothing was counted since."""
    with connection.cursor() as cursor:
        cursor.execute(TO_TAKE_BACK, {"ids": sorted(movements)})
        found = cursor.fetchall()
    rows = [
        StockRow(product, place, -quantity, now, origin=f"undo:{code}") for _id, code, product, place, quantity in found
    ]
    reason = (_("Import of %(file)s, undone") % {"file": run.file_name})[:REASON_LENGTH]
    write_movements(kind="corrected", rows=rows, actor=SYSTEM, reason=reason)
    return {row[0] for row in found}
