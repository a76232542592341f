"""The event stream: nothing read twice, nothing lost, also not what commits late."""

import time

import psycopg
import pytest
from django.db import connection, transaction

from core.actor import SYSTEM
from customers.actions.events import append
from customers.events import CUSTOMER_CREATED
from customers.models import Event, StreamReader
from customers.stream import read_stream
from programs.models import Programme


def add(now, source="till"):
    append(CUSTOMER_CREATED, actor=SYSTEM, occurred_at=now, data={"source": source})


def settle():
    """Wait until nothing older than our events runs: other tests share the server, and readers wait for them too.

    A test that tries hundreds of examples in one transaction is open for minutes on a slow machine.
    """
    for _ in range(6000):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT max(transaction_id) < pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
                " FROM customers_event"
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(0.1)
    pytest.fail("another transaction has been open for ten minutes")


def read_all(name="test", limit=1000):
    seen = []
    while read_stream(name, lambda events: seen.extend(e.data["source"] for e in events), limit=limit) == limit:
        pass
    return seen


@pytest.fixture
def harbour(committed_database):
    programme = Programme.objects.get(slug="harbour")
    connection.set_tenant(programme)
    return programme


def test_each_reader_sees_each_event_once(harbour, now):
    for number in range(5):
        add(now, str(number))
    settle()
    assert read_all("a", limit=2) == ["0", "1", "2", "3", "4"]
    assert read_all("a") == []
    assert read_all("b") == ["0", "1", "2", "3", "4"]


def test_an_event_that_commits_late_is_not_lost(harbour, committed_database, now):
    with psycopg.connect(committed_database) as slow:
        slow.execute("SET search_path = p_harbour, public")
        slow.execute(
            "INSERT INTO customers_event (name, occurred_at, actor, data)"
            " VALUES ('customers.customer.created', now(), 'x', '{\"source\": \"slow\"}')"
        )
        add(now, "quick")  # a later id, committed first
        assert read_all() == []  # the reader waits rather than passing over the slow one
        slow.commit()
    settle()
    assert read_all() == ["slow", "quick"]


def test_a_reader_that_fails_reads_the_same_again(harbour, now):
    add(now, "one")
    settle()

    def fail(events):
        StreamReader.objects.create(name="written by the handler")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        read_stream("test", fail)
    assert not StreamReader.objects.filter(name="written by the handler").exists()
    assert read_all() == ["one"]


def test_two_readers_of_one_name_do_not_both_work(harbour, in_threads, now):
    for number in range(50):
        add(now, str(number))
    settle()
    seen = []
    results = in_threads([lambda: read_stream("test", seen.extend) for _ in range(8)])
    assert sum(results) == 50
    assert len({event.pk for event in seen}) == len(seen) == 50


def test_an_event_must_fit_the_registry(programme, now):
    with pytest.raises(ValueError, match=r"customers\.customer\.created"), transaction.atomic():
        append(CUSTOMER_CREATED, actor=SYSTEM, occurred_at=now, data={"colour": "blue"})
    assert Event.objects.count() == 0


def test_a_programme_reads_only_its_own_events(programme, other_programme, now):
    add(now)
    connection.set_tenant(other_programme)
    assert Event.objects.count() == 0
