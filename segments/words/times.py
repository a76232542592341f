"""When: “in the last 90 days”, “since March”, “more than a fortnight ago”, “last summer”, “between 1 and 15 June”.

Days, weeks, months and seasons are those of segments/tests/sentences/README.md.
"""

from __future__ import annotations

from calendar import isleap, monthrange
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeAlias

from segments.rules import MOST, YEARS, Calendar, Dates, Day, Last, Next, Over, Unit, Window, ahead, back, span
from segments.words.numbers import BEFORE, Comparison, comparison_at, number_at
from segments.words.spelling import stem
from segments.words.text import Phrases, Text

_UNITS: Mapping[str, tuple[int, Unit]] = {
    "minute": (1, "minute"), "hour": (1, "hour"), "day": (1, "day"), "week": (1, "week"), "month": (1, "month"),
    "year": (1, "year"), "fortnight": (2, "week"), "quarter": (3, "month"), "decade": (10, "year"),
    "twelvemonth": (1, "year"), "night": (1, "day"),
}  # fmt: skip
_CALENDAR: Mapping[str, Day] = {"day": "day", "week": "week", "month": "month", "year": "year"}
MONTHS: Mapping[str, int] = {
    word: number
    for number, word in enumerate(
        "january february march april may june july august september october november december".split(), 1
    )
}
_SEASONS: Mapping[str, int] = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
_BEFORE_FALL = frozenset("in the last this next since during of from before after until till by early late".split())
_WEEKDAYS: Mapping[str, int] = {
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
_IN = frozenset("in within during over for from through throughout across on inside at of".split())
_RECENTLY = Phrases({True: ["recently", "lately", "of late", "in recent times", "in the recent past"]})
_PAST = frozenset("last past previous preceding latest recent prior".split())
_COMING = frozenset("next coming following upcoming".split())
_AGO = Phrases({True: ["ago", "back", "earlier", "old"]})
_ORDERS = Phrases({"more": ["longer than", "earlier than", "older than"], "less": ["newer than", "more recent than"]})
_DAYS_OFF = Phrases({0: ["today"], -1: ["yesterday"], 1: ["tomorrow"], -2: ["the day before yesterday"]})
_FEASTS: Mapping[str, tuple[int, int]] = {
    stem("christmas"): (12, 25), stem("xmas"): (12, 25), "halloween": (10, 31), stem("valentines"): (2, 14)
}  # fmt: skip
_PARTS_OF_YEARS: Mapping[str, tuple[int, int]] = {
    **{f"q{number}": (3 * number - 2, 3) for number in range(1, 5)},
    **{f"h{number}": (6 * number - 5, 6) for number in range(1, 3)},
}  # first month, months
_NEW_YEAR = Phrases({True: ["new year", "new year day", "new years"]})
_EDGES = Phrases(
    {
        "first": ["the beginning of", "the start of", "beginning of", "start of"],
        "last": ["the end of", "end of"],
    }
)
_SO_FAR = Phrases({True: ["so far", "to date"]})
_THIS_FAR = Phrases({True: ["year to date", "ytd"]})
_RECENT_DAYS = 30


@dataclass(frozen=True, slots=True)
class Time:
    """`window`, and `also`: of a day that is asked for, both must hold; then `window` and `also` move on with the days.

    `fixed` is the same for what is counted. `is_long`: “for more than 90 days”, of what did not happen.
    """

    window: Window
    end: int
    also: Window | None = None
    fixed: Window | None = None
    beyond: Window | None = None  # of a day: there is one, and not in this
    is_long: bool = False
    is_named_month: bool = False  # without a year: of a birthday every one

    def in_year_of(self, last: Time) -> Time:
        """The first of “November and December 2025”: a month without a year takes that of the last."""
        own, other = self.window, last.window
        is_open = self.is_named_month and not last.is_named_month
        if (
            not is_open
            or not isinstance(own, Dates)
            or not isinstance(other, Dates)
            or not own.first
            or not other.first
        ):
            return self
        year = other.first.year - (own.first.month > other.first.month)
        return replace(self, window=Dates(*_month_days(year, own.first.month)), is_named_month=False)

    @property
    def for_counts(self) -> Window:
        return self.fixed or self.window


Days: TypeAlias = tuple[date, date]


@dataclass(frozen=True, slots=True)
class _Point:
    """A day, month, season or year: from its first to its last day; `window` where it moves on with the days."""

    days: Days
    end: int
    window: Window | None = None
    month: int = 0  # alone
    has_year: bool = True
    is_season: bool = False
    is_edge: bool = False  # “the beginning of the year”


class Times:
    """Reads them as of a day. `is_ahead`: what is asked for lies ahead, as birthdays do."""

    def __init__(self, today: date, *, month_first: bool = False) -> None:
        self.today = today
        self.month_first = month_first  # in 03/04/2026

    def at(self, text: Text, at: int, *, is_ahead: bool = False, is_listed: bool = False) -> Time | None:
        """`is_listed`: behind another time or a noun of days, where “March” needs no “in”."""
        for read in (self._recently, self._ago, self._rolling):
            if found := read(text, at):
                return _possible(found)
        if found := self._named(text, at, is_listed=is_listed):
            return _possible(found)
        found = self._length(text, at, is_ahead=is_ahead)
        return found and _possible(found)

    def _recently(self, text: Text, at: int) -> Time | None:
        found = _RECENTLY.at(text, at)
        return Time(Last(_RECENT_DAYS), found[1]) if found else None

    def _ago(self, text: Text, at: int) -> Time | None:
        start = at + 1 if text.word(at) in ("from", "on") else at
        compared = _compared_length(text, start)
        if compared is None:
            return None
        one, unit, end, high = compared
        ago = _AGO.at(text, end)
        if ago is None and _ORDERS.at(text, start) is None:
            return None
        end = ago[1] if ago else end
        if late := _suffix(text, end):
            one, end = replace(one, op=late[0]), late[1]
        count, step, kind = int(one.value) * unit[0], unit[0], unit[1]
        if one.value != int(one.value) or not 1 <= count <= MOST[kind]:
            return None
        if kind in ("minute", "hour"):
            windows: Mapping[str, Window] = {"more": Over(count, kind), "less": Last(count, kind)}
            return Time(windows[one.op], end) if one.op in windows else None
        if one.op == "between":
            return self._between_ago(back(self.today, int(high) * step, kind), back(self.today, count, kind), end)
        return self._so_long_ago(one.op, count, kind, end)

    def _so_long_ago(self, op: str, count: int, kind: Unit, end: int) -> Time:
        day = back(self.today, count, kind)
        of_days = kind not in ("month", "year")
        match op:
            case "more":
                return Time(Over(count, kind), end)
            case "less":
                return Time(Last(count, kind), end)
            case "at_least":
                return (
                    Time(self._over_days(day), end) if of_days else Time(Dates(last=day), end, beyond=Last(count, kind))
                )
            case "at_most":
                return Time(Last((self.today - day).days + 1) if of_days else Dates(first=day), end)
        if of_days:
            return Time(Calendar("day", (day - self.today).days), end)
        return Time(Dates(day, day), end)

    def _over_days(self, day: date) -> Window:
        """Up to a day, that one included."""
        count = (self.today - day).days - 1
        return Over(count) if count else Dates(last=day)

    def _between_ago(self, oldest: date, newest: date, end: int) -> Time:
        since = Last((self.today - oldest).days + 1)
        until = self._over_days(newest)
        return Time(since, end, also=until, fixed=Dates(oldest, newest))

    def _rolling(self, text: Text, at: int) -> Time | None:
        start = text.skip(at, _IN) if text.word(at) not in ("of", "at") or text.word(at + 1) == "the" else at
        has_the = text.word(start) in ("the", "these", "our", "my", "this")
        if text.word(start) == "this" and text.word(start + 1) not in (_PAST | _COMING):
            return None
        start += has_the
        word = text.word(start)
        if word not in _PAST and word not in _COMING:
            return None
        is_past = word in _PAST
        after = start + 1
        if (
            is_past
            and word in ("last", "past")
            and text.word(after) in ("and", "or")
            and text.word(after + 1) in _COMING
        ):
            return None
        if length := _plain_length(text, after):
            count, unit, end = length
        elif text.word(after) in _UNITS:
            if not (has_the or word in ("past", "coming") or text.word(after) == "fortnight"):
                return self._one_calendar(text, after, -1 if is_past else 1)
            unit, end = _UNITS[text.word(after)], after + 1
            count = unit[0]
        else:
            return None
        return Time(Last(count, unit[1]) if is_past else Next(count, unit[1]), end)

    def _one_calendar(self, text: Text, at: int, offset: int) -> Time | None:
        if text.word(at) == "quarter":
            return Time(Dates(*_quarter(self.today, offset)), at + 1)
        kind = _CALENDAR.get(text.word(at))
        return Time(Calendar(kind, offset), at + 1) if kind else None

    def _length(self, text: Text, at: int, *, is_ahead: bool) -> Time | None:
        """“in 90 days”, “for six months”, “for over a year”"""
        if text.word(at) not in ("in", "within", "for", "during", "inside", "over"):
            return None
        start = at + 1 if text.word(at) != "over" else at
        start = text.skip(start, ("the", "good", "whole", "full"))
        compared = _compared_length(text, start)
        if compared is None:
            return None
        one, unit, end, _high = compared
        count = int(one.value) * unit[0]
        if (
            _AGO.at(text, end)
            or one.value != int(one.value)
            or one.op not in ("is", "more", "at_least", "at_most", "less")
        ):
            return None
        if text.word(end) == "now":
            end += 1
        if is_ahead:
            return Time(Next(count, unit[1]), end) if one.op in ("is", "at_most") else None
        if one.op in ("less",):
            return None
        if one.op == "at_most" and text.word(at) != "in":
            return None
        return Time(Last(count, unit[1]), end, is_long=one.op == "more")

    def _named(self, text: Text, at: int, *, is_listed: bool) -> Time | None:
        word = text.word(at)
        if soon := _THIS_FAR.at(text, at):
            return Time(Calendar("year", 0), soon[1])
        if word in ("since", "from", "after", "before", "until", "till", "by", "between", "starting"):
            return self._bounded(text, at)
        if word == "up" and text.word(at + 1) in ("to", "until"):
            point = self._point(text, at + 2)
            return Time(Dates(last=point.days[1]), point.end) if point else None
        if word in ("prior", "earlier", "later") and text.word(at + 1) in ("to", "than"):
            point = self._point(text, at + 2)
            if point is None:
                return None
            return Time(
                Dates(first=point.days[1] + timedelta(days=1))
                if word == "later"
                else Dates(last=point.days[0] - timedelta(days=1)),
                point.end,
            )
        return self._inside(text, at, is_listed=is_listed)

    def _inside(self, text: Text, at: int, *, is_listed: bool) -> Time | None:
        start = text.skip(at, _IN - {"for", "of"})
        has_word = start > at or is_listed
        start = text.skip(start, ("all", "early", "late")) if text.word(start) == "all" else start
        point = self._point(text, start)
        if point is None:
            return None
        if point.is_edge or not (has_word or point.has_year or point.window):
            return None  # “summer hats”, “at the start of the year”
        end = point.end
        if far := _SO_FAR.at(text, end):
            end = far[1]
        if text.word(end) in ("to", "until", "till", "through", "-", "–"):
            last = self._point(text, end + 1)
            if last is not None:
                return self._spread(point, last)
        is_every_year = not point.has_year and (bool(point.month) or point.is_season)
        return Time(point.window or Dates(*point.days), end, is_named_month=is_every_year)

    def _bounded(self, text: Text, at: int) -> Time | None:
        word = text.word(at)
        start = at + (2 if word == "starting" and text.word(at + 1) in ("from", "in", "on") else 1)
        if word == "between":
            first = self._point(text, start) or self._bare_day(text, start)
            if first is None or text.word(first.end) not in ("and", "to", "-"):
                return None
            last = self._point(text, first.end + 1)
            return self._spread(first, last) if last else None
        if word == "since" and (ago := self._since_ago(text, start)):
            return ago
        point = self._point(text, start)
        if point is None:
            return None
        if word in ("since", "from", "starting"):
            end = (
                text.skip(point.end, ("on", "onward", "onwards"))
                if text.word(point.end) in ("on", "onward")
                else point.end
            )
            if text.word(end) in ("to", "until", "till", "through", "-", "–") and (last := self._point(text, end + 1)):
                return self._spread(point, last)
            if text.word(end) == "and" and text.word(end + 1) in ("before", "until", "till", "up"):
                last = self._point(text, end + (3 if text.word(end + 1) == "up" else 2))
                if last:
                    less = 1 if text.word(end + 1) == "before" else 0
                    return _dates(
                        point.days[0], (last.days[0] if less else last.days[1]) - timedelta(days=less), last.end
                    )
            return Time(Dates(first=point.days[0]), end)
        if word == "after":
            return Time(Dates(first=point.days[1] + timedelta(days=1)), point.end)
        if word == "before":
            return Time(Dates(last=point.days[0] - timedelta(days=1)), point.end)
        return Time(Dates(last=point.days[1]), point.end)

    def _since_ago(self, text: Text, at: int) -> Time | None:
        """“since 3 months ago”"""
        compared = _compared_length(text, at)
        if compared is None or compared[0].op != "is" or not (ago := _AGO.at(text, compared[2])):
            return None
        one, unit, _end, _high = compared
        return Time(Dates(first=back(self.today, int(one.value) * unit[0], unit[1])), ago[1])

    def _spread(self, first: _Point, last: _Point) -> Time | None:
        """From one to the other; what has no year is the latest that fits."""
        begin, stop = first.days[0], last.days[1]
        if not first.has_year and last.has_year:
            begin = _with_year(begin, stop.year)
            begin = begin if begin <= stop else _with_year(begin, stop.year - 1)
        elif not first.has_year and not last.has_year:
            while begin > stop:
                begin = _with_year(begin, begin.year - 1)
        elif not last.has_year:
            stop = _with_year(stop, begin.year)
            stop = stop if stop >= begin else _with_year(stop, begin.year + 1)
        found = _dates(begin, stop, last.end)
        if found and first.month and last.month and not first.has_year and not last.has_year:
            return replace(found, is_named_month=True)
        return found

    def _bare_day(self, text: Text, at: int) -> _Point | None:
        """The 1 of “1 and 15 June”"""
        start = text.skip(at, ("the",))
        number, end = _day_number(text, start)
        last = self._point(text, end + 1) if number and text.word(end) in ("and", "to", "-") else None
        if last is None or last.month or last.days[0] != last.days[1] or number > last.days[0].day:
            return None
        day = last.days[0].replace(day=number)
        return _Point((day, day), end, has_year=last.has_year)

    def _point(self, text: Text, at: int) -> _Point | None:
        edge = _EDGES.at(text, at)
        if edge is not None:
            inner = self._whole(text, edge[1])
            if inner is None:
                return None
            day = inner.days[0] if edge[0] == "first" else inner.days[1]
            return _Point((day, day), inner.end, is_edge=True)
        return self._whole(text, at)

    def _whole(self, text: Text, at: int) -> _Point | None:
        start = at + 1 if text.word(at) == "the" else at
        if start > at and text.word(start) in _CALENDAR and text.word(at - 1) in ("of",):
            first, last = span(Calendar(_CALENDAR[text.word(start)]), self.today)
            assert first is not None
            assert last is not None
            return _Point((first, last), start + 1)
        readers = (
            self._day, self._month, self._relative, self._year, self._part, self._season, self._feast, self._weekday,
        )  # fmt: skip
        for read in readers:
            if found := read(text, start):
                return found
        return None

    def _day(self, text: Text, at: int) -> _Point | None:
        """“1 March 2026”, “the 1st of March”, “March 1”, “2026-03-01”, “01/03/2026”"""
        if at < len(text) and text.tokens[at].days:
            days = text.tokens[at].days
            day = days[-1] if self.month_first else days[0]
            return _Point((day, day), at + 1)
        number, end = _day_number(text, at)
        if number:
            end = text.skip(end, ("of",))
            month = MONTHS.get(text.word(end))
            return self._dated(text, number, month, end + 1) if month else None
        month = MONTHS.get(text.word(at))
        if month is None:
            return None
        start = text.skip(at + 1, ("the",))
        number, end = _day_number(text, start)
        return self._dated(text, number, month, end) if number else None

    def _dated(self, text: Text, number: int, month: int, end: int) -> _Point | None:
        year, after = self._year_at(text, text.skip(end, (",", "of")))
        try:
            if year:
                day = date(year, month, number)
                return _Point((day, day), after)
            latest = self.today.year
            while (month, number) == (2, 29) and not isleap(latest):
                latest -= 1
            day = date(latest, month, number)
            if day > self.today:
                day = _day_of(latest - 1, month, number)
        except ValueError:
            return None
        return _Point((day, day), end, has_year=False)

    def _month(self, text: Text, at: int) -> _Point | None:
        month = MONTHS.get(text.word(at))
        if month is None:
            return None
        year, end = self._year_at(text, text.skip(at + 1, ("of", ",")))
        if year:
            return _Point(_month_days(year, month), end)
        if text.word(at + 1) in ("last", "this", "next") and text.word(at + 2) == "year":
            offset = {"last": -1, "this": 0, "next": 1}[text.word(at + 1)]
            return _Point(_month_days(self.today.year + offset, month), at + 3)
        latest = self.today.year - (month > self.today.month)
        return _Point(_month_days(latest, month), at + 1, month=month, has_year=False)

    def _relative(self, text: Text, at: int) -> _Point | None:
        if off := _DAYS_OFF.at(text, at):
            day = self.today + timedelta(days=off[0])
            return _Point((day, day), off[1], Calendar("day", off[0]))
        offset = {"this": 0, "current": 0, "last": -1, "previous": -1, "past": -1, "next": 1}.get(text.word(at))
        if offset is None:
            return None
        word = text.word(at + 1)
        if kind := _CALENDAR.get(word):
            window = Calendar(kind, offset)
            first, last = span(window, self.today)
            assert first is not None
            assert last is not None
            return _Point((first, last), at + 2, window)
        if word == "quarter":
            return _Point(_quarter(self.today, offset), at + 2)
        if month := MONTHS.get(word):
            return self._named_month(month, offset, at + 2)
        if word in _SEASONS:
            return self._named_season(word, offset, at + 2)
        if word in _WEEKDAYS:
            return self._latest_weekday(word, at + 2, is_over=offset < 0)
        if word in _FEASTS:
            return self._latest_feast(word, at + 2)
        return None

    def _named_month(self, month: int, offset: int, end: int) -> _Point | None:
        year = self.today.year
        if offset < 0:
            year -= month >= self.today.month
        elif offset > 0:
            year += month <= self.today.month
        return _Point(_month_days(year, month), end)

    def _named_season(self, word: str, offset: int, end: int) -> _Point | None:
        year = self.today.year
        days = _season_days(year, word)
        while days[0] > self.today:
            year -= 1
            days = _season_days(year, word)
        if offset < 0 and days[1] >= self.today:
            days = _season_days(year - 1, word)
        if offset > 0:
            days = _season_days(year + 1, word)
        return _Point(days, end)

    def _season(self, text: Text, at: int) -> _Point | None:
        word = text.word(at)
        if word not in _SEASONS or not _is_one(text, at):
            return None
        if word == "fall" and text.word(at - 1) not in _BEFORE_FALL:
            return None
        year, end = self._year_at(text, text.skip(at + 1, ("of", ",")))
        if year:
            return _Point(_season_days(year, word), end)
        point = self._named_season(word, 0, at + 1)
        return point and replace(point, has_year=False, is_season=True)

    def _year(self, text: Text, at: int) -> _Point | None:
        start = text.skip(at, ("year",))
        year, end = self._year_at(text, start)
        return _Point((date(year, 1, 1), date(year, 12, 31)), end) if year else None

    def _part(self, text: Text, at: int) -> _Point | None:
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
        return _Point((first, ahead(first, part[1], "month") - timedelta(days=1)), after if year else end)

    def _feast(self, text: Text, at: int) -> _Point | None:
        if new_year := _NEW_YEAR.at(text, at):
            day = date(self.today.year, 1, 1)
            return _Point((day, day), new_year[1], has_year=False)
        if text.word(at) == "easter":
            day = _easter(self.today.year)
            day = day if day <= self.today else _easter(self.today.year - 1)
            return _Point((day, day), at + 1, has_year=False)
        return self._latest_feast(text.word(at), at + 1) if text.word(at) in _FEASTS else None

    def _latest_feast(self, word: str, end: int) -> _Point:
        month, number = _FEASTS[word]
        day = date(self.today.year, month, number)
        if day > self.today:
            day = day.replace(year=day.year - 1)
        return _Point((day, day), end, has_year=False)

    def _weekday(self, text: Text, at: int) -> _Point | None:
        word = text.word(at)
        is_day = word in _WEEKDAYS and _is_one(text, at)
        return self._latest_weekday(word, at + 1, is_over=False) if is_day else None

    def _latest_weekday(self, word: str, end: int, *, is_over: bool) -> _Point:
        since = (self.today.weekday() - _WEEKDAYS[word]) % 7
        day = self.today - timedelta(days=since or (7 if is_over else 0))
        return _Point((day, day), end, has_year=is_over)

    def _year_at(self, text: Text, at: int) -> tuple[int, int]:
        """A year and the place after it; 0 for none."""
        number = text.number(at)
        token = text.tokens[at] if at < len(text) else None
        is_year = (
            number is not None and token is not None and token.raw.isdigit() and 1990 <= number <= self.today.year + 10
        )
        if not is_year or text.word(at + 1) in ("order", "point", "time", "day", *_UNITS):
            return 0, at
        assert number is not None
        return int(number), at + 1


def length_unit_at(text: Text, at: int) -> int | None:
    return at + 1 if text.word(at) in _UNITS else None


def _compared_length(text: Text, at: int) -> tuple[Comparison, tuple[int, Unit], int, Decimal] | None:
    """“more than a fortnight”, “between 30 and 90 days”, “a year and a half”"""
    one = comparison_at(text, at, length_unit_at)
    if one is None and (order := _ORDERS.at(text, at)):
        inner = _compared_length(text, order[1])
        return inner and (replace(inner[0], op=order[0]), *inner[1:])
    if one is None or not one.has_unit:
        one = _one_unit(text, at)
        if one is None:
            return None
    last = one.end - 1
    while text.word(last) not in _UNITS:
        last -= 1
    unit = _UNITS[text.word(last)]
    if "half" in (text.word(last - 1), text.word(last - 2)) and unit[1] == "year" and one.value == 6:
        unit = (1, "month")
    if one.is_money or one.is_percent:
        return None
    half = _and_a_half(text, one.end, unit)
    if half and unit[1] == "year":
        months = replace(one, value=one.value * 12 + 6, end=one.end + half)
        return months, (1, "month"), months.end, Decimal(0)
    return one, unit, one.end, one.high or Decimal(0)


def _plain_length(text: Text, at: int) -> tuple[int, tuple[int, Unit], int] | None:
    """“90 days”, “half a year”, “two and a half years”: how many, of which unit, and the place after it"""
    number = number_at(text, at)
    if number is None:
        half = text.skip(at + 1, ("a", "an"))
        return (6, (1, "month"), half + 1) if text.word(at) == "half" and text.word(half) == "year" else None
    unit = _UNITS.get(text.word(number.end))
    if unit is None or number.value != int(number.value) or number.is_money or number.is_percent:
        return None
    count, end = int(number.value), number.end + 1
    half_more = _and_a_half(text, end, unit)
    return (count * 12 + 6, (1, "month"), end + half_more) if half_more else (count * unit[0], unit, end)


def _one_unit(text: Text, at: int) -> Comparison | None:
    """“a year”, “more than a month”, “half a year”"""
    op, start = BEFORE.at(text, at) or ("is", at)
    half = text.skip(start + 1, ("a", "an"))
    if text.word(start) == "half" and text.word(half) == "year":
        return Comparison(op, Decimal(6), half + 1, has_unit=True)
    if text.word(start) not in ("a", "an") or text.word(start + 1) not in _UNITS:
        return None
    return Comparison(op, Decimal(1), start + 2, has_unit=True)


def _and_a_half(text: Text, at: int, unit: tuple[int, Unit]) -> int:
    return 3 if [text.word(at + place) for place in range(3)] == ["and", "a", "half"] and unit[1] == "year" else 0


def _suffix(text: Text, at: int) -> tuple[str, int] | None:
    """“90 days ago or more”"""
    if text.word(at) == "or" and text.word(at + 1) in ("more", "longer", "earlier"):
        return "at_least", at + 2
    if text.word(at) == "or" and text.word(at + 1) in ("less", "later"):
        return "at_most", at + 2
    return None


def _is_one(text: Text, at: int) -> bool:
    """“Monday”, not “Mondays”"""
    return text.tokens[at].raw.casefold() == text.word(at)


def _possible(found: Time) -> Time | None:
    """None for windows that no tree can have."""
    for window in (found.window, found.also, found.fixed):
        match window:
            case Last(count, unit) | Over(count, unit) | Next(count, unit):
                if not 1 <= count <= MOST[unit]:
                    return None
            case Dates(first, last):
                if any(day and day.year not in YEARS for day in (first, last)):
                    return None
                if first and last and first > last:
                    return None
    return found


def _dates(first: date, last: date, end: int) -> Time | None:
    return Time(Dates(first, last), end) if first <= last else None


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


def _easter(year: int) -> date:
    """Easter Sunday. Source: the anonymous Gregorian algorithm, Nature, 20 April 1876."""
    century, rest = divmod(year, 100)
    moon = (19 * (year % 19) + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
    days = moon + weekday - 7 * ((year % 19 + 11 * moon + 22 * weekday) // 451) + 114
    return date(year, days // 31, days % 31 + 1)


def _with_year(day: date, year: int) -> date:
    return _day_of(year, day.month, day.day)


def _month_days(year: int, month: int) -> Days:
    return date(year, month, 1), date(year, month, monthrange(year, month)[1])


def _season_days(year: int, word: str) -> Days:
    first = date(year, _SEASONS[word], 1)
    return first, ahead(first, 3, "month") - timedelta(days=1)


def _quarter(today: date, offset: int) -> Days:
    first = ahead(date(today.year, (today.month - 1) // 3 * 3 + 1, 1), 3 * offset, "month")
    return first, ahead(first, 3, "month") - timedelta(days=1)
