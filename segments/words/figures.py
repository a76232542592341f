"""Points, stamps, churn, value: figures of the registry, and the bands of churn."""

from __future__ import annotations

from dataclasses import dataclass, replace

from segments.operators import Kind
from segments.rules import Filter, Next
from segments.words import notes, synonyms
from segments.words.context import (
    ASKS_FOR,
    BE,
    HEADS,
    Context,
    Found,
    Frame,
    asked,
    compared,
    figure,
    to_figure,
)
from segments.words.deeds import Done, points_spent_at
from segments.words.numbers import ONCE, Comparison, at_least, comparison_at
from segments.words.text import Phrases, Text, each, one_of
from segments.words.tree import either, negated


@dataclass(frozen=True, slots=True)
class FigureFrame(Frame):
    """“more than 500 points … or fewer than 10”"""

    field: str
    is_share: bool

    def again(self, context: Context, at: int) -> Found | None:
        one = comparison_at(context.text, at)
        if one is None or one.is_bare or one.is_times or one.is_percent != self.is_share:
            return None
        words = range(at, one.end)
        return Found(compared(words, self.field, one), one.end, frame=self, may_go_on=True)

    def instead(self, context: Context, at: int) -> Found | None:
        return points_spent_at(context, at, is_balance=True) if self.field == "points" else None


def figures_at(context: Context, at: int) -> Found | None:
    """“more than 500 points”, “points: over 500”, “LTV over $500”, “churn risk above 60 %”, “no stamps”"""
    readers = (_figure_behind, _figure_before, _any_at_all, _expected, _needed)
    found = [one for read in readers if (one := read(context, at))]
    return max(found, key=lambda one: one.end, default=None)


def _needed(context: Context, at: int) -> Found | None:
    """“need at most 50 more points for their next reward”"""
    found = _figure_behind(context, at + 1) if context.text.word(at) in _NEED else None
    return found if found and isinstance(found.frame, FigureFrame) and found.frame.field == "points_to_reward" else None


_NEED = each("need lack miss missing")


def _figure_behind(context: Context, at: int) -> Found | None:
    text, phrases = context.text, context.vocabulary.figures
    ends: dict[int, str] = {}

    def unit_at(text: Text, place: int) -> int | None:
        start = text.skip(place, ("of", "a", "their", "more", "in", "the"))
        start = start if text.word(place) != "more" else place
        one = phrases.at(text, start)
        if one is None:
            return None
        ends[one[1]] = one[0]
        return one[1]

    one = comparison_at(text, at, unit_at)
    if one is not None and one.also is not None and len({ends[end] for end in ends if end <= one.end}) > 1:
        one = one.also  # “more than 2 stamps but fewer than 500 points” are two figures
    if one is not None and not one.has_unit:
        return _either_figure(context, at, one)
    if one is None or one.is_times:
        return None
    nearest = max(end for end in ends if end <= one.end)  # units further on are of what comes next
    return _figure_found(context, range(at, one.end), ends[nearest], one)


def _either_figure(context: Context, at: int, one: Comparison) -> Found | None:
    """“fewer than 5 or more than 50 points”"""
    text = context.text
    other = _figure_behind(context, one.end + 1) if text.word(one.end) == "or" and not one.is_times else None
    if other is None or not isinstance(other.frame, FigureFrame) or other.part is None:
        return None
    if one.is_bare or one.is_percent != other.frame.is_share or one.is_money:
        return None
    words = range(at, other.end)
    return replace(other, part=either([compared(words, other.frame.field, one), other.part]), opposite=None)


def _figure_before(context: Context, at: int) -> Found | None:
    text = context.text
    noun = context.vocabulary.figures.at(text, text.skip(at, ("a", "an", "the")))
    if noun is None:
        return None
    start = to_figure(text, noun[1], ("worth", "stand", "with", "score", "to", "value"))
    one = comparison_at(text, start)
    if one is None or one.is_times:
        return None
    return _figure_found(context, range(at, one.end), noun[0], one)


def _of_all_cards(text: Text, words: range, key: str) -> str:
    """“ever got 20 stamps”, “never got a stamp”, “20 stamps in total”: not only those on the card in hand."""
    before = {text.word(words.start - 1), text.word(words.start - 2)}
    is_ever = bool(before & {"ever", "never"}) or _IN_ALL.at(text, words.stop) is not None
    return "stamps" if key == "card_stamps" and is_ever else key


def _figure_found(context: Context, words: range, key: str, one: Comparison) -> Found | None:
    key = _of_all_cards(context.text, words, key)
    if key == "rewards" and not _IF_ONLY.isdisjoint(context.text.words[max(words.start - 3, 0) : words.start]):
        return None
    field = context.vocabulary.fields[key]
    if (one.is_percent and field.kind is not Kind.SHARE) or (one.is_money and field.kind is not Kind.MONEY):
        return None
    if field.kind is Kind.SHARE:
        if one.value > 100 or (one.high or 0) > 100:
            return None
        if not one.is_percent and one.value < 1 and one.value > 0:
            one = replace(one, value=one.value * 100, high=one.high and one.high * 100)
    if context.text.word(words.start - 1) == "already":
        one = at_least(one)
    where, end = _card(context, key, words.stop)
    if field.source.takes_window:
        return Done(key, one, [tuple(where)]).behind(context, words.start, end)
    if key in ("points", "card_stamps"):
        end = context.text.skip(end, ("left", "now", "currently", "still", "available", "today"))
    words = range(words.start, end)
    opposite = compared(words, key, replace(one, op="less"), where=where) if one.is_bare else None
    said = [notes.exactly(figure(one))] if one.is_bare and one.value else []
    said += [notes.at_least(figure(one))] if one.was_bare else []
    frame = FigureFrame(key, field.kind is Kind.SHARE)
    return Found(compared(words, key, one, where=where), end, opposite, frame, said, may_go_on=True)


