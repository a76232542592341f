"""Numbers in figures and words, amounts, percentages, and what is compared with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from segments.words.text import Phrases, Text, each, one_of

_UNITS: Mapping[str, int] = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
        " seventeen eighteen nineteen".split()
    )
}
_TENS: Mapping[str, int] = {
    word: 20 + 10 * number
    for number, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split())
} | {"fourty": 40}
_SCALES: Mapping[str, int] = {
    "dozen": 12,
    "hundred": 100,
    "thousand": 1_000,
    "grand": 1_000,
    "k": 1_000,
    "million": 1_000_000,
}
_FIXED = Phrases(
    {
        6: ["half a dozen", "a half dozen", "half dozen"],
        2: ["a couple of", "a couple", "couple of"],
        50: ["half a hundred"],
        500: ["half a thousand"],
        500_000: ["half a million"],
    }
)
_NOTES = Phrases({5: ["a fiver", "fiver"], 10: ["a tenner", "tenner"]})
_SIGNS = frozenset("£$€¥₹")
_MONEY = each("pound quid euro dollar buck gbp eur usd sterling chf franc yen zloty krona krone")
_TIMES: Mapping[str, int] = {"once": 1, "twice": 2, "thrice": 3}
_PERCENT = one_of("%", "percent", "per cent", "pct")

BEFORE = Phrases(
    {
        "at_least": [
            "at least", "a minimum of", "minimum of", "minimum", "min", "min.", "no less than", "no fewer than",
            "not less than", "not fewer than", ">=", "≥", "at the least", "at the very least", "not under",
            "not below", "greater than or equal to", "more than or equal to", "starting from", "starting at", "reach",
            "reached", "hit", "totalling at least", "add up to at least", "adding up to at least", "come to at least",
            "worth at least", "amounting to at least", "of at least",
        ],
        "at_most": [
            "at most", "up to", "no more than", "not more than", "a maximum of", "maximum of", "maximum", "max", "max.",
            "at the most", "<=", "≤", "no greater than", "not over", "not above", "not exceeding", "no higher than",
            "less than or equal to", "fewer than or equal to", "as many as", "do not exceed", "does not exceed",
            "did not exceed", "worth up to",
        ],
        "more": [
            "more than", "over", "above", "greater than", "exceeding", "exceed", "in excess of", "excess of",
            "higher than", "bigger than", "larger than", "north of", "upward of", ">", "beyond", "better than",
            "more then", "well over", "top", "surpass", "beat", "went over", "go over", "come to more than",
            "add up to more than", "came to more than", "totalling more than", "totalling over",
            "adding up to more than", "amounting to more than", "amount to more than", "worth more than",
            "worth over", "of over",
        ],
        "less": [
            "less than", "fewer than", "under", "below", "lower than", "smaller than", "beneath", "<", "south of",
            "less then", "fewer then", "not even", "fall below", "stay under", "stay below", "worth less than",
            "totalling less than", "come to less than", "add up to less than",
        ],
        "is": [
            "exactly", "precisely", "just", "only", "equal to", "equal", "=", "a total of", "total of", "a single",
        ],
    }
)  # fmt: skip
_AFTER = Phrases(
    {
        "at_least": [
            "or more", "or over", "or above", "or higher", "and above", "and over", "and up", "and more", "or up",
            "plus", "+", "or greater", "or better", "upward", "at least", "at the least", "minimum", "and upward",
            "or upward",
        ],
        "at_most": [
            "or less", "or fewer", "or under", "or below", "and under", "or lower", "and below", "at most",
            "at the most", "maximum", "max", "top", "and less", "and fewer",
        ],
        "is": ["exactly", "precisely"],
    }
)  # fmt: skip
_TURNED: Mapping[str, str] = {"more": "at_most", "at_least": "less", "less": "at_least", "at_most": "more"}
_RANGE_SIGNS = each("- – — to and till until")
UnitAt = Callable[[Text, int], int | None]  # the place after a unit


@dataclass(frozen=True, slots=True)
class Number:
    value: Decimal
    end: int
    is_money: bool = False
    is_percent: bool = False
    is_times: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """`op` as in `segments.operators`; `high` of "between". `has_unit`: the unit that was looked for stands there.

    `is_bare`: nothing says whether more or less is meant; `was_bare`: nothing said it, and `op` was chosen.
    """

    op: str
    value: Decimal
    end: int
    high: Decimal | None = None
    is_money: bool = False
    is_percent: bool = False
    is_times: bool = False
    has_unit: bool = False
    is_bare: bool = False
    was_bare: bool = False
    also: Comparison | None = None  # the lower one of “more than 100 but fewer than 500”


ANY = Comparison("more", Decimal(0), 0)
ZERO = Comparison("is", Decimal(0), 0)
ONCE = Comparison("at_least", Decimal(1), 0)
TWICE = Comparison("at_least", Decimal(2), 0)


def number_at(text: Text, at: int, *, is_ranged: bool = False) -> Number | None:
    """“1,000 €”, “£5”, “a hundred pounds”, “60 %”, “twenty-five”, “twice”. `is_ranged`: an “and” leads to the next."""
    is_money = text.word(at) in _SIGNS
    start = at + 1 if is_money else at
    if text.word(start) in _TIMES:
        return Number(Decimal(_TIMES[text.word(start)]), start + 1, is_times=True)
    if note := _NOTES.at(text, at):
        return Number(Decimal(note[0]), note[1], is_money=True)
    found = _plain(text, start, is_ranged=is_ranged)
    if found is None:
        return None
    value, end = found
    if text.word(end) in _SIGNS or text.word(end) in _MONEY:
        return Number(value, end + 1, is_money=True)
    if percent := _PERCENT.at(text, end):
        return Number(value, percent[1], is_percent=True)
    return Number(value, end, is_money=is_money)


def comparison_at(text: Text, at: int, unit_at: UnitAt | None = None) -> Comparison | None:
    """“at least 5 orders”, “5 orders or more”, “between £5 and £10”, “one or two”, “£500+”."""
    found = _range_at(text, at, unit_at)
    if found is not None:
        return found
    said = BEFORE.at(text, at)
    op, start = said or ("", at)
    if op == "is" and (inner := BEFORE.at(text, start)):  # "only more than"
        op, start = inner
    if op == "is" and text.word(start - 1) == "single":  # "a single order"
        return _with_unit(text, Comparison("is", Decimal(1), start, is_bare=True), unit_at)
    number = number_at(text, text.skip(start, ("the", "of")) if op else start)
    if number is None:
        return None
    if not op and (listed := _list_at(text, number, unit_at)):
        return listed
    one = Comparison(
        op or "is", number.value, number.end, is_money=number.is_money, is_percent=number.is_percent,
        is_times=number.is_times, is_bare=not op or (op == "is" and text.word(start - 1) == "of"),
    )  # fmt: skip
    one = _with_suffix(text, one, unit_at)
    return _with_upper(text, one, unit_at) if one.op in ("more", "at_least") else one


def _with_upper(text: Text, lower: Comparison, unit_at: UnitAt | None) -> Comparison:
    """“more than 100 but fewer than 500 points”"""
    if text.word(lower.end) not in ("and", "but"):
        return lower
    upper = comparison_at(text, lower.end + 1, unit_at)
    if upper is None or upper.op not in ("less", "at_most") or upper.value <= lower.value:
        return lower
    has_what = upper.has_unit if unit_at else upper.is_money == lower.is_money
    return replace(upper, also=lower) if has_what else lower


def at_least(one: Comparison) -> Comparison:
    """What somebody spent is at least so much where nothing says whether more or less is meant."""
    return replace(one, op="at_least", is_bare=False, was_bare=True) if one.is_bare else one


def turned(op: str) -> str | None:
    """The operator that holds exactly where this one does not."""
    return _TURNED.get(op)


def _with_suffix(text: Text, one: Comparison, unit_at: UnitAt | None) -> Comparison:
    """A suffix stands before the unit or after it: “5 or more orders”, “5 orders or more”."""
    if one.is_bare and (early := _suffix_at(text, one.end)):
        one = replace(one, op=early[0], end=early[1], is_bare=False)
    one = _with_unit(text, one, unit_at)
    if one.is_bare and (late := _suffix_at(text, one.end)):
        one = replace(one, op=late[0], end=late[1], is_bare=False)
    return one


def _suffix_at(text: Text, at: int) -> tuple[str, int] | None:
    """“or more”, but not that of “or more than 5”, nor the “or over” of “or over 5”"""
    found = _AFTER.at(text, at)
    if found is None or text.word(found[1]) == "than" or (text.word(at) in ("or", "and") and number_at(text, found[1])):
        return None
    return None if text.word(at) not in ("or", "and", "+", "plus") and number_at(text, found[1]) else found


def _with_unit(text: Text, one: Comparison, unit_at: UnitAt | None) -> Comparison:
    if unit_at is None:
        return one
    end = unit_at(text, one.end)
    return one if end is None else replace(one, end=end, has_unit=True)


def _range_at(text: Text, at: int, unit_at: UnitAt | None) -> Comparison | None:
    opened = text.word(at) in ("between", "from", "anywhere")
    start = at + 1 if opened else at
    if text.word(at) == "anywhere" and text.word(start) in ("between", "from"):
        start += 1
    low = number_at(text, start, is_ranged=text.word(start - 1) == "between")
    if low is None:
        return None
    middle = low.end
    if unit_at is not None and (after := unit_at(text, middle)) is not None:
        middle = after
    sign = text.word(middle)
    if sign not in _RANGE_SIGNS or (sign == "and" and text.word(at) == "from") or (sign == "and" and not opened):
        return None
    high = number_at(text, middle + 1)
    if high is None or high.value < low.value:
        return None
    one = Comparison(
        "between", low.value, high.end, high=high.value, is_money=low.is_money or high.is_money,
        is_percent=low.is_percent or high.is_percent,
    )  # fmt: skip
    return _with_unit(text, one, unit_at)


def _list_at(text: Text, first: Number, unit_at: UnitAt | None) -> Comparison | None:
    """“one or two”, “1, 2 or 3”: numbers that follow each other."""
    values, end = [first.value], first.end
    while text.word(end) in ("or", ","):
        following = number_at(text, end + 1)
        if following is None or following.value != values[-1] + 1:
            break
        values.append(following.value)
        end = following.end
    if len(values) < 2:
        return None
    one = Comparison("between", values[0], end, high=values[-1], is_money=first.is_money)
    return _with_unit(text, one, unit_at)


def _plain(text: Text, at: int, *, is_ranged: bool) -> tuple[Decimal, int] | None:
    if fixed := _FIXED.at(text, at):
        return Decimal(fixed[0]), fixed[1]
    figure = text.number(at)
    if figure is not None:
        if text.tokens[at].is_ordinal:
            return None
        scale = _SCALES.get(text.word(at + 1))
        return (figure * scale, at + 2) if scale else (figure, at + 1)
    return _in_words(text, at, is_ranged=is_ranged)


def _in_words(text: Text, at: int, *, is_ranged: bool) -> tuple[Decimal, int] | None:
    total, group, end = 0, 0, at
    has_any = False
    if text.word(at) in ("a", "an"):
        if text.word(at + 1) not in _SCALES:
            return None
        group, end = 1, at + 1
    elif _is_bare_scale(text, at):
        group = 1
    while True:
        word = text.word(end)
        if word == "and" and has_any and (total or group >= 100) and not is_ranged and _is_rest(text, end + 1):
            end += 1
            continue
        if word in _UNITS and not (has_any and group % 10):
            group += _UNITS[word]
        elif word in _TENS and not group % 100:
            group += _TENS[word]
        elif word in _SCALES and group and (group < 100 or _SCALES[word] >= 1000):
            if _SCALES[word] < 1000:
                group *= _SCALES[word]
            else:
                total, group = total + group * _SCALES[word], 0
        else:
            break
        has_any = True
        end += 1
    return (Decimal(total + group), end) if has_any else None


def _is_bare_scale(text: Text, at: int) -> bool:
    """“hundred days”, not “hundreds of days”, “half thousand” nor “1,5k”"""
    word = text.word(at)
    is_one = word in _SCALES and word != "k" and text.tokens[at].raw.casefold() == word
    return is_one and text.word(at - 1) != "half" and not text.word(at - 1)[:1].isdigit()


def _is_rest(text: Text, at: int) -> bool:
    """Whether “and” goes on with the same number: “one hundred and fifty”, not “one hundred and two hundred”."""
    end = at
    while text.word(end) in _UNITS or text.word(end) in _TENS:
        end += 1
    return end > at and text.word(end) not in _SCALES
