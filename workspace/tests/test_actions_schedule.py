"""One tick a minute, however often somebody makes sure of it."""

from django_q.models import Schedule

from workspace.actions.schedule import TICK_FUNCTION, ensure_tick


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
