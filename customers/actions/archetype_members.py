"""Writing who belongs to which archetype: everybody at once, by binary COPY. Only jobs import this (numpy)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from core.binary_copy import read_numbers, staged
from customers.following import Figures, tell_followers

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]

NOT_ACTIVE = "SELECT id, 0.0::float8 FROM customers_customer WHERE state <> 'active'"
READ = "SELECT customer_id, archetype_id::float8 FROM customers_customerarchetype"
# Whoever stays where they were is not written again, nor locked as an upsert would. Confidence is in hundredths.
FOUND = """
    SELECT customer_id, archetype::bigint AS archetype_id, round(confidence::numeric, 2)::float8 AS confidence,
           nullif(second, -1)::bigint AS second_id
    FROM members_staged
"""
MOVE = f"""
    UPDATE customers_customerarchetype AS own
    SET archetype_id = found.archetype_id, confidence = found.confidence, second_id = found.second_id,
        since = CASE WHEN own.archetype_id = found.archetype_id THEN own.since ELSE %(day)s END
    FROM ({FOUND}) AS found
    WHERE found.customer_id = own.customer_id AND (own.archetype_id, own.confidence, own.second_id)
        IS DISTINCT FROM (found.archetype_id, found.confidence, found.second_id)
"""
ADD = f"""
    INSERT INTO customers_customerarchetype (customer_id, archetype_id, confidence, second_id, since)
    SELECT found.customer_id, found.archetype_id, found.confidence, found.second_id, %(day)s
    FROM ({FOUND}) AS found
    JOIN customers_customer AS customer ON customer.id = found.customer_id AND customer.state = 'active'
    WHERE NOT EXISTS (SELECT FROM customers_customerarchetype AS own WHERE own.customer_id = found.customer_id)
    ORDER BY found.customer_id
"""
CLEAR = """
    DELETE FROM customers_customerarchetype AS own
    WHERE NOT EXISTS (SELECT FROM members_staged AS member WHERE member.customer_id = own.customer_id)
"""

MOVES = """
    SELECT earlier_id, archetype_id, count(*) FROM customers_customerarchetype GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
"""
START = "UPDATE customers_customerarchetype SET earlier_id = archetype_id, next_earlier_id = archetype_id"
REMEMBER = """
    UPDATE customers_customerarchetype SET earlier_id = next_earlier_id, next_earlier_id = archetype_id
    WHERE (earlier_id, next_earlier_id) IS DISTINCT FROM (next_earlier_id, archetype_id)
"""


def customers_not_active() -> Ids:
    """Archived, merged and erased ones, in any order: no list counts them."""
    with connection.cursor() as cursor:
        return read_numbers(cursor, NOT_ACTIVE, {}, columns=1)[0]


def read_members() -> tuple[Ids, Ids]:
    """(customer ids, in any order, and the id of each one's archetype)."""
    with connection.cursor() as cursor:
        customers, (archetypes,) = read_numbers(cursor, READ, {}, columns=1)
    return customers, archetypes.astype(np.int64)


def write_members(*, customers: Ids, archetypes: Ids, confidence: Floats, second: Ids, day: date) -> None:
    """Make these the members that there are. `second` is −1 where there is none. In the caller's transaction."""
    columns = {
        "archetype": archetypes.astype(np.float64),
        "confidence": confidence.astype(np.float64),
        "second": second.astype(np.float64),
    }
    with staged("members_staged", columns, customers=customers) as cursor:
        cursor.execute(CLEAR)
        cursor.execute(MOVE, {"day": day})
        cursor.execute(ADD, {"day": day})
    tell_followers(Figures.ARCHETYPES)


def read_moves() -> Sequence[tuple[int | None, int, int]]:
    """(from, to, customers), the most first, from `earlier` to today; from None: who was not there."""
    with connection.cursor() as cursor:
        cursor.execute(MOVES)
        return [(earlier, now, count) for earlier, now, count in cursor.fetchall()]


def start_movement() -> None:
    """Movement is told from here on: the first time that anybody is somewhere."""
    with connection.cursor() as cursor:
        cursor.execute(START)


def remember_places() -> None:
    """Movement is told from where people were when places were last remembered."""
    with connection.cursor() as cursor:
        cursor.execute(REMEMBER)
