"""Finding customers who may be one person, and remembering who is not.

One statement over everybody: customers are grouped by what they would share (a normalised name with a birthday, an
address …), so its cost grows with customers, never with pairs of them. A group of many is a family, a company or a
word that a till typed, and says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.errors import InvalidInput, NotFound
from customers.models import Customer, DuplicatePair, KeptApart
from workspace.actions import audit

FIND = "customers.duplicates.find"
FIND_EVERY = timedelta(hours=24)
LARGEST_GROUP = 5
MOST_PAIRS = 10_000
PHONE_TAIL = 7  # digits of a number that differs in its country or area
SAME_NAME = 0.4  # trigram similarity of names beside such a number
Reason = DuplicatePair.Reason
# How sure each makes it.
WEIGHTS: Mapping[str, int] = {
    Reason.BIRTHDAY: 5,
    Reason.ADDRESS: 4,
    Reason.EMAIL: 4,
    Reason.POSTCODE: 3,
    Reason.PHONE: 3,
}
# E-mail providers that ignore dots are few; an address that differs in dots alone is the same person's anywhere.
PAIRS = """
    WITH person AS MATERIALIZED (
        SELECT id,
               CASE WHEN first_name <> '' AND last_name <> ''
                    THEN lower(regexp_replace(first_name || ' ' || last_name, '[^[:alnum:]]+', ' ', 'g')) END AS name,
               lower(first_name || ' ' || last_name) AS written, birthday,
               nullif(lower(regexp_replace(postcode, '[^[:alnum:]]', '', 'g')), '') AS postcode,
               nullif(lower(regexp_replace(address, '[^[:alnum:]]', '', 'g')), '') AS address,
               CASE WHEN length(phone) > %(tail)s THEN right(phone, %(tail)s) END AS tail,
               CASE WHEN email <> '' THEN replace(split_part(split_part(email, '@', 1), '+', 1), '.', '')
                    || '@' || split_part(email, '@', 2) END AS mailbox
        FROM customers_customer WHERE state = 'active'
    ), shared (reason, key, id) AS (
        SELECT 'birthday', name || birthday, id FROM person WHERE name IS NOT NULL AND birthday IS NOT NULL
        UNION ALL SELECT 'address', name || address, id FROM person WHERE name IS NOT NULL AND address IS NOT NULL
        UNION ALL SELECT 'postcode', name || postcode, id FROM person WHERE name IS NOT NULL AND postcode IS NOT NULL
        UNION ALL SELECT 'email', mailbox, id FROM person WHERE mailbox IS NOT NULL
        UNION ALL SELECT 'phone', tail, id FROM person WHERE tail IS NOT NULL AND written <> ' '
    ), alike AS MATERIALIZED (
        SELECT reason, array_agg(id) AS ids FROM shared
        GROUP BY reason, key HAVING count(*) BETWEEN 2 AND %(largest)s
    ), pair AS (
        SELECT alike.reason, one.id AS first, other.id AS second
        FROM alike CROSS JOIN unnest(ids) AS one (id) CROSS JOIN unnest(ids) AS other (id) WHERE one.id < other.id
    ), weighed AS (
        SELECT pair.*, weight.points FROM pair
        JOIN unnest(%(reasons)s::text[], %(weights)s::int[]) AS weight (reason, points) USING (reason)
        LEFT JOIN person one ON pair.reason = 'phone' AND one.id = pair.first
        LEFT JOIN person other ON pair.reason = 'phone' AND other.id = pair.second
        WHERE pair.reason <> 'phone' OR similarity(one.written, other.written) > %(same)s
    )
    INSERT INTO customers_duplicatepair (first_id, second_id, reasons, score, found_at)
    SELECT first, second, array_agg(reason ORDER BY points DESC, reason), sum(points), %(now)s
    FROM weighed
    WHERE NOT EXISTS (
        SELECT FROM customers_keptapart apart WHERE apart.first_id = weighed.first AND apart.second_id = weighed.second
    )
    GROUP BY first, second ORDER BY sum(points) DESC, first, second LIMIT %(most)s
"""


def find_duplicates(*, now: datetime) -> int:
    """Look at everybody and replace what was found before; returns how many pairs, MOST_PAIRS of the surest at most."""
    with transaction.atomic(), connection.cursor() as cursor:
        # Two at once would both insert.
        cursor.execute("LOCK TABLE customers_duplicatepair IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute("DELETE FROM customers_duplicatepair")
        cursor.execute(
            PAIRS,
            {
                "tail": PHONE_TAIL,
                "largest": LARGEST_GROUP,
                "reasons": list(map(str, WEIGHTS)),
                "weights": list(WEIGHTS.values()),
                "same": SAME_NAME,
                "most": MOST_PAIRS,
                "now": now,
            },
        )
        found: int = cursor.rowcount
        return found


def keep_apart(*, first_id: int, second_id: int, actor: Actor, now: datetime) -> None:
    """Remember that these two are two people: they are not suggested again. Safe to repeat.

    Raises NotFound, InvalidInput (the same customer), PermissionRefused for people limited to one business.
    """
    actor.check_sees_all()
    first, second = sorted((first_id, second_id))
    if first == second:
        raise InvalidInput(_("Choose two different customers."), field="duplicate_id")
    people = Customer.objects.known().in_bulk([first, second])
    if len(people) < 2:
        raise NotFound()
    with transaction.atomic():
        _kept, is_new = KeptApart.objects.get_or_create(
            first_id=first, second_id=second, defaults={"actor": actor.reference, "at": now}
        )
        DuplicatePair.objects.filter(first=first, second=second).delete()
        if is_new:
            audit.record(
                actor,
                "customers.customer.kept_apart",
                subject=f"customer:{people[first].code}",
                data={"duplicate": people[second].code},
            )
