"""What was bought: open words that titles hold, categories, makers."""

from __future__ import annotations

from dataclasses import replace

from segments.words.context import ARTICLES, BE, NO_GOODS, Context
from segments.words.lengths import UNITS
from segments.words.numbers import UnitAt, comparison_at, number_at
from segments.words.places_sold import shop_list, times_at, with_all
from segments.words.points import MONTHS
from segments.words.sales_words import ANYTHING, CATEGORY, CHANNELS, FILLERS, ITEM_NOUNS, NOTHING, PRONOUNS, STOPS
from segments.words.sold import Sales
from segments.words.text import Phrases, Text, each, list_at, one_of, quoted_at


def unit_of(nouns: frozenset[str]) -> UnitAt:
    def unit_at(text: Text, at: int) -> int | None:
        start = text.skip(at, ("separate", "individual", "completed"))
        return start + 1 if text.word(start) in nouns else None

    return unit_at


def goods_at(context: Context, at: int, frame: Sales, *, is_noun: bool) -> tuple[Sales, int]:
    """“soap”, “2 teapots”, “anything from Bodum”; “nothing”, “no soap”"""
    text = context.text
    if text.word(at) in NOTHING or (text.word(at) == "no" and text.word(at + 1) in ANYTHING):
        following, end = goods_at(context, at + 1, frame, is_noun=text.word(at) != "no")
        return replace(following, is_none=True), end
    if text.word(at) == "no" and (denied := goods_list(context, at + 1, frame))[0].products:
        return replace(denied[0], is_none=True), denied[1]
    start = at
    if text.word(start) in ("a", "any") and text.word(start + 1) in ANYTHING:
        start += 1
    is_anything = text.word(start) in ANYTHING
    start += is_anything
    for read in (category, _made_by, *((_called,) if is_anything else ())):
        inner, end = read(context, start, frame)
        if end > start:
            return inner, end
    if is_anything:
        return frame, start
    if is_noun:
        start += 1
        if text.word(start) in ("a", "any") and text.word(start + 1) in ANYTHING and _ends_goods(context, start + 2):
            return frame, start + 2
        if not _leads_to_goods(text, start):
            return frame, at
    if text.word(start - 1) in ANYTHING:  # “something special”
        return frame, at
    if frame.amount is None and (counted := counted_goods(context, start, frame)):
        return counted
    said, end = goods_list(context, start, frame)
    return (said, end) if said.products or said.categories else (frame, at)


def _leads_to_goods(text: Text, at: int) -> bool:
    """“an order with soap”, not “with 3 lanterns”: how many are in one is not known."""
    is_led = text.word(at - 1) in ("of", "with", "containing", "including")
    return is_led and text.word(at) not in ("us", "more", "less", "over", "under") and comparison_at(text, at) is None


def counted_goods(context: Context, at: int, frame: Sales) -> tuple[Sales, int] | None:
    """“at least 3 lunch bags”: so many items"""
    text = context.text
    one = comparison_at(text, at, unit_of(ITEM_NOUNS))
    if one is None or one.is_money or one.is_percent or one.is_times:
        return None
    if one.has_unit:
        items = replace(frame, field="items", amount=one)
        inner, end = category(context, one.end, items)
        if end == one.end and text.word(end) == "of":
            inner, end = goods_list(context, end + 1, items)
        return inner, end
    if text.word(one.end) in UNITS:
        return None  # “3 weeks running”
    said, end = goods_list(context, one.end, replace(frame, field="items", amount=one))
    return (said, end) if said.products else None


def category(context: Context, at: int, frame: Sales) -> tuple[Sales, int]:
    """“from the category Tea”, “in the Tea category”, “Tea or Coffee category”"""
    text = context.text
    named = context.vocabulary.named.get("categories")
    if named is None:
        return frame, at
    start = text.skip(at, ("from", "in", "of", "the", "a", "our", "any", "within", "that"))
    start = text.skip(start, BE) if text.word(start) in BE else start
    start = text.skip(start, ("in", "from", "the"))
    has_word = text.word(start) in CATEGORY
    start = text.skip(start, CATEGORY | {":", '"', "“"})
    found = named.at(text, start)
    if found is None:
        return frame, at
    codes, end, joined_by = list_at(
        text, found, lambda place: named.at(text, text.skip(place, ("the", "from", "category")))
    )
    after = text.skip(end, ('"', "”"))
    if text.word(after) in CATEGORY or (text.word(after) in ITEM_NOUNS | ANYTHING and len(codes) == 1):
        has_word, end = True, after + 1
    if not has_word:
        return frame, at
    return replace(frame, categories=tuple(codes), is_all=with_all(frame, "goods", joined_by == "and")), end


