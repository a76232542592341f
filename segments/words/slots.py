"""What stands behind a verb or noun of sales, in any order; and pieces of a sentence that repeat one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from segments.rules import Calendar, Condition, Dates, Next, Not, Window
from segments.words import notes
from segments.words.context import ARTICLES, BE, HAVE, Context, Found, Frame
from segments.words.goods import counted_goods, goods_at, goods_list, product_at
from segments.words.hours import at_hours
from segments.words.numbers import ANY, Comparison, at_least, comparison_at
from segments.words.places_sold import channel_list, on_weekdays, shop_list, times_at, with_all
from segments.words.sales_words import ANYTHING, AVERAGE, CHANNELS, FILLERS, NOTHING, PRONOUNS, STOPS
from segments.words.sold import Manner, Sales, Then
from segments.words.text import Phrases, Text, each, one_of
from segments.words.times import Time
from segments.words.tree import Part, Together

_SINCE_THEN = one_of("since", "since then", "after that", "afterwards", "again", "again since", "anymore", "any more")
_THEN: Mapping[Then, Sequence[str]] = {
    "before": ["before that", "before then", "prior to that", "until then", "up to then", "before", "previously"],
    "since": ["since then", "after that", "since that", "afterwards", "since"],
    "same": [
        f"{word}{which} {time}"
        for word in ("", "in ", "during ", "over ", "within ")
        for which in ("that", "the same", "that same", "those same")
        for time in ("time", "period", "month", "year", "week", "quarter", "day")
    ],
}
THEN = Phrases(_THEN)


@dataclass(frozen=True, slots=True)
class Spoken(Frame):
    """Sales that a following piece may repeat with something else: “ordered in March but not in April”."""

    said: Sales

    def again(self, context: Context, at: int) -> Found | None:
        known, text = self.said, context.text
        start = text.skip(at, ("to", "the", "again")) if text.word(at) == "to" else at
        if text.word(at) in ANYTHING | {"again"} and context.times.at(text, at + 1):  # “… but something in May”
            start = at + 1
        if since := self._since_then(context, start):
            return since
        piece = self._piece(context, start)
        if piece is None:
            return None
        new, end = piece
        denied = _denied_by(text, at)
        amount = known.amount
        if denied in _NONE or (denied in _NOT and known.field != "spent"):
            amount = ANY if known.field == "spent" else None
        found = found_of(context, known.changed_by(replace(new, amount=new.amount or amount)), range(at, end))
        is_assumed = denied == "not" and new.amount is None and amount != known.amount
        return replace(found, notes=[*found.notes, notes.NONE_AT_ALL]) if found and is_assumed else found

    def _piece(self, context: Context, at: int) -> tuple[Sales, int] | None:
        """What is said anew: “in April”, “over £50”, “3 cake stands”, “before that”"""
        blank = Sales(field=self.said.field)
        new, end = slots(context, at, blank, "fragment")
        if (end == at or new == blank) and then_at(context, end, self.said) is None:
            goods = _fragment_goods(context, at, self.said) if self.said.takes_goods else None
            if goods is None:
                return None
            new, end = goods
        then = then_at(context, end, self.said)
        if then is None:
            return new, end
        return (replace(new, times=then[0]), then[1]) if then[0] else None

    def _since_then(self, context: Context, at: int) -> Found | None:
        """“… before June but not since”: from the day after that time"""
        found = _SINCE_THEN.at(context.text, at)
        time = self.said.time_since(context.times.today)
        if found is None or time is None or context.times.at(context.text, at) is not None:
            return None
        return found_of(context, replace(self.said, times=(time,), amount=None), range(at, found[1]))

    def within(self, context: Context, times: Sequence[Time], words: frozenset[int]) -> Found | None:
        if self.said.times:
            return None
        found = found_of(context, replace(self.said, times=tuple(times), words=words), range(0))
        return found and replace(found, end=max(words) + 1)


_NONE = NOTHING | each("never no without")
_NOT = each("not neither nor")  # of money: not so much


def _denied_by(text: Text, at: int) -> str:
    """“… but none this month”, “… never online”, “… none of them online”, “… nothing at all in May”"""
    start = at - 2 if text.word(at - 1) in ("them", "those", "these") and text.word(at - 2) == "of" else at
    while text.word(start - 1) in ("at", "all", "whatsoever", "else", "ever"):
        start -= 1
    return text.word(start - 1)


def then_at(context: Context, end: int, said: Sales) -> tuple[tuple[Time, ...], int] | None:
    """“… before that”, “… since then”, “… in that time”, of what was said before; `end` is behind all other words.

    Without times where nobody can say which.
    """
    behind = THEN.at(context.text, end - 1)
    start = end - 1 if behind and behind[0] == "before" else end  # where it was read as a filler
    then = THEN.at(context.text, start)
    if then is None or context.times.at(context.text, start):
        return None
    is_filler = then[0] == "before" and then[1] == start + 1 and not said.times
    return None if is_filler else (said.times_then(then[0], context.times.today), then[1])


def sold_of(found: Found | None) -> Sales | None:
    return found.frame.said if found and isinstance(found.frame, Spoken) else None


def found_of(context: Context, said: Sales, words: range) -> Found | None:
    """None where the field knows no such narrowing: what was spent has no weekdays; and of what lies ahead."""
    if context.text.words[max(words.start - 2, 0) : words.start] == ("no", "longer"):
        said = replace(said, is_ended=True)
    if said.is_ended and not said.times:
        return Found(None, words.stop, frame=Spoken(said))  # since when?
    if not said.has_order or any(_lies_ahead(time.window, context.times.today) for time in said.times):
        return None
    part, opposite = said.parts(context, words)
    if opposite is None or (part is not None and not is_possible(context, part)):
        return None
    if said.is_none:
        part, opposite = opposite, part
    return Found(part, words.stop, opposite, Spoken(said), said.notes(), may_go_on=True)


def _lies_ahead(window: Window, today: date) -> bool:
    match window:
        case Next():
            return True
        case Calendar(_unit, offset):
            return offset > 0
        case Dates(first, _last):
            return first is not None and first > today
    return False


def slots(context: Context, at: int, frame: Sales, manner: Manner = "plain") -> tuple[Sales, int]:
    """Everything behind a verb or noun that says more about it, in any order, and the place after it."""
    end = at
    while True:
        before = end
        for read in _SLOTS:
            frame, end = read(context, end, frame, manner if end == at or manner != "fragment" else "plain")
            if end > before:
                break
        if end == before:
            return frame, end


def _first_time(context: Context, at: int, frame: Sales, _manner: Manner) -> tuple[Sales, int]:
    found = _FOR_THE_FIRST_TIME.at(context.text, at)
    if found is None or frame.order or frame.field not in ("orders", "orders_with"):
        return frame, at
    return replace(frame, order="first"), found[1]


def _filler(context: Context, at: int, frame: Sales, manner: Manner) -> tuple[Sales, int]:
    text = context.text
    filler = FILLERS.at(text, at) if manner != "fragment" else None
    if filler is None or context.times.at(text, at) or text.word(filler[1]) in _BEHIND_NO_FILLER:
        return frame, at
    if text.word(filler[1] - 1) in ("before", "previously") and not _may_end(text, filler[1]):
        return frame, at  # “bought soap before buying tea”
    is_ended = text.word(filler[1] - 1) in ("anymore", "more")
    return replace(frame, is_ended=frame.is_ended or is_ended), filler[1]


def _may_end(text: Text, at: int) -> bool:
    """Whether what is said of sales may be over, or goes on with a place."""
    return text.word(at) in (STOPS | {"", "in", "on", "online", "here", "there"}) - {"that", "then", "or"}


def _how_often(context: Context, at: int, frame: Sales, manner: Manner) -> tuple[Sales, int]:
    if frame.amount is not None:
        return frame, at
    one = times_at(context.text, at) if frame.field in ("orders", "items") else None
    if one is None and manner == "fragment":
        one = _fragment_amount(context, at, frame)
    return (replace(frame, amount=one), one.end) if one else (frame, at)


def _when(context: Context, at: int, frame: Sales, _manner: Manner) -> tuple[Sales, int]:
    is_none = context.text.word(at) == "neither"
    times, end, is_all = context.time_list(at + is_none)
    if frame.times or not times:
        return frame, at
    frame = replace(frame, is_none=frame.is_none or is_none)
    frame = replace(frame, times=tuple(times), is_all=with_all(frame, "times", is_all))
    is_each = "both" in context.text.words[at:end]
    return replace(frame, is_all=with_all(frame, "each time", is_each)), end


def _of_what_amount(context: Context, at: int, frame: Sales, manner: Manner) -> tuple[Sales, int]:
    """“an order over £100”"""
    if manner != "noun" or frame.totals is not None or frame.field != "orders":
        return frame, at
    text = context.text
    start = text.skip(at, ("of", "for", "worth", "with", "a", "total", "value", "that", "come", "to", "in", "each"))
    one = comparison_at(text, start)
    if one is None or not one.is_money or AVERAGE.at(text, one.end):
        return frame, at
    if frame.amount is not None and not _SUMMED.isdisjoint(text.words[at : start + 1]):
        return frame, at  # “5 orders totalling over £500”
    return replace(frame, totals=one), text.skip(one.end, ("each",))


def _what(context: Context, at: int, frame: Sales, manner: Manner) -> tuple[Sales, int]:
    if frame.products or frame.categories or frame.vendors:
        return frame, at
    if manner == "goods":
        return goods_at(context, at, frame, is_noun=False)
    is_of_goods = manner == "noun" and context.text.word(at) in _BEFORE_GOODS
    return goods_at(context, at, frame, is_noun=True) if is_of_goods else (frame, at)


def _fragment_amount(context: Context, at: int, frame: Sales) -> Comparison | None:
    """“over £200 last year” behind what was spent before"""
    one = comparison_at(context.text, at)
    if one is None or one.is_percent:
        return None
    is_money = frame.field in ("spent", "average_order")
    if is_money:
        return at_least(one) if one.is_money else None
    is_timed = context.times.at(context.text, one.end)
    is_meant = is_timed or (CHANNELS.at(context.text, one.end) and not one.is_bare)
    return one if is_meant and not one.is_money else None


def _fragment_goods(context: Context, at: int, known: Sales) -> tuple[Sales, int] | None:
    before = at - 1
    while context.text.word(before) in ARTICLES:
        before -= 1
    if context.text.word(before) in HAVE | BE:  # “bought soap and have a voucher”
        return None
    if counted := counted_goods(context, at, Sales(field=known.field)):
        said, end = slots(context, counted[1], counted[0])
        return said, end
    is_late = not known.products or context.text.word(at - 1) == ","
    if product_at(context, at, is_listed=True, is_late=is_late) is None:
        return None
    said, end = goods_list(context, at, Sales(field=known.field))
    said, end = slots(context, end, said)
    return said, end


def is_possible(context: Context, part: Part) -> bool:
    """Whether its fields take these narrowings: what was spent knows no weekdays."""
    if isinstance(part, Together):
        return all(is_possible(context, one) for one in part.parts)
    node = part.node.of if isinstance(part.node, Not) else part.node
    assert isinstance(node, Condition)
    known = context.vocabulary.fields[node.field].source.properties
    return all(one.property in known for one in node.where)


_SUMMED = each("total totalling come add adding amount amounting")
_BEFORE_GOODS = each("of with containing including for from in that")
_BEHIND_NO_FILLER = PRONOUNS | {"of"}  # “in all of the last 3 months”, “before they bought tea”
_FOR_THE_FIRST_TIME = one_of("for the first time", "for the very first time", "for the first time ever")
_SLOTS = (
    _first_time,
    shop_list,
    at_hours,
    on_weekdays,
    _filler,
    _how_often,
    _when,
    channel_list,
    _of_what_amount,
    _what,
)
