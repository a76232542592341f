"""When, as sentences say it; today is Sunday, 22 November 2026. No database."""

from __future__ import annotations

from datetime import date

import pytest

from segments.rules import span
from segments.words.text import Text
from segments.words.times import Times

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        ("in the last 90 days", "2026-08-25", "2026-11-22"),
        ("over the past fortnight", "2026-11-09", "2026-11-22"),
        ("in the last month", "2026-10-23", "2026-11-22"),
        ("last month", "2026-10-01", "2026-10-31"),
        ("the previous month", "2026-10-01", "2026-10-31"),
        ("in the last calendar month", "2026-10-01", "2026-10-31"),
        ("this calendar year", "2026-01-01", "2026-12-31"),
        ("in the month of March", "2026-03-01", "2026-03-31"),
        ("sometime in March", "2026-03-01", "2026-03-31"),
        ("from 1 to 31 March", "2026-03-01", "2026-03-31"),
        ("last week", "2026-11-09", "2026-11-15"),
        ("this week", "2026-11-16", "2026-11-22"),
        ("this year so far", "2026-01-01", "2026-12-31"),
        ("for six months", "2026-05-23", "2026-11-22"),
        ("within half a year", "2026-05-23", "2026-11-22"),
        ("in March", "2026-03-01", "2026-03-31"),
        ("in December", "2025-12-01", "2025-12-31"),
        ("in march 2025", "2025-03-01", "2025-03-31"),
        ("since September", "2026-09-01", None),
        ("since December", "2025-12-01", None),
        ("before June", None, "2026-05-31"),
        ("until June", None, "2026-06-30"),
        ("after June", "2026-07-01", None),
        ("in 2025", "2025-01-01", "2025-12-31"),
        ("since 1 January 2026", "2026-01-01", None),
        ("since the 1st of March", "2026-03-01", None),
        ("since March 3rd, 2026", "2026-03-03", None),
        ("on 2026-05-05", "2026-05-05", "2026-05-05"),
        ("on 05/06/2026", "2026-06-05", "2026-06-05"),
        ("between 1 March 2026 and 31 May 2026", "2026-03-01", "2026-05-31"),
        ("between 1 and 15 June", "2026-06-01", "2026-06-15"),
        ("from March to May", "2026-03-01", "2026-05-31"),
        ("between November and January", "2025-11-01", "2026-01-31"),
        ("last summer", "2026-06-01", "2026-08-31"),
        ("last winter", "2025-12-01", "2026-02-28"),
        ("since last autumn", "2025-09-01", None),
        ("in spring", "2026-03-01", "2026-05-31"),
        ("more than a fortnight ago", None, "2026-11-07"),
        ("over 60 days ago", None, "2026-09-22"),
        ("less than 10 days ago", "2026-11-13", "2026-11-22"),
        ("3 days ago", "2026-11-19", "2026-11-19"),
        ("90 days ago or more", None, "2026-08-24"),
        ("at least 3 months ago", None, "2026-08-22"),
        ("yesterday", "2026-11-21", "2026-11-21"),
        ("recently", "2026-10-24", "2026-11-22"),
        ("in the next 30 days", "2026-11-23", "2026-12-22"),
        ("next month", "2026-12-01", "2026-12-31"),
        ("this quarter", "2026-10-01", "2026-12-31"),
        ("in Q1 2026", "2026-01-01", "2026-03-31"),
        ("in the first half of 2026", "2026-01-01", "2026-06-30"),
        ("since Christmas", "2025-12-25", None),
        ("since the beginning of the year", "2026-01-01", None),
        ("on Monday", "2026-11-16", "2026-11-16"),
        ("after May but before August", "2026-06-01", "2026-07-31"),
        ("before August but after May", "2026-06-01", "2026-07-31"),
        ("since 2026/02/01", "2026-02-01", None),
        ("at Christmas 2024", "2024-12-25", "2024-12-25"),
        ("in the last two and a half years", "2024-05-23", "2026-11-22"),
        ("earlier this year", "2026-01-01", "2026-12-31"),
        ("prior to June", None, "2026-05-31"),
        ("since yesterday", "2026-11-21", None),
        ("the day before yesterday", "2026-11-20", "2026-11-20"),
        ("the week before last", "2026-11-02", "2026-11-08"),
        ("last weekend", "2026-11-14", "2026-11-15"),
        ("this weekend", "2026-11-21", "2026-11-22"),
        ("in the first week of November", "2026-11-01", "2026-11-07"),
        ("in the last week of October", "2026-10-25", "2026-10-31"),
        ("in the second half of last month", "2026-10-16", "2026-10-31"),
        ("between the 5th and the 12th of this month", "2026-11-05", "2026-11-12"),
        ("on the 31st of last month", "2026-10-31", "2026-10-31"),
    ],
)
def test_times(words, first, last):
    text = Text(words)
    time = Times(TODAY).at(text, 0)
    assert time is not None
    assert time.end == len(text)
    assert [day and day.isoformat() for day in span(time.window, TODAY)] == [first, last]


def test_between_days_ago_holds_tomorrow_too():
    time = Times(TODAY).at(Text("between 30 and 90 days ago"), 0)
    assert time is not None
    assert time.also is not None
    first, _last = span(time.window, TODAY)
    _first, last = span(time.also, TODAY)
    assert (first, last) == (date(2026, 8, 24), date(2026, 10, 23))
    assert time.fixed is not None
    assert span(time.fixed, TODAY) == (date(2026, 8, 24), date(2026, 10, 23))


def test_months_come_first_where_they_are_written_so():
    time = Times(TODAY, month_first=True).at(Text("on 05/06/2026"), 0)
    assert time is not None
    assert span(time.window, TODAY) == (date(2026, 5, 6), date(2026, 5, 6))


@pytest.mark.parametrize(
    "words",
    [
        "in the shop",
        "the last order",
        "may",
        "over 500",
        "in the last 0 days",
        "for 5",
        "30 orders",
        "within a week of",
        "in the last month and a half",
        "over Christmas",
    ],
)
def test_no_times(words):
    assert Times(TODAY).at(Text(words), 0) is None
