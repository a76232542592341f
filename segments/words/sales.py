"""What somebody ordered and bought: verbs and nouns of sales."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

from segments.rules import Last
from segments.words import notes
from segments.words.alone import ONLY, nowhere_else, with_more
from segments.words.context import ARTICLES, BE, DO, HAVE, HEADS, Context, Found, asked, to_figure
from segments.words.goods import category, goods_list, is_sold, product_at, unit_of
from segments.words.lengths import AGO, plain_length
from segments.words.located import is_place
from segments.words.numbers import TWICE, comparison_at, number_at
from segments.words.places_sold import on_weekdays, shop_list, times_at
from segments.words.points import WEEKDAYS
from segments.words.sales_words import (
    BEFORE_PRESENT,
    CHANNELS,
    FILLERS,
    ITEM_NOUNS,
    MOST_SHOPS,
    ORDER_NOUNS,
    PRESENT,
    SHOP_NOUNS,
    SIGNED,
    STOPS,
    VERBS,
)
from segments.words.slots import found_of, is_possible, slots, sold_of
from segments.words.sold import Manner, Sales, is_until_now
from segments.words.text import Phrases, Text, each
from segments.words.times import Time
from segments.words.tree import either, joined


def sales_at(context: Context, at: int) -> Found | None:
    readers = (_nouns, _verbs, _was_in, _only, _still, _their_first, _used_to, _people_who, _verbless)
    found = [with_more(context, at, one) for read in readers if (one := read(context, at)) is not None]
    return max(found, key=lambda one: one.end, default=None)


def _used_to(context: Context, at: int) -> Found | None:
    """“used to buy at Mill Lane”: with more said of it than that it was"""
    text = context.text
    if text.word(at) not in ("use", "used") or text.word(at + 1) != "to":
        return None
    found = _verbs(context, at + 2)
    if found is None or found.end <= at + 3:
        return None
    return replace(found, notes=[*found.notes, notes.before(text.slice(at, at + 3))])


def _people_who(context: Context, at: int) -> Found | None:
    """“online shoppers”, “buyers of soap”, “customers of Quayside Coffee”, “Quayside Coffee customers”"""
    text = context.text
    heads = ("customer", "shopper", "buyer", "purchaser", "order", "visitor", "client")
    if (channel := CHANNELS.at(text, at)) and text.word(channel[1]) in heads:
        return found_of(context, Sales(channels=(channel[0],)), range(at, channel[1]))
    if text.word(at) in heads and text.word(at + 1) in ("of", "at", "from") and text.word(at) != "order":
        if shop := context.vocabulary.shops.at(text, text.skip(at + 2, ("the", "our"))):
            found = found_of(context, Sales(shops=(shop[0],)), range(at, shop[1]))
            return found and replace(found, may_go_on=False, is_head=True)
        if text.word(at) in ("buyer", "purchaser") and text.word(at + 1) == "of":
            said, end = goods_list(context, at + 2, Sales())
            said, end = slots(context, end, said)
            found = found_of(context, said, range(at, end)) if said.products else None
            return found and replace(found, is_head=True)
    if (shop := context.vocabulary.shops.at(text, at)) and text.word(shop[1]) in heads:
        return found_of(context, Sales(shops=(shop[0],)), range(at, shop[1]))
    return None


def buyers_of(context: Context, at: int) -> Found | None:
    """“lunch bag buyers”: of what is sold"""
    text = context.text
    end = at
    while end < at + 5 and text.word(end) not in _BUYERS:
        end += 1
    if not at < end < at + 5 or not is_sold(context, at, end):
        return None
    said, after = slots(context, end + 1, Sales(products=(text.slice(at, end),)))
    found = found_of(context, said, range(at, after))
    return found and replace(found, is_head=True)


_BUYERS = each("buyer purchaser")


def _verbs(context: Context, at: int) -> Found | None:
    text = context.text
    if text.word(at) in ("first", "last") and VERBS.at(text, at + 1):
        return _first_or_last(context, at)
    verb = VERBS.at(text, at)
    if verb is None:
        verb = PRESENT.at(text, at)
        is_verb = text.word(at - 1) in BEFORE_PRESENT and (at == 0 or text.number(at - 1) is None)
        if verb is None or not is_verb:
            return None
    kind, end = verb
    if text.word(at - 1) in ("and", "or", ",") and _is_plain_plural(context, at, end):
        return None
    if kind == "return" and text.word(at) == "returned" and _comes_goods(context, end):
        return None  # sent back
    end = _same_verbs(context, end)
    if but := _ALL_BUT.at(text, end):
        return Found(None, goods_list(context, but[1], Sales())[1])
    if text.word(at) == "been" and text.word(end) == "with":
        return None  # “with us since 2023”
    is_any_going = text.word(at) in ("been", "gone", "went", "going", "go", "come", "came", "coming")
    if is_any_going and kind == "visit" and not _is_place_of_ours(context, end):
        return None
    is_noun = text.word(end - 1) in ORDER_NOUNS and end - at > 1  # “placed an order”
    manner: Manner = "noun" if is_noun else "goods" if kind in ("order", "buy") else "plain"
    frame = Sales(is_back=kind in ("return", "seen"), names_goods=manner == "goods")
    # “been in” may be “been” and “in the shop” as well
    ends = {end, at + 1} if kind == "visit" and manner == "plain" else {end}
    found = [
        found_of(context, frame, range(at, end))
        for frame, end in (slots(context, end, frame, manner) for end in ends)
        if frame.times or kind != "seen"
    ]
    return max((one for one in found if one), key=lambda one: one.end, default=None)


def _was_in(context: Context, at: int) -> Found | None:
    """“was in this month”, “was never in Quayside”, “never in on a Monday”; not “was in Leeds”, nor “but not in May”"""
    text = context.text
    is_verb = text.word(at) in ("was", "were")
    following = at + 1 + is_verb
    if text.word(following - 1) != "in" or not (is_verb or text.word(at - 1) in {"not", "never", "ever", *ONLY}):
        return None
    was = at if is_verb else at - 2
    is_said = text.word(was) in ("was", "were") and text.word(was - 1) in BEFORE_PRESENT
    frame, end = slots(context, following, Sales())
    if end == following and is_said:  # “was in quayside”
        frame, end = slots(context, following - 1, Sales())
        end = end if frame.shops else following
    leads = _BEHIND_WAS_IN if is_said else _BEHIND_IN
    is_before = text.word(following) == "the" and text.word(following + 2) == "before"  # “the week before last”
    is_ours = is_said and bool(frame.shops) and not is_place(context, following)
    if end == following or not (text.word(following) in leads or is_ours or (is_said and is_before)):
        return None
    return found_of(context, frame, range(at, end))


_BEHIND_IN = each("on since today yesterday")
_BEHIND_WAS_IN = _BEHIND_IN | WEEKDAYS.keys() | each("this last once twice again between before after until at")


def _verbless(context: Context, at: int) -> Found | None:
    """“neither Quayside nor Mill Lane this month”, “only once this year”, “5 or more lunch bags” begin a sentence."""
    text = context.text
    if at > 0:
        return None
    one = times_at(text, text.skip(at, ONLY))
    frame, end = slots(context, one.end if one else at, Sales(amount=one))
    if (frame.shops and frame.is_none) or (one and frame.times):
        return found_of(context, frame, range(at, end))
    things: dict[int, str] = {}

    def thing_at(_text: Text, place: int) -> int | None:
        thing = None if _is_counted_otherwise(context, place) else product_at(context, place)
        if thing is None or not is_sold(context, place, thing[1]):
            return None
        things[thing[1]] = thing[0]
        return thing[1]

    one = comparison_at(text, at, thing_at)
    if one is None or not one.has_unit or one.is_money or one.is_percent:
        return None
    frame, end = slots(context, one.end, Sales(field="items", amount=one, products=(things[min(things)],)))
    return found_of(context, frame, range(at, end)) if frame.times else None  # “2 dogs” are theirs


def _is_counted_otherwise(context: Context, at: int) -> bool:
    """Orders and points, whose words titles may hold as well."""
    is_noun = any(context.text.word(at + more) in ORDER_NOUNS | ITEM_NOUNS | HEADS for more in range(3))
    return is_noun or context.vocabulary.figures.at(context.text, at) is not None


def _still(context: Context, at: int) -> Found | None:
    """“still coming this month”; without a time until now nothing says since when not"""
    found = _verbs(context, at + 1) if context.text.word(at) == "still" else None
    sold = sold_of(found)
    is_now = sold is not None and len(sold.times) == 1 and is_until_now(sold.times[0].for_counts)
    return found if is_now and context.text.word(at - 1) != "not" else None


def _their_first(context: Context, at: int) -> Found | None:
    """“had their first hand brew in the last week”"""
    text = context.text
    verb = VERBS.at(text, at)
    behind = verb[1] if verb else at + (text.word(at) in HAVE | {"tried"})
    if behind == at or text.word(behind) not in ("their", "a", "his", "her") or text.word(behind + 1) != "first":
        return None
    start = behind + 2
    thing = product_at(context, start)
    if thing is None or _is_counted_otherwise(context, start) or not is_sold(context, start, thing[1]):
        return None
    if verb is None and thing[1] == start + 1:  # “had their first baby”
        return None
    frame, end = slots(context, thing[1], Sales(products=(thing[0],), order="first"))
    return found_of(context, frame, range(at, end))


def _only(context: Context, at: int) -> Found | None:
    """“only ever been to Quayside”, “came only on Mondays”: there, and nowhere else"""
    text = context.text
    start = text.skip(at + 1, ("ever", "have", "has"))
    if text.word(at) in ONLY:
        found = _verbs(context, start) or _was_in(context, start)
        sold, end = sold_of(found), found.end if found else at
    else:
        verb = VERBS.at(text, at) or PRESENT.at(text, at)
        if verb is None or text.word(verb[1]) not in ONLY:
            return None
        sold, end = slots(context, verb[1] + 1, Sales())
    return nowhere_else(context, sold, range(at, end)) if sold else None


def _is_plain_plural(context: Context, at: int, end: int) -> bool:
    """“more than 100 points or orders”: no verb"""
    is_plural = end == at + 1 and context.text.tokens[at].raw.casefold() != context.text.word(at)
    return is_plural and slots(context, end, Sales(), "goods")[1] == end


# “bought nothing but soap”: what else somebody bought is not asked for by any condition.
_ALL_BUT = Phrases(
    [
        (f"{thing} {but}", True)
        for thing in ("nothing", "anything", "something", "everything")
        for but in ("but", "except", "except for", "besides", "other than", "apart from")
    ]
)


def _same_verbs(context: Context, at: int) -> int:
    """“ordered or visited” is one verb, unless more is said of the second: “ordered or bought tea”."""
    text = context.text
    following = VERBS.at(text, at + 1) if text.word(at) in ("or", "nor", "/") else None
    if following is None or following[0] in ("return", "seen") or text.word(following[1] - 1) in ORDER_NOUNS:
        return at
    said, _end = slots(context, following[1], Sales(), "goods")
    is_same = text.word(following[1] - 1) == text.word(at - 1)
    return at if is_same or replace(said, times=(), is_all=frozenset()) != Sales() else following[1]


def _first_or_last(context: Context, at: int) -> Found | None:
    """“first bought bunting in 2025”, “last visited Mill Lane over 30 days ago”; without a thing it is a day."""
    verb = VERBS.at(context.text, at + 1)
    assert verb is not None
    frame, end = slots(context, verb[1], Sales(order=context.text.word(at), names_goods=True), "goods")
    is_of_a_thing = frame.products or frame.categories or frame.vendors or frame.shops or frame.channels
    if not frame.times and not (frame.products or frame.categories or frame.vendors):
        here = replace(frame, order="", names_goods=False)
        return _order_was(context, f"{frame.order}_order_was", here, range(at, end), is_so=True)
    if not (is_of_a_thing and frame.times) or frame.amount or frame.is_none:
        return None
    return found_of(context, frame, range(at, end))


def _is_place_of_ours(context: Context, at: int) -> bool:
    """“been”, “go” and “come” say something of sales only where a time, a shop or nothing of content follows."""
    text = context.text
    start = text.skip(at, ("in", "to", "at", "by", "over", "here", "there", "and"))
    is_end = not text.word(start) or text.word(start) in STOPS or text.word(at - 1) in ("there", "here", "in")
    if is_end and text.words[max(at - 2, 0) : at] != ("to", "go"):  # “3 stamps to go”
        return True
    place = at - 1 if text.word(at - 1) == "to" else at  # “goes to” is a verb, and “to Quayside” a shop
    is_where = shop_list(context, place, Sales())[1] > place or on_weekdays(context, at, Sales())[1] > at
    return bool(
        is_where or context.times.at(text, at) or times_at(text, at) or FILLERS.at(text, at) or CHANNELS.at(text, at)
    )


_OF_ONE_ORDER = (
    "order", "purchase", "visit", "time they ordered", "time they bought", "time they came", "time they came in",
    "time they visited", "time they were in", "time they shopped", "thing bought", "thing they bought",
    "thing they ever bought", "thing they ordered", "thing they ever ordered",
)  # fmt: skip
_WAS = Phrases(
    {
        "first_order_was": [f"{first} {one}" for first in ("first", "very first") for one in _OF_ONE_ORDER],
        "last_order_was": [f"{last} {one}" for last in ("last", "most recent", "latest") for one in _OF_ONE_ORDER],
    }
)


def order_was_at(context: Context, at: int) -> Found | None:
    """“first order was online”, “last purchase at Quayside”, “last order over £100”, “last order had soap in it”"""
    text = context.text
    noun = _WAS.at(text, text.skip(at, ("a", "the", "their")))
    if noun is None or not context.knows(noun[0]):
        return None
    start = text.skip(noun[1], BE | {"placed", "made", "it", "came", "there"})
    is_turned = text.word(start) == "not" and start > noun[1]
    frame, end = _goods_of_it(context, noun[1], start + is_turned)
    if not frame.products and "thing" not in text.words[at : noun[1]]:
        frame, end = slots(context, end, Sales(), "noun")
        if start == noun[1] and text.word(end) in BE:  # “last visit to Quayside was in May”
            frame, end = slots(context, end + 1, frame, "noun")
    is_there = "there" in text.words[noun[1] : end]
    if frame.times and (frame.shops or is_there) and not (is_turned or frame.weekdays or frame.totals):
        return found_of(context, replace(frame, order=noun[0].partition("_")[0]), range(at, end))
    return _order_was(context, noun[0], frame, range(at, end), is_so=not is_turned)


def _goods_of_it(context: Context, after: int, at: int) -> tuple[Sales, int]:
    """“had filter papers in it”, “was a teapot”: of what is sold; “first thing they bought was a hand brew”: of all"""
    text = context.text
    is_with = text.word(at) in HAVE | _CONTAINED
    start = at + is_with
    thing = product_at(context, start) if start > after else None
    if thing is None or not (text.word(after - 1) in _BOUGHT or is_sold(context, text.skip(start, ARTICLES), thing[1])):
        return Sales(), at
    return Sales(products=(thing[0],)), text.skip(thing[1], ("in", "it")) if is_with else thing[1]


_BOUGHT = each("bought ordered purchased")
_CONTAINED = each("contained included")


def _order_was(context: Context, key: str, frame: Sales, words: range, *, is_so: bool) -> Found | None:
    """Of the one order: where, on which day of the week, how much, what; when it was is another field's."""
    if frame.times or frame.amount or frame.is_none or frame == Sales():
        return None
    parts = []
    for where in frame._places():
        for choices in frame._goods(context):
            parts += [asked(words, key, "is", is_so, None, where + extra) for extra in choices]
    part = joined(parts, is_all=not is_so)
    if part is None or not is_possible(context, part):
        return None
    return Found(part, words.stop, may_go_on=True)