_IF_ONLY = each("can could may might would will should to for able")  # “could get 2 rewards”
_CARD = one_of("card", "stampcard", "stamp card", "loyalty card")


def _card(context: Context, key: str, at: int) -> tuple[list[Filter], int]:
    """“on their coffee card”"""
    if key not in ("card_stamps", "stamps", "full_cards"):
        return [], at
    text = context.text
    start = text.skip(at, ("on", "of", "the", "their", "a", "our", "one", "any", "in"))
    named = context.vocabulary.named.get("stamp_cards")
    if named and (one := named.at(text, start)):
        is_one_of_several = len(context.vocabulary.of("stamp_cards")) > 1
        end = text.skip(one[1], ("card", "stampcard"))
        return ([Filter("card", "is_one_of", [one[0]])] if is_one_of_several else []), end
    card = _CARD.at(text, start)
    return [], card[1] if card else at


def _any_at_all(context: Context, at: int) -> Found | None:
    """“with points”, “no stamps”: of what counts from nothing"""
    text = context.text
    start = text.skip(at, ("any", "a"))
    noun = context.vocabulary.figures.at(text, start)
    is_first = at == 0 and noun is not None and text.word(noun[1]) in ("but", ",")
    if not is_first and text.word(at - 1) not in ASKS_FOR | {"a", "filled", "completed"}:
        return None
    if noun is None or noun[0] not in ("points", "card_stamps", "stamps", "full_cards", "rewards", "points_earned"):
        return None
    if noun[0] == "rewards":  # “with a reward” may be one that is there to be taken
        is_denied = text.word(at - 1) in ("no", "without", "any", "neither", "nor")
        return Done("rewards", ONCE).behind(context, at, noun[1]) if is_denied else None
    where, end = _card(context, noun[0], noun[1])
    key = _of_all_cards(text, range(at, end), noun[0])
    end = text.skip(end, ("at", "all", "left", "yet")) if text.word(end) in ("at", "left", "yet") else end
    return Found(asked(range(at, end), key, "more", 0, None, where), end, may_go_on=True)


_IN_ALL = one_of("ever", "in total", "altogether", "so far", "to date", "in all", "over time")
_EXPECTED = one_of(*synonyms.EXPECTED_SPEND)


def _expected(context: Context, at: int) -> Found | None:
    """“expected to spend over £200 in the next 6 months”"""
    text = context.text
    verb = _EXPECTED.at(text, at)
    one = comparison_at(text, verb[1]) if verb else None
    if one is None or one.is_percent or one.is_times:
        return None
    end = one.end
    months = 12
    if time := context.times.at(text, end, is_ahead=True):
        window, end = time.window, time.end
        months = window.count * {"month": 1, "year": 12}.get(window.unit, 0) if isinstance(window, Next) else 0
        if months not in (3, 6, 12):
            return None
    elif text.word(at) in ("worth", "will"):
        return None
    return Found(compared(range(at, end), f"value_{months}", one), end, may_go_on=True)


_RISK = one_of(*synonyms.FIGURES["churn"])
_BANDS = Phrases(synonyms.BANDS)


def churn_band_at(context: Context, at: int) -> Found | None:
    """“high churn risk”, “churn risk is high or medium”, “at high risk of leaving”, “at risk of churning”"""
    text = context.text
    start = text.skip(at, ("a", "at", "the", "with"))
    bands, end = _band_list(text, start)
    if bands and text.word(end) == "risk" and text.word(end + 1) in HEADS:
        found = _band_found(context, at, end + 1, bands)
        return replace(found, notes=[notes.churn(text.slice(at, end + 1))])
    if bands:
        noun = _RISK.at(text, text.skip(end, ("of",)))
        if noun is None or _says_number(text, noun[1]):
            return None
        return _band_found(context, at, noun[1], bands)
    noun = _RISK.at(text, start)
    if noun is None:
        return None
    after = text.skip(noun[1], BE | {":", "of", "band"})
    is_turned = text.word(after) == "not"
    bands, end = _band_list(text, after + is_turned)
    if bands:
        found = _band_found(context, at, end, bands)
        return (
            replace(found, part=negated(found.part, context.vocabulary.fields)) if is_turned and found.part else found
        )
    if text.word(at) == "at" or text.word(start).startswith("likely"):
        if _says_number(text, noun[1]):
            return None
        found = _band_found(context, at, noun[1], ["high"])
        return replace(found, notes=[notes.high_churn(text.slice(at, noun[1]))])
    return None


def _says_number(text: Text, at: int) -> bool:
    return comparison_at(text, to_figure(text, at)) is not None


def _band_list(text: Text, at: int) -> tuple[list[str], int]:
    bands: list[str] = []
    end = at
    while one := _BANDS.at(text, end):
        bands.append(one[0])
        at = one[1]
        end = text.skip(at, ("or", "and", "to", ",", "/"))
        if end == at:
            break
    if len(bands) == 2 and set(bands) == {"low", "high"} and text.word(at - 2) == "to":
        bands = ["low", "medium", "high"]
    return bands, at


def _band_found(context: Context, at: int, end: int, bands: list[str]) -> Found:
    end = end + 1 if context.text.word(end) == "band" else end
    return Found(asked(range(at, end), "churn_band", "is_one_of", bands), end, may_go_on=False)
