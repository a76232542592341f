"""Runs with the rig's settings: `python -m e2e.kills.inside prepare|start-jobs N|verdict`. Prints one JSON line."""

from __future__ import annotations

import json
import os
import sys
import time
from decimal import Decimal

import django

SLUG = "killed"
STALLED_SECONDS = 60


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "e2e.kills.settings"
    django.setup()
    from django_tenants.utils import tenant_context

    from programs.models import Programme

    act, *arguments = sys.argv[1:]
    if act == "prepare":
        answer = prepare()
    else:
        with tenant_context(Programme.objects.get(slug=SLUG)):
            answer = start_jobs(*map(int, arguments)) if act == "start-jobs" else verdict()
    print(json.dumps(answer))


def prepare() -> dict[str, object]:
    """A shop with an API key, and the table that counts steps."""
    import psycopg
    from django.utils import timezone
    from django_tenants.utils import tenant_context

    from config.database import embedded_urls
    from core.actor import SYSTEM
    from screens.actions.onboarding import open_shop
    from workspace.actions.api_keys import create_client
    from workspace.models import Business

    programme = open_shop(
        name="Killed",
        slug=SLUG,
        currency="GBP",
        country="GB",
        time_zone="Europe/London",
        owner=None,
        business_name="Quayside",
        points_per_unit=Decimal(1),
    )
    with psycopg.connect(embedded_urls()[1], autocommit=True) as owner:
        owner.execute(f"CREATE TABLE {programme.schema_name}.kills_steps (job bigint, step int)")
        owner.execute(f"GRANT SELECT, INSERT ON {programme.schema_name}.kills_steps TO regulars_app")
    with tenant_context(programme):
        issued = create_client(name="Kills", scopes=["write"], business=None, actor=SYSTEM, now=timezone.now())
        return {"secret": issued.secret, "business": Business.objects.get().code}


def start_jobs(count: int, first: int) -> dict[str, object]:
    from django.db import transaction
    from django.utils import timezone

    from core.actor import SYSTEM
    from e2e.kills.counted_job import KIND
    from workspace.actions.jobs import start_job

    for number in range(first, first + count):
        with transaction.atomic():
            start_job(kind=KIND, key=f"kill-{number}", actor=SYSTEM, now=timezone.now())
    return {"started": count}


def verdict() -> dict[str, object]:
    """Wait until every job is done (rescue included) or none has ended for long, then say what the database holds."""
    from django.db import connection
    from django.db.models import Sum
    from django.utils import timezone

    from e2e.kills.counted_job import KIND, STEPS, TABLE
    from loyalty.models import Transaction
    from workspace.actions.jobs import rescue_jobs
    from workspace.models import Job

    jobs = Job.objects.filter(kind=KIND)
    left, deadline = jobs.unfinished().count(), time.monotonic() + STALLED_SECONDS
    while left and time.monotonic() < deadline:
        rescue_jobs(now=timezone.now())
        time.sleep(0.5)
        before, left = left, jobs.unfinished().count()
        if left < before:
            deadline = time.monotonic() + STALLED_SECONDS
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT job, step, count(*) FROM {TABLE} GROUP BY job, step HAVING count(*) > 1")
        doubled_steps = cursor.fetchall()
        cursor.execute(f"SELECT count(*) FROM {TABLE}")
        steps = cursor.fetchone()[0]
    return {
        "jobs": jobs.count(),
        "jobs_done": jobs.filter(state=Job.State.DONE).count(),
        "jobs_tried_again": jobs.filter(attempts__gt=1).count(),
        "steps": steps,
        "steps_expected": jobs.count() * STEPS,
        "doubled_steps": doubled_steps,
        "transactions": Transaction.objects.count(),
        "points": Transaction.objects.aggregate(points=Sum("points"))["points"] or 0,
        "findings": findings(),
    }


def findings() -> list[str]:
    """What contradicts itself in the ledger, asked of the tables and of nothing else."""
    from django.db import connection

    with connection.cursor() as cursor:
        found = []
        for name, question in INVARIANTS.items():
            cursor.execute(f"SELECT count(*) FROM ({question}) AS wrong")
            wrong = cursor.fetchone()[0]
            if wrong:
                found.append(f"{name}: {wrong}")
    return found


INVARIANTS = {
    "balance is not the sum of transactions": """
        SELECT a.customer_id FROM loyalty_account a
        LEFT JOIN loyalty_transaction t ON t.account_id = a.customer_id AND t.status = 'done'
        GROUP BY a.customer_id HAVING a.available + a.held - a.debt <> coalesce(sum(t.points), 0)""",
    "balance is not what is left of the lots": """
        SELECT a.customer_id FROM loyalty_account a LEFT JOIN loyalty_lot l ON l.account_id = a.customer_id
        GROUP BY a.customer_id HAVING a.available <> coalesce(sum(l.remaining), 0)""",
    "the member's entries are not the transaction's points": """
        SELECT t.id FROM loyalty_transaction t
        LEFT JOIN loyalty_entry e ON e.transaction_id = t.id AND e.account_id = t.account_id
        WHERE t.status = 'done' GROUP BY t.id HAVING t.points <> coalesce(sum(e.amount), 0)""",
    "the entries of a transaction do not cancel out": """
        SELECT transaction_id FROM loyalty_entry GROUP BY transaction_id HAVING sum(amount) <> 0""",
    "an order that was earned on twice": """
        SELECT order_id FROM loyalty_transaction WHERE kind = 'earn' GROUP BY order_id HAVING count(*) > 1""",
    "a sale without its order": """
        SELECT t.id FROM loyalty_transaction t WHERE t.kind = 'earn' AND t.order_id IS NULL""",
    "an order without its points": """
        SELECT o.id FROM customers_order o
        WHERE NOT EXISTS (SELECT 1 FROM loyalty_transaction t WHERE t.order_id = o.id)""",
    "two customers with one number": """
        SELECT value FROM customers_identifier WHERE kind = 'phone' GROUP BY value HAVING count(*) > 1""",
}


if __name__ == "__main__":
    main()