def category_at(context: Context, at: int) -> Found | None:
    """“customers of the category Tea”: who bought something of it"""
    frame, end = category(context, at, Sales())
    if end == at:
        return None
    frame, end = slots(context, end, frame)
    found = found_of(context, frame, range(at, end))
    return found and replace(found, notes=[notes.bought(context.text.slice(at, end))])


def _comes_goods(context: Context, at: int) -> bool:
    text = context.text
    return text.word(at) in ("a", "an", "item", "product", "good", "their", "something", "anything", "the")


def _nouns(context: Context, at: int) -> Found | None:
    """“at least 10 orders”, “half a dozen orders or more”, “an order over £100”, “orders”"""
    text = context.text
    if text.word(at) == "even":
        at += 1
    if text.word(at - 1) in ("in", "per") or _is_in_orders(text, at):
        return None
    for nouns, field in ((ORDER_NOUNS, "orders"), (ITEM_NOUNS, "items")):
        one = comparison_at(text, at, unit_of(nouns))
        if one is not None and one.has_unit and not one.is_money and not one.is_percent:
            frame, end = slots(context, one.end, Sales(field=field, amount=one), "noun")
            return found_of(context, frame, range(at, end))
    counted = _compared_at(context, text.skip(at, ("the", "any", "single", "total")))
    if counted is not None:
        return _counted(context, at, counted)
    if text.word(at) == "multiple" and text.word(at + 1) in ORDER_NOUNS:
        frame, end = slots(context, at + 2, Sales(amount=TWICE), "noun")
        return found_of(context, frame, range(at, end))
    return _order(context, at)


