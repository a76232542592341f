"""Tags of customers that a file names: added to those that somebody has, never taken away."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from django.db import connection

from core.actor import SYSTEM
from customers.actions.tags import MAX_TAGS, MAX_TAGS_OF_CUSTOMER, find_or_create_tags
from customers.models import ImportRun

# A person of the file is known here by any of their identifiers; the tags that they have count too.
TOO_MANY_OF_CUSTOMER = """
WITH told AS (
    SELECT DISTINCT row.person_key, lower(name) AS name
    FROM customers_importrow AS row, jsonb_array_elements_text(row.tags) AS name
    WHERE row.import_id = %(run)s AND row.problem IS NULL
), known AS (
    SELECT DISTINCT row.person_key, own.customer_id
    FROM customers_importrow AS row
    CROSS JOIN LATERAL (VALUES ('external', row.customer_external_id), ('phone', row.phone), ('email', row.email))
        AS named (kind, value)
    JOIN customers_identifier AS own ON own.kind = named.kind AND own.value = named.value
    WHERE row.import_id = %(run)s AND row.problem IS NULL AND row.tags IS NOT NULL
), wrong AS (
    SELECT person_key
    FROM (
        SELECT person_key, name FROM told
        UNION
        SELECT known.person_key, lower(tag.name)
        FROM known
        JOIN customers_customertag AS marked ON marked.customer_id = known.customer_id
        JOIN customers_tag AS tag ON tag.id = marked.tag_id AND NOT tag.is_going
    ) AS every
    GROUP BY person_key HAVING count(*) > %(most)s
)
UPDATE customers_importrow AS row SET problem = 'tags_of_customer' FROM wrong
WHERE row.import_id = %(run)s AND row.person_key = wrong.person_key AND row.tags IS NOT NULL AND row.problem IS NULL
"""
# The words that the file names first are made, as long as there is room for them.
TOO_MANY_WORDS = """
WITH fresh AS (
    SELECT lower(told.name) AS name, row_number() OVER (ORDER BY min(row.line), lower(told.name)) AS place
    FROM customers_importrow AS row, jsonb_array_elements_text(row.tags) AS told (name)
    WHERE row.import_id = %(run)s AND row.problem IS NULL
      AND NOT EXISTS (SELECT FROM customers_tag AS tag WHERE NOT tag.is_going AND lower(tag.name) = lower(told.name))
    GROUP BY lower(told.name)
), wrong AS (
    SELECT name FROM fresh WHERE place > %(most)s - (SELECT count(*) FROM customers_tag WHERE NOT is_going)
)
UPDATE customers_importrow AS row SET problem = 'tags_of_programme'
WHERE row.import_id = %(run)s AND row.problem IS NULL AND EXISTS (
    SELECT FROM jsonb_array_elements_text(row.tags) AS told (name) JOIN wrong ON wrong.name = lower(told.name))
"""
NAMES = """
SELECT DISTINCT name FROM customers_importrow AS row, jsonb_array_elements_text(row.tags) AS name
WHERE row.import_id = %(run)s AND row.chunk >= %(chunk)s AND row.chunk < %(end)s AND row.problem IS NULL
"""
MARK = """
WITH added AS (
    INSERT INTO customers_customertag (customer_id, tag_id, added_at, actor)
    SELECT DISTINCT person.customer_id, tag.id, %(now)s::timestamptz, %(actor)s
    FROM customers_importrow AS row
    CROSS JOIN LATERAL jsonb_array_elements_text(row.tags) AS told (name)
    JOIN unnest(%(names)s::text[], %(tags)s::bigint[]) AS tag (name, id) USING (name)
    JOIN customers_importperson AS person ON person.import_id = row.import_id AND person.key = row.person_key
    JOIN customers_customer AS customer ON customer.id = person.customer_id
    WHERE row.import_id = %(run)s AND row.chunk >= %(chunk)s AND row.chunk < %(end)s AND row.problem IS NULL
      AND customer.state NOT IN ('erased', 'merged')
    ON CONFLICT (customer_id, tag_id) DO NOTHING
    RETURNING id
)
INSERT INTO customers_importundo (import_id, kind, row_id) SELECT %(run)s, 't', id FROM added
"""


def check(run: ImportRun) -> None:
    """Mark the rows that would give somebody, or the programme, too many tags."""
    with connection.cursor() as cursor:
        cursor.execute(TOO_MANY_OF_CUSTOMER, {"run": run.pk, "most": MAX_TAGS_OF_CUSTOMER})
        cursor.execute(TOO_MANY_WORDS, {"run": run.pk, "most": MAX_TAGS})


def write(parameters: dict[str, Any], *, now: datetime, counts: Counter[str]) -> None:
    """Mark the people of some chunks, who are there already. Words that are no tags yet become some."""
    with connection.cursor() as cursor:
        cursor.execute(NAMES, parameters)
        names = [name for (name,) in cursor.fetchall()]
        if not names:
            return
        tags = {tag.name.lower(): tag.pk for tag in find_or_create_tags(sorted(names), actor=SYSTEM, now=now)}
        values: dict[str, Any] = {
            "names": names,
            "tags": [tags[name.lower()] for name in names],
            "actor": SYSTEM.reference,
        }
        cursor.execute(MARK, {**parameters, **values})
        counts["tags_added"] += cursor.rowcount
