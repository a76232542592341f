"""Days of the registry: first and last order, joining, birthdays; who is new, comes back or stays away."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from segments.operators import Kind
from segments.rules import Calendar, Dates, Last, Over, Window
from segments.words import notes, synonyms
from segments.words.context import BE, HEADS, Context, Found, Frame, asked, on_days
from segments.words.lengths import AGO, compared_length
from segments.words.points import WEEKDAYS
from segments.words.sales_words import ORDER_NOUNS
from segments.words.slots import Spoken
from segments.words.sold import Sales, is_until_now
from segments.words.text import Phrases, each, one_of
from segments.words.times import Time
from segments.words.tree import every, joined, negated


@dataclass(frozen=True, slots=True)
class DayFrame(Frame):
    """“first ordered in March … or in May”"""

    field: str

    def again(self, context: Context, at: int) -> Found | None:
        return _day(context, self.field, at, at)


_BEHIND_DAYS = BE | {"been", "placed", "made", "took", "place", "happened", "dated", "date", "day", "fall",
"falling", "back",
                     "a", "with", "us", "from", "order", "purchase", "to", ":", "celebrated", "it", "coming",
                     "up", "only",
                     "anything", "something", "again", "soon", "came", "fell", "occurred", "come"}  # fmt: skip


def days_at(context: Context, at: int) -> Found | None:
    """“first order in the last 90 days”, “last ordered more than a fortnight ago”, “birthday next month”"""
    text = context.text
    phrases = context.vocabulary.days
    start = text.skip(at, ("a", "an", "the", "their"))
    noun = phrases.at(text, start) or _one_of_orders(context, start)
    if noun is None:
        return None
    after = noun[1]
    found = _day(context, noun[0], at, after)
    if found is None:
        skipped = text.skip(after, _BEHIND_DAYS)
        found = _day(context, noun[0], at, skipped) if skipped > after else None
    if found is None:
        return None
    said = " ".join(text.word(place) for place in range(start, noun[1]))
    if noun[0] == "member_since" and said in synonyms.JOINED_ONLY:
        found = replace(found, notes=[*found.notes, notes.joined(text.slice(start, noun[1]))])
    return found


def _one_of_orders(context: Context, at: int) -> tuple[str, int] | None:
    """“first visit over a year ago, last one this month”, where visits as such were spoken of last"""
    text = context.text
    if text.word(at) not in ("first", "last") or text.word(at + 1) != "one":
        return None
    nouns = [place for place in range(at) if text.word(place) in ORDER_NOUNS | _OTHER_NOUNS]
    is_of_orders = bool(nouns) and text.word(nouns[-1]) in ORDER_NOUNS
    if not is_of_orders or not _NARROWED.isdisjoint(text.words[nouns[-1] + 1 : at]):
        return None
    return f"{text.word(at)}_order", at + 2


_OTHER_NOUNS = each("reward point stamp card friend item product thing birthday")
_NARROWED = each("at to with containing including online there bought buy")


def _day(context: Context, key: str, first: int, at: int) -> Found | None:
    if context.text.word(at) in WEEKDAYS and context.text.word(at - 1) in ("a", "any"):
        return None  # “was a Sunday” is any of them
    is_birthday = context.vocabulary.fields[key].kind is Kind.ANNIVERSARY
    is_turned = context.text.word(at) == "not" and context.text.word(at - 1) in BE
    is_ahead = is_birthday or key == "next_purchase"
    if key in _LASTING and context.text.word(at) == "since" and context.text.word(at + 1) == "before":
        at += 1  # “customers since before June”
    if key in _LASTING and (short := _short(context, at)):
        return Found(asked(range(first, short[1]), key, "within", None, short[0]), short[1], frame=DayFrame(key))
    times, end, is_all = context.time_list(at + is_turned, is_ahead=is_ahead, is_listed=True)
    if not times:
        return None
    if key in _LASTING and (earlier := _or_earlier(context, at + is_turned, end)):
        times, end = [earlier], earlier.end
    if is_birthday:
        if any(_is_of_birth(time.window, context.times.today) for time in times):
            return None
        times = [_every_year(time) for time in times]
    window = times[0].window
    if key in _LASTING and len(times) == 1 and isinstance(window, Last) and context.text.word(at) == "for":
        return _lasting(key, range(first, end), window, is_long=times[0].is_long)
    times = [_for_long(time, context, key) for time in times]
    part = on_days(range(first, end), key, times, is_all=is_all and not is_birthday)
    if part is None:
        return None
    part = negated(part, context.vocabulary.fields) if is_turned else part
    return Found(part, end, frame=DayFrame(key), may_go_on=not is_birthday)


def _or_earlier(context: Context, at: int, end: int) -> Time | None:
    """“members since March or earlier”"""
    text = context.text
    is_so = text.word(at) == "since" and text.word(end) == "or" and text.word(end + 1) in ("earlier", "before")
    point = context.times.points.at(text, at + 1) if is_so else None
    return Time(Dates(last=point.days[1]), end + 2) if point and point.end == end else None


def of_a_time(context: Context, at: int) -> Found | None:
    """“December birthdays”, “last month's new customers”"""
    text = context.text
    if text.word(at - 1) in ("in", "on", "since", "until", "before", "after", "from", "to", "by"):
        return None
    time = context.times.at(text, at, is_listed=True)
    if time is None:
        return None
    noun = context.vocabulary.days.at(text, time.end)
    if noun is not None and noun[0] == "birthday" and not _is_of_birth(time.window, context.times.today):
        return Found(on_days(range(at, noun[1]), "birthday", [_every_year(time)]), noun[1])
    new = _FIRST_TIME.at(text, time.end) or ((True, time.end + 1) if text.word(time.end) == "new" else None)
    if new is None or text.word(new[1]) not in HEADS:
        return None
    end = new[1] + 1
    key = "member_since" if text.word(end - 1) == "member" else "first_order"
    return Found(on_days(range(at, end), key, [time]), end, frame=DayFrame(key), is_head=True)


