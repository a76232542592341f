"""Which products are bought together: when it is to be counted, and writing what was counted.

`intelligence` counts. docs/algorithms/metrics.md says what is counted and why it is bounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from core.clock import local_day
from customers.models import CountedAt
from programs.actions.due_work import ensure_due

if TYPE_CHECKING:  # only the job loads numpy
    from core.binary_copy import Floats, Ids

PAIRS_DUE = "customers.product_pairs"
NIGHTLY_AT = time(3, 0)  # in the programme's zone
NUMBERS = ("business", "other", "together", "orders", "other_orders", "baskets")
STAGED = f"""
    CREATE TEMPORARY TABLE pairs_staged (product bigint, {", ".join(f"{name} float8" for name in NUMBERS)})
    ON COMMIT DROP
"""
WRITE = """
    INSERT INTO customers_productpair (business_id, product_id, other_id, together, orders, other_orders, baskets)
    SELECT nullif(business, 0), product, other, together, orders, other_orders, baskets FROM pairs_staged
"""


def write_pairs(product: Ids, numbers: Mapping[str, Floats], *, now: datetime) -> int:
    """Make these pairs all that there are; returns how many they are. In the caller's transaction, or its own.

    One entry for each product and partner, `numbers` has NUMBERS; business 0 is the whole programme. Who calls it at
    the same time waits.
    """
    from core.binary_copy import write_numbers

    with transaction.atomic(), connection.cursor() as cursor:
        CountedAt.objects.update_or_create(kind=CountedAt.Kind.PAIRS, defaults={"at": now})  # locks out a twin
        cursor.execute("DELETE FROM customers_productpair")
        cursor.execute(STAGED)
        write_numbers(cursor, "pairs_staged", ("product", *NUMBERS), product, [numbers[name] for name in NUMBERS])
        cursor.execute(WRITE)
        written: int = cursor.rowcount
        cursor.execute("DROP TABLE pairs_staged")
        return written


def count_pairs_tonight(*, now: datetime, zone: ZoneInfo) -> None:
    ensure_due(kind=PAIRS_DUE, by=next_night(now, zone))


def next_night(now: datetime, zone: ZoneInfo) -> datetime:
    """The next NIGHTLY_AT by the wall clock of the zone."""
    today = local_day(now, zone)
    tonight = datetime.combine(today, NIGHTLY_AT, tzinfo=zone)
    return tonight if tonight > now else datetime.combine(today + timedelta(days=1), NIGHTLY_AT, tzinfo=zone)
