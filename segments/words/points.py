"""Days, months, seasons and years by their names."""

from __future__ import annotations

from calendar import isleap, monthrange
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TypeAlias

from segments.rules import Calendar, Day, Window, ahead, span
from segments.words.lengths import UNITS
from segments.words.spelling import stem
from segments.words.text import Phrases, Text, each, one_of

CALENDAR: Mapping[str, Day] = {"day": "day", "week": "week", "month": "month", "year": "year"}
MONTHS: Mapping[str, int] = {
    word: number
    for number, word in enumerate(
        "january february march april may june july august september october november december".split(), 1
    )
}
SEASONS: Mapping[str, int] = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
_BEFORE_FALL = each("in the last this next since during of from before after until till by early late")
WEEKDAYS: Mapping[str, int] = {
    word: number for number, word in enumerate("monday tuesday wednesday thursday friday saturday sunday".split())
}
_ORDINALS: Mapping[str, int] = {
    word: number
    for number, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth"
        " fifteenth sixteenth seventeenth eighteenth nineteenth twentieth".split(),
        1,
    )
}
_DAYS_OFF = Phrases({0: ["today"], -1: ["yesterday"], 1: ["tomorrow"], -2: ["day before yesterday"]})
_FEASTS: Mapping[str, tuple[int, int]] = {
    stem("christmas"): (12, 25), stem("xmas"): (12, 25), "halloween": (10, 31), stem("valentines"): (2, 14)
}  # fmt: skip
_PARTS_OF_YEARS: Mapping[str, tuple[int, int]] = {
    **{f"q{number}": (3 * number - 2, 3) for number in range(1, 5)},
    **{f"h{number}": (6 * number - 5, 6) for number in range(1, 3)},
}  # first month, months
_NEW_YEAR = one_of("new year", "new year day")
_EDGES = Phrases(
    {
        "first": ["the beginning of", "the start of", "beginning of", "start of"],
        "last": ["the end of", "end of"],
    }
)
Days: TypeAlias = tuple[date, date]


@dataclass(frozen=True, slots=True)
class Point:
    """A day, month, season or year: from its first to its last day; `window` where it moves on with the days."""

    days: Days
    end: int
    window: Window | None = None
    month: int = 0  # alone
    has_year: bool = True
    is_season: bool = False
    is_edge: bool = False  # “the beginning of the year”