def _is_in_orders(text: Text, at: int) -> bool:
    """“orders with 3 items”, “3 items in one order”: how much is in an order is not known."""
    return text.word(at - 2) in ORDER_NOUNS and text.word(at - 1) in ("with", "of", "containing", "including")


def _compared_at(context: Context, at: int) -> int | None:
    """The place behind “number of orders”, “order count”, and of the “orders” before “over 5”."""
    text = context.text
    if text.word(at) == "number" and text.word(at + 1) == "of" and text.word(at + 2) in ORDER_NOUNS:
        return at + 3
    if text.word(at) not in ORDER_NOUNS:
        return None
    if text.word(at + 1) in ("count", "number", "total"):
        return at + 2
    one = comparison_at(text, at + 1)
    if one is None or one.is_bare or one.is_money or one.is_percent or one.is_times:
        return at + 1 if text.word(at + 1) in SIGNED else None
    return None if context.times.at(text, at + 1) else at + 1


def _order(context: Context, at: int) -> Found | None:
    """“an order”, “no order history”, “orders containing soap”"""
    text = context.text
    start = text.skip(at, ("a", "an", "any", "one"))
    is_alone = at == 0 and start > at
    is_of_goods = text.word(start + 1) in ("containing", "including", "with") and text.word(at - 1) in (
        "",
        "with",
        "who",
    )
    is_listed = text.word(at - 1) in ("and", "or", "but", "plus") and start > at
    is_noun = is_alone or is_of_goods or is_listed or text.word(at - 1) in _BEFORE_ORDER
    if text.word(start) not in ORDER_NOUNS or not is_noun:
        return None
    end = start + 1
    if text.word(end) == "history":
        end += 1
    elif text.word(end) in ("value", "date", "number", "count") or (
        text.word(end) == "in" and not _is_slot(context, end)
    ):
        return None
    frame, end = slots(context, end, Sales(), "noun")
    length = plain_length(text, end) if text.word(at - 1) in ("no", "zero", "without") and not frame.times else None
    if length and not AGO.at(text, length[2]):  # “no visit 3 weeks”
        frame, end = slots(context, length[2], replace(frame, times=(Time(Last(length[0], length[1][1]), length[2]),)))
    return found_of(context, frame, range(at, end))


