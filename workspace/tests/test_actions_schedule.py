"""One tick a minute, and every kind of regular work, however often somebody makes sure of them."""

from datetime import timedelta

from django_q.models import Schedule

from programs.models import DueWork, Programme
from workspace.actions.schedule import TICK_FUNCTION, ensure_tick, plan_regular_work
from workspace.jobs import DUE_WORK


def test_the_tick_is_there_once(db):
    Schedule.objects.create(name="tick", func="old.path", schedule_type=Schedule.ONCE, repeats=0)
    Schedule.objects.create(name="tick", func="old.path", schedule_type=Schedule.ONCE, repeats=0)
    ensure_tick()
    ensure_tick()
    row = Schedule.objects.get(name="tick")
    assert (row.func, row.schedule_type, row.minutes, row.repeats) == (TICK_FUNCTION, Schedule.MINUTES, 1, -1)


def test_four_starts_at_once_make_one_tick(in_threads):
    assert in_threads([ensure_tick] * 4) == [None] * 4
    assert Schedule.objects.filter(name="tick").count() == 1


def test_older_programmes_get_the_work_of_a_new_release(db, now):
    programmes = list(Programme.objects.order_by("pk"))
    kinds = sorted(DUE_WORK)
    assert len(programmes) >= 2
    planned = DueWork.objects.create(programme=programmes[0], kind=kinds[0], next_due_at=now + timedelta(days=1))
    for _start in range(2):
        plan_regular_work(now=now)
    for programme in programmes:
        assert sorted(DueWork.objects.filter(programme=programme).values_list("kind", flat=True)) == kinds
    planned.refresh_from_db()
    assert planned.next_due_at == now + timedelta(days=1)