class Points:
    """Reads them as of a day: what has no year is the latest that has begun."""

    def __init__(self, today: date, *, month_first: bool) -> None:
        self.today = today
        self.month_first = month_first  # in 03/04/2026

    def at(self, text: Text, at: int) -> Point | None:
        edge = _EDGES.at(text, at)
        if edge is not None:
            inner = self._whole(text, edge[1])
            if inner is None:
                return None
            day = inner.days[0] if edge[0] == "first" else inner.days[1]
            return Point((day, day), inner.end, is_edge=True)
        return self._whole(text, at)

    def _whole(self, text: Text, at: int) -> Point | None:
        start = at + 1 if text.word(at) == "the" else at
        if start > at and text.word(start) in CALENDAR and text.word(at - 1) in ("of",):
            first, last = span(Calendar(CALENDAR[text.word(start)]), self.today)
            assert first is not None
            assert last is not None
            return Point((first, last), start + 1)
        readers = (
            self.part_of_month, self._day, self._month, self._relative, self._year, self._part, self._season,
            self._feast, self._weekday,
        )  # fmt: skip
        for read in readers:
            if found := read(text, start):
                return found
        return None

    def _day(self, text: Text, at: int) -> Point | None:
        """“1 March 2026”, “the 1st of March”, “March 1”, “2026-03-01”, “01/03/2026”"""
        if at < len(text) and text.tokens[at].days:
            days = text.tokens[at].days
            day = days[-1] if self.month_first else days[0]
            return Point((day, day), at + 1)
        number, end = _day_number(text, at)
        if number:
            end = text.skip(end, ("of",))
            if named := self._this_month(text, end) if text.word(end - 1) == "of" else None:
                return _day_in(named, number)
            month = MONTHS.get(text.word(end))
            return self._dated(text, number, month, end + 1) if month else None
        month = MONTHS.get(text.word(at))
        if month is None:
            return None
        start = text.skip(at + 1, ("the",))
        number, end = _day_number(text, start)
        return self._dated(text, number, month, end) if number else None

    def _dated(self, text: Text, number: int, month: int, end: int) -> Point | None:
        year, after = self._year_at(text, text.skip(end, (",", "of")))
        try:
            if year:
                day = date(year, month, number)
                return Point((day, day), after)
            latest = self.today.year
            while (month, number) == (2, 29) and not isleap(latest):
                latest -= 1
            day = date(latest, month, number)
            if day > self.today:
                day = _day_of(latest - 1, month, number)
        except ValueError:
            return None
        return Point((day, day), end, has_year=False)

    def _this_month(self, text: Text, at: int) -> Point | None:
        is_one = text.word(at) in ("this", "last") and text.word(at + 1) == "month"
        return self._relative(text, at) if is_one else None

    def part_of_month(self, text: Text, at: int) -> Point | None:
        """“the first week of November”, “the second half of last month”"""
        if text.word(at + 2) != "of" or text.word(at + 1) not in ("week", "half"):
            return None
        point = self._month(text, at + 3) or self._this_month(text, at + 3)
        which = _ORDINALS.get(text.word(at), 0)
        if point is None or (text.word(at) != "last" and not 1 <= which <= (2 if text.word(at + 1) == "half" else 4)):
            return None
        first, last = point.days
        if text.word(at + 1) == "half":
            days = (first, first.replace(day=15)) if which == 1 else (first.replace(day=16), last)
        elif which:
            days = first + timedelta(days=7 * which - 7), first + timedelta(days=7 * which - 1)
        else:
            days = last - timedelta(days=6), last
        return Point(days, point.end)

    def _month(self, text: Text, at: int) -> Point | None:
        month = MONTHS.get(text.word(at))
        if month is None:
            return None
        year, end = self._year_at(text, text.skip(at + 1, ("of", ",")))
        if year:
            return Point(month_days(year, month), end)
        if text.word(at + 1) in ("last", "this", "next") and text.word(at + 2) == "year":
            offset = {"last": -1, "this": 0, "next": 1}[text.word(at + 1)]
            return Point(month_days(self.today.year + offset, month), at + 3)
        latest = self.today.year - (month > self.today.month)
        return Point(month_days(latest, month), at + 1, month=month, has_year=False)

    def _relative(self, text: Text, at: int) -> Point | None:
        if off := _DAYS_OFF.at(text, at):
            day = self.today + timedelta(days=off[0])
            return Point((day, day), off[1], Calendar("day", off[0]))
        if (one_before := _BEFORE_LAST.at(text, at)) or (one_before := _one_before(text, at)):
            return self._calendar(Calendar(*one_before[0]), one_before[1])
        offset = {"this": 0, "current": 0, "last": -1, "previous": -1, "past": -1, "next": 1}.get(text.word(at))
        if offset is None:
            return None
        at += text.word(at + 1) == "calendar"
        word = text.word(at + 1)
        if kind := CALENDAR.get(word):
            return self._calendar(Calendar(kind, offset), at + 2)
        if word == "weekend" and offset < 1:
            saturday = self.today + timedelta(days=5 - self.today.weekday() + 7 * offset)
            return Point((saturday, saturday + timedelta(days=1)), at + 2)
        if word == "quarter":
            return Point(quarter_days(self.today, offset), at + 2)
        if month := MONTHS.get(word):
            return self._named_month(month, offset, at + 2)
        if word in SEASONS:
            return self._named_season(word, offset, at + 2)
        if word in WEEKDAYS:
            return self._latest_weekday(word, at + 2, is_over=offset < 0)
        if word in _FEASTS or word == "easter":
            return self._latest_feast(word, at + 2)
        return None

    def _calendar(self, window: Calendar, end: int) -> Point:
        first, last = span(window, self.today)
        assert first is not None
        assert last is not None
        return Point((first, last), end, window)

    def _named_month(self, month: int, offset: int, end: int) -> Point | None:
        year = self.today.year
        if offset < 0:
            year -= month >= self.today.month
        elif offset > 0:
            year += month <= self.today.month
        return Point(month_days(year, month), end)

    def _named_season(self, word: str, offset: int, end: int) -> Point | None:
        year = self.today.year
        days = _season_days(year, word)
        while days[0] > self.today:
            year -= 1
            days = _season_days(year, word)
        if offset < 0 and days[1] >= self.today:
            days = _season_days(year - 1, word)
        if offset > 0:
            days = _season_days(year + 1, word)
        return Point(days, end)

    def _season(self, text: Text, at: int) -> Point | None:
        word = text.word(at)
        if word not in SEASONS or not _is_one(text, at):
            return None
        if word == "fall" and text.word(at - 1) not in _BEFORE_FALL:
            return None
        year, end = self._year_at(text, text.skip(at + 1, ("of", ",")))
        if year:
            return Point(_season_days(year, word), end)
        point = self._named_season(word, 0, at + 1)
        return point and replace(point, has_year=False, is_season=True)

    def _year(self, text: Text, at: int) -> Point | None:
        start = text.skip(at, ("calendar", "year"))
        year, end = self._year_at(text, start)
        return Point((date(year, 1, 1), date(year, 12, 31)), end) if year else None

    def _part(self, text: Text, at: int) -> Point | None:
        """“Q1 2026”, “the first half of 2026”, “the second quarter”"""
        word = text.word(at)
        part, end = _PARTS_OF_YEARS.get(word), at + 1
        if part is None and text.word(at + 1) in ("half", "quarter") and 1 <= _ORDINALS.get(word, 9) <= 4:
            part, end = _PARTS_OF_YEARS.get(f"{text.word(at + 1)[0]}{_ORDINALS[word]}"), at + 2
        if part is None:
            return None
        year, after = self._year_at(text, text.skip(end, ("of", ",")))
        if not year and text.word(end) == "of":
            point = self._relative(text, end + 1)
            if point is None or text.word(point.end - 1) != "year":
                return None
            year, after = point.days[0].year, point.end
        first = date(year or self.today.year, part[0], 1)
        if not year and first > self.today:
            first = first.replace(year=first.year - 1)
        return Point((first, ahead(first, part[1], "month") - timedelta(days=1)), after if year else end)

    def _feast(self, text: Text, at: int) -> Point | None:
        if new_year := _NEW_YEAR.at(text, at):
            day = date(self.today.year, 1, 1)
            return Point((day, day), new_year[1], has_year=False)
        if text.word(at) != "easter" and text.word(at) not in _FEASTS:
            return None
        year, end = self._year_at(text, text.skip(at + 1, ("of", ",", "in")))
        if not year:
            return self._latest_feast(text.word(at), at + 1)
        day = _feast_of(year, text.word(at))
        return Point((day, day), end)

    def _latest_feast(self, word: str, end: int) -> Point:
        day = _feast_of(self.today.year, word)
        if day > self.today:
            day = _feast_of(self.today.year - 1, word)
        return Point((day, day), end, has_year=False)

    def _weekday(self, text: Text, at: int) -> Point | None:
        word = text.word(at)
        is_day = word in WEEKDAYS and _is_one(text, at)
        return self._latest_weekday(word, at + 1, is_over=False) if is_day else None

    def _latest_weekday(self, word: str, end: int, *, is_over: bool) -> Point:
        since = (self.today.weekday() - WEEKDAYS[word]) % 7
        day = self.today - timedelta(days=since or (7 if is_over else 0))
        return Point((day, day), end, has_year=is_over)

    def _year_at(self, text: Text, at: int) -> tuple[int, int]:
        """A year and the place after it; 0 for none."""
        number = text.number(at)
        token = text.tokens[at] if at < len(text) else None
        is_year = (
            number is not None and token is not None and token.raw.isdigit() and 1990 <= number <= self.today.year + 10
        )
        if not is_year or text.word(at + 1) in ("order", "point", "time", "day", *UNITS):
            return 0, at
        assert number is not None
        return int(number), at + 1

    def bare_day_at(self, text: Text, at: int) -> Point | None:
        """The 1 of “1 and 15 June”"""
        start = text.skip(at, ("the",))
        number, end = _day_number(text, start)
        last = self.at(text, end + 1) if number and text.word(end) in ("and", "to", "-") else None
        if last is None or last.month or last.days[0] != last.days[1] or number > last.days[0].day:
            return None
        day = last.days[0].replace(day=number)
        return Point((day, day), end, has_year=last.has_year)