def _made_by(context: Context, at: int, frame: Sales) -> tuple[Sales, int]:
    """“from the brand X”, “made by X”, “X products”"""
    text = context.text
    named = context.vocabulary.named.get("vendors")
    maker = named.at(text, text.skip(at, ARTICLES)) if named else None
    if maker and text.word(maker[1]) in ITEM_NOUNS:
        return replace(frame, vendors=(maker[0],)), maker[1] + 1
    start = text.skip(at, ("from", "of", "by", "made", "the", "a", "our"))
    has_word = text.word(start) in ("brand", "vendor", "supplier", "maker") or text.word(at) == "made"
    start = text.skip(start, ("brand", "vendor", "supplier", "maker", ":"))
    found = named.at(text, start) if named and has_word else None
    return (replace(frame, vendors=(found[0],)), found[1]) if found else (frame, at)


def _called(context: Context, at: int, frame: Sales) -> tuple[Sales, int]:
    """“something with 'Christmas' in its name”"""
    text = context.text
    if text.word(at) not in ("with", "containing", "called", "named"):
        return frame, at
    name = product_at(context, at + 1)
    in_name = _IN_ITS_NAME.at(text, name[1]) if name else None
    if name is None or (in_name is None and text.word(at) == "with"):
        return frame, at
    return replace(frame, products=(name[0],)), in_name[1] if in_name else name[1]


def goods_list(context: Context, at: int, frame: Sales) -> tuple[Sales, int]:
    """“both a teapot and a cake stand”, “jewellery or soap”, “neither tea nor coffee”, “one of tea, soap and coffee”"""
    lead = _HOW_MANY_OF.at(context.text, at)
    how_many, start = lead or ("", at)
    is_late = bool(frame.times or frame.shops or frame.channels or frame.weekdays or frame.hours)
    first = product_at(context, start, is_late=is_late)
    if first is None:
        return frame, at
    products, end, joined_by = list_at(context.text, first, lambda place: product_at(context, place, is_listed=True))
    is_all = how_many == "all" or (not how_many and joined_by == "and")
    frame = replace(frame, products=tuple(products), is_all=with_all(frame, "goods", is_all))
    return replace(frame, is_none=how_many == "none"), end


_HOW_MANY_OF = Phrases(
    {
        "all": ["both", "all of"],
        "any": ["either", "one of", "at least one of", "any of"],
        "none": ["neither", "none of"],
    }
)


def product_at(context: Context, at: int, *, is_listed: bool = False, is_late: bool = False) -> tuple[str, int] | None:
    """Open words: what titles may contain. In a list they must look like goods: with an article, sold, or one word
    that is no verb; `is_late`, not right behind the verb, one word is not enough.
    """
    text = context.text
    start = text.skip(at, ARTICLES)
    if quoted := quoted_at(text, start):
        return quoted
    if text.word(start) in ("kind", "sort", "type", "form", "variety") and text.word(start + 1) == "of":
        start = text.skip(start + 2, ARTICLES)
    end = start
    while text.word(end) and not _ends_goods(context, end):
        end += 1
    if not start < end <= start + _MOST_WORDS:
        return None
    end = _with_its_comma(context, start, end)
    end = _as_far_as_sold(context, start, end)
    if not _may_be_goods(text, start, end):
        return None
    if (is_listed or is_late) and start == at and not is_sold(context, start, end):
        is_noun = is_listed and end == start + 1 and _may_be_noun(context, start)
        return (text.slice(start, end), end) if is_noun and not is_late else None
    return text.slice(start, end), end