def _short(context: Context, at: int) -> tuple[Last, int] | None:
    """“been with us for less than a year”"""
    text = context.text
    length = compared_length(text, at + (text.word(at) == "for"))
    if length is None or length.one.op not in ("less", "at_most") or not length.count or AGO.at(text, length.end):
        return None
    return Last(length.count, length.unit), length.end


_LASTING = each("first_order member_since tier_since archetype_since created")


def _for_long(time: Time, context: Context, key: str) -> Time:
    """“been a customer for over a year”: since before the day a year ago"""

    if isinstance(time.window, Last) and time.is_long:
        return replace(time, window=Over(time.window.count, time.window.unit), is_long=False)
    return time


def _is_of_birth(window: Window, today: date) -> bool:
    """“born in 1990”, “born before 1980”: a birthday is a day and a month here."""
    if not isinstance(window, Dates):
        return False
    if window.first is None or window.last is None or window.first.year < today.year - 4:
        return True
    return (window.last - window.first).days >= 364


def _every_year(time: Time) -> Time:
    """Months of a leap year: 29 February is in February then, and not in March."""
    window = time.window
    if not time.is_named_month or not isinstance(window, Dates) or window.first is None or window.last is None:
        return time
    years = window.last.year - window.first.year
    first = date(2024 - years, window.first.month, window.first.day)
    last_day = 29 if window.last.month == 2 and window.last.day >= 28 else window.last.day
    return replace(time, window=Dates(first, date(2024, window.last.month, last_day)))


_FIRST_TIME = one_of("first time", "first timer", "newly acquired", "newcomer")


def new_at(context: Context, at: int) -> Found | None:
    """“new customers”, “first-time buyers in the last 30 days”, “are new this month”, “customers since March”"""

    text = context.text
    start = at + 1 if text.word(at) == "brand" and text.word(at + 1) == "new" else at
    word = _FIRST_TIME.at(text, start) or ((True, start + 1) if text.word(start) == "new" else None)
    if word is None:
        return _since(context, at)
    end, is_head = word[1], False
    if text.word(end) in HEADS or text.word(start) == "newcomer":
        end, is_head = end + (text.word(end) in HEADS), True
    elif text.word(at - 1) not in BE | {"and", "or", "not"}:
        return None
    after = (
        text.skip(end, ("from", "who", "joined", "acquired", "to", "us"))
        if text.word(end) in ("acquired", "to")
        else end
    )
    times, stop, is_all = context.time_list(after)
    said: list[str] = []
    key = "member_since" if text.word(end - 1) == "member" else "first_order"
    if not times:
        times, stop = [Time(Calendar("month"), end)], end
        said = [notes.new_this_month(text.slice(at, end), is_member=key == "member_since")]
    part = on_days(range(at, stop), key, times, is_all=is_all)
    return Found(part, stop, frame=DayFrame(key), notes=said, is_head=is_head, may_go_on=False)


