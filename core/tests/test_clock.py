"""Days are days of the programme's zone, also when they have 23 or 25 hours."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from core.clock import Period, day_start, last_days, local_day

LONDON = ZoneInfo("Europe/London")
AUCKLAND = ZoneInfo("Pacific/Auckland")


def test_the_same_moment_is_another_day_elsewhere():
    moment = datetime(2026, 6, 17, 23, 30, tzinfo=UTC)
    assert local_day(moment, LONDON) == date(2026, 6, 18)
    assert local_day(moment, ZoneInfo("America/New_York")) == date(2026, 6, 17)


def test_a_day_with_a_clock_change_has_its_real_length():
    spring = Period(date(2026, 3, 29), date(2026, 3, 29), LONDON)
    autumn = Period(date(2026, 10, 25), date(2026, 10, 25), LONDON)
    assert spring.end - spring.start == timedelta(hours=23)
    assert autumn.end - autumn.start == timedelta(hours=25)


def test_last_seven_days_end_today_and_the_period_before_touches_them():
    now = datetime(2026, 3, 1, 11, 30, tzinfo=UTC)  # already 2 March in Auckland
    period = last_days(7, now=now, zone=AUCKLAND)
    assert (period.first_day, period.last_day, period.days) == (date(2026, 2, 24), date(2026, 3, 2), 7)
    before = period.before()
    assert (before.first_day, before.last_day, before.days) == (date(2026, 2, 17), date(2026, 2, 23), 7)
    assert before.end == period.start


def test_midnight_that_a_clock_change_skips_becomes_the_first_existing_instant():
    # Lebanon springs forward at midnight: 00:00 does not exist on 29 March 2026.
    start = day_start(date(2026, 3, 29), ZoneInfo("Asia/Beirut"))
    assert start == datetime(2026, 3, 28, 22, 0, tzinfo=UTC)
