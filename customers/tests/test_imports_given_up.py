"""What an import leaves that nobody goes on with."""

from datetime import timedelta

import pytest

from core.actor import SYSTEM
from customers.actions.imports import SWEEP, start_import
from customers.models import ImportPerson, ImportRow, ImportRun, Order
from customers.tests.imports_fixtures import csv_of, receive
from programs.models import DueWork, Programme
from workspace.actions.jobs import run_job
from workspace.jobs import DUE_WORK, JOB_KINDS
from workspace.models import Job


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def refused(programme, business, now):
    """An import whose first amounts met another currency: its rows are staged, its people are written."""
    run = receive(csv_of("1,A,x,1,2026-01-05,2.50,7,UK"), business)
    run.options["date_order"] = "ymd"
    run.save()
    job = start_import(run=run, actor=SYSTEM, now=now)
    Programme.objects.filter(pk=programme.pk).update(currency="USD")
    run_job(job.pk)
    Programme.objects.filter(pk=programme.pk).update(currency="GBP")
    assert Job.objects.get().state == Job.State.FAILED
    assert ImportRow.objects.exists()
    return run


def test_its_rows_are_swept_and_it_can_still_go_on(refused, now):
    assert DUE_WORK[SWEEP](now) is None
    assert not ImportRow.objects.exists()
    assert not ImportPerson.objects.exists()
    run_job(start_import(run=refused, actor=SYSTEM, now=now).pk)
    assert Order.objects.get().reference == "1"
    assert ImportRun.objects.get().counts["orders_created"] == 1


def test_one_that_killed_its_worker_each_time_is_swept(refused, now):
    job = start_import(run=refused, actor=SYSTEM, now=now)
    Job.objects.filter(pk=job.pk).update(attempts=JOB_KINDS[job.kind].max_attempts)
    assert DUE_WORK[SWEEP](now)
    assert ImportRow.objects.exists(), "it is waiting for its worker"
    run_job(job.pk)
    assert DUE_WORK[SWEEP](now) is None
    assert not ImportRow.objects.exists()


def test_who_starts_an_import_makes_the_sweep_due(refused, programme, now):
    due = DueWork.objects.get(programme=programme, kind=SWEEP)
    assert due.next_due_at == now + timedelta(hours=1)
