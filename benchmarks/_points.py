"""What the benchmarks of points share: a programme with members, and the ledger's function called by pgbench."""

from __future__ import annotations

import itertools
from decimal import Decimal

from django.db import connection
from django.utils import timezone

from core.actor import SYSTEM, Actor
from loyalty.actions import points
from loyalty.actions.settings import set_earning_rate
from loyalty.operations import AddPoints
from programs.actions.programmes import create_programme
from programs.models import Programme
from workspace.models import Business

MEMBERS = 20_000
CLERK = Actor(kind="api", id="bench", label="Benchmark")
_numbers = itertools.count(1)


def phone_of(number: int) -> str:
    """A number of the range that the regulator keeps for drama: it can never reach a person."""
    return f"+4477009{number:05d}"


def make_shop(slug: str = "bench") -> tuple[Programme, Business]:
    """A programme with one shop and MEMBERS members, active on the connection; analysed, as a live one would be."""
    programme = create_programme(
        name="Bench",
        slug=slug,
        currency="GBP",
        country="GB",
        time_zone="Europe/London",
        owner=None,
        now=timezone.now(),
    )
    connection.set_tenant(programme)
    business = Business.objects.create(name="Bench")
    set_earning_rate(business_id=business.pk, points_per_unit=Decimal("1.5"), actor=SYSTEM)
    for start in range(0, MEMBERS, 1000):
        bulk(business, range(start, start + 1000))
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        for (table,) in cursor.fetchall():
            cursor.execute(f'ANALYZE "{table}"')
    return programme, business


def bulk(business: Business, members: range) -> None:
    """One call of the bulk form: a sale for each of these members."""
    outcomes = points.post_batch(
        operations=[
            AddPoints(business=business.pk, amount=Decimal("12.40"), phone=phone_of(n), key=f"bulk-{next(_numbers)}")
            for n in members
        ],
        owner=CLERK.reference,
        source="api",
        actor=CLERK,
        now=timezone.now(),
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert not refused, refused[:3]


def pgbench_script(business: Business, programme: Programme) -> str:
    """The same call as `add_points` makes: the same function, arguments and work, without Python."""
    # pgbench takes a colon before a letter for one of its variables: hence a space after each.
    item = (
        f'[{{"ordinal": 0, "kind": "earn", "endpoint": "points.add", "business_id": {business.pk}, "amount": "12.4", '
        f'"digest": "{"ab" * 32}", "phone_typed": "07700", "phone": "+4477009'
        "' || lpad((:member)::text, 5, '0') || '\", \"key\": \"' || :key || '\"}]"
    )
    call = (
        '{"owner": "api-bench", "actor": "api-bench", "actor_label": "Benchmark", "ip": "127.0.0.1", '
        f'"business_id": null, "source": "api", "zone": "Europe/London", "programme_id": {programme.pk}}}'
    )
    return f"""\\set member random(0, {MEMBERS - 1})
\\set key random(1, 9000000000000000000)
SELECT ordinal, status, response FROM loyalty_post(('{item}')::jsonb, '{call}'::jsonb, clock_timestamp());
"""