_BEFORE_LAST: Phrases[tuple[Day, int]] = Phrases([(f"{kind} before last", (kind, -2)) for kind in CALENDAR.values()])
_BEHIND_ONE_BEFORE = each("and but or who that which with . , ; ! ? )") | {""}


def _one_before(text: Text, at: int) -> tuple[tuple[Day, int], int] | None:
    """The day before of “yesterday and the day before”, the week before of “last week and the week before”"""
    kind = CALENDAR.get(text.word(at))
    is_behind = text.words[at - 1 : at] == ("the",) and text.word(at - 2) in ("and", "or", "&")
    if kind is None or not is_behind or text.word(at + 1) != "before" or text.word(at + 2) not in _BEHIND_ONE_BEFORE:
        return None
    named = text.word(at - 4), text.word(at - 3)
    if kind == "day":
        offset = {"yesterday": -2, "today": -1}.get(named[1], 0)
    else:
        offset = {"last": -2, "this": -1}.get(named[0], 0) if named[1] == kind else 0
    return ((kind, offset), at + 2) if offset else None


def _day_in(month: Point, number: int) -> Point | None:
    first, last = month.days
    day = first + timedelta(days=number - 1)
    return Point((day, day), month.end) if day <= last else None


def _is_one(text: Text, at: int) -> bool:
    """“Monday”, not “Mondays”"""
    return text.tokens[at].raw.casefold() == text.word(at)


