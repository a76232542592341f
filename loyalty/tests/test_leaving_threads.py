"""Deciding about a business at the moment in which it leaves: whoever is second waits, and neither fails."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime

from django.db import connection, transaction

from core.actor import Actor
from loyalty.actions.leaving import decide_leaving, finish_leaving
from programs.models import Programme
from workspace.models import Business

WAITING = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
LAST = date(2026, 6, 10)
IN_JUNE, AFTER = datetime(2026, 6, 10, 12, tzinfo=UTC), datetime(2026, 6, 11, 3, tzinfo=UTC)


def test_who_decides_at_the_moment_of_leaving_waits_or_is_refused(in_threads):
    programme = Programme.objects.get(slug="harbour")
    connection.set_tenant(programme)
    shop, _other = Business.objects.create(name="Quayside"), Business.objects.create(name="Mill Lane")
    actor = Actor(kind="user", id="1", label="Maya")
    decided = decide_leaving(business=shop, last_day=LAST, way="paid", actor=actor, now=IN_JUNE)

    is_locked = threading.Event()

    def decide():
        with transaction.atomic():
            list(Business.objects.select_for_update().order_by("pk"))
            is_locked.set()
            with connection.cursor() as cursor:  # until the one that finishes waits for us
                for _time in range(200):
                    cursor.execute(WAITING)
                    if cursor.fetchone()[0]:
                        break
                    cursor.execute("SELECT pg_sleep(0.02)")
            return decide_leaving(business=shop, last_day=LAST, way="taken_over", actor=actor, now=IN_JUNE).way

    def finish():
        is_locked.wait(timeout=30)
        return finish_leaving(leaving_id=decided.pk, now=AFTER).way

    assert in_threads([decide, finish]) == ["taken_over"] * 2
