"""Jobs: queued with their cause, counted before they run, stopped, rescued, never run twice at once."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.utils import timezone
from django_q.models import Failure, OrmQ
from django_q.signing import SignedPackage

from core.errors import DomainError
from core.jobs import WrongSchema, enqueue, run_in_programme
from programs.actions.due_work import ensure_due, take_due
from programs.models import DueWork
from workspace.actions import jobs
from workspace.jobs import JOB_KINDS, JobKind
from workspace.models import AuditEntry, Job
from workspace.tasks import run_due, tick

RUNS: list[str] = []


def count_to_three(run):
    RUNS.append(run.job.code)
    for done in range(1, 4):
        run.report(done, 3, force=True)
    return {"counted": 3}


@pytest.fixture(autouse=True)
def kinds(monkeypatch):
    RUNS.clear()
    monkeypatch.setitem(JOB_KINDS, "test.count", JobKind("test.count", "Counting", count_to_three, 3))


def start(actor, key="one", **params):
    return jobs.start_job(kind="test.count", key=key, actor=actor, now=timezone.now(), params=params)


def queued():
    return [SignedPackage.loads(row.payload)["args"] for row in OrmQ.objects.order_by("id")]


def test_a_job_runs_and_keeps_its_progress_and_result(programme, actor):
    job = start(actor)
    jobs.run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.done_count, job.total_count) == (Job.State.DONE, 1, 3, 3)
    assert job.result == {"counted": 3}
    assert job.percent == 100


def test_the_same_key_gives_the_same_job_and_one_queue_row(programme, actor):
    assert start(actor).pk == start(actor).pk
    assert len(queued()) == 1


def test_a_job_delivered_twice_runs_once(programme, actor):
    job = start(actor)
    jobs.run_job(job.pk)
    jobs.run_job(job.pk)
    assert [job.code] == RUNS


def test_a_rolled_back_cause_leaves_no_job(programme, actor):
    with transaction.atomic():
        start(actor)
        transaction.set_rollback(True)
    assert Job.objects.count() == 0
    assert queued() == []


def test_work_is_queued_with_its_programme(programme, actor):
    job = start(actor)
    schema, path, arguments = queued()[0]
    assert schema == programme.schema_name
    assert path == "workspace.actions.jobs.run_job"
    assert arguments == f'{{"job_id": {job.pk}}}'


def test_work_is_not_queued_outside_a_programme(db):
    with pytest.raises(WrongSchema):
        enqueue(jobs.run_job, job_id=1)


def test_arguments_with_the_names_of_queue_options_arrive(programme, monkeypatch):
    seen = {}
    monkeypatch.setattr(jobs, "run_job", lambda **kwargs: seen.update(kwargs))
    run_in_programme(programme.schema_name, "workspace.actions.jobs.run_job", '{"group": "a", "timeout": 5}')
    assert seen == {"group": "a", "timeout": 5}


def test_a_job_of_one_programme_never_runs_in_another(programme, other_programme, actor):
    job = start(actor)
    connection.set_tenant(other_programme)
    jobs.run_job(job.pk)
    assert RUNS == []
    assert Job.objects.count() == 0


def test_stop_ends_a_running_job_at_its_next_report(programme, actor, monkeypatch):
    def stopped_half_way(run):
        run.report(1, 3, force=True)
        jobs.request_cancel(job=run.job, actor=actor, now=timezone.now())
        run.report(2, 3, force=True)
        pytest.fail("went on after Stop")

    monkeypatch.setitem(JOB_KINDS, "test.count", JobKind("test.count", "Counting", stopped_half_way, 3))
    job = start(actor)
    jobs.run_job(job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED
    assert job.done_count == 2


def test_stop_before_the_start_means_it_never_runs(programme, actor):
    job = start(actor)
    jobs.request_cancel(job=job, actor=actor, now=timezone.now())
    jobs.run_job(job.pk)
    assert RUNS == []


def test_stopping_what_has_ended_changes_and_tells_nothing(programme, actor):
    job = start(actor)
    for _press in range(2):
        jobs.request_cancel(job=job, actor=actor, now=timezone.now())
    done = start(actor, key="two")
    jobs.run_job(done.pk)
    jobs.request_cancel(job=done, actor=actor, now=timezone.now())
    done.refresh_from_db()
    assert (done.state, done.cancel_requested) == (Job.State.DONE, False)
    told = AuditEntry.objects.filter(action="workspace.job.cancel_requested").values_list("subject", flat=True)
    assert list(told) == [f"job:{job.code}"]


def test_a_refusal_fails_at_once_with_its_words(programme, actor, monkeypatch):
    def refuse(run):
        raise DomainError("The file has no rows.")

    monkeypatch.setitem(JOB_KINDS, "test.count", JobKind("test.count", "Counting", refuse, 3))
    job = start(actor)
    jobs.run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.error) == (Job.State.FAILED, 1, "The file has no rows.")


def crash(run):
    raise ZeroDivisionError


def test_an_error_is_tried_three_times_and_audited_once(programme, actor, monkeypatch):
    monkeypatch.setitem(JOB_KINDS, "test.count", JobKind("test.count", "Counting", crash, 3))
    job = start(actor)
    for _ in range(5):
        jobs.run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts) == (Job.State.FAILED, 3)
    assert AuditEntry.objects.filter(action="workspace.job.started").count() == 1


def test_a_job_that_failed_waits_longer_each_time(programme, actor, monkeypatch):
    monkeypatch.setitem(JOB_KINDS, "test.count", JobKind("test.count", "Counting", crash, 3))
    job = start(actor)
    for waited in (10, 40):
        OrmQ.objects.all().delete()
        failed_at = timezone.now()
        jobs.run_job(job.pk)
        job.refresh_from_db()
        again_at = OrmQ.objects.get().lock
        assert failed_at + timedelta(seconds=waited) <= again_at < job.lease_until
        assert (job.state, job.message) == (Job.State.QUEUED, "Something went wrong. It is tried again soon.")
        # While it waits, it counts as looked after.
        assert jobs.rescue_jobs(now=again_at) == job.lease_until
        assert OrmQ.objects.count() == 1
    monkeypatch.setitem(JOB_KINDS, "test.count", JobKind("test.count", "Counting", count_to_three, 3))
    jobs.run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.message) == (Job.State.DONE, "")


def test_a_task_that_kills_its_worker_is_given_up_after_its_attempts(programme, actor):
    job = start(actor)
    # What three killed workers leave behind: the attempts are counted, the lease has run out.
    Job.objects.filter(pk=job.pk).update(
        state=Job.State.RUNNING, attempts=3, lease_until=timezone.now() - timedelta(seconds=1)
    )
    jobs.run_job(job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.FAILED
    assert RUNS == []


def test_an_abandoned_job_is_queued_again_by_the_tick(programme, actor):
    job = start(actor)
    OrmQ.objects.all().delete()  # the queue lost it
    later = timezone.now() + timedelta(minutes=5)
    DueWork.objects.update(next_due_at=timezone.now())
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    tick()
    connection.set_tenant(programme)
    assert [args[1] for args in queued()] == ["workspace.tasks.run_due"]
    run_due(jobs.RESCUE)
    assert queued()[-1][1] == "workspace.actions.jobs.run_job"
    jobs.run_job(job.pk)
    assert [job.code] == RUNS
    assert DueWork.objects.get().next_due_at < later


def test_due_work_disappears_when_nothing_runs(programme, actor):
    job = start(actor)
    jobs.run_job(job.pk)
    run_due(jobs.RESCUE)
    assert not DueWork.objects.exists()


def test_the_tick_hands_each_piece_out_once(programme, other_programme):
    now = timezone.now()
    ensure_due(kind="a", by=now)
    connection.set_tenant(other_programme)
    ensure_due(kind="a", by=now)
    ensure_due(kind="b", by=now + timedelta(hours=1))
    with transaction.atomic():
        assert sorted(take_due(now=now)) == [("p_harbour", "a"), ("p_meadow", "a")]
        assert take_due(now=now) == []


def test_an_earlier_wish_moves_due_work_forward_and_a_later_one_does_not(programme):
    now = timezone.now()
    for hours in (5, 2, 9):
        ensure_due(kind="a", by=now + timedelta(hours=hours))
    assert DueWork.objects.get().next_due_at == now + timedelta(hours=2)


def test_sessions_that_ran_out_and_old_failures_go(programme):
    now = timezone.now()

    def sessions():
        return set(Session.objects.values_list("session_key", flat=True))

    for schema in ("programme", "public"):
        for key, away in (("live", timedelta(hours=1)), ("over", timedelta(hours=-1))):
            Session.objects.create(session_key=key, session_data="x", expire_date=now + away)
        if schema == "programme":
            connection.set_schema_to_public()
    for key, days in (("new", 29), ("old", 31)):
        stopped = now - timedelta(days=days)
        Failure.objects.create(id=key, name=key, func="x", started=stopped, stopped=stopped, success=False)
    tick()
    assert sessions() == {"live"}
    assert set(Failure.objects.values_list("id", flat=True)) == {"new"}

    connection.set_tenant(programme)
    assert sessions() == {"live", "over"}
    run_due("workspace.sessions.end")
    assert sessions() == {"live"}