def _as_far_as_sold(context: Context, start: int, end: int) -> int:
    """“an umbrella by the way” is an umbrella, where one is sold, and words that say something else."""
    if is_sold(context, start, end):
        return end
    return next((place for place in range(end - 1, start, -1) if is_sold(context, start, place)), end)


def _may_be_goods(text: Text, start: int, end: int) -> bool:
    number = number_at(text, start)
    if number is not None and (number.is_money or text.word(number.end) in UNITS):
        return False
    words = [text.word(place) for place in range(number.end if number else start, end)]
    if not words or words[0] in _NOT_GOODS or words[-1] in _NOT_GOODS_ENDS or not PRONOUNS.isdisjoint(words):
        return False
    if text.tokens[start].is_ordinal or (words[0] in MONTHS and len(words) == 1):
        return False
    return any(letter.isalpha() for letter in text.slice(start, end)) and not NO_GOODS.issuperset(words)


def _may_be_noun(context: Context, at: int) -> bool:
    """No verb, and no name of customers: “bought soap and VIPs”."""
    text = context.text
    is_verb = text.word(at).endswith(("ed", "ing")) or text.word(at) in _VERBS_NOT_GOODS
    return text.number(at) is None and not is_verb and not context.is_named(at)


_IN_ITS_NAME = one_of("in its name", "in the name", "in its title", "in the title", "in their name")
_MOST_WORDS = 6  # of a thing
_NOT_GOODS_ENDS = each("category tier member archetype segment ago")
_NOT_GOODS = each(
    "bought came went got paid seen visited ordered joined claimed of containing including around near about across"
    " behind towards more less fewer over under at least most between exactly only once twice time online offline lot"
    " ton much many few several regularly often frequently rarely seldom usually always sometimes in on during since"
    " before after within spent spend spending live living have has had having be been is are was were do does did"
    " join can could should would will may might must again first last next every each when by high low medium half"
    " different am pm"
)


# What may stand behind goods and says more of them or of the verb.
_BEHIND_GOODS = each(
    "please pls thank thanks thx cheers asap urgent urgently now"
    "regularly frequently often repeatedly monthly weekly daily yearly annually quarterly occasionally rarely usually"
    " constantly every each for in on to by during after before since instead rather besides worth only last"
    " exclusively other"
)
_VERBS_NOT_GOODS = each(
    "follow like love own know eat drink speak work play need prefer hate keep wear read visit smoke drive travel"
    " enjoy complain return pay owe use refer recommend share click open subscribe unsubscribe marry study teach"
    " collect celebrate attend belong come go get give take look see hear feel think believe wish hope ask answer call"
    " text email write phone contact respond reply react participate engage churn leave stay move relocate retire age"
    " cook bake run swim cycle walk earn redeem claim win lose"
)


def _with_its_comma(context: Context, start: int, end: int) -> int:
    """“Ethiopia Guji, 250 g” is one thing where a title is called so."""
    text = context.text
    last = end + 1
    while text.word(end) == "," and text.word(last) and not _ends_goods(context, last):
        last += 1
    is_one = text.word(end) == "," and last > end + 1 and context.vocabulary.sells(text.slice(start, last))
    return last if is_one else end


def is_sold(context: Context, start: int, end: int) -> bool:
    """By one title at least, also in the singular; or a category that is."""
    if not _may_be_goods(context.text, start, end) or context.text.number(start) is not None:
        return False
    named = context.vocabulary.named.get("categories")
    if named and (category_there := named.at(context.text, start)) and category_there[1] == end:
        return True
    words, sells = context.text.slice(start, end), context.vocabulary.sells
    return sells(words) or (words.endswith("s") and sells(words[:-1]))


def _ends_goods(context: Context, at: int) -> bool:
    text = context.text
    if text.word(at) in STOPS or text.word(at) in _BEHIND_GOODS:
        return True
    if FILLERS.at(text, at) and text.word(at) not in ("here", "any", "us"):
        return True
    if context.times.at(text, at) or times_at(text, at) or CHANNELS.at(text, at):
        return True
    return shop_list(context, at, Sales())[1] > at
