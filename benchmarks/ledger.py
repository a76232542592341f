"""Earning in process, with order, event and audit entry, beside pgbench on the same function; and the bulk form."""

from __future__ import annotations

import random
from decimal import Decimal

from django.utils import timezone

from benchmarks._points import CLERK, MEMBERS, bulk, make_shop, pgbench_script, phone_of
from benchmarks.harness import compare, pgbench, rate_of
from loyalty.actions import points

SINGLES = 2000
BULK = 1000


def main() -> None:
    programme, business = make_shop()
    script = pgbench_script(business, programme)
    pick = random.Random(7)
    numbers = iter(range(10**9))

    def singles() -> None:
        for _ in range(SINGLES):
            points.add_points(
                business=business.pk,
                amount=Decimal("12.40"),
                phone=phone_of(pick.randrange(MEMBERS)),
                key=f"single-{next(numbers)}",
                actor=CLERK,
                now=timezone.now(),
            )

    def thousand() -> None:
        start = pick.randrange(MEMBERS // BULK) * BULK
        bulk(business, range(start, start + BULK))

    one = rate_of(singles, operations=SINGLES)
    compare(
        "ledger.earn",
        value=one,
        baseline=lambda: pgbench(script, clients=1, seconds=2, schema=programme.schema_name),
        unit="operations/s",
        at_least=0.55,
    )
    compare("ledger.bulk_1000", value=rate_of(thousand, operations=BULK), baseline=one, unit="operations/s", at_least=6)
