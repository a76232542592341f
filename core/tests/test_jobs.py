"""Bare tasks: repeated after longer and longer waits where that can help, with the programme they began in."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from core import jobs
from core.errors import PermanentError, RetryableError
from core.tenancy import active_schema

SEEN: list[tuple[str, object]] = []
FAILS: list[Exception] = []


def fragile(**arguments: object) -> str:
    SEEN.append((active_schema(), arguments))
    if FAILS:
        raise FAILS[0]
    return "done"


@pytest.fixture(autouse=True)
def _nothing_seen():
    SEEN.clear()
    FAILS.clear()


def deliver() -> object:
    """Run the one queued task as a worker does, whenever it is due."""
    row = OrmQ.objects.get()
    task = SignedPackage.loads(row.payload)
    row.delete()
    connection.set_schema_to_public()
    assert task["func"] == "core.jobs.run_in_programme"
    return jobs.run_in_programme(*task["args"], **task["kwargs"])


def test_a_task_that_fails_is_repeated_after_longer_and_longer_waits(programme):
    FAILS.append(RetryableError("the mail server is away"))
    jobs.enqueue_with_retries(fragile, address_id=7)
    for seconds in (10, 40, 160, 600):
        wait, failed_at = timedelta(seconds=seconds), timezone.now()
        assert deliver() is None
        assert failed_at + wait <= OrmQ.objects.get().lock <= timezone.now() + wait
    with pytest.raises(RetryableError):
        deliver()
    assert not OrmQ.objects.exists()
    assert len(SEEN) == 5
    assert all(seen == (programme.schema_name, {"address_id": 7}) for seen in SEEN)


def test_a_task_that_succeeds_the_second_time_is_over(programme):
    FAILS.append(RetryableError())
    jobs.enqueue_with_retries(fragile)
    deliver()
    FAILS.clear()
    assert deliver() == "done"
    assert not OrmQ.objects.exists()


def test_a_refusal_for_good_is_not_repeated(programme):
    FAILS.append(PermanentError("no such mailbox"))
    jobs.enqueue_with_retries(fragile)
    with pytest.raises(PermanentError):
        deliver()
    assert not OrmQ.objects.exists()


def test_plain_tasks_are_not_repeated(programme):
    FAILS.append(RetryableError())
    jobs.enqueue(fragile)
    with pytest.raises(RetryableError):
        deliver()
    assert not OrmQ.objects.exists()


def test_no_worker_takes_a_task_before_its_time(programme):
    jobs.enqueue_in(timedelta(hours=1), fragile, delay="an argument of its own")
    assert get_broker().dequeue() is None
    OrmQ.objects.update(lock=timezone.now() - timedelta(seconds=1))
    assert len(get_broker().dequeue()) == 1


@pytest.mark.parametrize("queue", [jobs.enqueue, jobs.enqueue_with_retries])
def test_nothing_is_queued_outside_a_programme(db, queue):
    with pytest.raises(jobs.WrongSchema):
        queue(fragile)


def test_what_belongs_to_no_programme_runs_in_public_and_is_repeated_too(db):
    FAILS.append(RetryableError())
    jobs.enqueue_in_public(fragile, sealed="x")
    deliver()
    FAILS.clear()
    assert deliver() == "done"
    assert SEEN == [("public", {"sealed": "x"})] * 2


def test_work_of_a_programme_is_not_queued_in_public(programme):
    with pytest.raises(jobs.WrongSchema):
        jobs.enqueue_in_public(fragile)
    assert not OrmQ.objects.exists()


def test_the_wait_stops_growing():
    assert jobs.retry_delay(1000) == timedelta(minutes=10)