_BEFORE_ORDER = HAVE | DO | each("without no any placed made zero not placing making put ever never")


def _is_slot(context: Context, at: int) -> bool:
    """Whether a time, a place or a channel is there."""
    text = context.text
    is_sold_there = CHANNELS.at(text, at) or shop_list(context, at, Sales())[0].shops
    return bool(context.times.at(text, at) or is_sold_there)


def _counted(context: Context, at: int, end: int) -> Found | None:
    """“number of orders [in a window] over 5”"""
    text = context.text
    frame, end = slots(context, end, Sales(), "noun")
    one = comparison_at(text, to_figure(text, end))
    if one is None or one.is_money or one.is_percent:
        return None
    frame, end = slots(context, one.end, replace(frame, amount=one))
    return found_of(context, frame, range(at, end))


def shops_of_several(context: Context, at: int) -> Found | None:
    """“at more than one shop”, “at least two of our shops”: every choice of so many"""
    text = context.text
    verb = VERBS.at(text, at)
    if verb is None:
        return None
    one = comparison_at(text, verb[1]) or comparison_at(text, text.skip(verb[1], ("at", "in", "from", "to")))
    if one is None or one.is_money:
        return None
    end = text.skip(one.end, ("of", "our", "the", "different"))
    codes = [code for code, _name in context.vocabulary.of("businesses")]
    among = number_at(text, end) if text.word(end - 1) in ("our", "the") else None
    if among and among.value == len(codes):  # “two of our three shops”
        end = among.end
    if text.word(end) not in SHOP_NOUNS:
        return None
    count = int(one.value) + (one.op == "more")
    if one.op not in ("more", "at_least") or not 1 <= count <= len(codes) <= MOST_SHOPS:
        return None
    end += 1
    words = range(at, end)
    parts = []
    for some in combinations(codes, count):
        part, _opposite = Sales(shops=some, is_all=frozenset({"shops"})).parts(context, words)
        if part is not None:
            parts.append(part)
    found = either(parts)
    return Found(found, end, may_go_on=True) if found else None