def _since(context: Context, at: int) -> Found | None:
    """“customers since 2024”, “customers for more than two years”, “members since March”"""
    text = context.text
    if text.word(at) not in HEADS or text.word(at) == "one":
        return None
    start = text.skip(at + 1, ("of", "our"))
    if text.word(start) not in ("since", "for"):
        return None
    key = "member_since" if text.word(at) == "member" else "first_order"
    found = _day(context, key, at, start)
    return found and replace(found, is_head=True, may_go_on=False)


def _lasting(key: str, words: range, window: Last, *, is_long: bool) -> Found:
    if is_long:
        return Found(asked(words, key, "within", None, Over(window.count, window.unit)), words.stop)
    part = every([asked(words, key, "exists"), asked(words, key, "not_within", None, window)])
    return Found(part, words.stop)


_REPEAT = Phrases({2: ["repeat", "returning", "repeating", "multi order", "multiple order"],
                   1: [
                       "one time", "one off", "single purchase", "one purchase", "single order", "once only",
                       "one order",
                   ]})  # fmt: skip


def repeat_at(context: Context, at: int) -> Found | None:
    """“repeat customers”, “one-time buyers”"""
    text = context.text
    word = _REPEAT.at(text, at)
    if word is None or text.word(word[1]) not in HEADS | {"order"}:
        return None
    op = "at_least" if word[0] == 2 else "is"
    return Found(asked(range(at, word[1]), "orders", op, word[0]), word[1])


_LAPSED = one_of("lapsed", "dormant", "inactive", "sleeping")
_USED_TO = one_of(
    "used to order", "used to buy", "used to come", "used to visit", "used to shop", "used to come in",
    "used to purchase", "once ordered", "once bought", "used to be customers", "used to be a customer",
    "used to spend",
)  # fmt: skip
_STOPPED = one_of(
    "stopped ordering", "stopped buying", "stopped coming", "stopped visiting", "stopped shopping",
    "stopped purchasing", "stopped coming in", "gone", "gone quiet", "not returned", "stayed away",
    "staying away", "been away",
    "gone silent", "been gone", "been absent", "been missing", "not been heard from", "been inactive",
    "been quiet", "disappeared", "vanished", "drifted off", "been dormant", "inactive", "lapsed", "dormant",
    "sleeping", "quiet", "silent", "went quiet", "went silent", "gone cold", "went cold", "dropped off",
    "lost touch", "absent", "away", "missing", "not active", "been lost", "fallen silent", "fell silent",
    "dropped out",
)  # fmt: skip


def lapsed_at(context: Context, at: int) -> Found | None:
    """“lapsed” beside a time without orders; “used to order”; “stopped ordering 3 months ago”; “active in May”"""
    text = context.text
    word, used_to = _LAPSED.at(text, at), _USED_TO.at(text, at)
    if word is not None and context.times.at(text, word[1]) is None:
        return Found(asked(range(at, word[1]), "orders", "at_least", 1), word[1], needs_quiet=True)
    if used_to is not None:
        end = text.skip(used_to[1], ("from", "us", "with", "here", "in"))
        part, said = asked(range(at, end), "orders", "at_least", 1), [notes.before(text.slice(at, end))]
        return Found(part, end, frame=Spoken(Sales()), notes=said)
    return _active(context, at) if text.word(at) == "active" else _stopped(context, at)


def _stopped(context: Context, at: int) -> Found | None:
    text = context.text
    verb = _STOPPED.at(text, at)
    if verb is None:
        return None
    end = text.skip(verb[1], ("from", "us", "with", "here")) if text.word(verb[1] + 1) == "us" else verb[1]
    times = context.times.at(text, end) or (context.times.at(text, end - 1) if text.word(end - 1) == "in" else None)
    if times is None:
        before = asked(range(at, end), "orders", "at_least", 1)
        return Found(before, end, needs_quiet=True) if end - at > 1 else None
    words, window = range(at, times.end), times.window
    if isinstance(window, Calendar) and window.offset == 0:
        return None  # stopped this year: since then, or before it?
    if is_until_now(window) and not times.is_long:
        quiet = asked(words, "orders", "is", 0, window)
        back = asked(words, "orders", "at_least", 1, window)
        return Found(every([asked(words, "orders", "at_least", 1), quiet]), times.end, back)
    over = Over(window.count, window.unit) if isinstance(window, Last) else window
    return Found(asked(words, "last_order", "within", None, over), times.end)


def _active(context: Context, at: int) -> Found | None:
    """“active in the last 30 days”: who ordered in them"""
    times, end, is_all = context.time_list(at + 1)
    parts = [asked(range(at, end), "orders", "at_least", 1, time.for_counts) for time in times]
    part = joined(parts, is_all=is_all)
    return Found(part, end, notes=[notes.active(context.text.slice(at, end))]) if part else None
