"""What a probe hears: the database is there or not, and whether anybody takes tasks from the queue."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from django_q.models import OrmQ, Schedule

from core.health import LATE_AFTER, TICK


@pytest.fixture
def tick(db):
    """Plans the tick for a time as far from now as asked."""

    def plan(away: timedelta) -> None:
        Schedule.objects.filter(name=TICK).delete()
        Schedule.objects.create(name=TICK, func="x", next_run=timezone.now() + away)

    return plan


def ask(client):
    response = client.get("/health/ready")
    return response.status_code, response.json()["status"], response.json()["queue"]


def test_a_queue_that_nobody_ever_served_is_idle(db, client):
    Schedule.objects.all().delete()
    assert ask(client) == (200, "degraded", "idle")


def test_a_tick_that_is_planned_is_fine_and_one_that_is_overdue_is_late(tick, client):
    tick(timedelta(seconds=30))
    assert ask(client) == (200, "ok", "ok")
    tick(-LATE_AFTER - timedelta(seconds=1))
    assert ask(client) == (200, "degraded", "late")


def test_a_cluster_that_plans_but_works_off_nothing_is_late(tick, client):
    """A killed idle worker can leave the others waiting for ever, while the tick is planned as if nothing were."""
    tick(timedelta(seconds=30))
    task = OrmQ.objects.create(key="regulars", payload="x", lock=timezone.now() - LATE_AFTER + timedelta(minutes=1))
    assert ask(client) == (200, "ok", "ok")
    task.lock -= timedelta(minutes=2)
    task.save()
    assert ask(client) == (200, "degraded", "late")
    task.lock = timezone.now() + timedelta(minutes=30)  # a worker has it in hand
    task.save()
    assert ask(client) == (200, "ok", "ok")


def test_without_a_database_it_is_not_ready_and_still_alive(committed_database, client, monkeypatch):
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "HOST", "/nowhere")
    assert ask(client) == (503, "unavailable", "unknown")
    assert client.get("/health/live").status_code == 200
    connection.close()
