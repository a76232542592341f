"""When: “in the last 90 days”, “since March”, “more than a fortnight ago”, “between 1 and 15 June”.

Days, weeks, months and seasons are those of segments/tests/sentences/README.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from segments.rules import MOST, YEARS, Calendar, Dates, Last, Next, Over, Unit, Window, back
from segments.words.lengths import AGO, ORDERS, UNITS, and_a_half, compared_length, late_suffix, plain_length
from segments.words.numbers import number_at
from segments.words.points import CALENDAR, Point, Points, month_days, quarter_days, with_year
from segments.words.text import Phrases, Text, each, one_of

_IN = each("in within during over for from through throughout across on inside at of")
_RECENTLY = one_of("recently", "lately", "of late", "in recent times", "in the recent past")
_PAST = frozenset("last past previous preceding latest recent prior".split())
_COMING = each("next coming following upcoming")
_SO_FAR = one_of("so far", "to date")
_THIS_FAR = one_of("year to date", "ytd")
_RECENT_DAYS = 30
# Whether a month behind them needs no “in”.
_AT_ANY_TIME = Phrases(
    {
        False: ["at any time", "at any point", "at some point", "at some time", "sometime", "some time", "any time"],
        True: ["in the month of", "during the month of"],
    }
)
_OTHER_BOUNDS = Phrases(
    {
        "until": ["up to", "up until"],
        "before": ["prior to", "earlier than"],
        "after": ["later than"],
    }
)
_EACH_OF = one_of("in each of the", "each of the", "in each one of the", "in every one of the", "during each of the")
_MOST_OF_EACH = 12
_TO = each("to until till through - –")
_DAY = timedelta(days=1)


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
    is_any_one: bool = False  # “in a week”, which may be another one than the last
    is_named_month: bool = False  # without a year: of a birthday every one

    def in_year_of(self, last: Time) -> Time:
        """The first of “November and December 2025”: a month without a year takes that of the last."""
        own, other = self.window, last.window
        if not isinstance(own, Dates) or not isinstance(other, Dates) or not own.first or not other.first:
            return self
        if not self.is_named_month or last.is_named_month:
            return self
        year = other.first.year - (own.first.month > other.first.month)
        return replace(self, window=Dates(*month_days(year, own.first.month)), is_named_month=False)

    @property
    def for_counts(self) -> Window:
        return self.fixed or self.window


class Times:
    """Reads them as of a day. `is_ahead`: what is asked for lies ahead, as birthdays do."""

    def __init__(self, today: date, *, month_first: bool = False) -> None:
        self.today = today
        self.points = Points(today, month_first=month_first)

    def at(self, text: Text, at: int, *, is_ahead: bool = False, is_listed: bool = False) -> Time | None:
        """`is_listed`: behind another time or a noun of days, where “March” needs no “in”."""
        if lead := _AT_ANY_TIME.at(text, at):
            return self.at(text, lead[1], is_ahead=is_ahead, is_listed=lead[0])
        found = (
            self._recently(text, at)
            or self._ago(text, at)
            or self._rolling(text, at)
            or self._named(text, at, is_listed=is_listed)
            or self._length(text, at, is_ahead=is_ahead)
        )
        if found is None or and_a_half(text, found.end):  # “last month and a half”
            return None
        return _possible(found)

    def each_of(self, text: Text, at: int) -> list[Time]:
        """“in each of the last two months”: that many whole ones"""
        lead = _EACH_OF.at(text, at)
        number = number_at(text, lead[1] + 1) if lead and text.word(lead[1]) in ("last", "past", "previous") else None
        kind = CALENDAR.get(text.word(number.end)) if number else None
        if number is None or kind is None or not 2 <= number.value <= _MOST_OF_EACH or number.value % 1:
            return []
        return [Time(Calendar(kind, -back), number.end + 1) for back in range(1, int(number.value) + 1)]

    def _recently(self, text: Text, at: int) -> Time | None:
        found = _RECENTLY.at(text, at)
        return Time(Last(_RECENT_DAYS), found[1]) if found else None

    def _ago(self, text: Text, at: int) -> Time | None:
        start = at + 1 if text.word(at) in ("from", "on") else at
        length = compared_length(text, start)
        ago = AGO.at(text, length.end) if length else None
        if length is None or not length.count or (ago is None and ORDERS.at(text, start) is None):
            return None
        one, end, count, kind = length.one, ago[1] if ago else length.end, length.count, length.unit
        if late := late_suffix(text, end):
            one, end = replace(one, op=late[0]), late[1]
        if kind in ("minute", "hour"):
            windows: Mapping[str, Window] = {"more": Over(count, kind), "less": Last(count, kind)}
            return Time(windows[one.op], end) if one.op in windows else None
        day = back(self.today, count, kind)
        if one.also is not None:
            newest = back(self.today, int(one.also.value) * length.step, kind) - timedelta(days=one.also.op == "more")
            oldest = day + timedelta(days=one.op == "less")
            return self._between_ago(oldest, newest, end) if oldest <= newest else None
        if one.high is not None:
            return self._between_ago(back(self.today, int(one.high) * length.step, kind), day, end)
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
        if (word not in _PAST and word not in _COMING) or self.points.part_of_month(text, start):
            return None
        is_past, after = word in _PAST, start + 1
        if text.word(after) == "calendar" and (kind := CALENDAR.get(text.word(after + 1))):
            return Time(Calendar(kind, -1 if is_past else 1), after + 2)
        if length := plain_length(text, after):
            count, unit, end = length
        elif text.word(after) in UNITS:
            is_rolling = (has_the and word != "previous") or word in ("past", "coming")
            if not is_rolling and text.word(after) != "fortnight":
                return self._one_calendar(text, after, -1 if is_past else 1)
            unit, end = UNITS[text.word(after)], after + 1
            count = unit[0]
        else:
            return None
        return Time(Last(count, unit[1]) if is_past else Next(count, unit[1]), end)

    def _one_calendar(self, text: Text, at: int, offset: int) -> Time | None:
        if text.word(at) == "quarter":
            return Time(Dates(*quarter_days(self.today, offset)), at + 1)
        kind = CALENDAR.get(text.word(at))
        return Time(Calendar(kind, offset), at + 1) if kind else None

    def _length(self, text: Text, at: int, *, is_ahead: bool) -> Time | None:
        """“in 90 days”, “for six months”, “for over a year”"""
        if text.word(at) not in ("in", "within", "for", "during", "inside", "over"):
            return None
        start = at + 1 if text.word(at) != "over" else at
        start = text.skip(start, ("the", "good", "whole", "full"))
        length = compared_length(text, start)
        if length is None or not length.count or AGO.at(text, length.end):
            return None
        one, end, op = length.one, length.end, length.one.op
        if text.word(end) in ("of", "after", "before", "from"):  # “within a week of their birthday”
            return None
        if text.word(end) == "now":
            end += 1
        if is_ahead:
            return Time(Next(length.count, length.unit), end) if op in ("is", "at_most") else None
        if op not in ("is", "more", "at_least") and not (op == "at_most" and text.word(at) == "in"):
            return None
        is_any_one = one.value == 1 and text.word(at) != "for"
        return Time(Last(length.count, length.unit), end, is_long=op == "more", is_any_one=is_any_one)

    def _named(self, text: Text, at: int, *, is_listed: bool) -> Time | None:
        word = text.word(at)
        if soon := _THIS_FAR.at(text, at):
            return Time(Calendar("year", 0), soon[1])
        if word in ("since", "from", "after", "before", "until", "till", "by", "between", "starting"):
            return self._bounded(text, at)
        if bound := _OTHER_BOUNDS.at(text, at):
            point = self.points.at(text, bound[1])
            if point is None:
                return None
            is_after = bound[0] == "after"
            return Time(Dates(first=point.days[1] + _DAY), point.end) if is_after else _up_to(point, bound[0])
        return self._inside(text, at, is_listed=is_listed)

    def _inside(self, text: Text, at: int, *, is_listed: bool) -> Time | None:
        start = text.skip(at, _IN - {"for", "of"})
        has_word = start > at or is_listed
        start = text.skip(start, ("earlier",) if text.word(start + 1) in ("today", "this") else ("all",))
        point = self.points.at(text, start)
        if point is None or (text.word(at) == "over" and point.days[0] == point.days[1]):
            return None  # “over Christmas” is more than the day
        if point.is_edge or not (has_word or point.has_year or point.window):
            return None  # “summer hats”, “at the start of the year”
        end = point.end
        if far := _SO_FAR.at(text, end):
            end = far[1]
        if text.word(end) in _TO:
            last = self.points.at(text, end + 1)
            if last is not None:
                return self._spread(point, last)
        is_every_year = not point.has_year and (bool(point.month) or point.is_season)
        return Time(point.window or Dates(*point.days), end, is_named_month=is_every_year)

    def _first_of(self, text: Text, at: int) -> Point | None:
        """Of two days: “1 and 15 June”, “1 May and 15 June”"""
        return self.points.at(text, at) or self.points.bare_day_at(text, at)

    def _bounded(self, text: Text, at: int) -> Time | None:
        word = text.word(at)
        start = at + (2 if word == "starting" and text.word(at + 1) in ("from", "in", "on") else 1)
        if word == "between":
            first = self._first_of(text, start)
            if first is None or text.word(first.end) not in ("and", "to", "-"):
                return None
            last = self.points.at(text, first.end + 1)
            return self._spread(first, last) if last else None
        if word == "since" and (ago := self._since_ago(text, start)):
            return ago
        point = self._first_of(text, start) if word == "from" else self.points.at(text, start)
        if point is None:
            return None
        if word in ("before", "until", "till", "by"):
            return self._also_after(text, _up_to(point, word))
        begin = point.days[1] + _DAY if word == "after" else point.days[0]
        end = text.skip(point.end, ("on", "onward"))
        last = self._upper(text, end)
        if last is not None:
            return self._spread(replace(point, days=(begin, begin)), last)
        return Time(Dates(first=begin), end)

    def _upper(self, text: Text, at: int) -> Point | None:
        """The “to June” of “from May to June”, the “but before June” of “after March but before June”"""
        if text.word(at) in _TO:
            return self.points.at(text, at + 1)
        bound = text.word(at + 1)
        if text.word(at) not in ("and", "but") or bound not in ("before", "until", "till", "up"):
            return None
        point = self.points.at(text, at + 2 + (bound == "up"))
        if point is None or bound != "before":
            return point
        return replace(point, days=(point.days[0] - _DAY, point.days[0] - _DAY))

    def _also_after(self, text: Text, before: Time) -> Time:
        """“before August but after May” is one time; “before May and after August” is none."""
        assert isinstance(before.window, Dates)
        is_linked = text.word(before.end) in ("and", "but") and text.word(before.end + 1) in ("after", "since", "from")
        after = self._bounded(text, before.end + 1) if is_linked else None
        if after is None or not isinstance(after.window, Dates):
            return before
        first, last = after.window.first, before.window.last
        return (first and last and _dates(first, last, after.end)) or before

    def _since_ago(self, text: Text, at: int) -> Time | None:
        """“since 3 months ago”"""
        length = compared_length(text, at)
        ago = AGO.at(text, length.end) if length else None
        if length is None or ago is None or length.one.op != "is" or not length.count:
            return None
        return Time(Dates(first=back(self.today, length.count, length.unit)), ago[1])

    def _spread(self, first: Point, last: Point) -> Time | None:
        """From one to the other; what has no year is the latest that fits."""
        begin, stop = first.days[0], last.days[1]
        if not first.has_year and last.has_year:
            begin = with_year(begin, stop.year)
            begin = begin if begin <= stop else with_year(begin, stop.year - 1)
        elif not first.has_year and not last.has_year:
            while begin > stop:
                begin = with_year(begin, begin.year - 1)
        elif not last.has_year:
            stop = with_year(stop, begin.year)
            stop = stop if stop >= begin else with_year(stop, begin.year + 1)
        found = _dates(begin, stop, last.end)
        if found and first.month and last.month and not first.has_year and not last.has_year:
            return replace(found, is_named_month=True)
        return found


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


def _up_to(point: Point, word: str) -> Time:
    """“before” a day, or “until” it"""
    return Time(Dates(last=point.days[0] - _DAY if word == "before" else point.days[1]), point.end)


def _dates(first: date, last: date, end: int) -> Time | None:
    return Time(Dates(first, last), end) if first <= last else None