def _day_number(text: Text, at: int) -> tuple[int, int]:
    token = text.tokens[at] if at < len(text) else None
    if token is None:
        return 0, at
    if token.number is not None and token.number == int(token.number) and 1 <= token.number <= 31:
        return (int(token.number), at + 1) if token.raw.rstrip("stndrhSTNDRH").isdigit() else (0, at)
    if token.word in _ORDINALS:
        return _ORDINALS[token.word], at + 1
    return 0, at


def _day_of(year: int, month: int, number: int) -> date:
    """29 February of other years is the 28th: the day is there to be compared only."""
    if (month, number) == (2, 29):
        number = monthrange(year, month)[1]
    return date(year, month, number)


def _feast_of(year: int, word: str) -> date:
    return _easter(year) if word == "easter" else date(year, *_FEASTS[word])


def _easter(year: int) -> date:
    """Easter Sunday. Source: the anonymous Gregorian algorithm, Nature, 20 April 1876."""
    century, rest = divmod(year, 100)
    moon = (19 * (year % 19) + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
    days = moon + weekday - 7 * ((year % 19 + 11 * moon + 22 * weekday) // 451) + 114
    return date(year, days // 31, days % 31 + 1)


def with_year(day: date, year: int) -> date:
    return _day_of(year, day.month, day.day)


def month_days(year: int, month: int) -> Days:
    return date(year, month, 1), date(year, month, monthrange(year, month)[1])


def _season_days(year: int, word: str) -> Days:
    first = date(year, SEASONS[word], 1)
    return first, ahead(first, 3, "month") - timedelta(days=1)


def quarter_days(today: date, offset: int) -> Days:
    first = ahead(date(today.year, (today.month - 1) // 3 * 3 + 1, 1), 3 * offset, "month")
    return first, ahead(first, 3, "month") - timedelta(days=1)
