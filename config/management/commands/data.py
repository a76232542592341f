"""`manage.py data --size 10x|1m`: a large programme for benchmarks, out of one that has sales."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django_tenants.utils import tenant_context

from config.demo.scale import a_million, ten_times
from core.tenancy import enter_public
from programs.models import Programme

SIZES = {"10x": ten_times, "1m": a_million}


class Command(BaseCommand):
    help = "Enlarges a demo programme: ten times as much of everything, or a million customers with five orders each."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--size", choices=sorted(SIZES), required=True)
        parser.add_argument("--programme", default="retail", help="its subdomain; a demo programme")

    def handle(self, *args: Any, **options: Any) -> None:
        enter_public()
        programme = Programme.objects.filter(slug=options["programme"]).first()
        if programme is None:
            raise CommandError(f"There is no programme {options['programme']}. Load one with `manage.py demo`.")
        if not programme.is_demo:
            raise CommandError("Only a demo programme is filled with invented people.")
        started = time.monotonic()

        def report(phase: str, done: int, total: int) -> None:
            self.stdout.write(f"  {phase}: {done:,} of {total:,} after {time.monotonic() - started:.1f} s")
            self.stdout.flush()

        with tenant_context(programme):
            SIZES[options["size"]](report)
            with connection.cursor() as cursor:
                cursor.execute("VACUUM (ANALYZE)")  # as it is some minutes later by itself
                cursor.execute(
                    "SELECT (SELECT count(*) FROM customers_customer), (SELECT count(*) FROM customers_order),"
                    " (SELECT count(*) FROM customers_orderline), (SELECT count(*) FROM customers_event),"
                    " pg_size_pretty((SELECT sum(pg_total_relation_size(oid)) FROM pg_class"
                    " WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'))"
                )
                customers, orders, lines, events, size = cursor.fetchone()
        self.stdout.write(
            f"{customers:,} customers, {orders:,} orders, {lines:,} lines, {events:,} events, {size}"
            f" in {time.monotonic() - started:.1f} s"
        )
